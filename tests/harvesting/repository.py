"""A repository of made-up records for tests: what it holds changes when a test says so, and time is what a test says it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from lxml import etree

from qit4n_kg.config import load_settings
from qit4n_kg.harvesting.answers import Repository, answer
from qit4n_kg.harvesting.index import Origin, write_index
from qit4n_kg.harvesting.keeping import HarvestKeeper
from qit4n_kg.harvesting.records import Record
from qit4n_kg.harvesting.register import FOLDER, moment_of
from qit4n_kg.store.generations import Generation, Manifest

OAI = "{http://www.openarchives.org/OAI/2.0/}"
START = datetime(2031, 4, 1, 12, 0, 0, tzinfo=UTC)
ADDRESS = "https://example.org/oai"


class World:
    """`content` is what the next publication holds: a text by identifier, for each format."""

    def __init__(self, folder: Path, page: int = 2, wait: float = 30.0) -> None:
        folders = {"state_dir": folder / "state", "journal_dir": folder / "journal"}
        self.settings = load_settings({}, query_timeout=wait, **folders)
        self.settings.state_dir.mkdir(exist_ok=True)
        self.content: dict[tuple[str, str], str] = {}
        self.sets: dict[str, tuple[str, ...]] = {}
        self.now = START
        self.made = 0
        self.repository = Repository(ADDRESS, "https://w3id.org/qit4n/", "me@example.org", ("gzip",), page)
        self._number = 0
        self._published: dict[tuple[str, str], str] = {}
        self.keeper = HarvestKeeper(self.settings, lambda: self._current, lambda: self.now, self._make)
        self.publish()

    def put(self, identifier: str, text: str, prefix: str = "oai_dc", sets: tuple[str, ...] = ("group:g",)) -> None:
        """Have the next publication hold a record."""
        self.content[prefix, identifier] = text
        self.sets[identifier] = sets

    def publish(self, *, seconds_ago: int = 0) -> None:
        """Make what is held now the current generation; it was built some seconds before."""
        self._number += 1
        self._published = dict(self.content)
        built_at = moment_of(self.now - timedelta(seconds=seconds_ago))
        manifest = Manifest(self._number, "", f"sha256:{self._number}", 0, 0, 0, built_at, "")
        self._current = Generation(self._number, Path("/nowhere"), manifest)

    def forget_index(self) -> None:
        """Remove the state folder's part, as who removes `state/` does."""
        for path in (self.settings.state_dir / "oai").glob("*"):
            path.unlink()

    def ask(self, verb: str, **arguments: str) -> etree._Element:
        """Answer a request; `since` is the argument `from`."""
        pairs = [("verb", verb), *(("from" if name == "since" else name, value) for name, value in arguments.items())]
        return self.ask_pairs(pairs)

    def ask_pairs(self, pairs: list[tuple[str, str]]) -> etree._Element:
        """Answer a request as it is."""
        with self.keeper.open() as harvest:
            return etree.fromstring(answer(pairs, harvest, self.repository))

    def _make(self, module: str, job: dict[str, object], seconds: float) -> None:
        self.made += 1
        records = [
            Record(prefix, identifier, self.sets[identifier], b"<dc xmlns='urn:x'>%s</dc>" % text.encode())
            for (prefix, identifier), text in self._published.items()
        ]
        stamp = job["stamp"]
        assert isinstance(stamp, dict)
        origin = Origin(str(job["dataset"]), str(job["of"]), stamp["built_at"])
        names = {"group:g": "G"} if records else {}
        write_index(self.settings.journal_dir / FOLDER, Path(str(job["target"])), origin, records, names)


def code_of(answered: etree._Element) -> str | None:
    """The error code of an answer."""
    error = answered.find(f"{OAI}error")
    return None if error is None else error.get("code")


def token_of(answered: etree._Element) -> etree._Element | None:
    """The element with the resumption token."""
    return answered.find(f"*/{OAI}resumptionToken")


def headers_of(answered: etree._Element) -> list[tuple[str, str, bool]]:
    """Identifier, datestamp and whether it is deleted, of each record."""
    return [
        (one.findtext(f"{OAI}identifier"), one.findtext(f"{OAI}datestamp"), one.get("status") == "deleted")
        for one in answered.iter(f"{OAI}header")
    ]


def identifiers_of(answered: etree._Element) -> list[str]:
    """The identifier of each record."""
    return [identifier for identifier, _, _ in headers_of(answered)]
