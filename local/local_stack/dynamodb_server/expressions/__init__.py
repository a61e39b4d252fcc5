"""The expressions of a request: tokenizer, parsers, and evaluation against one item."""
