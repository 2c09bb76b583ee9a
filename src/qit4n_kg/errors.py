"""Every error that the project raises on purpose; nothing here does IO.

The tree (indented = subclass of); the name in brackets is the stable tail of the problem `type` (RFC 9457)::

    KnowledgeGraphError
        ConfigurationError              [configuration]          a setting has no usable value
        PortInUseError                  [port-in-use]
        SourceError                     [source]                 a source file can't be read or parsed; knows file, line, column
        UnsupportedTermError            [unsupported-term]       an engine can't hold a kind of RDF term
        InvalidDataError                [invalid-data]           the shapes found violations; carries the report
        UnsupportedAxiomError           [unsupported-axiom]      the ontology uses an axiom that no rule implements
        StateError                      [state]                  the state directory can't be used
            StateMissingError           [state-missing]          nothing has been built yet
            GenerationDamagedError      [generation-damaged]     a published generation is incomplete or altered
            StateLockedError            [state-locked]           another writer is at work
            StateFullError              [state-full]             no space left on the device
            SearchMissingError          [search-missing]         the generation was built without a search index
            FeedDamagedError            [feed-damaged]           the change feed's past can't be read back
            JournalDamagedError         [journal-damaged]        an accepted change can't be read back, or belongs elsewhere
        NotFoundError                   [not-found]
            UnknownEntityError          [unknown-entity]
            RetiredError                [retired]                an identifier is not used any more, and nothing replaces it
            UnknownQueryError           [unknown-query]          no such id in the catalogue
            GenerationGoneError         [generation-gone]        it was published once and has been pruned
            FeedGoneError               [feed-gone]              a page of the change feed from before it began anew
        ProposalError                   [proposal]               what a contribution proposes can't be done as things stand
        StateConflictError              [conflict]               what is asked for does not fit the state of the thing
        AccessError                     [access]                 who asks may not do this
            UnauthenticatedError        [unauthenticated]        no token, or one that is not known
            ForbiddenError              [forbidden]              the token's role does not allow it
        RequestError                    [request]                the client's request can't be understood
            ParameterError              [parameter]              a parameter is unknown, missing or malformed
            QuerySyntaxError            [query-syntax]           knows line and column
            UnreadableError             [unreadable]             a query can't be taken apart to say why it has no rows
            QueryRefusedError           [query-refused]          well formed but not allowed (SERVICE, an update)
            ChangeRefusedError          [change-refused]         well formed, but these graphs are not changed this way
            PreconditionFailedError     [precondition-failed]    what was seen before has changed since; carries the conflicts
            RemoteRefusedError          [remote-refused]         SERVICE or LOAD of an address that is not allowed
            NotAcceptableError          [not-acceptable]         no offered format satisfies Accept
            UnsupportedMediaTypeError   [unsupported-media-type]
            UnsupportedCodingError      [unsupported-coding]     a request body has a content coding that is not read here
            LengthRequiredError         [length-required]        whether a request body is whole could not be told
            TooLargeError               [too-large]              a request body is over its bound
            QueryTooLongError           [query-too-long]         a query is over its bound
        ValidationLimitError            [validation-limit]       data sent could not be judged within time and memory
        TooManyRequestsError            [too-many-requests]      from one address, or with one token, within a minute
        QueryLimitError                 [query-limit]            the server gave up on a query; the query may be fine
            QueryTimeoutError           [query-timeout]
            QueryMemoryError            [query-memory]
            ResultTooLargeError         [result-too-large]
            QueryCancelledError         [query-cancelled]
            QueueFullError              [queue-full]             try again later
            QueryProcessError           [query-process]          no query process can be started; try again later
        ReceivingFullError              [receiving-full]         too many bodies are being received; try again later
        RemoteEndpointError             [remote-endpoint]        another SPARQL endpoint failed
        MirrorError                     [mirror]                 a change feed can't be followed
            MirrorDiffersError          [mirror-differs]         what it gave is not the dataset that it promised

Beside it stands HarvestError: what OAI-PMH calls an error is answered in its own words, under 200, and never as a problem.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Findings(Protocol):
    """What validation found (a `reporting.Report`)."""

    def to_text(self) -> str:
        """Write a line a finding, with file and line, and a summary."""
        ...

    def to_json(self) -> str:
        """Write the findings as a JSON document."""
        ...


class KnowledgeGraphError(Exception):
    """The root: its text is one clear sentence for the person at the other end."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigurationError(KnowledgeGraphError):
    """A setting has no usable value."""

    code = "configuration"
    exit_code = 2


class PortInUseError(KnowledgeGraphError):
    """Another program listens on the port that was asked for."""

    code = "port-in-use"


class SourceError(KnowledgeGraphError):
    """A source file can't be read or parsed."""

    code = "source"
    exit_code = 2

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.path = path
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        text = super().__str__()
        return f"{place}: {text}" if place else text


class UnsupportedTermError(KnowledgeGraphError):
    """A kind of RDF term that an engine can't hold: rdflib has no triple terms and no text directions (RDF 1.2)."""

    code = "unsupported-term"


class InvalidDataError(KnowledgeGraphError):
    """The shapes found violations; `report` says which."""

    code = "invalid-data"

    def __init__(self, message: str, *, report: Findings, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.report = report


class UnsupportedAxiomError(KnowledgeGraphError):
    """The ontology uses an axiom for which no entailment rule exists."""

    code = "unsupported-axiom"


class StateError(KnowledgeGraphError):
    """The state directory can't be used."""

    code = "state"


class StateMissingError(StateError):
    """Nothing has been built in the state directory yet."""

    code = "state-missing"


class GenerationDamagedError(StateError):
    """A published generation is incomplete or was altered."""

    code = "generation-damaged"


class StateLockedError(StateError):
    """Another process is building or writing."""

    code = "state-locked"


class StateFullError(StateError):
    """The disk is full; what was served before is untouched."""

    code = "state-full"


class SearchMissingError(StateError):
    """The generation was built without a search index and lists, by an older version."""

    code = "search-missing"


class FeedDamagedError(StateError):
    """The change feed's past can't be read back; the next generation begins it anew."""

    code = "feed-damaged"


class JournalDamagedError(StateError):
    """The journal of accepted changes can't be read back, or it belongs to another dataset."""

    code = "journal-damaged"


class AccessError(KnowledgeGraphError):
    """Who asks may not do this."""

    code = "access"


class UnauthenticatedError(AccessError):
    """The request has no token, or one that is not known."""

    code = "unauthenticated"


class ForbiddenError(AccessError):
    """The request's token is good, but its role does not allow this."""

    code = "forbidden"


class ProposalError(KnowledgeGraphError):
    """What a contribution proposes can't be done as things stand."""

    code = "proposal"


class StateConflictError(KnowledgeGraphError):
    """What is asked for does not fit the state of the thing: a contribution that is decided on, a key that is taken."""

    code = "conflict"


class NotFoundError(KnowledgeGraphError):
    """What was asked for does not exist."""

    code = "not-found"
    exit_code = 2


class UnknownEntityError(NotFoundError):
    """No statement of the graph is about this entity."""

    code = "unknown-entity"


class RetiredError(NotFoundError):
    """An identifier was in use once and is not any more; nothing, or more than one thing, stands in its place."""

    code = "retired"


class UnknownQueryError(NotFoundError):
    """The catalogue has no query with this id."""

    code = "unknown-query"


class GenerationGoneError(NotFoundError):
    """A generation that was current once is not kept any more."""

    code = "generation-gone"


class FeedGoneError(NotFoundError):
    """A page of the change feed is from before the feed began anew."""

    code = "feed-gone"


class MirrorError(KnowledgeGraphError):
    """A change feed can't be followed: it does not answer, or is none."""

    code = "mirror"


class MirrorDiffersError(MirrorError):
    """What a change feed gave is not the dataset that it promised; the mirror stays as it was."""

    code = "mirror-differs"


class RequestError(KnowledgeGraphError):
    """The request can't be understood or is not allowed."""

    code = "request"
    exit_code = 2


class ParameterError(RequestError):
    """A parameter is unknown, missing or malformed."""

    code = "parameter"


class QuerySyntaxError(RequestError):
    """The query does not parse; `line` and `column` count from 1."""

    code = "query-syntax"

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.line = line
        self.column = column


class UnreadableError(RequestError):
    """The query can't be taken apart to say why it has no rows."""

    code = "unreadable"


class QueryRefusedError(RequestError):
    """The query is well formed but asks for something that is not allowed here."""

    code = "query-refused"


class ChangeRefusedError(RequestError):
    """The change is well formed, but what it touches is not changed this way (files, entailments, the registry graph)."""

    code = "change-refused"


class PreconditionFailedError(RequestError):
    """The write depends on what its sender has seen, and that has changed since: `conflicts` say what, each in a sentence."""

    code = "precondition-failed"

    def __init__(self, message: str, *, hint: str | None = None, conflicts: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.conflicts = tuple(conflicts)


class RemoteRefusedError(RequestError):
    """SERVICE or LOAD of an address that is not allowed."""

    code = "remote-refused"


class NotAcceptableError(RequestError):
    """None of the formats on offer satisfies the client."""

    code = "not-acceptable"


class UnsupportedMediaTypeError(RequestError):
    """The request body has a media type that is not understood."""

    code = "unsupported-media-type"


class UnsupportedCodingError(RequestError):
    """The request body has a content coding that is not read here."""

    code = "unsupported-coding"


class LengthRequiredError(RequestError):
    """Nothing says how long the request body is, so a part of it could be taken for the whole."""

    code = "length-required"


class TooLargeError(RequestError):
    """A request body is over its bound."""

    code = "too-large"


class QueryTooLongError(RequestError):
    """A query's text is over its bound."""

    code = "query-too-long"


class ValidationLimitError(KnowledgeGraphError):
    """Data that were sent could not be read and judged within the time and memory that this server gives to it."""

    code = "validation-limit"


class TooManyRequestsError(KnowledgeGraphError):
    """Too many requests came from one address, or with one token; `seconds` until the next may come, `setting` bounds them."""

    code = "too-many-requests"

    def __init__(self, message: str, *, seconds: int, setting: str | None = None, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.seconds = seconds
        self.setting = setting


class QueryLimitError(KnowledgeGraphError):
    """The server gave up on a query that may be fine in itself; `limit` is its name, value and unit, where one was hit."""

    code = "query-limit"

    def __init__(
        self, message: str, *, hint: str | None = None, limit: Mapping[str, str | float] | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.limit = limit
        self.query_id: str | None = None


class QueryTimeoutError(QueryLimitError):
    """The query ran into its deadline."""

    code = "query-timeout"


class QueryMemoryError(QueryLimitError):
    """The query ran into its memory allowance."""

    code = "query-memory"


class ResultTooLargeError(QueryLimitError):
    """The query's result is over its bound."""

    code = "result-too-large"


class QueryCancelledError(QueryLimitError):
    """The query was cancelled, or the server is stopping."""

    code = "query-cancelled"


class QueueFullError(QueryLimitError):
    """Too many queries wait already."""

    code = "queue-full"


class QueryProcessError(QueryLimitError):
    """No query process could be started, or each was killed by something else than its query."""

    code = "query-process"


class ReceivingFullError(KnowledgeGraphError):
    """Too many requests with a body are being received already."""

    code = "receiving-full"


class RemoteEndpointError(KnowledgeGraphError):
    """Another SPARQL endpoint could not be reached or answered with an error."""

    code = "remote-endpoint"


class HarvestError(Exception):
    """A request of OAI-PMH can't be answered; `condition` is the protocol's own code (section 3.6)."""

    def __init__(self, condition: str, message: str) -> None:
        super().__init__(message)
        self.condition = condition
        self.message = message
