"""What a session's record, log and stored answer hold, for those who do not produce it."""
