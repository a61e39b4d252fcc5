"""The event log: entries, appends, followers, stop requests."""
