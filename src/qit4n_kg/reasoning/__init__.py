"""Entailment: axioms read as values, rules compiled from them, and the working store that runs them to a fixpoint."""
