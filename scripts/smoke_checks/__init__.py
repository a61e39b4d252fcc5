"""The checks of `scripts/smoke.py`; HTTP uses only the standard library."""
