"""The commands of `qit4n-kg` that are more than a call of the library: one module each, and what they share."""
