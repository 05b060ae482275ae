"""Starts a real Kafka, a real PostgreSQL, the services and a simulated fleet on one machine; for the demo, tests and benchmarks."""
