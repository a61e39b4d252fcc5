"""Slash commands: prompts that begin with `/` and are answered here, through the same events, without a provider."""
