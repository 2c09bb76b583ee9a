"""What tests of OAI-PMH share: the protocol's schemas with all that they import, and ways to take an answer apart."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from exports.worlds import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Callable

OAI = "{http://www.openarchives.org/OAI/2.0/}"
DC = "{http://purl.org/dc/elements/1.1/}"
WRAPPER = "{https://w3id.org/stdorg/oai/relaton/}record"
RELATON_XSD = Path(__file__).parents[2] / "src/qit4n_kg/harvesting/relaton.xsd"
_FOLDER = SCHEMAS / "oai-pmh"
_IMPORTED = {
    "http://www.openarchives.org/OAI/2.0/": "OAI-PMH.xsd",
    "http://www.openarchives.org/OAI/2.0/oai_dc/": "oai_dc.xsd",
    "http://www.openarchives.org/OAI/2.0/oai-identifier": "oai-identifier.xsd",
    "https://w3id.org/stdorg/oai/relaton/": "relaton.xsd",
}
_XML = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
  <xs:attribute name="lang" type="xs:language"/></xs:schema>"""


@cache
def _schema(folder: Path) -> etree.XMLSchema:
    """Put the schemas in a folder where they find each other, without the network."""
    for path in _FOLDER.glob("*.xsd"):
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2001/03/xml.xsd", "xml.xsd")
        (folder / path.name).write_text(text, encoding="utf-8")
    (folder / "xml.xsd").write_text(_XML)
    (folder / "relaton.xsd").write_bytes(RELATON_XSD.read_bytes())
    lines = [f'<xs:import namespace="{name}" schemaLocation="{file}"/>' for name, file in _IMPORTED.items()]
    all_of_them = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{"".join(lines)}</xs:schema>'
    (folder / "all.xsd").write_text(all_of_them)
    return etree.XMLSchema(etree.parse(folder / "all.xsd"))


@pytest.fixture(scope="session")
def check(tmp_path_factory: pytest.TempPathFactory) -> Callable[[etree._Element], None]:
    """A function that fails where the protocol's schemas do not accept an answer."""
    if not _FOLDER.is_dir():
        pytest.skip("The schemas of OAI-PMH are not beside this checkout.")
    schema = _schema(tmp_path_factory.mktemp("oai-schemas"))
    return schema.assertValid


def texts(element: etree._Element, name: str) -> list[str]:
    """The texts of every element of a name, `dc:` or the protocol's."""
    tag = f"{DC}{name[3:]}" if name.startswith("dc:") else f"{OAI}{name}"
    return [one.text or "" for one in element.iter(tag)]
