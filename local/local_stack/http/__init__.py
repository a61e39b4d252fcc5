"""The local stack's HTTP server, static files and problem documents."""
