"""The error tree: stable codes, and a drawing in the docstring that is true."""

import re

from qit4n_kg import errors
from qit4n_kg.errors import KnowledgeGraphError, SourceError


def all_errors(root=KnowledgeGraphError):
    yield root
    for child in root.__subclasses__():
        yield from all_errors(child)


def test_each_error_has_a_code_of_its_own():
    codes = [error.code for error in all_errors()]
    assert len(codes) == len(set(codes))


def test_the_drawn_tree_is_the_real_tree():
    drawn = dict(re.findall(r"^\s+(\w+Error)\s+\[([a-z-]+)\]", errors.__doc__, re.MULTILINE))
    real = {error.__name__: error.code for error in all_errors() if error is not KnowledgeGraphError}
    assert drawn == real


def test_a_source_error_begins_with_its_place():
    assert str(SourceError("unexpected end", path="a.ttl", line=3, column=7)) == "a.ttl:3:7: unexpected end"
