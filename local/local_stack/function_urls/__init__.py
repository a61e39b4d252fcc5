"""Function URLs on one machine."""
