"""Where a reading of a text stopped, as those look at it who say why: what stands there, what could, what stood before."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from qit4n_kg.syntax.grammar import sparql_grammar
from qit4n_kg.syntax.places import Fault, gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qit4n_kg.store.dataset_clause import Token
    from qit4n_kg.syntax.grammar import Reading

OPERATORS = frozenset(("=", "!=", "<", ">", "<=", ">=", "&&", "||", "!", ",", "+", "-", "*", "/"))
TERMS = {"VAR": "a variable", "IRIREF": "an IRI", "PNAME": "a prefixed name", "STRING": "a text", "INTEGER": "a number"}
"""Kinds of tokens, as people call them."""


@dataclass(frozen=True)
class Stop:
    """Where a reading of a text stopped, as the functions below look at it."""

    text: str
    stream: Sequence[Token]
    reading: Reading
    at: int
    kind: str

    @property
    def token(self) -> Token | None:
        """What can't stand there; None at the end of the text."""
        return self.stream[self.at] if self.at < len(self.stream) else None

    @property
    def before(self) -> Token | None:
        """The last token that could."""
        return self.stream[self.at - 1] if self.at else None

    @property
    def is_unknown_word(self) -> bool:
        """Tell whether a word stands there that is no keyword."""
        return self.token is not None and self.token.kind == "word" and not self.token.is_word(*sparql_grammar().words)

    def is_joined(self) -> bool:
        """Tell whether what stands there follows without a space."""
        return self.token is not None and self.before is not None and self.token.start == self.before.end

    def expects(self, *terminals: str) -> bool:
        """Tell whether one of these could have stood there."""
        return not self.reading.expected.isdisjoint(terminals)

    def stands(self, *texts: str) -> bool:
        """Tell whether one of these signs, or keywords in any case, stands there."""
        return self.token is not None and self.token.text.upper() in texts

    def follows(self, *texts: str) -> bool:
        """Tell whether one of these signs, or keywords in any case, stands before."""
        return self.before is not None and self.before.text.upper() in texts

    def here(self, message: str, hint: str | None = None) -> Fault:
        """Tell of what stands there."""
        return Fault(self.token.start if self.token else gap(self.text, self.stream, self.at), message, hint)

    def missing(self, message: str, hint: str | None = None) -> Fault:
        """Tell of what is missing there."""
        return Fault(gap(self.text, self.stream, self.at), message, hint)

    def words(self, start: int, end: int) -> str:
        """Return the text from one token up to another, in one line."""
        return " ".join(self.text[self.stream[start].start : self.stream[end - 1].end].split()) if start < end else ""

    def meant(self) -> str | None:
        """Return the keyword that a word may have been meant as, as a question."""
        if self.token is None or not self.is_unknown_word:
            return None
        words = sorted(word for word in self.reading.expected if len(word) > 2 and word.isupper() and word not in TERMS)
        found = get_close_matches(self.token.text.upper(), words, 1, 0.7)
        return f"Did you mean {found[0]}?" if found else None
