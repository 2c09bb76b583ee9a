"""Namespaces and prefixes, each written once; pure, no IO.

`PREFIXES` is what the command line adds to a query, what serialisers write and what error messages suggest.
"""

from __future__ import annotations

STDORG = "https://w3id.org/stdorg/ns#"
"""The ontology: body-neutral terms for any standards group."""

STDORG_SHAPES = "https://w3id.org/stdorg/shapes#"
"""The shapes: each node shape and property shape has a name here."""

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
SH = "http://www.w3.org/ns/shacl#"
DCTERMS = "http://purl.org/dc/terms/"
SCHEMA = "https://schema.org/"
PROV = "http://www.w3.org/ns/prov#"
ORG = "http://www.w3.org/ns/org#"
FOAF = "http://xmlns.com/foaf/0.1/"
DCAT = "http://www.w3.org/ns/dcat#"
VANN = "http://purl.org/vocab/vann/"
VS = "http://www.w3.org/2003/06/sw-vocab-status/ns#"

DEFAULT_BASE_IRI = "https://w3id.org/qit4n/"
"""What the `base_iri` setting is unless told: things live under `id/`, named graphs under `graph/`."""

PREFIXES: dict[str, str] = {
    "dcat": DCAT,
    "dcterms": DCTERMS,
    "foaf": FOAF,
    "org": ORG,
    "owl": OWL,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "schema": SCHEMA,
    "sh": SH,
    "skos": SKOS,
    "stdorg": STDORG,
    "stdorg-sh": STDORG_SHAPES,
    "vann": VANN,
    "vs": VS,
    "xsd": XSD,
}


def prefixes(base_iri: str = DEFAULT_BASE_IRI) -> dict[str, str]:
    """Return every prefix, those of the instance (`id:`, `graph:`) included.

    >>> prefixes()["id"]
    'https://w3id.org/qit4n/id/'
    """
    return {**PREFIXES, "id": f"{base_iri}id/", "graph": f"{base_iri}graph/"}


def compact(iri: str, known: dict[str, str] | None = None) -> str:
    """Shorten an IRI to a prefixed name where a known namespace allows a plain local part, else return it as it is.

    >>> compact("https://w3id.org/stdorg/ns#Meeting")
    'stdorg:Meeting'
    >>> compact("https://example.org/x")
    'https://example.org/x'
    """
    for prefix, namespace in (known or PREFIXES).items():
        local = iri.removeprefix(namespace)
        if local != iri and local and local.replace("-", "").replace("_", "").replace(".", "").isalnum():
            return f"{prefix}:{local}"
    return iri
