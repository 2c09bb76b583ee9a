"""One write from beginning to end: evaluated, refused or accepted, journalled, published."""
