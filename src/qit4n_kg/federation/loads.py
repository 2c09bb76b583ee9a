"""SERVICE and LOAD: which may leave this server, decided from the text before anything runs; fetching itself is `fetching`."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pyoxigraph
from pyoxigraph import RdfFormat, serialize

from qit4n_kg.errors import RemoteEndpointError, RemoteRefusedError
from qit4n_kg.federation.fetching import SETTING, Policy, fetch
from qit4n_kg.formats import RdfFormat as Known
from qit4n_kg.sparql import inspect_query
from qit4n_kg.store.update_text import Load, read_update

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.config import Settings
    from qit4n_kg.store.evaluating import Update

_log = logging.getLogger(__name__)
_READ = [form.value for form in Known if not form.value.has_graphs]
_ACCEPT = ", ".join(form.media_type for form in _READ)


def refuse_remote(update: Update, settings: Settings) -> None:
    """Refuse an update with SERVICE, and each LOAD whose address is not on the list; a LOAD SILENT of such loads nothing.

    :raises RemoteRefusedError: what is refused, and what would allow it.
    """
    if inspect_query(update.text).uses_service:
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
            loaded.append(_read(load, Policy.of(settings)))
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


def _read(load: Load, policy: Policy) -> bytes:
    fetched = fetch(load.address, policy, purpose="LOAD", headers={"Accept": _ACCEPT, "User-Agent": "qit4n-kg"})
    form = RdfFormat.from_media_type(fetched.media_type)
    if form is None or (form.supports_datasets and form != RdfFormat.JSON_LD):
        raise RemoteEndpointError(f"LOAD <{load.address}> failed: {fetched.media_type} is no format of triples.")
    try:
        quads = pyoxigraph.parse(fetched.content, form, base_iri=load.address, rename_blank_nodes=True)
        text = serialize((quad.triple for quad in quads), format=RdfFormat.N_TRIPLES)
    except SyntaxError as exc:
        raise RemoteEndpointError(f"LOAD <{load.address}> failed: {exc}.") from exc
    assert text is not None
    return text
