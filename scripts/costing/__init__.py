"""What a stack costs: prices (scripts/prices.toml), usage (scripts/usage.toml), and what the template makes."""
