"""One named graph of a synthetic world under construction, and the values that it states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.namespaces import DCTERMS, RDF, RDFS, STDORG, XSD

if TYPE_CHECKING:
    from datetime import date

Value = NamedNode | Literal
Statements = dict[str, Value | list[Value]]


@dataclass
class Passage:
    """One named graph under construction: statements, and the description of the passage itself."""

    base: str
    record: str
    quads: list[Quad] = field(default_factory=list)

    @property
    def graph(self) -> NamedNode:
        """The named graph."""
        return NamedNode(f"{self.base}graph/synthetic/{self.record}")

    def iri(self, path: str) -> NamedNode:
        """Name a thing."""
        return NamedNode(f"{self.base}id/{path}")

    def state(self, subject: NamedNode, statements: Statements) -> None:
        """Add statements; a key is an IRI, or a local name of the ontology, or `a` for rdf:type."""
        for name, values in statements.items():
            predicate = NamedNode(RDF + "type" if name == "a" else name if ":" in name else STDORG + name)
            for value in values if isinstance(values, list) else [values]:
                self.quads.append(Quad(subject, predicate, value, self.graph))

    def describe_passage(self, document: NamedNode, section: str, row: str) -> None:
        """State what the graph is: a passage of a document."""
        self.state(
            self.graph,
            {
                "a": term("SourcePassage"),
                RDFS + "label": english(f"{section}, {row}"),
                DCTERMS + "source": document,
                "section": Literal(section),
                "row": Literal(row),
            },
        )

    def describe_reference(self, label: str) -> None:
        """State what the graph is: reference data."""
        self.state(self.graph, {"a": term("ReferenceGraph"), RDFS + "label": english(label)})


def term(local: str) -> NamedNode:
    """Name a term of the ontology."""
    return NamedNode(STDORG + local)


def english(text: str) -> Literal:
    """Make a text in English."""
    return Literal(text, language="en")


def integer(number: int) -> Literal:
    """Make a number."""
    return Literal(str(number), datatype=NamedNode(XSD + "integer"))


def day_of(day: date) -> Literal:
    """Make a date."""
    return Literal(day.isoformat(), datatype=NamedNode(XSD + "date"))


def month_of(day: date) -> Literal:
    """Make a date of which only the month is stated."""
    return Literal(day.strftime("%Y-%m"), datatype=NamedNode(XSD + "gYearMonth"))
