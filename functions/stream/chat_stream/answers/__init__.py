"""Where an answer comes from: the cache, another session's call, a provider."""
