"""Writes results and statements by the engine's serialisers, so that what comes out is well-formed or an error.

The engine writes into XML what XML 1.0 has no way to hold: most control characters (section 2.2: not even as a reference), a
property whose IRI does not end like the name of an element, and a bare carriage return, which a parser reads as a line feed
(section 2.11). The first two are refused here, the last is written as a reference. Its CSV quotes literals alone: an IRI with a
comma, or a triple term, would shift the columns (RFC 4180, section 2), so CSV is written here.
"""

from __future__ import annotations

import csv
import io
import re
from itertools import takewhile
from typing import TYPE_CHECKING, BinaryIO, cast

import pyoxigraph
from pyoxigraph import BlankNode, Triple

from qit4n_kg.errors import NotAcceptableError
from qit4n_kg.formats import RdfFormat, ResultFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pyoxigraph import Quad

    from qit4n_kg.formats import Format
    from qit4n_kg.store.base import Term

_NO_CHARACTER = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF, in UTF-8
_XML_NAME = re.compile(r"[^\W\d][\w.\-\u00B7]*\Z")  # what an IRI must end with to become a qualified name
_OTHER_RDF = "Ask for Turtle, N-Triples, TriG or N-Quads."
_OTHER_RESULTS = "Ask for JSON or TSV."
_CHUNK = 64 * 1024


class XmlOutput:
    r"""A binary file that takes an XML document in UTF-8 and passes it on; `hint` says what to ask for instead.

    >>> import io
    >>> output = io.BytesIO()
    >>> XmlOutput(output, ResultFormat.XML.value, "").write(b"<a>b\rc</a>"), output.getvalue()
    (10, b'<a>b&#13;c</a>')
    """

    def __init__(self, output: BinaryIO, form: Format, hint: str) -> None:
        self._output = output
        self._form = form
        self._hint = hint
        self._before = b""  # a character may stand across two writes

    def write(self, data: bytes) -> int:
        """Take bytes.

        :raises NotAcceptableError: there is a character that XML 1.0 does not have.
        """
        found = _NO_CHARACTER.search(self._before + data)
        if found:
            name = f"U+{ord(found[0].decode()):04X}"
            raise NotAcceptableError(
                f"A text in the result has the character {name}, which XML 1.0, and so {self._form.label}, can't hold.",
                hint=self._hint,
            )
        self._before = data[-2:]
        self._output.write(data.replace(b"\r", b"&#13;") if b"\r" in data else data)
        return len(data)

    def flush(self) -> None:
        """Pass on what was written."""
        self._output.flush()


class TurtleOutput:
    r"""A binary file that takes Turtle or TriG and passes it on with its prefixes in order, as the engine's are in any.

    What is so short that the engine writes it at once keeps only the prefixes that occur in it.

    >>> import io
    >>> output = io.BytesIO()
    >>> turtle = TurtleOutput(output)
    >>> turtle.write(b"@prefix c: <x:c> .\n@prefix b: <x:b> .\n@prefix a: <x:a> .\na:s b:p 1 .\n"), turtle.flush()
    (69, None)
    >>> output.getvalue()
    b'@prefix a: <x:a> .\n@prefix b: <x:b> .\na:s b:p 1 .\n'
    """

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._first: bytes | None = None

    def write(self, data: bytes) -> int:
        """Take bytes; the prefixes are all in the first."""
        if self._first is None:
            self._first = data
        else:
            self._begin(is_whole=False)
            self._output.write(data)
        return len(data)

    def flush(self) -> None:
        """Pass on what was written."""
        self._begin(is_whole=True)
        self._output.flush()

    def _begin(self, *, is_whole: bool) -> None:
        if not self._first:
            return
        lines = self._first.splitlines(keepends=True)
        self._first = b""
        prefixes = sorted(takewhile(lambda line: line.startswith(b"@prefix "), lines))
        rest = b"".join(lines[len(prefixes) :])
        self._output.write(b"".join(line for line in prefixes if not is_whole or line.split()[1] in rest) + rest)


def results_output(output: BinaryIO, form: ResultFormat) -> BinaryIO:
    """Return where to write results to, so that they are well-formed in `output`."""
    return cast("BinaryIO", XmlOutput(output, form.value, _OTHER_RESULTS)) if form is ResultFormat.XML else output


def write_csv(variables: Sequence[str], rows: Iterable[Sequence[Term | None]], output: BinaryIO) -> None:
    r"""Write rows as SPARQL 1.1 Results CSV (section 3); a triple term is its parts with spaces between, as one field.

    >>> output = io.BytesIO()
    >>> write_csv(["a"], [[pyoxigraph.NamedNode("http://e/a,b")], [None]], output)
    >>> output.getvalue()
    b'a\r\n"http://e/a,b"\r\n\r\n'
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    is_narrow = len(variables) == 1
    writer.writerow(variables)
    for row in rows:
        fields = [_csv_text(term) for term in row]
        if is_narrow and not fields[0]:
            text.write("\r\n")  # the module would write "" so that its own reader finds a row
        else:
            writer.writerow(fields)
        if text.tell() > _CHUNK:
            output.write(text.getvalue().encode())
            text.seek(0)
            text.truncate()
    output.write(text.getvalue().encode())


def _csv_text(term: Term | None) -> str:
    if term is None:
        return ""
    if isinstance(term, Triple):
        return " ".join(map(_csv_text, (term.subject, term.predicate, term.object)))
    return f"_:{term.value}" if isinstance(term, BlankNode) else term.value


def serialise(
    statements: Iterable[Triple] | Iterable[Quad],
    output: BinaryIO,
    form: RdfFormat,
    prefixes: Mapping[str, str] | None = None,
) -> None:
    """Serialise statements as they come; what `output` raises passes through.

    :raises NotAcceptableError: the format can't hold one of them.
    """
    if form is RdfFormat.RDF_XML:
        statements = _named_as_xml(cast("Iterable[Triple]", statements))
        output = cast("BinaryIO", XmlOutput(output, form.value, _OTHER_RDF))
    elif prefixes and form in (RdfFormat.TURTLE, RdfFormat.TRIG):
        output = cast("BinaryIO", TurtleOutput(output))
    try:
        pyoxigraph.serialize(statements, output, rdf_format(form), prefixes=dict(prefixes) if prefixes else None)
    except OSError as exc:
        if exc.errno is None and "does not support RDF 1.2" in str(exc):
            message = f"The result has triple terms (RDF 1.2), and {form.value.label} has none."
            raise NotAcceptableError(message, hint=_OTHER_RDF) from exc
        raise


def rdf_format(form: RdfFormat) -> pyoxigraph.RdfFormat:
    """Return pyoxigraph's name of a format."""
    found = pyoxigraph.RdfFormat.from_media_type(form.value.media_type)
    assert found is not None, form
    return found


def _named_as_xml(statements: Iterable[Triple]) -> Iterator[Triple]:
    """Pass on triples whose predicate can be the name of an XML element."""
    known: set[str] = set()
    for statement in statements:
        predicate = statement.predicate.value
        if predicate not in known and not _XML_NAME.search(predicate):
            raise NotAcceptableError(f"RDF/XML has no way to write the property <{predicate}>.", hint=_OTHER_RDF)
        known.add(predicate)
        yield statement
