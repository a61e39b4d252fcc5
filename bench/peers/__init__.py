"""lambda_asgi beside what else streams from Lambda, with a bare application."""
