"""In-memory metrics: those that functions print as EMF, and Lambda's own."""
