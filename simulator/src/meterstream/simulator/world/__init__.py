"""What is around a meter and happens to it: time, load, tariffs, voltage, events of the past."""
