"""Text on the terminal: prefixed lines, readable logs, the banner."""
