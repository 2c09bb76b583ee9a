"""What belongs to a person: their identifiers, the roles that they hold, what they are called; and statements without it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.errors import ParameterError, UnknownEntityError
from qit4n_kg.namespaces import DCTERMS, FOAF, RDF, RDFS, SKOS, STDORG
from qit4n_kg.naming import TOMBSTONE, Naming
from qit4n_kg.redactions import ADDRESSES, is_text, leads_out, redact, with_text
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from qit4n_kg.store.generations import Generations

_AGENT = NamedNode(STDORG + "agent")
_TYPE = NamedNode(RDF + "type")
_PERSON = NamedNode(STDORG + "Person")
_REPLACED = NamedNode(DCTERMS + "isReplacedBy")
_WHOLE = {f"{RDFS}label", f"{SKOS}altLabel", f"{SKOS}prefLabel", f"{FOAF}name"}
_AS_STATED = f"{STDORG}nameAsStated"
_GIVEN, _FAMILY = f"{FOAF}givenName", f"{FOAF}familyName"


_Matching: TypeAlias = "Callable[[Any, Any, Any], Iterable[Quad]]"


@dataclass(frozen=True)
class Redaction:
    """A person's things (identifiers first, then roles), their names, and what the list of redactions says of each thing."""

    things: tuple[str, ...]
    naming: Naming
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    contributed: str = "https://w3id.org/qit4n/graph/contribution/"

    def quads(self, quads: Iterable[Quad]) -> Iterator[Quad]:
        """Yield statements without what is the person's: texts, links that lead out, their name in texts of other things."""
        for quad in redact(quads, self.records):
            if isinstance(quad.object, Literal) and is_text(quad.object):
                text = self.naming.clean(quad.object.value)
                yield quad if text == quad.object.value else with_text(quad, text)
            elif not self.is_address(quad):
                yield quad

    def is_address(self, quad: Quad) -> bool:
        """Tell whether a statement has an address of the person: of mail anywhere, of a page as a contribution's evidence."""
        if not isinstance(quad.object, NamedNode) or not isinstance(quad.subject, NamedNode):
            return False
        iri = quad.object.value
        is_mail = iri.startswith(ADDRESSES) and iri.partition(":")[2] in self.naming.addresses
        return is_mail or (quad.subject.value.startswith(self.contributed) and iri in self.naming.addresses)


def find_person(
    generations: Generations,
    iri: str,
    stated: Iterable[Quad],
    home: str,
    *,
    also: Iterable[str] = (),
    anything: bool = False,
) -> Redaction:
    """Find what belongs to a person, in every generation that is kept and in what files state.

    :raises UnknownEntityError: nothing is said of such a thing.
    :raises ParameterError: it is no person, and `anything` is not wanted.
    """
    found = _Found(iri, home)
    found.read(_matching(list(stated)))
    for generation in generations.all_kept():
        with OxigraphStore.open_read_only(generation.store_path) as store:
            found.read(store.quads)
    if iri not in found.persons:
        raise UnknownEntityError(f"Nothing is said of <{iri}>.")
    if not found.is_person and not anything:
        raise ParameterError(
            f"<{iri}> is no person, so its texts are nobody's to take out.",
            hint="Retract or retire it by a contribution; --force redacts it as if it were a person.",
        )
    naming = Naming.of(found.labels, found.given, found.families, found.addresses).also(also)
    things = (*found.persons, *(role for role in found.roles if role not in found.persons))
    records = {thing: {"home": home} if thing in found.persons else {} for thing in things}
    return Redaction(things, naming, records, f"{home}graph/contribution/")


class _Found:
    """What was found so far."""

    def __init__(self, iri: str, home: str) -> None:
        self._iri = NamedNode(iri)
        self._home = home
        self.is_person = False
        self.persons: dict[str, None] = {}
        self.roles: dict[str, None] = {}
        self.labels: set[str] = set()
        self.given: set[str] = set()
        self.families: set[str] = set()
        self.addresses: set[str] = set()

    def read(self, matching: _Matching) -> None:
        """Take what statements say: of the thing, of identifiers that it replaced or that replace it, of its roles."""
        if next(iter(matching(self._iri, None, None)), None) is not None:
            self.persons[self._iri.value] = None
        replaced = [(quad.subject, quad.object) for quad in matching(None, _REPLACED, None)]
        count = -1
        while count != len(self.persons):
            count = len(self.persons)
            for pair in replaced:
                if any(self._is_person(one) for one in pair):
                    self.persons.update((one.value, None) for one in pair if isinstance(one, NamedNode))
        for person in map(NamedNode, self.persons):
            held = {quad.subject for quad in matching(None, _AGENT, person)}
            self.roles.update((role.value, None) for role in sorted(held, key=str) if isinstance(role, NamedNode))
            for quad in matching(person, None, None):
                self._take(quad)
        for role in map(NamedNode, self.roles):
            for quad in matching(role, None, None):
                self._take_name(quad, is_role=True)

    def _is_person(self, term: object) -> bool:
        return isinstance(term, NamedNode) and term.value in self.persons

    def _take(self, quad: Quad) -> None:
        self.is_person = self.is_person or (quad.predicate == _TYPE and quad.object == _PERSON)
        if leads_out(quad, self._home):
            assert isinstance(quad.object, NamedNode)
            address = quad.object.value
            self.addresses.add(address.partition(":")[2] if address.startswith(ADDRESSES) else address)
        self._take_name(quad)

    def _take_name(self, quad: Quad, *, is_role: bool = False) -> None:
        if not isinstance(quad.object, Literal) or not is_text(quad.object) or quad.object.value == TOMBSTONE:
            return
        predicate, text = quad.predicate.value, quad.object.value
        if predicate == _AS_STATED or (predicate in _WHOLE and not is_role):
            self.labels.add(text)
        elif predicate == _GIVEN and not is_role:
            self.given.add(text)
        elif predicate == _FAMILY and not is_role:
            self.families.add(text)


def _matching(quads: list[Quad]) -> _Matching:
    """Look statements up in a list as in a store."""

    def matching(subject: Any, predicate: Any, value: Any) -> Iterator[Quad]:
        for quad in quads:
            if (
                (subject is None or quad.subject == subject)
                and (predicate is None or quad.predicate == predicate)
                and (value is None or quad.object == value)
            ):
                yield quad

    return matching
