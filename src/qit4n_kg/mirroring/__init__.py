"""A copy of another server's graph that follows its change feed and proves by hash that it is the same."""
