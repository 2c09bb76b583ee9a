"""Which text, line and column each result comes from; it judges nothing."""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from pyoxigraph import BlankNode, NamedNode

from qit4n_kg.locating import Position, StatementIndex, mentions
from qit4n_kg.validation.model import TYPE
from qit4n_kg.validation.suggesting import in_cell
from qit4n_kg.validation.terms import OVERRULED
from qit4n_kg.validation.texts import decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from qit4n_kg.reporting import Result, StatedValue
    from qit4n_kg.validation.uploads import Given, PlaceFinder


class Source(Protocol):
    """A text that data came from, such as a `loading.SourceFile`."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def relative(self) -> str:
        """The name by which a report calls it."""
        ...

    @property
    def graph(self) -> NamedNode | None:
        """Its graph, against which relative IRIs resolve."""
        ...


def locate(results: Iterable[Result], sources: Sequence[Source]) -> list[Result]:
    """Say of each result in which text and where its statement, or the nearest one about its focus node, stands.

    Files that state exactly (focus, path, value) win over those that only give another value of the path, and these over those
    that only describe the focus node. Of two equal ones the earlier in `sources` wins.
    """
    results = list(results)
    subjects = {str(result.focus) for result in results}
    wanted = {result.focus for result in results if isinstance(result.focus, NamedNode)}
    has_anonymous = any(isinstance(result.focus, BlankNode) for result in results)
    indexes: list[tuple[Source, PlaceFinder]] = []
    for source in sources if results else ():
        if (finder := getattr(source, "finder", None)) is not None:
            indexes.append((source, finder))
            continue
        text = _read_text(source, subjects)
        if has_anonymous or any(mentions(text, [focus]) for focus in wanted):
            indexes.append((source, StatementIndex(text, source.graph.value if source.graph else "")))
    return [_located(result, indexes) for result in results]


def _read_text(source: Source, subjects: set[str]) -> str:
    """Read a source's text; of N-Quads and N-Triples, which may be huge, only the lines about the subjects, the others blank."""
    name = source.path.name.removesuffix(".gz")
    if not name.endswith((".nq", ".nt")):
        is_located = name.endswith((".ttl", ".trig"))
        return decode(source.path) if is_located else ""
    opener = gzip.open if source.path.suffix == ".gz" else open
    with opener(source.path, "rt", encoding="utf-8") as lines:
        return "".join(line if line.split(" ", 1)[0] in subjects else "\n" for line in lines)


def _located(result: Result, indexes: Sequence[tuple[Source, PlaceFinder]]) -> Result:
    best: tuple[int, Source, Position] | None = None
    for source, index in indexes:
        found = index.find(result.focus, result.predicate, result.value)
        if found and (best is None or found[0] > best[0]):
            best = (found[0], source, found[1])
    if best is None:
        return result
    values = tuple(_located_value(result, one, indexes) for one in result.values)
    place = {"file": shown(best[1]), "line": best[2].line, "column": best[2].column}
    return replace(result, **place, sheet=getattr(best[1], "sheet", None), values=values)  # type: ignore[arg-type]


def _located_value(result: Result, stated: StatedValue, indexes: Sequence[tuple[Source, PlaceFinder]]) -> StatedValue:
    for source, index in indexes:
        found = index.find(result.focus, result.predicate, stated.value)
        is_overruled = source.graph is not None and (index.find(source.graph, TYPE, OVERRULED) or (0,))[0] == 3
        if found and found[0] == 3 and not is_overruled:
            return replace(stated, file=shown(source), line=found[1].line)
    return stated


def shown(source: Source) -> str:
    """Name a source from the sources' folder, or as it was given where it lies elsewhere."""
    return source.relative if source.path.as_posix().endswith(f"/{source.relative}") else str(source.path)


def place_given(results: Iterable[Result], given: Sequence[Given]) -> list[Result]:
    """Say of each result in which upload, sheet and line its statement, or the nearest one, stands."""
    return [_placed(result, given) for result in results]


def _placed(result: Result, given: Sequence[Given]) -> Result:
    best: tuple[int, Result] = (0, result)
    for one in given:
        for sheet, finder in one.places:
            found = finder.find(result.focus, result.predicate, result.value)
            if found and found[0] > best[0]:
                line, column = found[1].line, found[1].column
                told = replace(result, file=one.name, sheet=sheet, line=line, column=column)
                best = (found[0], in_cell(told) if one.is_table else told)
    return best[1]
