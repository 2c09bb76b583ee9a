"""The knowledge graph and SPARQL endpoint for a standards body's work.

The package is layered (docs/architecture.md); `qit4n_kg.graph.KnowledgeGraph` is the way in for Python programs.
"""

__version__ = "0.1.0"
