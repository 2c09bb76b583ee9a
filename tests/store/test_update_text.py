"""Guards the reading of updates as text: operations, graphs and LOADs, the protocol's dataset, and places of syntax errors."""

import pyoxigraph
import pytest
from pyoxigraph import Literal, NamedNode, Quad

from qit4n_kg.errors import QuerySyntaxError, RequestError
from qit4n_kg.store.update_process import check_syntax, difference, evaluate
from qit4n_kg.store.update_text import Load, read_update


def filled(*quads):
    store = pyoxigraph.Store()
    store.extend(quads)
    return store


def run(text, tmp_path, store=None, **dataset):
    store = store or pyoxigraph.Store()
    operations = read_update(text, base_iri="http://base.example/", **dataset)
    check_syntax(text, operations)
    evaluate(store, operations, "http://base.example/", tmp_path)
    return store


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", []),
        ("# nothing", []),
        (
            'INSERT DATA { <x:s> <x:p> \'a;b\', """c;\n"d""" ; <x:q> 1 . } ; # ; DROP ALL\n CLEAR ALL;',
            ["INSERT", "CLEAR"],
        ),
        (
            "DELETE { ?s ?p ?o ; <x:q> 1 } WHERE { { SELECT * { ?s ?p ?o ; ?q ?r } } } ; DELETE WHERE { ?s ?p ?o }",
            ["DELETE"] * 2,
        ),
        (
            "WITH <x:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o FILTER (?o<?p&&?o>1) }; create graph <x:g>",
            ["WITH", "CREATE"],
        ),
        (
            "PREFIX e: <x:> copy e:a TO e:b ; PREFIX f: <y:> move silent f:a to default ; add e:a to f:b",
            ["COPY", "MOVE", "ADD"],
        ),
    ],
)
def test_an_update_is_split_at_the_semicolons_between_its_operations(text, kinds):
    assert [operation.kind for operation in read_update(text)] == kinds


@pytest.mark.parametrize(
    ("text", "wiped"),
    [
        ("DROP GRAPH <x:g>", ("x:g",)),
        ("PREFIX e: <x:> CLEAR SILENT GRAPH e:g", ("x:g",)),
        ("BASE <http://a.example/b/> DROP GRAPH <../g>", ("http://a.example/g",)),
        ("drop silent named", ("NAMED",)),
        ("CLEAR DEFAULT", ("DEFAULT",)),
        ("COPY DEFAULT TO <x:b>", ("x:b",)),
        ("MOVE GRAPH <x:a> TO GRAPH <x:b>", ("x:a", "x:b")),
        ("ADD <x:a> TO <x:b>", ()),
        ("DELETE WHERE { GRAPH <x:g> { ?s ?p ?o } }", ()),
    ],
)
def test_the_graphs_that_an_operation_wipes_are_known(text, wiped):
    assert read_update(text)[0].wiped == wiped


@pytest.mark.parametrize(
    ("text", "load"),
    [
        ("LOAD <x:a>", Load("x:a", None, is_silent=False)),
        ("load silent <x:a> into graph <x:g>", Load("x:a", "x:g", is_silent=True)),
        ("PREFIX e: <x:> LOAD e:a INTO GRAPH e:g", Load("x:a", "x:g", is_silent=False)),
        ("LOAD <a>", Load("http://base.example/a", None, is_silent=False)),
    ],
)
def test_a_load_is_described(text, load):
    assert read_update(text, base_iri="http://base.example/")[0].load == load


def test_declarations_hold_for_later_operations_also_where_the_engine_does_not_take_them(tmp_path):
    text = "PREFIX e: <x:> CREATE GRAPH e:g ; PREFIX f: <y:> BASE <http://a.example/> INSERT DATA { GRAPH e:g { f:s f:p <o> } }"
    store = run(text, tmp_path)
    expected = Quad(NamedNode("y:s"), NamedNode("y:p"), NamedNode("http://a.example/o"), NamedNode("x:g"))
    assert list(store) == [expected]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("INSERT DATA { <x:s> <x:p> }", 1, 27),
        ("CLEAR ALL ;\n  CLEAR XYZ", 2, 12),
        ("PREFIX e: <x:>\nCLEAR ALL ; PREFIX f: <y:> CLEAR XYZ", 2, 37),
        ("PREFIX e: <x:>\nCLEAR ALL ;\nPREFIX f: <y:> INSERT { ?s ?p ?o } WHERE { ?s ?p g:o }", 3, None),
        ("CLEAR ALL ;; CLEAR ALL", 1, 12),
        ("; CLEAR ALL", 1, 1),
        ("SELECT * { ?s ?p ?o }", 1, 7),
    ],
)
def test_a_syntax_error_is_where_it_is_in_the_whole_text(tmp_path, text, line, column):
    store = filled(Quad(NamedNode("x:s"), NamedNode("x:p"), Literal(1)))
    with pytest.raises(QuerySyntaxError) as caught:
        run(text, tmp_path, store)
    assert caught.value.line == line
    assert column is None or caught.value.column == column
    assert len(store) == 1


def test_a_blank_node_label_in_two_operations_is_a_syntax_error(tmp_path):
    with pytest.raises(QuerySyntaxError):
        run("INSERT DATA { _:b <x:p> 1 } ; INSERT DATA { _:b <x:p> 2 }", tmp_path)


@pytest.mark.parametrize("is_in_text", [True, False])
def test_a_sum_over_several_default_graphs_counts_a_triple_once(tmp_path, is_in_text):
    graphs = [NamedNode(f"x:{number}") for number in (1, 2, 3)]
    store = filled(*(Quad(NamedNode("x:s"), NamedNode("x:v"), Literal(5), graph) for graph in graphs))
    body = "INSERT { <x:all> <x:sum> ?n } %s WHERE { SELECT (SUM(?v) AS ?n) { ?s <x:v> ?v } }"
    if is_in_text:
        run(f"PREFIX x: <x:> {body}" % "USING x:1 USING NAMED <x:3> USING <x:2>", tmp_path, store)
    else:
        run(body % "", tmp_path, store, default_graphs=("x:1", "x:2"), named_graphs=("x:3",))
    assert [quad.object.value for quad in store.quads_for_pattern(NamedNode("x:all"), None, None)] == ["5"]
    assert len(list(store.named_graphs())) == 3


@pytest.mark.parametrize(
    "text", ["WITH <x:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "INSERT { ?s ?p 1 } USING <x:g> WHERE { ?s ?p ?o }"]
)
def test_graphs_of_the_request_and_of_the_update_are_a_conflict(text):
    with pytest.raises(RequestError, match=r"USING|WITH"):
        read_update(text, default_graphs=("x:1",))
    assert len(read_update(text)) == 1


def test_the_difference_of_two_dumps_does_not_depend_on_their_order():
    old = [b"%d\n" % number for number in range(1000)]
    new = [*reversed(old[10:]), b"x\n"]
    retracts, adds = difference(iter(old), iter(new))
    assert (sorted(retracts), adds) == (sorted(old[:10]), [b"x\n"])
