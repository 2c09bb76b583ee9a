"""Finding things by what they are called: a full-text index beside each generation's store, and lists made from query files."""
