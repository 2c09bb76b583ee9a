"""What a reader may choose for a parameter of a catalogue query: the things of the class that the parameter is named after.

`forGroup` and `group` take a group, `person` a person; where there is no such class, or it has too many members for a list, the
parameter stays a text field.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, NamedNode

from qit4n_kg.entities.labels import natural_key
from qit4n_kg.entities.panels import column_label
from qit4n_kg.namespaces import RDF, STDORG, compact
from qit4n_kg.queries import ParameterKind
from qit4n_kg.web.asking import expand
from qit4n_kg.web.context import knowledge_graph
from qit4n_kg.web.links import short_name
from qit4n_kg.web.readings import reading

if TYPE_CHECKING:
    from qit4n_kg.queries import Parameter

MOST = 200
"""Most things that one may choose from."""

_TYPE = NamedNode(f"{RDF}type")
_DEFAULT = DefaultGraph()
_FINDING = re.compile(r"(.*?),? such as (\S+) \(find one with ([^)]*)\)(.*)")


@dataclass(frozen=True)
class Option:
    """One thing: what the parameter takes, and what the thing is called."""

    value: str
    label: str


def parameter_label(name: str) -> str:
    """Turn a parameter's name into a heading.

    >>> parameter_label("forGroup"), parameter_label("from"), parameter_label("below")
    ('Group', 'From', 'Below')
    """
    is_for = name.startswith("for") and name[3:4].isupper()
    return column_label(name[3:] if is_for else name)


def hint_parts(description: str) -> tuple[str, str, str, str]:
    """Divide a parameter's description: what it is, an example of it, the queries that find one, and what else is said.

    >>> hint_parts("The body, such as id:x (find one with bodies); its units count")
    ('The body', 'id:x', 'bodies', '; its units count')
    >>> hint_parts("The day")
    ('The day', '', '', '')
    """
    found = _FINDING.fullmatch(description)
    return (found[1], found[2], found[3], found[4]) if found else (description, "", "", "")


def options(parameter: Parameter, current: str) -> tuple[Option, ...]:
    """Return what may be chosen, the current value always among it; nothing where the parameter is a text field."""
    if parameter.kind is not ParameterKind.IRI:
        return ()
    kind = NamedNode(f"{STDORG}{parameter_label(parameter.name).replace(' ', '')}")
    now, settings = reading(), knowledge_graph().settings
    quads = list(islice(now.snapshot.store.quads(None, _TYPE, kind, _DEFAULT), MOST + 1))
    if not 0 < len(quads) <= MOST:
        return ()
    things = [quad.subject.value for quad in quads if isinstance(quad.subject, NamedNode)]
    found = [Option(short_name(iri, settings), now.entities.labels.label(iri)) for iri in things]
    if parameter.default and parameter.default not in {one.value for one in found}:
        return ()  # named like a class by chance: "subject" takes any thing, not a topic
    if current and current not in {one.value for one in found}:
        found.append(Option(current, thing_label(parameter, current)))
    return tuple(sorted(found, key=lambda one: (natural_key(one.label), one.value)))


def thing_label(parameter: Parameter, text: str) -> str:
    """Return what the thing is called that an argument names, the argument itself where it names none."""
    if parameter.kind is not ParameterKind.IRI or not text:
        return text
    settings = knowledge_graph().settings
    try:
        iri = NamedNode(expand("", text.strip(), settings)).value
    except ValueError:
        return text
    label = reading().entities.labels.label(iri)
    return (
        text if label == compact(iri) or short_name(iri, settings).endswith(label) else label
    )  # it has no name but its IRI


def name_of(iri: str) -> str | None:
    """Return what a thing or term of ours is called, None where it has no name but its IRI."""
    settings = knowledge_graph().settings
    if not iri.startswith((settings.base_iri, STDORG)):
        return None
    label = reading().entities.labels.label(iri)
    short = short_name(iri, settings)
    return None if label in (short, short.removeprefix("id:"), short.removeprefix("graph:")) else label
