"""A synthetic standards world of any size, for benchmarks (`world`)."""
