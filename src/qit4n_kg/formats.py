"""Media types, file extensions, short names and content negotiation, each format written once; pure, no IO.

Specs: RFC 9110 section 12.5.1 (Accept), SPARQL 1.1 Query Results formats, the RDF 1.1 serialisations.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from qit4n_kg.errors import NotAcceptableError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Format:
    """One serialisation: `name` is the short name that `format=` takes and the file suffix is `extension`."""

    name: str
    media_type: str
    extension: str
    label: str
    aliases: tuple[str, ...] = ()
    has_graphs: bool = False
    is_text: bool = True

    @property
    def content_type(self) -> str:
        """The Content-Type header's value."""
        needs_charset = self.media_type.startswith("text/")
        return f"{self.media_type}; charset=utf-8" if needs_charset else self.media_type


class ResultFormat(Enum):
    """How SELECT and ASK answers are written; the first is the default."""

    JSON = Format("json", "application/sparql-results+json", "json", "JSON", ("application/json", "srj"))
    XML = Format("xml", "application/sparql-results+xml", "xml", "XML", ("application/xml", "text/xml", "srx"))
    CSV = Format("csv", "text/csv", "csv", "CSV")
    TSV = Format("tsv", "text/tab-separated-values", "tsv", "TSV")


class RdfFormat(Enum):
    """How triples and quads are written and read; the first is the default."""

    TURTLE = Format("turtle", "text/turtle", "ttl", "Turtle", ("ttl", "application/x-turtle"))
    N_TRIPLES = Format("ntriples", "application/n-triples", "nt", "N-Triples", ("nt", "n-triples"))
    RDF_XML = Format("rdfxml", "application/rdf+xml", "rdf", "RDF/XML", ("rdf", "rdf+xml", "rdf/xml"))
    JSON_LD = Format("jsonld", "application/ld+json", "jsonld", "JSON-LD", ("json-ld",))
    TRIG = Format("trig", "application/trig", "trig", "TriG", (), has_graphs=True)
    N_QUADS = Format("nquads", "application/n-quads", "nq", "N-Quads", ("nq", "n-quads"), has_graphs=True)


SARIF = Format("sarif", "application/sarif+json", "sarif", "SARIF 2.1.0")
TEXT = Format("text", "text/plain", "txt", "Text", ("txt",))
GITHUB = Format("github", "text/x-github-annotations", "github.txt", "GitHub annotations")
"""Workflow commands of GitHub Actions; only by name, never by Accept."""

CSV_EXCEL = Format("csv-excel", "text/csv", "excel.csv", "CSV for Excel")
"""CSV that begins with a byte order mark, by which spreadsheet programs know UTF-8; only by name, never by Accept."""

HTML = Format("html", "text/html", "html", "HTML", ("application/xhtml+xml",))
CSV = ResultFormat.CSV.value
JSON = Format("json", "application/json", "json", "JSON")
XLSX = Format(
    "xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xlsx",
    "Excel",
    ("excel",),
    is_text=False,
)

READABLE: tuple[Format, ...] = (*(form.value for form in RdfFormat), CSV, XLSX)
"""What contributions may be written in."""

REPORTS: tuple[Format, ...] = (JSON, HTML, SARIF, RdfFormat.TURTLE.value, TEXT, GITHUB)
"""How a validation report is written; the first is the default."""


EVERY: tuple[Format, ...] = (*(form.value for form in (*ResultFormat, *RdfFormat)), CSV_EXCEL, *REPORTS, XLSX)
"""All formats that a name may mean somewhere."""


def by_name(name: str, offers: Sequence[Format]) -> Format | None:
    """Find a format by short name, extension, alias or media type, upper or lower case.

    >>> by_name("TTL", [f.value for f in RdfFormat]).label
    'Turtle'
    """
    wanted = name.strip().lower().split(";")[0].strip()
    for offer in offers:
        if wanted in (offer.name, offer.extension, offer.media_type, *offer.aliases):
            return offer
    return None


def form_of(name: str) -> Format | None:
    """Return the format of contributions that a file's name ends with.

    >>> form_of("People.TTL").label
    'Turtle'
    """
    lowered = name.lower()
    return next((form for form in READABLE if lowered.endswith(f".{form.extension}")), None)


def shown_name(name: str | None, form: Format) -> str:
    r"""Return a name to show: the last part of what was sent, without what could be mistaken for something else.

    >>> shown_name("../../etc/pass\nwd.csv", CSV), shown_name(None, CSV)
    ('pass_wd.csv', 'data.csv')
    """
    last = (name or "").replace("\\", "/").rsplit("/", 1)[-1][:120]
    return "".join(c if c.isalnum() or c in " .()+@_-" else "_" for c in last).strip() or f"data.{form.extension}"


@dataclass(frozen=True)
class _Range:
    media_type: str
    q: float
    parameters: int

    @property
    def specificity(self) -> tuple[int, int]:
        if self.media_type == "*/*":
            return (0, self.parameters)
        return (1 if self.media_type.endswith("/*") else 2, self.parameters)

    def covers(self, media_type: str) -> bool:
        if self.media_type == "*/*":
            return True
        if self.media_type.endswith("/*"):
            return media_type.startswith(self.media_type[:-1])
        return media_type == self.media_type


def _parse_accept(accept: str) -> list[_Range]:
    ranges = []
    for item in accept.split(","):
        media_type, *parameters = (part.strip() for part in item.split(";"))
        if "/" not in media_type:
            continue
        q = 1.0
        extra = 0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                try:
                    q = min(1.0, max(0.0, float(value)))
                except ValueError:
                    q = 0.0
            elif key.strip().lower() not in ("charset", "version", ""):
                extra += 1
        ranges.append(_Range(media_type.lower(), q, extra))
    return ranges


def negotiate(accept: str | None, offers: Sequence[Format]) -> Format:
    """Choose the offer that the Accept header prefers; among equals the earlier offer wins.

    The most specific range that covers an offer decides its q-value (RFC 9110, 12.5.1), so `text/*;q=0.5, text/csv;q=0`
    excludes CSV.

    :raises NotAcceptableError: no offer has a q-value above 0.

    >>> offers = [f.value for f in ResultFormat]
    >>> negotiate("text/csv;q=0.5, application/sparql-results+xml;q=0.9", offers).label
    'XML'
    >>> negotiate(None, offers).label
    'JSON'
    """
    if accept is None or not accept.strip():
        return offers[0]
    ranges = _parse_accept(accept)
    best: tuple[float, int] | None = None
    chosen: Format | None = None
    for position, offer in enumerate(offers):
        q = _quality(offer, ranges)
        if q > 0 and (best is None or (q, -position) > best):
            best, chosen = (q, -position), offer
    if chosen is None:
        available = ", ".join(dict.fromkeys(offer.media_type for offer in offers))
        raise NotAcceptableError("None of the formats that Accept names is on offer.", hint=f"Available: {available}.")
    return chosen


def _quality(offer: Format, ranges: Sequence[_Range]) -> float:
    """Rate an offer: a range that names it exactly decides, then one of its aliases, then the most specific wildcard."""
    exact = [r for r in ranges if r.media_type == offer.media_type]
    aliased = [r for r in ranges if r.media_type in offer.aliases]
    wild = [r for r in ranges if r.media_type.endswith("/*") and r.covers(offer.media_type)]
    if exact:
        return max(exact, key=lambda r: r.parameters).q
    if aliased:
        return max(r.q for r in aliased)
    return max(wild, key=lambda r: r.specificity).q if wild else 0.0
