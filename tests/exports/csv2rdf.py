"""CSVW tables as RDF: the minimal mode of "Generating RDF from Tabular Data on the Web" (W3C, 2015), for tests.

The library csvw reads the metadata and every cell; only what section 4.6.1 then makes of a row is done here. No library does all
of it: csvw writes JSON only, @zazuko/rdf-parser-csvw knows no separators, and csvwlib is of 2021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from csvw.metadata import TableGroup
from rdflib import BNode, Graph, Literal, URIRef
from rdflib.namespace import XSD

if TYPE_CHECKING:
    from pathlib import Path


def convert(folder: Path, base: str) -> Graph:
    """Return what the tables described in a folder say: a node a row, a statement a value.

    :param base: the address of the folder, against which tables are named.
    """
    graph = Graph()
    for table in TableGroup.from_file(folder / "csvw-metadata.json").tables:
        columns = {column.name: column for column in table.tableSchema.columns}
        for row in table.iterdicts():
            node = BNode()
            for name, value in row.items():
                datatype = columns[name].inherit("datatype")
                predicate = URIRef(f"{base}{table.url}#{quote(name)}")
                for one in value if isinstance(value, list) else [value]:
                    if one is not None:
                        graph.add((node, predicate, Literal(datatype.formatted(one), datatype=XSD[datatype.base])))
    return graph
