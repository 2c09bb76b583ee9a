"""`redact`: the texts about a person are taken out of the graph, its older generations, the journal and the contributions.

What stays is a tombstone: the person's identifier with the text "(redacted)", links, numbers and dates, and in the journal's folder
who redacted it, when and why. Texts of the roles that a person holds are the person's too, and their name is taken out of what
people wrote in contributions. Done in the one writer, each step whole: interrupted, it is done again from the beginning.

Files (git) are not rewritten here: they are read as if they were redacted, `journal export` writes them so, and their history is
for whoever keeps the repository. So are backups.
"""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.building import Origin
from qit4n_kg.contributions.register import Register, now
from qit4n_kg.contributions.writing import quads_text, read_quads, read_triples, triples_text
from qit4n_kg.errors import ConfigurationError, UnknownEntityError
from qit4n_kg.feed.ledger import discard
from qit4n_kg.filed import read_filed, write_filed
from qit4n_kg.namespaces import STDORG
from qit4n_kg.redactions import TOMBSTONE, is_text, read_redactions, redact, write_redactions
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.journal import Change, Journal
from qit4n_kg.store.numbering import Numbering
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qit4n_kg.building import Progress
    from qit4n_kg.config import Settings
    from qit4n_kg.loading import SourceFile

_AGENT = NamedNode(STDORG + "agent")
_SHORTEST_NAME = 4
_WORKSPACES = ("previews", "reports", "exports", "oai")


@dataclass(frozen=True)
class Redacted:
    """What came of it: the things, how many entries and contributions had texts of theirs, and the files that still have."""

    things: tuple[str, ...]
    entries: int
    contributions: int
    files: tuple[str, ...]
    generation: int


def redact_person(settings: Settings, iri: str, actor: str, reason: str, progress: Progress) -> Redacted:
    """Redact a person, everywhere that this instance keeps.

    :raises UnknownEntityError: nothing is said of such a thing.
    :raises StateLockedError: another process writes.
    """
    if settings.scratch:
        raise ConfigurationError("A scratch dataset has no people.", hint="Delete statements by /update.")
    generations = Generations(
        settings.state_dir, settings.keep_generations, settings.keep_days, Numbering(settings.journal_dir)
    )
    with generations.writer():
        things, names = _find(generations, iri)
        redactions = read_redactions(settings.journal_dir)
        record = {"time": now(), "actor": actor, "reason": reason}
        write_redactions(settings.journal_dir, {**dict.fromkeys(things, record), **redactions})
        entries = _rewrite_journal(settings, things, names)
        contributions = _rewrite_contributions(settings, things, names)
        discard(settings.feed_folder)  # what is published now begins it anew
        origin = Origin.find(settings)
        generation, _ = origin.publish(generations, origin.journal.entries, origin.inputs(), progress)
        generations.forget_older()
        for name in _WORKSPACES:
            shutil.rmtree(settings.state_dir / name, ignore_errors=True)
        files = tuple(source.relative for source in origin.sources if _holds(source, names))
    return Redacted(tuple(things), entries, contributions, files, generation.number)


def _find(generations: Generations, iri: str) -> tuple[list[str], list[str]]:
    """Return the person and the roles that they hold, and what they are called, in every generation that is kept."""
    person = NamedNode(iri)
    things: dict[str, None] = {}
    names: dict[str, None] = {}
    for generation in generations.all_kept():
        with OxigraphStore.open_read_only(generation.store_path) as store:
            if next(iter(store.quads(person)), None) is not None:
                things[iri] = None
            held = (quad.subject for quad in store.quads(None, _AGENT, person))
            things.update((role.value, None) for role in held if isinstance(role, NamedNode))
            for quad in store.quads(person):
                if is_text(quad.object) and isinstance(quad.object, Literal) and quad.object.value != TOMBSTONE:
                    names[quad.object.value] = None
    if iri not in things:
        raise UnknownEntityError(f"Nothing is said of <{iri}>.")
    return list(things), sorted((name for name in names if len(name) >= _SHORTEST_NAME), key=len, reverse=True)


def _rewrite_journal(settings: Settings, things: Iterable[str], names: list[str]) -> int:
    journal = Journal.read(settings.journal_dir, settings.base_iri)
    filed = read_filed(settings.sources / "data")
    known = set(things)
    contributed = f"{settings.graph_base}contribution/"
    entries, changed = [], 0
    for entry in journal.entries:
        parts = [
            tuple(_without_names(redact(quads, known), names, contributed))
            for quads in (entry.change.adds, entry.change.retracts)
        ]
        new = Change(parts[0], parts[1], entry.change.created, entry.change.dropped)
        changed += new != entry.change
        entries.append(replace(entry, change=new))
    if changed:
        before = list(journal.positions)
        journal.rewrite(entries)
        if filed is not None and filed.position in before:
            position = journal.positions[before.index(filed.position)]
            write_filed(settings.sources / "data", replace(filed, position=position))
    return changed


def _without_names(quads: Iterable[Quad], names: list[str], contributed: str) -> Iterable[Quad]:
    """Take names out of what people wrote about contributions."""
    for quad in quads:
        graph = quad.graph_name
        if isinstance(graph, NamedNode) and graph.value.startswith(contributed) and is_text(quad.object):
            assert isinstance(quad.object, Literal)
            text = _clean(quad.object.value, names)
            if text != quad.object.value:
                value = Literal(text, language=quad.object.language)
                yield Quad(quad.subject, quad.predicate, value, graph)
                continue
        yield quad


def _clean(text: str, names: list[str]) -> str:
    for name in names:
        text = text.replace(name, TOMBSTONE)
    return text


def _rewrite_contributions(settings: Settings, things: list[str], names: list[str]) -> int:
    register = Register.of(settings)
    known = set(things)

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return _clean(value, names)
        if isinstance(value, list):
            return [clean(part) for part in value]
        return {name: clean(part) for name, part in value.items()} if isinstance(value, dict) else value

    def change(record: dict[str, Any]) -> dict[str, Any]:
        if "proposal" not in record:
            return {name: part if name in ("kind", "actor", "time") else clean(part) for name, part in record.items()}
        proposal = dict(record["proposal"])
        for name in ("adds", "retracts"):
            quads = redact((Quad(*triple) for triple in read_triples(proposal[name])), known)
            proposal[name] = triples_text([quad.triple for quad in quads])
        proposal["overrules"] = [
            {**one, "statement": _redact_text(one["statement"], known)} for one in proposal["overrules"]
        ]
        reversal = [quads_text(list(redact(read_quads(text), known))) for text in record["reversal"]]
        seen = [cell for cell in record["seen"] if cell[0].strip("<>") not in known]
        kept = {name: record[name] for name in ("id", "submitter", "time")}
        return clean({**record, "proposal": proposal, "reversal": reversal, "seen": seen}) | kept  # type: ignore[no-any-return]

    count = 0
    for contribution in register.all():
        path = register.folder / f"{contribution.id}.jsonl"
        before = path.read_bytes()
        register.rewrite(contribution.id, change)
        count += path.read_bytes() != before
    return count


def _redact_text(text: str, known: set[str]) -> str:
    return triples_text([quad.triple for quad in redact((Quad(*triple) for triple in read_triples(text)), known)])


def _holds(source: SourceFile, names: list[str]) -> bool:
    """Tell whether a file still holds one of the names."""
    with suppress(OSError, UnicodeDecodeError):
        text = source.path.read_text(encoding="utf-8")
        return any(name in text or json.dumps(name)[1:-1] in text for name in names)
    return False
