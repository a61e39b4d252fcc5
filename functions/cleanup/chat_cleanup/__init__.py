"""Every five minutes: removes expired sessions, settles abandoned ones, publishes gauges."""
