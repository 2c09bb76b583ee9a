"""Other servers: which may be reached, our own fetcher, and what SERVICE and LOAD make of it."""
