"""The web layer: everything that knows HTTP, and the only part that imports Flask."""
