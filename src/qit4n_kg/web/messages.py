"""What there is to translate: the texts of templates, of modules and of the query files that pages show.

Run as `python -m qit4n_kg.web.messages` (`make messages`) it brings every catalogue up to date and says what each lacks.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

from qit4n_kg.config import default_sources
from qit4n_kg.contributions.differences import DIFFERENCES
from qit4n_kg.contributions.model import Kind, State
from qit4n_kg.entities.panels import column_label, read_panel, shown_columns
from qit4n_kg.entities.passages import SourceKind
from qit4n_kg.exports.loss_report import Reason
from qit4n_kg.namespaces import OWL, RDF, RDFS, SH, SKOS
from qit4n_kg.queries import TOPICS
from qit4n_kg.queries import read_catalogue as read_catalogue_of_queries
from qit4n_kg.web.choices import hint_parts, parameter_label
from qit4n_kg.web.citing import STYLES
from qit4n_kg.web.manual import MANUAL
from qit4n_kg.web.problems import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEB = Path(__file__).parent
CATALOGUES = _WEB / "translations"
FOLDERS = ("catalogue", "entity/panels", "site/figures", "site/charts", "site/lists", "site/tables", "site/quality")
"""The folders under `queries/` whose titles and column names a page shows."""

BORROWED = ("family name", "given name")
"""What pages call properties of other vocabularies that have no label in the graph and no place among the ordered ones."""

_KEYWORDS = {"_": None, "gettext": None, "lazy": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
_OPTIONS = {"trimmed": "true", "newstyle_gettext": "true", "trim_blocks": "true", "lstrip_blocks": "true"}
_WIDTH = 120
_TYPE = pyoxigraph.NamedNode(f"{RDF}type")
_CLASS = pyoxigraph.NamedNode(f"{OWL}Class")
_SCHEME = pyoxigraph.NamedNode(f"{SKOS}inScheme")
_LABEL = pyoxigraph.NamedNode(f"{RDFS}label")
_PATH, _NAME = (pyoxigraph.NamedNode(f"{SH}{name}") for name in ("path", "name"))


def extract(sources: Path | None = None) -> Catalog:
    """Collect every message, each with the files it stands in."""
    found = Catalog(fuzzy=False, project="qit4n-kg")
    for path in sorted((_WEB / "templates").rglob("*.html")):
        _add_file(found, "jinja2", path)
    for path in sorted(_WEB.glob("*.py")):
        _add_file(found, "python", path)
    for text in _named():
        found.add(text)
    queries = (sources or default_sources()) / "queries"
    ontology = pyoxigraph.Store()
    for path in sorted(((sources or default_sources()) / "ontology").glob("*.ttl")):
        ontology.load(path=path, format=pyoxigraph.RdfFormat.TURTLE)
    names = (*property_names(queries / "entity" / "property-order.rq", ontology), *class_names(ontology))
    for name in [*names, *field_names((sources or default_sources()) / "shapes")]:
        found.add(name)
    for name in concept_names((sources or default_sources()) / "data" / "reference" / "concepts.ttl"):
        found.add(name)
    for text in parameter_texts(queries / "catalogue"):
        found.add(text)
    for folder in FOLDERS:
        for path in sorted((queries / folder).glob("*.rq")):
            for text in query_texts(path):
                found.add(text, locations=[(f"queries/{folder}/{path.name}", 1)])
    return found


def parameter_texts(folder: Path) -> Iterator[str]:
    """Give what the pages of the catalogue call the parameters, and what they say of them."""
    for query in read_catalogue_of_queries(folder):
        for parameter in query.parameters:
            what, _example, _finders, rest = hint_parts(parameter.description)
            yield from filter(None, (parameter_label(parameter.name), what, rest))


def _named() -> Iterator[str]:
    """Give the texts that modules keep in tables and templates pass through the filter `translated`."""
    yield from (problem.title for problem in PROBLEMS.values())
    yield from MANUAL.values()
    yield from (form.label for form, _ in STYLES.values())
    yield from (kind.value for kind in SourceKind)
    yield from (topic.capitalize() for topic in TOPICS)
    yield from (kind.value for kind in (*State, *Kind))
    yield from (text for reason in Reason for text in (reason.title, reason.meaning))
    yield from DIFFERENCES
    yield from BORROWED


def _add_file(catalogue: Catalog, method: str, path: Path) -> None:
    options = _OPTIONS if method == "jinja2" else {}
    for line, message, comments, context in extract_from_file(method, path, keywords=_KEYWORDS, options=options):
        location = (str(path.relative_to(_WEB)), line)
        catalogue.add(message, locations=[location], auto_comments=comments, context=context)


def query_texts(path: Path) -> Iterator[str]:
    """Give what a page says of one query file: its title, its question, and the names of its columns."""
    panel = read_panel(path)
    yield panel.title
    if path.parent.parent.name == "site" or path.parent.name == "catalogue":  # the pages of things show no questions
        yield panel.question
    yield from filter(
        None,
        (
            panel.headers.get("more"),
            panel.headers.get("none"),
            panel.headers.get("aside"),
            panel.empty,
            *panel.absent.values(),
        ),
    )
    names = [name for name in columns_of(panel.text) if not name.endswith("Iri")]
    yield from (panel.heads.get(name) or column_label(name) for name in shown_columns(names))


def columns_of(query: str) -> list[str]:
    """Return the variables that a query projects.

    >>> columns_of("SELECT ?a (COUNT(?b) AS ?many) WHERE { ?a ?p ?b } GROUP BY ?a")
    ['a', 'many']
    """
    answer = pyoxigraph.Store().query(query, base_iri="https://example.org/")
    return [name.value for name in answer.variables] if isinstance(answer, pyoxigraph.QuerySolutions) else []


def property_names(path: Path, ontology: pyoxigraph.Store) -> Iterator[str]:
    """Give what pages call properties: the names in the file that orders them, else the ontology's."""
    answer = pyoxigraph.Store().query(path.read_text(encoding="utf-8"))
    if isinstance(answer, pyoxigraph.QuerySolutions):
        for node, name in answer:
            if isinstance(name, pyoxigraph.Literal):
                yield name.value
            elif isinstance(node, pyoxigraph.NamedNode):
                yield from _labels(ontology, node)


def class_names(ontology: pyoxigraph.Store) -> Iterator[str]:
    """Give what the ontology calls its classes."""
    for quad in ontology.quads_for_pattern(None, _TYPE, _CLASS):
        if isinstance(quad.subject, pyoxigraph.NamedNode):
            yield from _labels(ontology, quad.subject)


def field_names(shapes: Path) -> Iterator[str]:
    """Give what the shapes call the properties that a form has fields for."""
    read = pyoxigraph.Store()
    for path in sorted(shapes.glob("*.ttl")):
        read.load(path=path, format=pyoxigraph.RdfFormat.TURTLE)
    for quad in read.quads_for_pattern(None, _PATH, None):
        names = (found.object for found in read.quads_for_pattern(quad.subject, _NAME, None))
        if isinstance(quad.object, pyoxigraph.NamedNode):
            yield from (name.value for name in names if isinstance(name, pyoxigraph.Literal))


def concept_names(path: Path) -> Iterator[str]:
    """Give what a file of reference data calls its concepts."""
    if path.is_file():
        data = pyoxigraph.Store()
        data.load(path=path, format=pyoxigraph.RdfFormat.TURTLE)
        for quad in data.quads_for_pattern(None, _SCHEME, None):
            if isinstance(quad.subject, pyoxigraph.NamedNode):
                yield from _labels(data, quad.subject)


def _labels(ontology: pyoxigraph.Store, node: pyoxigraph.NamedNode) -> Iterator[str]:
    labels = (quad.object for quad in ontology.quads_for_pattern(node, _LABEL, None))
    yield from (label.value for label in labels if isinstance(label, pyoxigraph.Literal))


def read_catalogue(path: Path) -> Catalog:
    """Read one catalogue."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parents[1].name, abort_invalid=True)


def lacking(catalogue: Catalog, wanted: Catalog) -> list[str]:
    """Return the messages that a catalogue has no sure translation of."""
    known = {(message.context, _key(message.id)): message for message in catalogue if message.id}
    found = []
    for message in wanted:
        if not message.id:
            continue
        own = known.get((message.context, _key(message.id)))
        strings = () if own is None else own.string if isinstance(own.string, list | tuple) else (own.string,)
        if own is None or own.fuzzy or not all(strings):
            found.append(_key(message.id))
    return found


def _header(catalogue: Catalog) -> str:
    """Return a catalogue's first entry, without dates and names: the same messages make the same file."""
    fields = {
        "Language": str(catalogue.locale),
        "Plural-Forms": catalogue.plural_forms,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    lines = "".join(f'"{name}: {value}\\n"\n' for name, value in fields.items())
    return f'msgid ""\nmsgstr ""\n{lines}\n'


def _key(message: str | list[str] | tuple[str, ...]) -> str:
    return message if isinstance(message, str) else message[0]


def main() -> int:
    """Bring every catalogue up to date."""
    wanted = extract()
    paths = sorted(CATALOGUES.glob("*/LC_MESSAGES/messages.po"))
    for path in paths:
        catalogue = read_catalogue(path)
        catalogue.update(wanted, no_fuzzy_matching=True, update_header_comment=False)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            file.write(_header(catalogue).encode())
            write_po(file, catalogue, width=_WIDTH, sort_output=True, omit_header=True, no_location=True)
        missing = lacking(catalogue, wanted)
        print(f"{path.parents[1].name}: {len(wanted)} messages, {len(missing)} without a translation")  # noqa: T201
        for text in missing:
            print(f"  {text}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
