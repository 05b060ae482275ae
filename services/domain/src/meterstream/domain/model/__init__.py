"""Decisions without I/O, clock or randomness: what is given decides what comes out."""
