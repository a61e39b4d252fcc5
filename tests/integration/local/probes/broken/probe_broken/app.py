"""A function that cannot be initialised."""

raise RuntimeError("nothing works here")
