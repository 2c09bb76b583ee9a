"""A person redacted, everywhere that this instance keeps: seen before it is done (`survey`), then done (`redact_person`).

What stays is a tombstone: the person's identifier with the text "(redacted)", links within the registry, numbers and dates, and in
the journal's folder who redacted it, when and why. Texts of the roles that a person holds are the person's too; in all other texts
their name is replaced. Done in the one writer, each step whole: interrupted, it is done again from the beginning.

Files (git) are not rewritten here: they are read as if they were redacted, `journal export` writes them so, and their history is
for whoever keeps the repository. So are backups.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.assembling import read_sources
from qit4n_kg.building import Origin
from qit4n_kg.contributions.register import now
from qit4n_kg.errors import ConfigurationError
from qit4n_kg.namespaces import compact
from qit4n_kg.redacting.keepers import KEEPERS
from qit4n_kg.redacting.remains import Remains, find_remains
from qit4n_kg.redacting.scope import Redaction, find_person
from qit4n_kg.redactions import is_text, leads_out, read_redactions, redact, statement_digest, write_redactions
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.numbering import Numbering
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qit4n_kg.building import Progress
    from qit4n_kg.config import Settings
    from qit4n_kg.store.generations import Generation


@dataclass(frozen=True)
class Person:
    """Whom to redact; `also` are further spellings to take out, and `anything` lets it be something else than a person."""

    iri: str
    also: tuple[str, ...] = ()
    anything: bool = False


@dataclass(frozen=True)
class Survey:
    """What goes: texts and links of the things, texts of other things that lose the name, entries, contributions; what is left."""

    things: tuple[str, ...]
    texts: int
    links: tuple[str, ...]
    others: tuple[str, ...]
    kept: tuple[str, ...]
    remains: Remains
    generation: int


def survey(settings: Settings, person: Person, progress: Progress) -> Survey:
    """Say what redacting a person would do; nothing is changed.

    :raises UnknownEntityError: nothing is said of such a thing.
    :raises ParameterError: it is no person.
    """
    return _Work.of(settings, person, progress).survey(writes=False)


def redact_person(settings: Settings, person: Person, actor: str, reason: str, progress: Progress) -> Survey:
    """Redact a person; say what was done.

    :raises UnknownEntityError: nothing is said of such a thing.
    :raises ParameterError: it is no person.
    :raises StateLockedError: another process writes.
    """
    generations = Generations(
        settings.state_dir, settings.keep_generations, settings.keep_days, Numbering(settings.journal_dir)
    )
    with generations.writer():
        work = _Work.of(settings, person, progress)
        record = {"time": now(), "actor": actor, "reason": work.redaction.naming.clean(reason)}
        write_redactions(settings.journal_dir, work.listed(record))
        done = work.survey(writes=True)
        origin = Origin.find(settings)
        generation, _ = origin.publish(generations, origin.journal.entries, origin.inputs(), progress)
        generations.forget_older()
        return replace(done, generation=generation.number)


@dataclass(frozen=True)
class _Work:
    settings: Settings
    origin: Origin
    current: Generation
    data: list[Quad]
    redaction: Redaction

    @classmethod
    def of(cls, settings: Settings, person: Person, progress: Progress) -> _Work:
        if settings.scratch:
            raise ConfigurationError("A scratch dataset has no people.", hint="Delete statements by /update.")
        generations = Generations(settings.state_dir, settings.keep_generations, settings.keep_days)
        origin = Origin.find(settings)
        _, data, _ = read_sources(origin.sources, progress)
        redaction = find_person(
            generations, person.iri, data, settings.base_iri, also=person.also, anything=person.anything
        )
        return cls(settings, origin, generations.current(), data, redaction)

    def listed(self, record: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the list of redactions with this one: the things, and texts of others that files hold."""
        listed = read_redactions(self.settings.journal_dir)
        for thing, own in self.redaction.records.items():
            known = listed.get(thing)
            listed[thing] = {**record, **own} if known is None or "texts" in known else {**own, **known}
        for quad in self.data:
            if not is_text(quad.object) or not isinstance(quad.subject, NamedNode):
                continue
            (read,) = redact([quad], listed)
            (new,) = self.redaction.quads([read])
            of_other = listed.setdefault(quad.subject.value, {**record, "texts": {}}) if new != read else {}
            if "texts" in of_other:
                assert isinstance(new.object, Literal)
                of_other["texts"][statement_digest(quad)] = new.object.value
        return listed

    def survey(self, *, writes: bool) -> Survey:
        """Say what goes, from what is served and what is kept; with `writes` the keepers rewrite theirs."""
        things = set(self.redaction.things)
        with OxigraphStore.open_read_only(self.current.store_path) as store:
            texts, links, others = self._served(store.quads(), things)
        kept = [one for keeper in KEEPERS for one in keeper(self.settings, self.redaction, writes=writes)]
        remains = find_remains(self.settings, self.current, self.origin.sources, self.redaction)
        return Survey(
            self.redaction.things, len(texts), tuple(links), tuple(others), tuple(kept), remains, self.current.number
        )

    def _served(self, quads: Iterable[Quad], things: set[str]) -> tuple[set[Any], dict[str, None], dict[str, None]]:
        texts: set[Any] = set()
        links: dict[str, None] = {}
        others: dict[str, None] = {}
        for quad in quads:
            subject = quad.subject.value if isinstance(quad.subject, NamedNode) else ""
            if is_text(quad.object):
                if subject in things:
                    texts.add(quad.triple)
                elif next(self.redaction.quads([quad])) != quad:
                    others[f"{compact(quad.predicate.value)} of {quad.subject}"] = None
            elif self.redaction.is_address(quad) or (
                subject in things and leads_out(quad, self.redaction.records[subject].get("home"))
            ):
                links[f"{quad.object} ({compact(quad.predicate.value)} of {quad.subject})"] = None
        return texts, links, others
