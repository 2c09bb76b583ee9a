"""Exports: the graph in formats of other registries, each a query file and a format module; one function for HTTP and command."""
