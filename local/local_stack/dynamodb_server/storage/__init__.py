"""Tables and items in memory, and the journal file that persists them."""
