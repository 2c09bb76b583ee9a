"""What is wrong with a SPARQL text that the engine refused, in words that a person can act on."""
