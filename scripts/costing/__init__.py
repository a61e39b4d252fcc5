"""What a stack costs: prices (prices.toml), usage (usage.toml), and what the template makes."""
