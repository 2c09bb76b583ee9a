"""Guards that what contributions do to a document reaches harvesters: it comes, it is merged or retired, its record is deleted."""

from __future__ import annotations

from lxml import etree

from harvesting.repository import OAI
from qit4n_kg.harvesting.answers import Repository, answer
from qit4n_kg.harvesting.keeping import HarvestKeeper

ID = "https://w3id.org/qit4n/id/fg-qit4n/document/"
NAME = "oai:w3id.org:qit4n/id/fg-qit4n/document/"


def harvested(world):
    """Identifier and whether it is deleted, of what the test's documents are to a harvester."""
    keeper = HarvestKeeper(world.settings, lambda: world.graph.current().generation)
    repository = Repository("https://example.org/oai", "https://w3id.org/qit4n/", "", (), 100)
    with keeper.open() as harvest:
        page = etree.fromstring(
            answer([("verb", "ListIdentifiers"), ("metadataPrefix", "oai_dc")], harvest, repository)
        )
    return {
        one.findtext(f"{OAI}identifier").removeprefix(NAME): one.get("status") == "deleted"
        for one in page.iter(f"{OAI}header")
        if "x-00" in one.findtext(f"{OAI}identifier")
    }


def test_what_is_merged_or_retired_is_a_deleted_record(world):
    documents = [
        f'<fg-qit4n/document/x-00{n}> a stdorg:Document ; rdfs:label "X-00{n} Report {n}"@en ; skos:notation "X-00{n}" .'
        for n in (1, 2, 3)
    ]
    world.accept(world.submit("\n".join(documents)).contribution)
    assert harvested(world) == {"x-001": False, "x-002": False, "x-003": False}
    merge = {"old": f"{ID}x-001", "new": f"{ID}x-002", "reason": "The same report"}
    world.accept(world.submit(merges=[merge]).contribution)
    world.accept(world.submit(retires=[{"old": f"{ID}x-003", "reason": "Never was"}]).contribution)
    assert harvested(world) == {"x-001": True, "x-002": False, "x-003": True}
