"""Answers of OAI-PMH 2.0 as XML: what is asked of an index, written by the protocol's schema; no HTTP, no clock of its own.

Spec: https://www.openarchives.org/OAI/openarchivesprotocol.html, and the guidelines for `oai-identifier`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from qit4n_kg.errors import HarvestError
from qit4n_kg.exports.deliverables import clean
from qit4n_kg.harvesting.index import ALL, Range
from qit4n_kg.harvesting.naming import repository_of
from qit4n_kg.harvesting.records import FORMATS
from qit4n_kg.harvesting.register import moment_of
from qit4n_kg.harvesting.requests import TOKEN, is_uri, read_request
from qit4n_kg.harvesting.resumption import HOURS, Position, read_token, write_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qit4n_kg.harvesting.index import Index, Row
    from qit4n_kg.harvesting.records import MetadataFormat
    from qit4n_kg.harvesting.register import Head
    from qit4n_kg.harvesting.requests import Request

PAGE_BYTES = 4 * 1024 * 1024
"""A page of records ends early when it has grown over this."""
_OAI = "http://www.openarchives.org/OAI/2.0/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_IDENTIFIER = f"{_OAI}oai-identifier"
_BY_PREFIX = {form.prefix: form for form in FORMATS}
_FORMAT_NAMES = ", ".join(_BY_PREFIX)


@dataclass(frozen=True)
class Repository:
    """What a repository says of itself. `address` is where it was asked; `email` is empty where nobody is named."""

    address: str
    base_iri: str
    email: str
    codings: Sequence[str]
    page: int


@dataclass(frozen=True)
class Harvest:
    """What an answer is made of: the index of a generation, the register's head, and the moment of the answer."""

    index: Index
    head: Head
    moment: str
    generation: int = 0


def answer(pairs: Sequence[tuple[str, str]], harvest: Harvest, repository: Repository) -> bytes:
    """Answer a request: always a whole document, of an error too."""
    shown = ""
    try:
        request = read_request(pairs)
        shown = _shown({"verb": request.verb, **request.arguments})
        body = _VERBS[request.verb](request, harvest, repository)
    except HarvestError as exc:
        body = [f'<error code="{exc.condition}">{escape(exc.message)}</error>\n'.encode()]
    head = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OAI-PMH xmlns="{_OAI}" xmlns:xsi="{_XSI}" '
        f'xsi:schemaLocation="{_OAI} {_OAI}OAI-PMH.xsd">\n<responseDate>{harvest.moment}</responseDate>\n'
        f"<request{shown}>{escape(repository.address)}</request>\n"
    )
    return b"".join([head.encode(), *body, b"</OAI-PMH>\n"])


def _shown(arguments: Mapping[str, str]) -> str:
    """Write the arguments as attributes; an identifier that the schema would not take for a URI is left out."""
    shown = {name: value for name, value in arguments.items() if name != "identifier" or is_uri(value)}
    return "".join(f" {name}={quoteattr(value)}" for name, value in shown.items())


def _identify(_: Request, harvest: Harvest, repository: Repository) -> list[bytes]:
    mail = _element("adminEmail", repository.email)
    if not repository.email:
        mail = "<!-- There is no adminEmail: whoever runs this server has named none (QIT4N_OAI_EMAIL, QIT4N_CONTACT). -->\n"
    return _wrapped(
        "Identify",
        _element("repositoryName", f"Deliverables and documents known at {repository.base_iri}"),
        _element("baseURL", repository.address),
        _element("protocolVersion", "2.0"),
        mail,
        _element("earliestDatestamp", harvest.head.earliest),
        _element("deletedRecord", "persistent"),
        _element("granularity", "YYYY-MM-DDThh:mm:ssZ"),
        *(_element("compression", coding) for coding in repository.codings),
        _describe_identifiers(repository.base_iri, harvest.index.sample()),
    )


def _describe_identifiers(base_iri: str, sample: str | None) -> str:
    name = repository_of(base_iri)
    if name is None or sample is None:
        return ""
    return (
        f'<description><oai-identifier xmlns="{_IDENTIFIER}" xsi:schemaLocation="{_IDENTIFIER} {_IDENTIFIER}.xsd">\n'
        f"<scheme>oai</scheme><repositoryIdentifier>{name}</repositoryIdentifier><delimiter>:</delimiter>"
        f"<sampleIdentifier>{escape(sample)}</sampleIdentifier>\n</oai-identifier></description>\n"
    )


def _list_formats(request: Request, harvest: Harvest, repository: Repository) -> list[bytes]:
    identifier = request.get("identifier")
    forms: Iterable[MetadataFormat] = FORMATS
    if identifier is not None:
        there = _formats_of(harvest, identifier)
        forms = [form for form in FORMATS if there.get(form.prefix)]
        if not forms:
            raise HarvestError("noMetadataFormats", "The record is deleted; there is nothing of it in any format.")
    return _wrapped("ListMetadataFormats", *(_format(form, repository) for form in forms))


def _format(form: MetadataFormat, repository: Repository) -> str:
    return (
        f"<metadataFormat>\n{_element('metadataPrefix', form.prefix)}{_element('schema', _schema(form, repository))}"
        f"{_element('metadataNamespace', form.namespace)}</metadataFormat>\n"
    )


def _schema(form: MetadataFormat, repository: Repository) -> str:
    if not form.schema.startswith("/"):
        return form.schema
    return f"{repository.address.removesuffix('/oai')}{form.schema}"


def _list_sets(request: Request, harvest: Harvest, repository: Repository) -> list[bytes]:
    if (size := harvest.index.count_sets()) == 0:
        raise _no_sets()
    token = request.get(TOKEN)
    position = read_token(token, request.verb, harvest.head.secret, harvest.moment) if token else None
    found = harvest.index.sets(position.spec if position else "", repository.page + 1)
    if not found:
        raise HarvestError("badResumptionToken", "What was left of this list is gone. Begin it again.")
    page = found[: repository.page]
    cursor = position.cursor if position else 0
    parts = [
        f"<set>\n{_element('setSpec', spec)}{_element('setName', clean(name))}</set>\n".encode() for spec, name in page
    ]
    after = Position(
        request.verb, "", page[-1][0], "", "", "", "", cursor + len(page), max(size, cursor + len(found)), ""
    )
    parts.append(_resumption(after, cursor, harvest, is_last=len(found) == len(page), is_first=position is None))
    return [b"<ListSets>\n", *parts, b"</ListSets>\n"]


def _get_record(request: Request, harvest: Harvest, repository: Repository) -> list[bytes]:
    form = _form(request.arguments["metadataPrefix"])
    identifier = request.arguments["identifier"]
    row = harvest.index.find(identifier, form.prefix)
    if row is None:
        others = ", ".join(_formats_of(harvest, identifier))
        raise HarvestError("cannotDisseminateFormat", f"There is no {form.prefix} of it. There is: {others}.")
    return [b"<GetRecord>\n", _record(row, form, repository), b"</GetRecord>\n"]


def _list_records(request: Request, harvest: Harvest, repository: Repository) -> list[bytes]:
    token = request.get(TOKEN)
    position = _resumed(request, harvest) if token is None else None
    is_first = position is not None
    if token is not None:
        position = read_token(token, request.verb, harvest.head.secret, harvest.moment)
    assert position is not None
    form = _form(position.prefix)
    of = Range(position.prefix, position.spec, position.since, position.until)
    with_content = request.verb == "ListRecords"
    rows = harvest.index.page(
        of, (position.datestamp, position.identifier), repository.page + 1, with_content=with_content
    )
    parts: list[bytes] = []
    last, is_whole, size = None, True, 0
    for row in rows:
        if len(parts) == repository.page or size > PAGE_BYTES:
            is_whole = False
            break
        parts.append(_record(row, form, repository) if with_content else _header(row))
        size += len(parts[-1])
        last = row
    if last is None:
        if is_first:
            raise HarvestError("noRecordsMatch", "There are no records of that kind, set and time.")
        raise HarvestError("badResumptionToken", "What was left of this list has changed since. Begin it again.")
    given = position.cursor + len(parts)
    after = Position(
        request.verb,
        *(position.prefix, position.spec, position.since, position.until, last.datestamp, last.identifier),
        cursor=given,
        size=max(position.size, given + (not is_whole)),
        expires="",
    )
    parts.append(_resumption(after, position.cursor, harvest, is_last=is_whole, is_first=is_first))
    name = request.verb.encode()
    return [b"<", name, b">\n", *parts, b"</", name, b">\n"]


def _resumed(request: Request, harvest: Harvest) -> Position:
    """Return where a list begins.

    :raises HarvestError: it can't be, or it is empty.
    """
    form = _form(request.arguments["metadataPrefix"])
    spec = request.get("set") or ALL
    if spec != ALL and harvest.index.count_sets() == 0:
        raise _no_sets()
    of = Range(form.prefix, spec, request.since, request.until)
    size = harvest.index.count(of)
    return Position(request.verb, form.prefix, spec, request.since, request.until, "", "", 0, size, "")


def _resumption(after: Position, cursor: int, harvest: Harvest, *, is_last: bool, is_first: bool) -> bytes:
    """Write the token that a page ends with: none where the list is one page, an empty one on the last of several."""
    if is_last and is_first:
        return b""
    attributes = f'completeListSize="{after.size}" cursor="{cursor}"'
    if is_last:
        return f"<resumptionToken {attributes}/>\n".encode()
    expires = moment_of(datetime.fromisoformat(harvest.moment) + timedelta(hours=HOURS))
    signed = Position(**{**vars(after), "expires": expires})
    token = write_token(signed, harvest.head.secret)
    return f'<resumptionToken expirationDate="{expires}" {attributes}>{token}</resumptionToken>\n'.encode()


def _header(row: Row) -> bytes:
    status = ' status="deleted"' if row.is_deleted else ""
    sets = "".join(f"<setSpec>{escape(spec)}</setSpec>" for spec in row.sets)
    identifier = f"<identifier>{escape(row.identifier)}</identifier>"
    return f"<header{status}>{identifier}<datestamp>{row.datestamp}</datestamp>{sets}</header>\n".encode()


def _record(row: Row, form: MetadataFormat, repository: Repository) -> bytes:
    if row.content is None:
        return b"<record>\n" + _header(row) + b"</record>\n"
    content = row.content
    if form.wrapper is not None:
        location = quoteattr(f"{form.namespace} {_schema(form, repository)}")
        start = f'<x:{form.wrapper} xmlns:x="{form.namespace}" xmlns="" xsi:schemaLocation={location}>'
        content = start.encode() + content + f"</x:{form.wrapper}>".encode()
    return b"<record>\n" + _header(row) + b"<metadata>" + content + b"</metadata>\n</record>\n"


def _form(prefix: str) -> MetadataFormat:
    form = _BY_PREFIX.get(prefix)
    if form is None:
        raise HarvestError("cannotDisseminateFormat", f"There is no such format here. There are: {_FORMAT_NAMES}.")
    return form


def _formats_of(harvest: Harvest, identifier: str) -> dict[str, bool]:
    found = harvest.index.formats_of(identifier)
    if not found:
        raise HarvestError("idDoesNotExist", "There is no record with this identifier.")
    return found


def _no_sets() -> HarvestError:
    return HarvestError("noSetHierarchy", "There are no records here yet, and so there are no sets.")


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>\n"


def _wrapped(name: str, *parts: str) -> list[bytes]:
    return [f"<{name}>\n{''.join(parts)}</{name}>\n".encode()]


_VERBS: dict[str, Callable[[Request, Harvest, Repository], list[bytes]]] = {
    "Identify": _identify,
    "ListMetadataFormats": _list_formats,
    "ListSets": _list_sets,
    "GetRecord": _get_record,
    "ListIdentifiers": _list_records,
    "ListRecords": _list_records,
}
