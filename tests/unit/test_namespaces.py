"""Prefixes: one table, from which IRIs are shortened without ever changing what they mean."""

from hypothesis import given
from hypothesis import strategies as st

from qit4n_kg.namespaces import PREFIXES, compact, prefixes


def test_namespaces_are_distinct():
    assert len(set(PREFIXES.values())) == len(PREFIXES)


@given(st.sampled_from(sorted(PREFIXES.values())), st.text(max_size=30))
def test_a_compacted_name_expands_to_the_same_iri(namespace, local):
    iri = namespace + local
    name = compact(iri)
    if name != iri:
        prefix, _, rest = name.partition(":")
        assert PREFIXES[prefix] + rest == iri


def test_a_local_part_with_a_slash_stays_an_iri():
    assert compact("https://w3id.org/qit4n/id/fg-qit4n/wg1", prefixes()) == "https://w3id.org/qit4n/id/fg-qit4n/wg1"
