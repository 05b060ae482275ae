"""What to tell whom and when: pure decisions, no clock, no I/O."""
