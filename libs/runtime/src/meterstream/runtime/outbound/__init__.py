"""Calls to places that somebody outside named: which ones are made, and that no other one is."""
