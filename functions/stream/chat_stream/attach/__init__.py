"""Attaches a request to a session as producer, follower or replay, and writes that client's stream."""
