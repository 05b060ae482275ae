"""PostgreSQL, sealing, relays and timers."""
