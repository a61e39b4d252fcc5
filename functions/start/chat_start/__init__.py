"""POST /chat/start and POST /chat/stop."""
