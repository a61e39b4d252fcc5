"""Computes a stack's costs from prices (scripts/costing/prices.toml), usage (scripts/costing/usage.toml) and the template."""
