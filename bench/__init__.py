"""Benchmarks of every hot path; each module has `run()`, which gives figures by name."""
