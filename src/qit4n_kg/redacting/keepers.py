"""Who keeps copies of statements and texts outside the graph: `KEEPERS`, each rewriting its own without what was a person's.

A keeper is given the settings, the redaction, and whether it writes; it returns the name of each place where something went.
Whoever adds a place where statements are kept adds a keeper here, and nothing else needs to know: keepers run under the writer's
lock, after the list of redactions is written and before the generation is made, and again from the beginning after a crash. A
statement is redacted by `redaction.quads`, what people wrote by `redaction.naming.clean`.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyoxigraph import Quad

from qit4n_kg.contributions.register import Register
from qit4n_kg.contributions.writing import quads_text, read_quads, read_triples, triples_text
from qit4n_kg.feed.ledger import discard
from qit4n_kg.filed import read_filed, write_filed
from qit4n_kg.store.journal import Change, Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from qit4n_kg.config import Settings
    from qit4n_kg.redacting.scope import Redaction

_CACHES = ("previews", "reports", "exports", "oai")
"""Folders of the state whose files are made again when they are asked for."""


def rewrite_journal(settings: Settings, redaction: Redaction, *, writes: bool) -> list[str]:
    """Rewrite the journal, and the position in it beside the files."""
    journal = Journal.read(settings.journal_dir, settings.base_iri)
    entries, changed = [], []
    for entry in journal.entries:
        change = entry.change
        new = Change(
            tuple(redaction.quads(change.adds)),
            tuple(redaction.quads(change.retracts)),
            change.created,
            change.dropped,
        )
        if new != change:
            changed.append(f"entry {entry.id} of the journal")
        entries.append(replace(entry, change=new))
    if changed and writes:
        filed = read_filed(settings.sources / "data")
        before = list(journal.positions)
        journal.rewrite(entries)
        if filed is not None and filed.position in before:
            position = journal.positions[before.index(filed.position)]
            write_filed(settings.sources / "data", replace(filed, position=position))
    return changed


def rewrite_contributions(settings: Settings, redaction: Redaction, *, writes: bool) -> list[str]:
    """Rewrite the contributions, decided or not."""
    register = Register.of(settings)
    changed = []
    for contribution in register.all():
        records = list(register.records(contribution.id))
        new = [redacted_record(record, redaction) for record in records]
        if new != records:
            changed.append(f"contribution {contribution.id}")
            if writes:
                register.rewrite(contribution.id, lambda record: redacted_record(record, redaction))
    return changed


def clear_caches(settings: Settings, _redaction: Redaction, *, writes: bool) -> list[str]:
    """Remove what was made of older generations."""
    for name in _CACHES if writes else ():
        shutil.rmtree(settings.state_dir / name, ignore_errors=True)
    return []


def begin_feed_anew(settings: Settings, _redaction: Redaction, *, writes: bool) -> list[str]:
    """Discard the past that the change feed tells: the generation that is published next begins it."""
    if writes:
        discard(settings.feed_folder)
    return []


KEEPERS: tuple[Callable[..., list[str]], ...] = (rewrite_journal, rewrite_contributions, clear_caches, begin_feed_anew)


def redacted_record(record: dict[str, Any], redaction: Redaction) -> dict[str, Any]:
    """Return a record of a contribution's file as redacted: who did what when stays."""
    if "proposal" not in record:
        kept = {name: record[name] for name in ("kind", "actor", "time") if name in record}
        return {**_clean(record, redaction), **kept}
    proposal = {**record["proposal"]}
    for name in ("adds", "retracts"):
        proposal[name] = _triples(proposal[name], redaction)
    proposal["overrules"] = [
        {"statement": _triples(one["statement"], redaction), "reason": _clean(one["reason"], redaction)}
        for one in proposal["overrules"]
    ]
    proposal["moves"] = [{**move, "reason": _clean(move["reason"], redaction)} for move in proposal["moves"]]
    return {
        **record,
        "message": _clean(record["message"], redaction),
        "evidence": _clean(record["evidence"], redaction),
        "proposal": proposal,
        "seen": [cell for cell in record["seen"] if cell[0].strip("<>") not in redaction.things],
        "reversal": [quads_text(list(redaction.quads(read_quads(text)))) for text in record["reversal"]],
    }


def texts_of(record: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what people wrote in a record of a contribution's file, each with where."""
    if "proposal" not in record:
        if record.get("note"):
            yield f"{record['kind']} by {record['actor']}", record["note"]
        return
    yield "message", record["message"]
    yield from (("evidence", text) for text in record["evidence"])
    proposal = record["proposal"]
    yield from (("reason", one["reason"]) for one in (*proposal["overrules"], *proposal["moves"]))
    for name in ("adds", "retracts"):
        for triple in read_triples(proposal[name]):
            yield f"{name}, of {triple.subject}", str(triple.object)


def _triples(text: str, redaction: Redaction) -> str:
    quads = redaction.quads(Quad(*triple) for triple in read_triples(text))
    return triples_text([quad.triple for quad in quads])


def _clean(value: Any, redaction: Redaction) -> Any:
    if isinstance(value, str):
        return redaction.naming.clean(value)
    if isinstance(value, list):
        return [_clean(part, redaction) for part in value]
    return {name: _clean(part, redaction) for name, part in value.items()} if isinstance(value, dict) else value
