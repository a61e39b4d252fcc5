"""Computes a stack's costs from prices (prices.toml), usage (usage.toml) and the template."""
