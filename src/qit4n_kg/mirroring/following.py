"""Follows a change feed: a folder holds the dataset as of a whole generation of the source, from one to the next.

    DIR/current, DIR/generations/…   as in a state folder: `qit4n-kg query --state-dir DIR` asks it
    DIR/pages/EPOCH/…                closed pages that were fetched and are not in a generation yet

The position in the feed is what the mirror's generation was made from (its manifest's `inputs`), so it moves together with
the data by one atomic step, and only when the hash of what was written is the one that the feed promises. Killed at any moment,
the mirror goes on from there, with the pages that it has fetched. It starts from the beginning when the feed began anew, and
once when what it has can't be made into what is promised.
"""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pyoxigraph import NamedNode

from qit4n_kg.errors import (
    FeedGoneError,
    GenerationDamagedError,
    MirrorDiffersError,
    MirrorError,
    StateError,
    StateFullError,
    StateMissingError,
)
from qit4n_kg.feed.reading import Change, Document, Mark, Root
from qit4n_kg.store.bulk import read_dataset
from qit4n_kg.store.canonical import has_blank_node
from qit4n_kg.store.disk import sync
from qit4n_kg.store.inventory import altered_files, damaged_files, write_inventory
from qit4n_kg.store.origin import Origin, read_origin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from qit4n_kg.mirroring.fetching import Source
    from qit4n_kg.store.generations import Generation, Generations
    from qit4n_kg.store.recording import Recorder

_SOFTWARE = "qit4n-kg mirror"
_TRIES = 3
_OWN = ("generations", "current", "current.new", "lock", "pages")
_TELL_EVERY = 50
_SHOWN = 5
_ANEW = "Remove the folder and mirror anew."


@dataclass(frozen=True)
class Synced:
    """What came of following: the source's generation that the mirror holds, how many things were new or changed."""

    mark: Mark
    things: int
    is_anew: bool


@dataclass(frozen=True)
class Verified:
    """What the source has now, and of the mirror: which generation it is, what was promised then and what is there."""

    mark: Mark
    generation: int
    promised: str
    dataset: str


class Mirror:
    """One folder that follows one source; only inside `generations.writer()`, which keeps a second mirror out."""

    def __init__(self, source: Source, generations: Generations, folder: Path, say: Callable[[str], None]) -> None:
        self._source = source
        self._generations = generations
        self._pages = folder / "pages"
        self._folder = folder
        self._say = say

    def position(self) -> Origin | None:
        """Return which generation of the source the mirror holds, None where it has nothing yet.

        :raises MirrorError: the folder is something else's.
        """
        current = self._current()
        if current is None:
            if self._is_foreign():
                raise MirrorError(
                    f"{self._folder} holds other files.", hint="Give an empty folder, or one that is not there."
                )
            return None
        position = read_origin(current.manifest.inputs)
        if position is None:
            raise MirrorError(f"{self._folder} holds a graph that is no mirror.", hint="Give an empty folder.")
        return position

    def _is_foreign(self) -> bool:
        """Whether the folder has what no mirror made; what one left that was killed early is no such thing."""
        try:
            return any(path.name not in _OWN for path in self._folder.iterdir())
        except FileNotFoundError:
            return False

    def sync(self, *, is_conditional: bool = False) -> Synced | None:
        """Come to the source's current generation; None where it has not changed since the last call.

        :raises MirrorDiffersError: what the feed gave is not what it promised.
        :raises MirrorError: the feed can't be had, or is none.
        """
        gone, is_second = 0, False
        self._tell_damage()
        while gone < _TRIES:
            position = None if is_second else self.position()
            content = self._source.root(is_conditional=is_conditional and not (gone or is_second))
            if content is None:
                return None
            try:
                root = Document(content, self._source.url).root()
                with _reading_the_copy():
                    return self._come_to(root, position)
            except FeedGoneError:
                gone += 1
                self._say("the feed began anew meanwhile")
                shutil.rmtree(self._pages, ignore_errors=True)
            except StateFullError:
                raise
            except (MirrorDiffersError, StateError) as exc:  # the other: what is here was altered
                if is_second:
                    raise
                is_second = True
                self._say(f"{exc.message} Starting from the beginning.")
                shutil.rmtree(self._pages, ignore_errors=True)
        raise MirrorError(f"<{self._source.url}> began anew again and again.")

    def _tell_damage(self) -> None:
        """Say that what is here can't even be opened; `position` takes it for nothing."""
        try:
            self._generations.current()
        except StateMissingError:
            pass
        except GenerationDamagedError as exc:
            self._say(f"The copy is damaged. {exc.message} Starting from the beginning.")

    def verify(self) -> Verified:
        """Read all files of the mirror and its dataset, and look what the source has now.

        :raises MirrorDiffersError: a file is not as it was written, those too that the dataset is not read from.
        :raises MirrorError: there is nothing to verify, or the feed can't be had.
        """
        current, position = self._current(), self.position()
        if current is None or position is None:
            raise MirrorError(f"{self._folder} holds no mirror yet.")
        content = self._source.root()
        assert content is not None
        root = Document(content, self._source.url).root()
        mark = root.current
        _refuse(damaged_files(current.path))
        if position.number == mark.number and position != _origin(root):
            raise MirrorDiffersError(
                "The copy's manifest.json says of its generation what the source does not.", hint=_ANEW
            )
        with _reading_the_copy():
            dataset = read_dataset(current.store_path)[0]
        return Verified(mark, position.generation, current.manifest.dataset, dataset)

    def _come_to(self, root: Root, position: Origin | None) -> Synced:
        mark = root.current
        origin = _origin(root)
        if position is not None and position.stream != mark.stream:
            self._say("the feed began anew, and so does this mirror")
            position = None
        if position is not None and (copy := self._current()) is not None:
            _refuse(altered_files(copy.path))
        if position == origin and self._holds(mark):
            return Synced(mark, 0, is_anew=False)
        start = position.number if position else 0
        pages = _Pages(self._fetch(root, start, mark), start, mark)
        if position is not None and not any(one.number == start and self._holds(one) for one in pages.marks()):
            self._say("the feed does not have what this mirror has, which starts from the beginning")
            return self._come_to(root, None)
        check = self._check(mark)
        if position is None:
            quads = (quad for change in pages.changes() for quad in change.quads)
            self._generations.publish(
                quads, inputs=origin.write(), software=_SOFTWARE, on_ready=check, complete=_list_files
            )
        else:
            self._generations.commit(
                pages.apply,
                inputs=origin.write,
                software=_SOFTWARE,
                on_ready=check,
                complete=lambda store_path, _: _list_files(store_path),
            )
        shutil.rmtree(self._pages, ignore_errors=True)
        return Synced(mark, len(pages.last), is_anew=position is None)

    def _check(self, mark: Mark) -> Callable[[], None]:
        """Return what refuses a generation that is not what the feed promises, before it becomes the current one."""

        def check() -> None:
            # The newest one on the disk is the one that is about to become current.
            numbers = [int(path.name) for path in (self._folder / "generations").iterdir() if path.name.isdigit()]
            manifest = self._folder / "generations" / str(max(numbers)) / "manifest.json"
            found = json.loads(manifest.read_bytes())["dataset"]
            if found != mark.dataset:
                raise MirrorDiffersError(
                    f"Generation {mark.generation} should be {mark.dataset}, but what the feed gave is {found}.",
                    hint="The mirror stays as it was.",
                )

        return check

    def _holds(self, mark: Mark) -> bool:
        current = self._current()
        return current is not None and current.manifest.dataset == mark.dataset

    def _fetch(self, root: Root, start: int, mark: Mark) -> list[Path]:
        """Have the pages with the entries from `start` up to the mark on the disk; return where they are, in order."""
        wanted: list[str] = []
        for volume in _holding(root.volumes, start, mark.number):
            listing = Document(self._source.part(volume), volume).listing()
            wanted += _holding(listing.pages, start, mark.number)
        found = []
        for count, iri in enumerate(wanted, start=1):
            path = self._page_path(iri)
            found.append(path if path.is_file() else self._keep(path, iri))
            if count % _TELL_EVERY == 0:
                self._say(f"{count} of {len(wanted)} pages")
        return found

    def _keep(self, path: Path, iri: str) -> Path:
        """Fetch a page and keep it: for good if it is closed, else for this time."""
        content = self._source.part(iri)
        document = Document(content, iri)
        document.entries()  # which refuses what is no page
        target = path if document.is_immutable else path.with_suffix(".open")
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_bytes(content)
        sync(new)
        new.replace(target)
        return target

    def _page_path(self, iri: str) -> Path:
        epoch, _, number = urlsplit(iri).path.rpartition("/feed/")[2].partition("/pages/")
        if not (number.isascii() and number.isdigit()) or not epoch or "/" in epoch or epoch.startswith("."):
            raise MirrorError(f"The feed links to <{iri[:300]}>, which is no page of it.")
        return self._pages / epoch / f"{number}.nq"

    def _current(self) -> Generation | None:
        try:
            return self._generations.current()
        except (StateMissingError, GenerationDamagedError):
            return None


class _Pages:
    """The versions that are new on some pages: those after `start`, up to the mark; only the last one of each thing counts."""

    def __init__(self, paths: list[Path], start: int, mark: Mark) -> None:
        self._paths = paths
        self._start = start
        self._mark = mark
        self._blank = NamedNode(f"{mark.stream.rpartition('/feed/')[0]}/feed#blank-nodes")
        self.last = {change.thing: change.number for change in self._all()}

    def marks(self) -> list[Mark]:
        """Return the ends of generations on the first page, which has the entry `start`."""
        entries = Document(self._paths[0].read_bytes(), self._paths[0].name).entries() if self._paths else []
        return [entry for entry in entries if isinstance(entry, Mark)]

    def changes(self) -> Iterator[Change]:
        """Yield the last version of each thing."""
        return (change for change in self._all() if self.last[change.thing] == change.number)

    def apply(self, store: Recorder, _: Path) -> None:
        """Make the changes in an open checkpoint."""
        for change in self.changes():
            if change.thing == self._blank:
                old = [quad for quad in store.raw if has_blank_node(quad)]
            else:
                found = store.quads_for_pattern(change.thing, None, None, None)
                old = [quad for quad in found if not has_blank_node(quad)]
            for quad in old:
                store.remove(quad)
            store.extend(change.quads)
        for graph in list(store.raw.named_graphs()):
            found = store.quads_for_pattern(None, None, None, graph)
            if isinstance(graph, NamedNode) and next(found, None) is None:
                store.remove_graph(graph)

    def _all(self) -> Iterator[Change]:
        for path in self._paths:
            for entry in Document(path.read_bytes(), path.name).entries():
                if isinstance(entry, Change) and self._start < entry.number <= self._mark.number:
                    yield entry


def _origin(root: Root) -> Origin:
    mark = root.current
    return Origin(mark.stream, mark.number, mark.generation, mark.built_at, root.licence, root.publisher)


def _refuse(damaged: list[str] | None) -> None:
    """Say which files are not as they were written.

    :raises MirrorDiffersError: some are, or nothing tells how they were.
    """
    if damaged is None:
        raise MirrorDiffersError("The copy has no list of its files.", hint=_ANEW)
    if damaged:
        more = f" and {len(damaged) - _SHOWN} more files" if len(damaged) > _SHOWN else ""
        raise MirrorDiffersError(f"The copy is damaged: {', '.join(damaged[:_SHOWN])}{more}.", hint=_ANEW)


def _list_files(store_path: Path) -> None:
    write_inventory(store_path.parent)


@contextmanager
def _reading_the_copy() -> Iterator[None]:
    """Say of what the engine meets on a damaged disk that the copy is damaged.

    :raises MirrorDiffersError: it is.
    """
    try:
        yield
    except RuntimeError as exc:  # what RocksDB says of a wrong checksum
        raise MirrorDiffersError(f"The copy is damaged ({exc}).", hint=_ANEW) from exc


def _holding(parts: tuple[tuple[int, str], ...], start: int, end: int) -> list[str]:
    """Choose the parts that hold entries from `start` to `end`, by the number of the first entry of each.

    >>> _holding(((1, "a"), (5, "b"), (9, "c")), 5, 8), _holding(((1, "a"), (5, "b")), 0, 9)
    (['b'], ['a', 'b'])
    """
    ends = [first for first, _ in parts[1:]] + [end + 1]
    return [iri for (first, iri), after in zip(parts, ends, strict=True) if after > start and first <= end]
