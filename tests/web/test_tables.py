"""A result as a table for readers: by the catalogue's conventions `?xIri` is where `?x` leads, and `|` parts values."""

from __future__ import annotations

from qit4n_kg.web.tables import Cell, ResultTable, readable


def test_an_iri_column_becomes_the_link_of_its_thing() -> None:
    row = (Cell("Ada"), Cell("2", kind="number"), Cell("id:person/ada", "/doc/person/ada", title="https://e.org/ada"))
    table = readable(ResultTable(("person", "roles", "personIri"), (row,), 1))
    assert table.columns == ("person", "roles")
    assert table.labels == ("Person", "Roles")
    assert table.rows == ((Cell("Ada", "/doc/person/ada", title="https://e.org/ada"), row[1]),)


def test_an_iri_of_no_column_links_the_first() -> None:
    row = (Cell("D1.1"), Cell("Title"), Cell("id:d1.1", "/doc/d1.1"))
    [[code, title]] = readable(ResultTable(("code", "title", "deliverableIri"), (row,), 1)).rows
    assert code is not None
    assert title is not None
    assert (code.href, title.href) == ("/doc/d1.1", None)


def test_joined_values_stand_apart() -> None:
    [[held, count]] = readable(ResultTable(("held", "count"), ((Cell("Chair: WG1|Editor: D1"), None),), 1)).rows
    assert held is not None
    assert (held.text, held.others, count) == ("Chair: WG1", ("Editor: D1",), None)


def test_a_column_of_iris_alone_stays() -> None:
    table = ResultTable(("thingIri",), ((Cell("id:x", "/doc/x"),),), 1)
    assert readable(table).columns == ("thingIri",)
