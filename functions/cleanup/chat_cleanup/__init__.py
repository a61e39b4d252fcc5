"""Removes expired sessions, settles abandoned ones and publishes gauges, every five minutes."""
