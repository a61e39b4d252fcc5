"""Sources of answers: the response cache, another session's call in flight, or the provider."""
