"""Hostile octets for both roles: valid sessions, one frame of which is replaced by something worse."""
