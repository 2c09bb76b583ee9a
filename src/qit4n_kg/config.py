"""Settings: one frozen value made from the environment and flags; the only module that reads `os.environ`.

`SETTINGS` is the one table of settings; docs/settings.md is generated from it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from qit4n_kg import setting_values as read
from qit4n_kg.errors import ConfigurationError
from qit4n_kg.namespaces import DEFAULT_BASE_IRI
from qit4n_kg.setting_values import MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NO_SOURCES = "none"
_FOLDERS = ("ontology", "data", "shapes", "queries")


class Readership(Enum):
    """Who may read something that is not for everybody."""

    NOBODY = "nobody"
    ADMIN = "admin"
    EVERYBODY = "everybody"


def default_sources() -> Path:
    """Return the folder that holds `ontology/ data/ shapes/ queries/`: the wheel's own copy, else the checkout."""
    package = Path(__file__).resolve().parent
    packaged = package / "content"
    return packaged if packaged.is_dir() else package.parents[1]


def sources_here() -> Path:
    """Return the folder that one works in, or one above it, that has all four folders, as a clone has; else the default sources.

    A wheel that was packed from the clone carries the same data: what is wrong in it would be there already.
    """
    try:
        here = Path.cwd()
        clones = (at for at in (here, *here.parents) if all((at / name).is_dir() for name in _FOLDERS))
        return next(clones, None) or default_sources()
    except OSError:  # it was removed, or may not be looked into, as the home of who called sudo -u
        return default_sources()


@dataclass(frozen=True)
class Settings:
    """Everything that can be set; each field is `QIT4N_` and its name in upper case. `scratch` is QIT4N_SOURCES=none."""

    sources: Path
    state_dir: Path
    journal_dir: Path = Path("journal")
    feed_dir: Path | None = None
    data: Path | None = None
    base_iri: str = DEFAULT_BASE_IRI
    gate: bool = True
    keep_generations: int = 3
    keep_days: float = 0.0
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    executors: int = 2
    long_queries: int = 4
    queue: int = 128
    query_timeout: float = 30.0
    slow_query: float = 1.0
    export_timeout: float = 300.0
    query_memory: int = 1024 * MIB
    result_bytes: int = 1024 * MIB
    allow_remote: tuple[str, ...] = ()
    remote_timeout: float = 10.0
    remote_bytes: int = 16 * MIB
    request_bytes: int = 16 * MIB
    query_characters: int = 2**20
    cache_bytes: int = 64 * MIB
    downloads: int = 32
    validation_timeout: float = 30.0
    validation_memory: int = 512 * MIB
    validation_triples: int = 50_000
    validations_per_minute: int = 60
    contributions_per_minute: int = 60
    metrics: Readership = Readership.ADMIN
    oai_email: str = ""
    oai_page: int = 100
    contact: str = ""
    publisher: str = ""
    public_url: str = ""
    scratch: bool = False

    @property
    def feed_folder(self) -> Path:
        """The folder of the change feed's ledger."""
        return self.feed_dir or self.state_dir / "feed"

    @property
    def id_base(self) -> str:
        """The namespace of things."""
        return f"{self.base_iri}id/"

    @property
    def admin_email(self) -> str:
        """Whom OAI-PMH names: the setting, or the contact where that is an address of e-mail; never one that is made up."""
        is_mail = self.contact.startswith("mailto:")
        return self.oai_email or (self.contact.removeprefix("mailto:") if is_mail else "")

    @property
    def most_queries(self) -> int:
        """How many queries a web worker has at most: running, and waiting for a short or a long one's place."""
        return self.executors + self.long_queries + self.queue + -(-self.queue // 4)

    @property
    def graph_base(self) -> str:
        """The namespace of named graphs."""
        return f"{self.base_iri}graph/"


class Setting(NamedTuple):
    """One row of the settings table."""

    name: str
    default: str
    meaning: str
    parse: Callable[[str], Any]


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "sources",
        "the working directory, or what it is in, if that has them; else the checkout, or the wheel's own copy",
        "folder with ontology/ data/ shapes/ queries/; none: an empty scratch dataset without gate and entailment",
        read.path,
    ),
    Setting("state_dir", "state", "folder of the built generations; can always be rebuilt", read.path),
    Setting(
        "journal_dir",
        "beside the state folder: journal beside state, NAME-journal beside any other NAME",
        "folder of accepted changes and token hashes: what a backup must hold",
        read.path,
    ),
    Setting(
        "feed_dir",
        "feed/ in the state folder",
        "folder of the change feed's past; one outside the state folder lets mirrors go on where that is removed",
        read.path,
    ),
    Setting(
        "data", "data/ of the sources", "what to build instead: a folder, or a file of N-Quads (.nq, .nq.gz)", read.path
    ),
    Setting(
        "base_iri", DEFAULT_BASE_IRI, "where this instance's things (id/) and graphs (graph/) are named", read.base_iri
    ),
    Setting("gate", "on", "off: build without validating against the shapes", read.switch),
    Setting("keep_generations", "3", "how many published generations stay on disk", read.count(1, 1000)),
    Setting("keep_days", "0", "days that an older generation stays on disk beyond that number", read.days),
    Setting("host", "127.0.0.1", "address to listen on", str),
    Setting("port", "8000", "port to listen on", read.count(1, 65535)),
    Setting("workers", "2", "web worker processes", read.count(1, 64)),
    Setting("executors", "2", "query processes of each web worker that are kept for short queries", read.count(1, 64)),
    Setting(
        "long_queries",
        "4",
        "queries over 0.1 s that may run at once in each web worker, in query processes of their own",
        read.count(0, 64),
    ),
    Setting(
        "queue",
        "128",
        "short queries of each web worker that may wait for a query process, and a quarter as many long ones; more get 503",
        read.count(0, 10_000),
    ),
    Setting("query_timeout", "30", "seconds a query may run", read.seconds),
    Setting(
        "slow_query", "1", "seconds from which a query is written to slow-queries.log in the state folder", read.seconds
    ),
    Setting("export_timeout", "300", "seconds that making an export may take, once for a generation", read.seconds),
    Setting("query_memory", "1 GiB", "memory a query may use beyond what its process has when warm", read.size),
    Setting("result_bytes", "1 GiB", "largest result of a query", read.size),
    Setting(
        "allow_remote",
        "nothing",
        "http(s) addresses, apart by spaces, that SERVICE and LOAD may reach; one that ends in / allows all below it",
        read.addresses,
    ),
    Setting("remote_timeout", "10", "seconds that another server has to answer", read.seconds),
    Setting("remote_bytes", "16 MiB", "largest answer of another server", read.size),
    Setting("request_bytes", "16 MiB", "largest request body", read.size),
    Setting("query_characters", "1048576", "longest text of a query", read.count(1, 1_000_000_000)),
    Setting(
        "cache_bytes",
        "64 MiB",
        "results that each web worker keeps, to answer again without a query; 0: none",
        read.size,
    ),
    Setting(
        "downloads",
        "32",
        "large results that each web worker sends at the same time, in all four times QIT4N_RESULT_BYTES; more get 503",
        read.count(1, 10_000),
    ),
    Setting(
        "validation_timeout", "30", "seconds that reading and judging data sent to /validate may take", read.seconds
    ),
    Setting(
        "validation_memory", "512 MiB", "memory for that, beyond what the judging process has when warm", read.size
    ),
    Setting(
        "validation_triples",
        "50000",
        "most statements in data sent to /validate or /contributions at once",
        read.count(1, 100_000_000),
    ),
    Setting(
        "validations_per_minute",
        "60",
        "requests to /validate a minute from one address, or with one token, of each web worker",
        read.count(1, 1_000_000),
    ),
    Setting(
        "contributions_per_minute",
        "60",
        "contributions, reverts and comments a minute with one token, or from one address, of each web worker",
        read.count(1, 1_000_000),
    ),
    Setting("metrics", "admin", "who may read /metrics: nobody, admin (a token of that role) or everybody", Readership),
    Setting(
        "oai_email",
        "QIT4N_CONTACT, if that is an e-mail address",
        "e-mail address that OAI-PMH names as its administrator; without one Identify names none, which its schema does not allow",
        read.email,
    ),
    Setting("oai_page", "100", "records in one answer of OAI-PMH", read.count(1, 10_000)),
    Setting(
        "contact", "nobody", "whom /about names for questions: an e-mail address, or a page's address", read.contact
    ),
    Setting(
        "publisher",
        "whoever runs the server",
        "who publishes these data, in the catalogue for data portals: a name, with a page's address in <> behind it if wanted",
        read.publisher,
    ),
    Setting(
        "public_url",
        "what each request names",
        "address that clients reach this server by, where a proxy with TLS is in front of it, such as https://example.org/",
        read.public_url,
    ),
)


def load_settings(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Make the settings: defaults, then `QIT4N_…` variables, then `overrides` that are not None (flags).

    :raises ConfigurationError: a value can't be used; the message names the variable or the flag.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {"sources": sources_here(), "state_dir": Path("state")}
    for setting in SETTINGS:
        variable = f"QIT4N_{setting.name.upper()}"
        if (text := environ.get(variable)) is None:
            continue
        try:
            values[setting.name] = setting.parse(text)
        except ValueError as exc:
            message = f"The setting {variable} is {text!r}, but it is {setting.meaning}"
            raise ConfigurationError(f"{message} ({exc}).") from exc
    values.update({name: value for name, value in overrides.items() if value is not None})
    values.setdefault("journal_dir", journal_beside(values["state_dir"]))
    if str(values["sources"]) == NO_SOURCES:
        # The program's own queries and pages, with no data, no shapes to gate with and no rules.
        values.update(sources=default_sources(), scratch=True, gate=False)
    return Settings(**values)


def journal_beside(state_dir: Path) -> Path:
    """Return the folder of the journal that belongs to a state folder: each has its own, and never within it.

    >>> str(journal_beside(Path("state"))), str(journal_beside(Path("/srv/trial")))
    ('journal', '/srv/trial-journal')
    """
    place = state_dir if state_dir.name not in ("", "..") else state_dir.resolve()
    if not place.name:  # the root of the file system, which nothing stands beside
        return Path("journal")
    return place.with_name("journal" if place.name == "state" else f"{place.name}-journal")


def to_environ(settings: Settings) -> dict[str, str]:
    """Write settings as `QIT4N_…` variables, for the worker processes of the server.

    >>> to_environ(load_settings({}, port=9000))["QIT4N_PORT"]
    '9000'
    """
    texts = {}
    for field in fields(settings):
        value = getattr(settings, field.name)
        if value is None:
            continue
        texts[f"QIT4N_{field.name.upper()}"] = _text(value)
    if texts.pop("QIT4N_SCRATCH") == "on":
        texts["QIT4N_SOURCES"] = NO_SOURCES
    return texts


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Enum):
        return str(value.value)
    return " ".join(value) if isinstance(value, tuple) else str(value)
