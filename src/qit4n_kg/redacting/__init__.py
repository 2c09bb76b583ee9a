"""Redaction: what is a person's (scope), who keeps copies of it (keepers), what is left (remains), and doing it (carrying)."""
