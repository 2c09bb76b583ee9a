"""Errors between a process that writes and whoever waits for it: as their code, message and hint, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qit4n_kg.errors import (
    InvalidDataError,
    KnowledgeGraphError,
    PreconditionFailedError,
    QueryLimitError,
    QuerySyntaxError,
    SourceError,
    StateError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


class ReceivedFindings:
    """What another process's validation found."""

    def __init__(self, text: str, document: str) -> None:
        self._text = text
        self._document = document

    def to_text(self) -> str:
        """Return it as lines."""
        return self._text

    def to_json(self) -> str:
        """Return it as a JSON document."""
        return self._document


def send_error(error: KnowledgeGraphError) -> dict[str, Any]:
    """Return an error as plain values."""
    reply: dict[str, Any] = {"ok": False, "code": error.code, "message": error.message, "hint": error.hint}
    if isinstance(error, QuerySyntaxError | SourceError):
        reply |= {"line": error.line, "column": error.column}
    if isinstance(error, QueryLimitError):
        reply["limit"] = error.limit
    if isinstance(error, PreconditionFailedError):
        reply["conflicts"] = error.conflicts
    if isinstance(error, InvalidDataError):
        reply |= {"text": error.report.to_text(), "report": error.report.to_json()}
    return reply


def receive_error(reply: dict[str, Any]) -> KnowledgeGraphError:
    """Make an error of what `send_error` returned in another process."""
    code, message, hint = reply["code"], reply["message"], reply["hint"]
    kind = next((error for error in _errors(KnowledgeGraphError) if error.code == code), StateError)
    if issubclass(kind, InvalidDataError):
        return kind(message, report=ReceivedFindings(reply["text"], reply["report"]), hint=hint)
    if issubclass(kind, PreconditionFailedError):
        return kind(message, hint=hint, conflicts=reply["conflicts"])
    if issubclass(kind, QuerySyntaxError | SourceError):
        return kind(message, line=reply["line"], column=reply["column"], hint=hint)
    if issubclass(kind, QueryLimitError):
        return kind(message, hint=hint, limit=reply["limit"])
    return kind(message, hint=hint)


def _errors(root: type[KnowledgeGraphError]) -> Iterator[type[KnowledgeGraphError]]:
    yield root
    for child in root.__subclasses__():
        yield from _errors(child)
