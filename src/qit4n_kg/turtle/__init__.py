"""Turtle texts as people keep them: read with their comments (reading), laid out (layout), proved the same (formatting)."""
