"""What is known of one thing, read from one generation as plain values: views, panels, names, sources; no HTTP."""
