"""How terms are written in Turtle: by the prefixes and the base of a text, those of the house added where a term needs one."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode

from qit4n_kg.namespaces import RDF, XSD
from qit4n_kg.turtle.reading import Directive

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyoxigraph import BlankNode, Triple

_LOCAL = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
# What may stand below a base as it is: no empty, dotted or schemed path, no query, no fragment (RFC 3986, 5.2.4)
_BELOW = re.compile(r"(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*)(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*")
_TYPE = RDF + "type"
_PLAIN = (f"{XSD}string", f"{RDF}langString")
_BARE = {
    f"{XSD}integer": re.compile(r"[+-]?[0-9]+"),
    f"{XSD}decimal": re.compile(r"[+-]?[0-9]*\.[0-9]+"),
    f"{XSD}double": re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]+"),
    f"{XSD}boolean": re.compile("true|false"),
}


class Speller:
    """Writes terms as one text would; `added` are the prefixes that it did not have."""

    def __init__(self, prefixes: Mapping[str, str], base: str, house: Mapping[str, str]) -> None:
        self._prefixes = dict(prefixes)
        self._base = base
        self._house = {name: iri for name, iri in house.items() if name not in prefixes}
        self.added: list[Directive] = []

    def verb(self, predicate: NamedNode) -> str:
        """Write a property."""
        return "a" if predicate.value == _TYPE else self.iri(predicate.value)

    def term(self, term: NamedNode | BlankNode | Literal | Triple) -> str:
        """Write a subject or a value."""
        if isinstance(term, NamedNode):
            return self.iri(term.value)
        if not isinstance(term, Literal):
            return str(term)
        datatype = term.datatype.value
        if datatype in _PLAIN:
            return str(term)
        bare = _BARE.get(datatype)
        if bare is not None and bare.fullmatch(term.value):
            return term.value
        return f"{Literal(term.value)}^^{self.iri(datatype)}"

    def iri(self, iri: str) -> str:
        """Write an IRI: below the base, else by a prefix, else in full."""
        if self._base.endswith("/") and iri.startswith(self._base) and _BELOW.fullmatch(iri.removeprefix(self._base)):
            return f"<{iri.removeprefix(self._base)}>"
        return self._by(self._prefixes, iri) or self._by(self._house, iri) or f"<{iri}>"

    def _by(self, prefixes: Mapping[str, str], iri: str) -> str | None:
        for prefix, namespace in sorted(prefixes.items(), key=lambda item: (-len(item[1]), item[0])):
            local = iri.removeprefix(namespace)
            if namespace and local != iri and _LOCAL.fullmatch(local):
                if prefix not in self._prefixes:
                    self._prefixes[prefix] = namespace
                    self.added.append(Directive(prefix, f"<{namespace}>"))
                return f"{prefix}:{local}"
        return None
