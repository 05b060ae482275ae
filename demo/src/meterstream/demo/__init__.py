"""Starts real servers, the services and a simulated fleet on one machine; for demo, tests and benchmarks."""
