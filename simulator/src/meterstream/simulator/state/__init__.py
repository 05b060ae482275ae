"""State of a fleet in a file."""
