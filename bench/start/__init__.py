"""Cold starts of the built artefacts."""
