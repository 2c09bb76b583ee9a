"""`qit4n-kg mirror`: keep an exact copy of another server's graph, and say whether it is one."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

import click

from qit4n_kg.commands import terminal
from qit4n_kg.errors import MirrorDiffersError, MirrorError
from qit4n_kg.mirroring.fetching import Limits, Source
from qit4n_kg.mirroring.following import Mirror, Synced
from qit4n_kg.store.generations import Generations

MIB = 1 << 20


@click.command()
@click.argument("url", metavar="URL")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--once", is_flag=True, help="Come to the current generation and end; so it does unless told otherwise.")
@click.option("--follow", is_flag=True, help="Go on for ever: ask again after each interval.")
@click.option(
    "--interval",
    type=click.FloatRange(0.1, 86_400),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait between two looks.",
)
@click.option(
    "--verify",
    is_flag=True,
    help="Change nothing: read every file of the copy, and compare what it holds with the source.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 86_400),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long one download may take.",
)
@click.option(
    "--patience",
    type=click.FloatRange(0, 86_400),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the source may be away.",
)
@click.option(
    "--page-bytes",
    type=click.IntRange(1),
    default=256 * MIB,
    show_default=True,
    metavar="BYTES",
    help="How large one page may be.",
)
def mirror(
    url: str,
    folder: Path,
    once: bool,
    follow: bool,
    interval: float,
    verify: bool,
    timeout: float,
    patience: float,
    page_bytes: int,
) -> None:
    """Keep in DIR an exact copy of the graph that the server at URL has, by its change feed, and prove it by hash.

    Interrupted at any moment, it goes on from there. `qit4n-kg query --state-dir DIR …` asks the copy.
    """
    if once + follow + verify > 1:
        raise click.UsageError("--once, --follow and --verify exclude each other.")
    source = Source(url, Limits(timeout, page_bytes, patience), _say)
    generations = Generations(folder, keep=2)
    copy = Mirror(source, generations, folder, _say)
    if verify:
        _verify(copy)
        return
    is_new = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise MirrorError(f"{folder} can't be made: {exc.strerror}.") from exc
    copy.position()  # which refuses a folder of something else's before anything is written to it
    try:
        with generations.writer():
            _tell(copy)
            while follow:
                time.sleep(interval)
                try:
                    _tell(copy, is_conditional=True)
                except MirrorDiffersError:
                    raise
                except MirrorError as exc:
                    _say(str(exc))
    except MirrorError:
        if is_new:
            _remove_if_empty(folder)
        raise


def _remove_if_empty(folder: Path) -> None:
    """Remove a folder that was made for nothing; where pages or a generation have come into it, it stays."""
    with suppress(OSError):
        (folder / "generations").rmdir()
        (folder / "lock").unlink()
        folder.rmdir()


def _tell(copy: Mirror, *, is_conditional: bool = False) -> None:
    done = copy.sync(is_conditional=is_conditional)
    if done is not None:
        terminal.out.print(in_words(done), markup=False, soft_wrap=True)


def in_words(done: Synced) -> str:
    """Say what came of following, and where nothing came, what of the copy was looked at."""
    if done.is_anew:
        came = _count(done.things, "thing")
    elif done.things:
        came = f"{_count(done.things, 'thing')} changed"
    else:
        came = "nothing new; its files have their names and sizes, --verify reads them"
    dataset = done.mark.dataset.replace(":", " ")
    return f"in sync with generation {done.mark.generation}: {dataset} ({_count(done.mark.quads, 'quad')}, {came})"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _verify(copy: Mirror) -> None:
    found = copy.verify()
    if found.dataset != found.promised:
        raise MirrorDiffersError(
            f"The copy should be {found.promised}, but it is {found.dataset}.",
            hint="Remove the folder and mirror anew.",
        )
    if found.dataset != found.mark.dataset:
        raise MirrorDiffersError(
            f"The copy is generation {found.generation} as it was, {found.dataset}; "
            f"the source is at generation {found.mark.generation}, {found.mark.dataset}.",
            hint="Mirror again.",
        )
    terminal.out.print(
        f"verified: the copy is generation {found.mark.generation}: {found.dataset.replace(':', ' ')}",
        markup=False,
        soft_wrap=True,
    )


def _say(text: str) -> None:
    terminal.err.print(f"mirror: {text}", markup=False, soft_wrap=True)
