"""Pushes: a listener that writes them to `pushes`, and the reading of what lies there."""
