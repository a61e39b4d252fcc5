"""The stream and cleanup functions, measured as they run in a deployment."""
