"""Slash commands: prompts that begin with `/`, answered by this service as a normal stream without a provider."""
