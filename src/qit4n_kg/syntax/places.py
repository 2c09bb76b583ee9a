"""A mistake in a text and its place, and the words by which tokens are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qit4n_kg.errors import QuerySyntaxError
from qit4n_kg.store.dataset_clause import line_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.store.dataset_clause import Token

_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """What is wrong at an offset of the text, in one sentence, and what to do about it."""

    offset: int
    message: str
    hint: str | None = None

    def located(self, text: str) -> QuerySyntaxError:
        """Return it as an error with line and column."""
        line, column = line_column(text, self.offset)
        return QuerySyntaxError(self.message, line=line, column=column, hint=self.hint)


def shown(token: Token | None) -> str:
    """Return a token in quotation marks, shortened."""
    return "the end" if token is None else quoted(token.text)


def quoted(written: str) -> str:
    """Return text of a query in quotation marks, shortened.

    >>> quoted("?s ?p")
    "'?s ?p'"
    """
    return repr(written if len(written) <= _LONGEST_SHOWN else written[: _LONGEST_SHOWN - 1] + "…")


def gap(text: str, stream: Sequence[Token], at: int) -> int:
    """Return where something is missing before the token `at`: there, or behind the one before if that is on a line above."""
    if at == 0:
        return stream[0].start if stream else 0
    end = stream[at - 1].end
    return stream[at].start if at < len(stream) and "\n" not in text[end : stream[at].start] else end
