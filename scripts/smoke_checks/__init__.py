"""What `scripts/smoke.py` asks of a running service, with nothing but the standard library between it and the wire."""
