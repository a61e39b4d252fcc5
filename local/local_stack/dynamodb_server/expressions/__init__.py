"""The expressions of a request: text, tokens, and what they mean for one item."""
