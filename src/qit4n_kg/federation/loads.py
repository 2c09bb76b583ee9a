"""SERVICE and LOAD: which may leave this server, decided from the text before anything runs; fetching itself is `fetching`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pyoxigraph

from qit4n_kg.errors import (
    ParameterError,
    RemoteEndpointError,
    RemoteRefusedError,
    SourceError,
    TooLargeError,
    ValidationLimitError,
)
from qit4n_kg.federation.fetching import SETTING, Policy, fetch
from qit4n_kg.formats import RdfFormat
from qit4n_kg.sparql import uses_service
from qit4n_kg.store.parsing import Sent, parse_triples
from qit4n_kg.store.update_text import Load, read_update
from qit4n_kg.store.writing import rdf_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.config import Settings
    from qit4n_kg.store.evaluating import Update

_log = logging.getLogger(__name__)
_READ = [form for form in RdfFormat if not form.value.has_graphs]
_ACCEPT = ", ".join(form.value.media_type for form in _READ)


def refuse_remote(update: Update, settings: Settings) -> None:
    """Refuse an update with SERVICE, and each LOAD whose address is not on the list; a LOAD SILENT of such loads nothing.

    :raises RemoteRefusedError: what is refused, and what would allow it.
    """
    if uses_service(update.text):
        raise RemoteRefusedError(
            "An update with SERVICE is refused, whatever address it names.",
            hint=f"LOAD the data first: the setting {SETTING} lists the addresses that may be loaded.",
        )
    policy = Policy.of(settings)
    for load in _loads(update):
        if not load.is_silent:
            policy.check(load.address, "LOAD")


def has_load(update: Update) -> bool:
    """Tell whether an update loads anything."""
    return next(_loads(update), None) is not None


def load_triples(update: Update, settings: Settings) -> list[bytes | None]:
    """Fetch what each LOAD of an update asks for, as N-Triples; None where a LOAD SILENT failed.

    :raises RemoteRefusedError: an address is not allowed, and the LOAD is not SILENT (SPARQL 1.1 Update section 3.1.4).
    :raises RemoteEndpointError: an address does not answer, or not with RDF.
    """
    refuse_remote(update, settings)
    loaded: list[bytes | None] = []
    for load in _loads(update):
        try:
            loaded.append(_read(load, settings))
        except (RemoteEndpointError, RemoteRefusedError) as exc:
            if not load.is_silent:
                raise
            _log.info("A silent LOAD failed: %s", exc)
            loaded.append(None)
    return loaded


def _loads(update: Update) -> Iterator[Load]:
    if "LOAD" not in update.text.upper():  # reading the tokens of a mebibyte takes half a second
        return
    for operation in read_update(update.text, base_iri=update.base_iri):
        if operation.load is not None:
            yield operation.load


def _read(load: Load, settings: Settings) -> bytes:
    fetched = fetch(
        load.address, Policy.of(settings), purpose="LOAD", headers={"Accept": _ACCEPT, "User-Agent": "qit4n-kg"}
    )
    known = pyoxigraph.RdfFormat.from_media_type(fetched.media_type)  # it knows text/xml and the like too
    form = next((form for form in _READ if rdf_format(form) == known), None)
    if form is None:
        raise RemoteEndpointError(f"LOAD <{load.address}> failed: {fetched.media_type} is no format of triples.")
    try:
        return parse_triples([Sent(fetched.content, form)], load.address, settings)
    except (SourceError, ParameterError, TooLargeError, ValidationLimitError) as exc:
        raise RemoteEndpointError(f"LOAD <{load.address}> failed: {exc}") from exc
