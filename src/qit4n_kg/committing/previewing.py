"""What the graph would be with a contribution accepted: a checkpoint beside the generations, which nobody publishes.

`preview` starts a process and waits for it; the store that it makes is asked like a generation, before and after, to show a
reviewer what changes. Previews are bounded in number and in time; a crash leaves at most a folder that the next preview removes.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from qit4n_kg.building import Origin
from qit4n_kg.committing.crossing import receive_error, send_error
from qit4n_kg.committing.process import writer_environment
from qit4n_kg.config import load_settings, to_environ
from qit4n_kg.contributions.changing import plan
from qit4n_kg.contributions.model import Event, Kind
from qit4n_kg.contributions.register import Register, now
from qit4n_kg.contributions.standing import Standing
from qit4n_kg.errors import KnowledgeGraphError, ProposalError, QueryTimeoutError, StateConflictError
from qit4n_kg.revising import NotRevisableError, revise
from qit4n_kg.store.generations import Generations
from qit4n_kg.store.oxigraph import OxigraphStore

if TYPE_CHECKING:
    from pathlib import Path

    from qit4n_kg.config import Settings

_KEPT = 4


def preview(settings: Settings, id_: str) -> tuple[int, Path]:
    """Make a store of the current generation with a contribution; return the generation and where the store is.

    :raises ProposalError: it can't be done as things stand, or is too large to be shown beforehand.
    :raises InvalidDataError: it would bring violations.
    :raises QueryTimeoutError: it took too long.
    """
    generations = Generations(settings.state_dir, settings.keep_generations, settings.keep_days)
    number = generations.current_number() or 0
    folder = settings.state_dir / "previews" / f"{id_}-{number}"
    if not (folder / "store").is_dir():
        _start(settings, id_)
    return number, folder / "store"


def _start(settings: Settings, id_: str) -> None:
    try:
        ended = subprocess.run(
            [sys.executable, "-P", "-m", "qit4n_kg.committing.previewing", id_],
            capture_output=True,
            check=False,
            timeout=settings.query_timeout,
            env={**writer_environment(), **to_environ(settings)},
        )
    except subprocess.TimeoutExpired as exc:
        raise QueryTimeoutError("The preview took too long.") from exc
    if ended.returncode != 0:
        words = ended.stderr.decode(errors="replace")[-4000:]
        raise RuntimeError(f"The previewing process ended with {ended.returncode}: {words}")
    reply: dict[str, Any] = json.loads(ended.stdout)
    if not reply.pop("ok"):
        raise receive_error(reply)


def make(settings: Settings, id_: str) -> Path:
    """Make the preview in this process; return its folder."""
    origin = Origin.find(settings)
    contribution = Register.of(settings).get(id_)
    if contribution.state.is_final:
        raise StateConflictError(f"The contribution {id_} is {contribution.state.value}.")
    generations = Generations(settings.state_dir, settings.keep_generations, settings.keep_days)
    current = generations.current()
    previews = settings.state_dir / "previews"
    folder = previews / f"{id_}-{current.number}"
    _tidy(previews, current.number)
    partial = previews / f"{folder.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with OxigraphStore.open_read_only(current.store_path) as store:
        standing = Standing(store, settings.graph_base)
        change = plan(contribution, Event(Kind.ACCEPTED, contribution.submitter, now()), standing, settings.base_iri)
        try:
            revision = revise(settings, *origin.journal.loose(), change, store.inner)
        except NotRevisableError as exc:
            raise ProposalError("This contribution changes too much to be shown beforehand.") from exc
        store.inner.backup(str(partial / "store"))
    with OxigraphStore.create(partial / "store") as after:
        revision(after.inner, partial)
    if not folder.exists():
        partial.rename(folder)
    return folder


def _tidy(previews: Path, current: int) -> None:
    """Keep the newest previews of the current generation."""
    if not previews.is_dir():
        return
    found = sorted(previews.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for place, path in enumerate(found):
        if place >= _KEPT or not path.name.endswith((f"-{current}", ".partial")):
            shutil.rmtree(path, ignore_errors=True)


def main() -> None:
    """Make the preview of the contribution that the command line names, and write what came of it to stdout."""
    try:
        make(load_settings(), sys.argv[1])
        reply: dict[str, Any] = {"ok": True}
    except KnowledgeGraphError as exc:
        reply = send_error(exc)
    sys.stdout.write(json.dumps(reply))


if __name__ == "__main__":
    main()
