"""A Turtle text in the project's one layout, proved to be the same graph; it touches no file.

The proof is made every time: the RDFC-1.0 hash of what was read and of what is written must be equal, every comment must still be
there, and laying out the result again must change nothing. Else nothing is written, and an error says so.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from typing import TYPE_CHECKING

from pyoxigraph import RdfFormat, parse

from qit4n_kg.errors import SourceError
from qit4n_kg.store.canonical import dataset_hash
from qit4n_kg.turtle.layout import Layout
from qit4n_kg.turtle.reading import read_document, tokenize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyoxigraph import Quad

_BASE = "https://example.org/base/"
_ENGINE_POSITION = re.compile(r"^Parser error (?:at|between) line .*?: (?=\S)")


def format_turtle(text: str, *, is_sorted: bool = False) -> str:
    """Return a text in the one layout; with `is_sorted` its statements in one order too.

    :raises SourceError: it is not Turtle, with line and column; or the result would not be the same graph, which is a bug.
    """
    before = list(_parse(text))
    layout = Layout(is_sorted)
    written = layout.write(read_document(text))
    try:
        is_same = dataset_hash(_parse(written)) == dataset_hash(before)
    except SourceError:
        is_same = False
    if not is_same or _comments(written) != _comments(text):
        raise SourceError("The layout would change this text's meaning or lose a comment, so it is left as it is.")
    return written


def difference(before: str, after: str, name: str) -> str:
    """Return a unified diff."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"{name} (as it is)", f"{name} (laid out)"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _parse(text: str) -> Iterator[Quad]:
    try:
        yield from parse(input=text, format=RdfFormat.TURTLE, base_iri=_BASE)
    except SyntaxError as exc:
        detail = _ENGINE_POSITION.sub("", str(exc.msg)).strip().rstrip(".")
        raise SourceError(f"This is not Turtle: {detail}.", line=exc.lineno or None, column=exc.offset or None) from exc


def _comments(text: str) -> Counter[str]:
    """Count the words of all comments: two behind one line may become one comment."""
    tokens, head, tail = tokenize(text)
    comments = [*head, *tail]
    for token in tokens:
        comments += [*token.before, *([token.after] if token.after else [])]
    return Counter(word for comment in comments for word in comment.replace("#", " ").split())
