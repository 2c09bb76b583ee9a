"""Entailment: rules compiled from the ontology's axioms and rules written by hand, run to a fixpoint over instance data.

A rule is a SPARQL CONSTRUCT. Those of axioms are a template of `queries/axioms/` with its terms bound; those written by hand are
the files of `queries/rules/`. Rules see the default graph of a store of their own, never the ontology, so nothing is concluded of
its terms, and no rule concludes what everything is (owl:Thing, a reflexive owl:sameAs).

Evaluation is semi-naive where a rule allows it: one that is `linear` (each of its patterns is one triple) sees all triples once and
then only those which are new to it; any other runs again when one of the IRIs in its pattern has new triples. A rule with NOT
EXISTS, OPTIONAL or an aggregate says `# stratum: 2` or more: it runs when the lower strata have reached their fixpoint.
Specs: OWL 2 RL in RDF (OWL 2 Profiles, section 4.3), SPARQL 1.1 section 16.2 (CONSTRUCT: an ill-formed triple is left out).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING
from urllib.parse import quote

import pyoxigraph
from pyoxigraph import DefaultGraph, Literal, NamedNode, Quad, Triple, Variable

from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import OWL, RDF, RDFS, STDORG, compact
from qit4n_kg.reasoning.axioms import KINDS, Axiom, read_axioms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from qit4n_kg.store.base import Term
    from qit4n_kg.store.recording import Editable

_TYPE = NamedNode(RDF + "type")
_ANY = NamedNode("urn:any")
_HEADER = re.compile(r"#\s*([\w-]+)\s*:\s*(.*?)\s*$")
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|<(?P<iri>[^<>"{}|^`\\\s]*)>|(?P<comment>\#[^\n]*)"""
    r"""|\?(?P<variable>\w+)|(?P<name>[A-Za-z][\w-]*)?:(?P<local>[\w.-]*\w)?|(?P<word>\w+)""",
    re.DOTALL,
)


@dataclass(frozen=True)
class Rule:
    """One CONSTRUCT: `heads` are the predicates and classes that it can conclude, `triggers` those that it looks for.

    `triggers` None stands for any. `axiom` is None for a rule written by hand.
    """

    id: str
    label: str
    text: str
    bindings: tuple[tuple[str, NamedNode], ...]
    axiom: Axiom | None
    stratum: int
    is_linear: bool
    heads: frozenset[NamedNode]
    triggers: frozenset[NamedNode] | None

    def construct(self, store: Editable, bound: Mapping[Variable, Term] | None = None) -> Iterable[Triple]:
        """Evaluate the rule over the default graph of a store, with terms in place of further variables."""
        terms: dict[Variable, Term] = {Variable(name): term for name, term in self.bindings}
        answer: Iterable[Triple] = store.query(  # type: ignore[assignment]  # every rule is a CONSTRUCT
            self.text, substitutions={**terms, **(bound or {})}
        )
        return answer


def compile_rules(ontology: Iterable[Quad], templates: Path, rules: Path) -> tuple[Rule, ...]:
    """Make the rules of an ontology's axioms and add those written by hand, in the order in which they run.

    The order is fixed by the rules themselves: one that concludes what another looks for comes first, as far as cycles allow.

    :raises UnsupportedAxiomError: an axiom that entails something which no template does.
    :raises SourceError: a rule's file can't be read or is no CONSTRUCT.
    """
    known = {kind: _read_rule(templates / f"{kind}.rq", kind) for kind in KINDS}
    compiled = [_bind(known[axiom.kind], axiom) for axiom in read_axioms(ontology)]
    written = [_read_rule(path, path.relative_to(rules).with_suffix("").as_posix()) for path in rules.rglob("*.rq")]
    by_id: dict[str, Rule] = {}
    for rule in sorted(compiled + written, key=lambda rule: rule.id):
        if by_id.setdefault(rule.id, rule) is not rule:
            raise SourceError(f"Two rules would have the id {rule.id}.", path=rules)
    return _ordered(list(by_id.values()))


def describe(rule: Rule, graph: NamedNode) -> list[Triple]:
    """Say of a rule's graph which rule and, where there is one, which axiom its triples follow from."""
    facts: list[tuple[str, NamedNode | Literal]] = [
        (RDF + "type", NamedNode(STDORG + "EntailedGraph")),
        (RDFS + "label", Literal(rule.label, language="en")),
        (STDORG + "rule", Literal(rule.id)),
    ]
    if rule.axiom is not None:
        facts.append((OWL + "annotatedSource", rule.axiom.source))
        facts.append((OWL + "annotatedProperty", rule.axiom.predicate))
        if rule.axiom.target is not None:
            facts.append((OWL + "annotatedTarget", rule.axiom.target))
    return [Triple(graph, NamedNode(predicate), value) for predicate, value in facts]


class Reasoner:
    """A working store of what is asserted and what follows from it.

    `entailed` has for each rule, by id, the triples that it concludes and no rule before it; none of them was asserted before. So
    it follows from the rules and the assertions alone, in whatever order these came. What no rule looks for (mostly terms of other
    vocabularies) is never put into the store, which saves a quarter of the time.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.entailed: dict[str, dict[Triple, None]] = {}
        self._order = {rule.id: number for number, rule in enumerate(self.rules)}
        self._credited: dict[Triple, str] = {}
        self._store = pyoxigraph.Store()
        self._aside: set[Triple] = set()
        self._sought = frozenset(chain.from_iterable(rule.triggers or () for rule in rules))
        self._is_all_sought = any(rule.triggers is None for rule in rules)
        self._log: dict[NamedNode, list[Triple]] = {key: [] for key in (_ANY, *self._sought)}
        self._seen: dict[str, dict[NamedNode, int]] = {}

    def add(self, quads: Iterable[Quad]) -> None:
        """Assert triples, whatever graph they come from; call `run` again to conclude from them."""
        triples = (Quad(quad.subject, quad.predicate, quad.object) for quad in quads)
        if not self._seen:  # no rule has run yet: each will see the whole store, so nothing needs a log
            self._store.bulk_extend(triples)
            return
        new = {quad.triple for quad in triples if quad.triple not in self}
        self._store.extend(Quad(*triple) for triple in new)
        self._record(new)

    def run(self, on_progress: Callable[[int], None] | None = None) -> int:
        """Apply the rules until nothing new follows; return the number of triples entailed by this call.

        `on_progress` is told after every rule that concluded something how many triples were entailed so far.
        """
        total = 0
        for stratum in sorted({rule.stratum for rule in self.rules}):
            active = [rule for rule in self.rules if rule.stratum <= stratum]
            while pending := [rule for rule in active if self._is_pending(rule)]:
                for rule in pending:
                    if (count := self._apply(rule)) == 0:
                        continue
                    total += count
                    if on_progress is not None:
                        on_progress(total)
        return total

    def triples(self) -> Iterator[Triple]:
        """Yield every triple, asserted or entailed, once."""
        for quad in self._store.quads_for_pattern(None, None, None, DefaultGraph()):
            yield quad.triple
        yield from self._aside

    def __contains__(self, triple: object) -> bool:
        return isinstance(triple, Triple) and (triple in self._aside or Quad(*triple) in self._store)

    def construct(self, rule: Rule) -> set[Triple]:
        """Evaluate one rule over everything known, without a change."""
        return set(rule.construct(self._store))

    def _apply(self, rule: Rule) -> int:
        store = self._delta(rule) if rule.is_linear and rule.id in self._seen else self._store
        self._seen[rule.id] = {key: len(self._log[key]) for key in _keys(rule)}
        new = []
        for triple in rule.construct(store):
            if (first := self._credited.get(triple)) is not None:
                if self._order[rule.id] < self._order[first]:
                    self._credit(triple, rule.id)
            elif triple not in self:
                new.append(triple)
                self._credit(triple, rule.id)
        if not new:
            return 0
        if self._is_all_sought or rule.heads & self._sought:
            self._store.extend(Quad(*triple) for triple in new)
            self._record(new)
        else:
            self._aside.update(new)
        return len(new)

    def _credit(self, triple: Triple, rule_id: str) -> None:
        """Let a triple be the conclusion of a rule, and no longer of the one that it was of."""
        if (before := self._credited.get(triple)) is not None:
            del self.entailed[before][triple]
            if not self.entailed[before]:
                del self.entailed[before]
        self._credited[triple] = rule_id
        self.entailed.setdefault(rule_id, {})[triple] = None

    def _is_pending(self, rule: Rule) -> bool:
        seen = self._seen.get(rule.id)
        return seen is None or any(len(self._log[key]) > count for key, count in seen.items())

    def _delta(self, rule: Rule) -> pyoxigraph.Store:
        seen = self._seen[rule.id]
        new = chain.from_iterable(self._log[key][count:] for key, count in seen.items())
        store = pyoxigraph.Store()
        store.extend(Quad(*triple) for triple in new)
        return store

    def _record(self, triples: Iterable[Triple]) -> None:
        everything = self._log[_ANY]
        for triple in triples:
            everything.append(triple)
            key = triple.object if triple.predicate == _TYPE else triple.predicate
            if isinstance(key, NamedNode) and (log := self._log.get(key)) is not None:
                log.append(triple)


def _keys(rule: Rule) -> Iterable[NamedNode]:
    return (_ANY,) if rule.triggers is None else rule.triggers


def _bind(template: Rule, axiom: Axiom) -> Rule:
    """Make the rule of one axiom: its terms are bound to the template's variables, in its label and its triggers too."""
    terms = dict(axiom.terms)
    names = {name: compact(term.value) for name, term in axiom.terms}
    heads, triggers = _mentioned(template.text, terms)
    return Rule(
        id="/".join((axiom.kind, *(_segment(term) for term in terms.values()))),
        label=template.label.format(**names),
        text=template.text,
        bindings=axiom.terms,
        axiom=axiom,
        stratum=1,
        is_linear=template.is_linear,
        heads=heads,
        triggers=triggers,
    )


def _segment(term: NamedNode) -> str:
    """Name a term within a rule's id: by local name if it is ours, with the prefix if that is known.

    >>> [_segment(NamedNode(iri)) for iri in (f"{STDORG}Meeting", "http://xmlns.com/foaf/0.1/Person", "urn:x")]
    ['Meeting', 'foaf-Person', 'urn%3Ax']
    """
    own = term.value.removeprefix(STDORG)
    short = compact(term.value)
    if own != term.value:
        return quote(own, safe="-._~")
    return quote(term.value if short == term.value else short.replace(":", "-", 1), safe="-._~")


def _read_rule(path: Path, rule_id: str) -> Rule:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise SourceError("The rule can't be read.", path=path) from exc
    header = dict(_header(text))
    if "title" not in header or "question" not in header:
        raise SourceError("A rule begins with `# title:` and `# question:`.", path=path)
    stratum = header.get("stratum", "1")
    if not stratum.isdecimal() or int(stratum) < 1:
        raise SourceError(f"`# stratum: {stratum}` is not a number from 1.", path=path)
    _check_construct(text, path)
    heads, triggers = _mentioned(text, {})
    return Rule(
        id=rule_id,
        label=header.get("label", header["title"]),
        text=text,
        bindings=(),
        axiom=None,
        stratum=int(stratum),
        is_linear=header.get("linear") == "true",
        heads=heads,
        triggers=None if header.get("triggers") == "any" else triggers,
    )


def _header(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if not line.startswith("#"):
            return
        if match := _HEADER.match(line):
            yield match[1], match[2]


def _check_construct(text: str, path: Path) -> None:
    try:
        answer = pyoxigraph.Store().query(text)
    except SyntaxError as exc:
        raise SourceError(f"This is not SPARQL: {exc.msg}.", path=path, line=exc.lineno, column=exc.offset) from exc
    if not isinstance(answer, pyoxigraph.QueryTriples):
        raise SourceError("A rule is a CONSTRUCT.", path=path)


def _mentioned(text: str, bound: Mapping[str, NamedNode]) -> tuple[frozenset[NamedNode], frozenset[NamedNode]]:
    """Collect the IRIs of a CONSTRUCT's template and those of its pattern; a bound variable counts as its term."""
    prefixes: dict[str, str] = {}
    parts: tuple[set[NamedNode], set[NamedNode]] = (set(), set())
    declared: str | None = None
    current = 0
    for token in _TOKEN.finditer(text):
        kind, value = token.lastgroup, token[0]
        if kind == "word" and value.upper() == "WHERE":
            current = 1
        elif kind == "word" and value.upper() == "PREFIX":
            declared = ""
        elif declared is not None and kind in ("name", "local"):
            declared = token["name"] or ""
        elif declared is not None and kind == "iri":
            prefixes[declared], declared = token["iri"], None
        elif kind == "iri":
            parts[current].add(NamedNode(token["iri"]))
        elif kind in ("name", "local") and (token["name"] or "") in prefixes:
            parts[current].add(NamedNode(prefixes[token["name"] or ""] + (token["local"] or "")))
        elif kind == "variable" and token["variable"] in bound:
            parts[current].add(bound[token["variable"]])
    return frozenset(parts[0]), frozenset(parts[1])


def _ordered(rules: list[Rule]) -> tuple[Rule, ...]:
    """Order rules by what they need: depth first along "concludes what the other looks for", last finished first.

    Domains and ranges come last: valid data leaves them little to conclude, and "a meeting is an event" explains more.
    """
    seekers: dict[NamedNode, list[Rule]] = defaultdict(list)
    for rule in rules:
        for key in _keys(rule):
            seekers[key].append(rule)
    finished: dict[str, Rule] = {}
    visited: set[str] = set()
    for root in rules:
        stack: list[tuple[Rule, bool]] = [(root, False)]
        while stack:
            rule, is_done = stack.pop()
            if is_done:
                finished[rule.id] = rule
            elif rule.id not in visited:
                visited.add(rule.id)
                stack.append((rule, True))
                later = {other.id: other for key in rule.heads for other in seekers[key]}
                stack.extend((later[name], False) for name in sorted(later, reverse=True))
    order = reversed(finished.values())
    return tuple(sorted(order, key=lambda rule: rule.axiom is not None and rule.axiom.kind in ("domain", "range")))
