"""The benchmark: this server beside `oxigraph serve-read-only` and rdflib-endpoint, on the same data, in one run."""
