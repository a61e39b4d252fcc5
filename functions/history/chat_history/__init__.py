"""GET /chat/history and GET /chat/models."""
