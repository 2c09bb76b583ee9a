"""Guards the fetcher's rules without a network: what the list covers, which addresses are public, where a name may lead."""

import socket

import pytest

from qit4n_kg.errors import RemoteEndpointError, RemoteRefusedError
from qit4n_kg.federation.fetching import Policy, fetch, is_public


def policy(*allowed):
    return Policy(allowed, timeout=1.0, size=1000)


@pytest.mark.parametrize(
    ("entry", "url", "is_allowed"),
    [
        ("https://a.example/data/", "https://a.example/data/x.ttl?y=1", True),
        ("https://a.example/data/", "https://A.EXAMPLE:443/data/x", True),
        ("https://a.example/data/", "https://a.example/data", False),
        ("https://a.example/data/", "https://a.example/data/../secret", False),
        ("https://a.example/data/", "https://a.example/data/%2e%2E/secret", False),
        ("https://a.example/data/", "https://a.example/data\\..\\x", False),
        ("https://a.example/data/", "http://a.example/data/x", False),
        ("https://a.example/data/", "https://a.example:8443/data/x", False),
        ("https://a.example/data/", "https://a.example.evil.example/data/x", False),
        ("https://a.example/data/", "https://a.example@evil.example/data/x", False),
        ("https://a.example/data/", "https://evil.example/?https://a.example/data/", False),
        ("https://a.example/data/", "https://a.example/data/x\n", False),
        ("https://a.example/sparql", "https://a.example/sparql", True),
        ("https://a.example/sparql", "https://a.example/sparql/x", False),
        ("https://a.example/sparql", "https://a.example/sparql?query=x", False),
        ("https://a.example/", "ftp://a.example/x", False),
        ("https://a.example/", "https:///x", False),
        ("https://a.example/", "https://a.example:99999/x", False),
    ],
)
def test_the_list_covers_an_address_exactly_or_what_lies_below_it(entry, url, is_allowed):
    if is_allowed:
        policy(entry).check(url, "LOAD")
    else:
        with pytest.raises(RemoteRefusedError) as caught:
            policy(entry).check(url, "LOAD")
        assert "QIT4N_ALLOW_REMOTE" in caught.value.hint


INNER = """127.0.0.1 127.255.0.1 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255
192.0.2.1 ::1 :: fe80::1 fc00::1 ff02::1 ::ffff:127.0.0.1 ::ffff:169.254.169.254 2002:7f00:1:: 64:ff9b::7f00:1 2001:db8::1"""


@pytest.mark.parametrize("address", INNER.split())
def test_an_address_that_is_not_public_is_known_as_such(address):
    import ipaddress

    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_known_as_such(address):
    import ipaddress

    assert is_public(ipaddress.ip_address(address))


@pytest.fixture
def resolved(monkeypatch):
    """Let any name resolve to given addresses, and record every connection instead of making it."""
    connections = []

    def answer(*addresses):
        infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in addresses]
        monkeypatch.setattr("qit4n_kg.federation.fetching.socket.getaddrinfo", lambda *_, **__: infos)

    def connect(place, timeout):
        connections.append(place)
        raise ConnectionRefusedError("refused")

    monkeypatch.setattr("qit4n_kg.federation.fetching.socket.create_connection", connect)
    answer.connections = connections
    return answer


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["169.254.169.254"]])
def test_a_listed_name_that_leads_inside_is_refused_before_anything_is_opened(resolved, addresses):
    resolved(*addresses)
    with pytest.raises(RemoteRefusedError, match="public internet"):
        fetch("http://a.example/x", policy("http://a.example/"), purpose="LOAD", headers={})
    assert resolved.connections == []


def test_the_connection_goes_to_the_address_that_was_checked(resolved):
    resolved("8.8.8.8")
    with pytest.raises(RemoteEndpointError):
        fetch("http://a.example/x", policy("http://a.example/"), purpose="LOAD", headers={})
    assert resolved.connections == [("8.8.8.8", 80)]


def test_a_listed_inner_address_is_reached_by_itself_only(resolved):
    resolved("10.0.0.7")
    with pytest.raises(RemoteEndpointError):
        fetch("http://10.0.0.7/x", policy("http://10.0.0.7/"), purpose="LOAD", headers={})
    assert resolved.connections == [("10.0.0.7", 80)]
