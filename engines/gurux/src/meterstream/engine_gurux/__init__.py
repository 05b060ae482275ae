"""gurux-dlms as a program of its own; worker.py is all of it. Imports nothing else of Meterstream."""
