"""Devices behind a meter on M-Bus, and the objects through which they are reached."""
