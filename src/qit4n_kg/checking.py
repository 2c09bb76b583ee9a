"""Check of the knowledge: it builds, its own rules of hygiene find nothing, owlrl finds no contradiction, pySHACL nothing else.

The rules of hygiene are `queries/checks/*.rq`: each SELECT must return nothing, and says in its header what it forbids. Prints
nothing and publishes nothing beyond what `building` does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from pyoxigraph import BlankNode, Literal, NamedNode

from qit4n_kg.assembling import ask_reference
from qit4n_kg.building import Origin, build
from qit4n_kg.consistency import check_consistency
from qit4n_kg.errors import SourceError
from qit4n_kg.namespaces import RDF, STDORG, XSD, compact, prefixes
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pyoxigraph import Quad

    from qit4n_kg.building import Progress
    from qit4n_kg.config import Settings
    from qit4n_kg.store.base import Solutions, Store, Term

SHOWN_ROWS = 5
"""How many findings of one rule are spelt out; the rest are counted."""

_TYPE = NamedNode(RDF + "type")
_ENTAILED = NamedNode(STDORG + "EntailedGraph")
_IN_FORCE = NamedNode(STDORG + "inForce")
_TRUE = [Literal(text, datatype=NamedNode(XSD + "boolean")) for text in ("true", "1")]
_HEADER = re.compile(r"^#\s*(title|rule)\s*:\s*(.*?)\s*$", re.MULTILINE)


@dataclass(frozen=True)
class HygieneRule:
    """A query that must return nothing."""

    id: str
    title: str
    rule: str
    text: str


def check_knowledge(settings: Settings, progress: Progress, *, anew: bool = False) -> list[str]:
    """Build, then return every problem found, each one sentence; nothing when all is well.

    owlrl's answer is remembered in the state directory; `anew` asks again.

    :raises KnowledgeGraphError: whatever stops a build.
    """
    result = build(settings, progress)
    rules = read_hygiene_rules(settings.sources / "queries" / "checks")
    store = OxigraphStore.open_read_only(result.generation.store_path)
    try:
        progress.started("Rules", len(rules))
        problems: list[str] = []
        for number, rule in enumerate(rules, start=1):
            problems += find_problems(store, rule, prefixes(settings.base_iri))
            progress.advanced(number)
        progress.finished(f"{len(rules)} rules found {len(problems) or 'nothing'}")
        progress.started("Consistency")
        contradictions = check_consistency(asserted_quads(store), settings.state_dir / "consistency.json", anew=anew)
        progress.finished(f"owlrl found {len(contradictions) or 'no'} contradictions")
    finally:
        store.close()
    problems += [f"Contradiction: {message}" for message in contradictions]
    if settings.gate:
        origin = Origin.find(settings)
        problems += ask_reference(settings, origin.sources, progress, origin.journal.entries)
    return problems


def read_hygiene_rules(folder: Path) -> list[HygieneRule]:
    """Read the rules of a folder, by name.

    :raises SourceError: a file can't be read, or its header lacks a title or a rule.
    """
    rules = []
    for path in sorted(folder.rglob("*.rq")):
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise SourceError("The check can't be read.", path=path) from exc
        header = dict(_HEADER.findall(text))
        if not header.keys() >= {"title", "rule"}:
            raise SourceError("A check begins with `# title:` and `# rule:`.", path=path)
        rule_id = path.relative_to(folder).with_suffix("").as_posix()
        rules.append(HygieneRule(rule_id, header["title"], header["rule"], text))
    return rules


def find_problems(store: Store, rule: HygieneRule, known: Mapping[str, str]) -> list[str]:
    """Run one rule; each row that it returns is a problem, those beyond `SHOWN_ROWS` are only counted."""
    answer = cast("Solutions", store.query(rule.text))
    rows = [[_show(term, known) for term in row if term is not None] for row in answer]
    problems = [f"{rule.title}: {', '.join(row)}. {rule.rule}" for row in rows[:SHOWN_ROWS]]
    if len(rows) > SHOWN_ROWS:
        problems.append(f"{rule.title}: {len(rows) - SHOWN_ROWS} more.")
    return problems


def asserted_quads(store: Store) -> Iterator[Quad]:
    """Yield what stands in the named graphs in force, without entailments: what a reasoner judges."""
    entailed = {quad.subject for quad in store.quads(None, _TYPE, _ENTAILED)}
    in_force = {quad.subject for quad in store.quads(None, _IN_FORCE, None) if quad.object in _TRUE}
    for graph in sorted(in_force - entailed, key=str):
        if isinstance(graph, NamedNode):
            yield from store.quads(graph=graph)


def _show(term: Term, known: Mapping[str, str]) -> str:
    if isinstance(term, NamedNode):
        return compact(term.value, dict(known))
    return term.value if isinstance(term, Literal | BlankNode) else str(term)
