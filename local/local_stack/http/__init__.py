"""The HTTP server of the local stack."""
