"""Benchmarks of the stream and cleanup functions: the deployed code, run locally against stand-ins for AWS."""
