"""A handful of records, and their index in a folder of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qit4n_kg.search.harvest import Record
from qit4n_kg.search.index import FOLDER, SearchIndex, write_index

if TYPE_CHECKING:
    from pathlib import Path

ID = "https://w3id.org/qit4n/id/"
STDORG = "https://w3id.org/stdorg/ns#"


def record(path: str, label: str, kind: str, weight: int = 4, **more: tuple[str, ...] | str) -> Record:
    classes = (f"{STDORG}{kind}", *(f"{STDORG}{name}" for name in more.pop("above", ())))
    iri = f"{ID}{path}"
    return Record(iri, label, identifiers=(path, iri), kinds=classes[:1], classes=classes, weight=weight, **more)  # type: ignore[arg-type]


RECORDS = (
    record("person/kaoru-kenyoshi", "Kaoru Kenyoshi", "Person", countries=(f"{ID}country/jp",)),
    record("person/helmut-griesser", "Helmut Grießer", "Person", countries=(f"{ID}country/de",)),
    record("body/itu-t-sg13", "ITU-T SG13", "StudyGroup", codes=("SG13",), above=("Body",)),
    record("body/itu-t-sg17", "ITU-T SG17", "StudyGroup", codes=("SG17",), above=("Body",)),
    record("deliverable/d2.3.1", "D2.3.1 Quantum layer", "Deliverable", codes=("D2.3.1",), years=("2021",)),
    record("deliverable/d2.3.2", "D2.3.2 Key management", "Deliverable", codes=("D2.3.2",), years=("2021",)),
    record("organization/nict", "National Institute", "Organization", names=("NICT",), text="Works with quantum keys."),
    record("person/rin", "凛 山田", "Person"),
    record("role/kenyoshi", "Kaoru Kenyoshi, vice chair", "RoleHeld", 1, countries=(f"{ID}country/jp",)),
    record("liaison/sg13", "Liaison with ITU-T SG13", "Liaison", 2, years=("2020", "2021")),
)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    folder: Path = tmp_path_factory.mktemp("generation") / FOLDER
    write_index(folder, RECORDS)
    return SearchIndex(folder)
