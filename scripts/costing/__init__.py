"""Computes a stack's costs from prices (scripts/prices.toml), usage (scripts/usage.toml) and the template."""
