"""One module a format. Each has WRITERS: for each export's name a function that writes it from a `Material` to a binary file."""
