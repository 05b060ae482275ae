"""Migrations of the schema `ws_adapter`."""
