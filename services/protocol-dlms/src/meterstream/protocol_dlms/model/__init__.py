"""Decisions of protocol-dlms as plain functions and values; nothing here does I/O, sleeps or reads a clock."""
