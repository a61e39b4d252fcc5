"""Tables and their items in memory, and the file that keeps them."""
