"""Forms made from the shapes, as people use them: correcting, adding, what is kept, errors at fields, conflicts, signing in."""

from __future__ import annotations

import json
import shutil
import urllib.request
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from browser.conftest import Visits, serving
from browser.test_accessibility import violations
from qit4n_kg.tokens import Role, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    from qit4n_kg.config import Settings

    Keep = Callable[[Page, str], None]

ID = "https://w3id.org/qit4n/id/"
STDORG = "https://w3id.org/stdorg/ns#"
PREFIXES = (
    f"@base <{ID}> . @prefix stdorg: <{STDORG}> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . "
    "@prefix skos: <http://www.w3.org/2004/02/skos/core#> . "
)
HOSTILE = "</script><script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">"

DESCRIPTION = """input => input.getAttribute("aria-describedby").split(" ")
  .map((id) => input.getRootNode().getElementById(id).textContent).join(" ")"""

pytestmark = [pytest.mark.usefixtures("has_bundles"), pytest.mark.timeout(300)]


@dataclass
class Registry:
    """A server on a copy of the shipped graph, to which one may write, with a token for each of three people."""

    address: str
    tokens: dict[str, str]

    def call(self, method: str, path: str, body: object = None, who: str | None = None) -> dict[str, object]:
        """Ask as a program does."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.address}{path}", data, method=method)
        request.add_header("Accept", "application/json")
        request.add_header("Content-Type", "application/json")
        if who:
            request.add_header("Authorization", f"Bearer {self.tokens[who]}")
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def contribute(self, adds: str = "", retracts: str = "") -> None:
        """Have something accepted."""
        body = {"message": "Made for a test", "licence": "CC-BY-4.0", "adds": PREFIXES + adds if adds else ""}
        body["retracts"] = PREFIXES + retracts if retracts else ""
        made = self.call("POST", "/contributions", body, "ana")
        self.call("POST", f"/contributions/{made['id']}/accept", {}, "ben")

    def accept(self, page: Page) -> None:
        """Have the contribution accepted that a page shows."""
        self.call("POST", f"/contributions/{page.url.rsplit('/', 1)[-1]}/accept", {}, "ben")

    def statements(self, local: str) -> set[str]:
        """Return what the registry says of a thing, as N-Triples."""
        request = urllib.request.Request(f"{self.address}/data/{local}.nt")
        with urllib.request.urlopen(request, timeout=60) as response:
            lines = response.read().decode().splitlines()
        return {line for line in lines if line.startswith(f"<{ID}{local}>")}


@pytest.fixture(scope="module")
def registry(browser: Browser, built_state: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    folder: Path = tmp_path_factory.mktemp("registry")
    shutil.copytree(built_state.state_dir, folder / "state")
    settings = replace(
        built_state, state_dir=folder / "state", journal_dir=folder / "journal", validations_per_minute=1000
    )
    kept = Tokens(settings.journal_dir)
    tokens = {name: kept.create(name, role) for name, role in {"ana": Role.CONTRIBUTOR, "ben": Role.REVIEWER}.items()}
    with serving(settings) as address:
        yield Registry(address, tokens)


@pytest.fixture
def visit(browser: Browser, registry: Registry) -> Iterator[Callable[..., Page]]:
    """Open a path, signed in as somebody or as nobody; no page may report an error, whatever it shows."""
    visits = Visits(browser, registry.address)

    def go(path: str, who: str | None = "ana", **options: object) -> Page:
        page = visits.open("/sign-in" if who else path, **options)  # type: ignore[arg-type]
        if who:
            page.locator("#token").fill(registry.tokens[who])
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_load_state()
            page.goto(f"{registry.address}{path}")
        return page

    yield go
    visits.close()


def ready(page: Page) -> Page:
    page.locator("#entity-send:not([hidden])").wait_for()
    return page


def field(page: Page, name: str) -> object:
    return page.locator("shacl-form").get_by_label(name, exact=True).first


def write(page: Page, name: str, text: str) -> None:
    field(page, name).fill(text)
    page.keyboard.press("Tab")


def changes(page: Page) -> list[str]:
    page.wait_for_timeout(500)
    return page.locator("#entity-changes li").all_inner_texts()


def send(page: Page, message: str = "A correction") -> None:
    page.get_by_label("What is it about?").fill(message)
    page.locator("#entity-licence").check()
    page.locator("#entity-submit").click()


def sent(page: Page) -> str:
    page.wait_for_url("**/contributions/*")
    return page.locator("main").inner_text()


def test_a_persons_name_is_corrected_and_everything_else_stays(visit, registry: Registry, keep: Keep) -> None:
    registry.contribute(
        adds='<person/kaoru-kenyoshi> <http://xmlns.com/foaf/0.1/phone> <tel:+8112345> ; skos:hiddenLabel "K. K." .'
    )
    before = registry.statements("person/kaoru-kenyoshi")
    page = visit("/doc/person/kaoru-kenyoshi")
    page.get_by_role("link", name="Correct this").click()
    ready(page)
    assert "skos:hiddenlabel" in (page.locator("#entity-send details").text_content() or "").lower()
    write(page, "family name", "KENYOSHI")
    assert changes(page) == ["family name: “Kenyoshi” → “KENYOSHI”"]
    keep(page, "form-correct-person")
    send(page, "As he writes it")
    assert "Kenyoshi” → “KENYOSHI”" in sent(page) or "KENYOSHI" in page.locator("main").inner_text()
    registry.accept(page)
    after = registry.statements("person/kaoru-kenyoshi")
    name = f"<{ID}person/kaoru-kenyoshi> <http://xmlns.com/foaf/0.1/familyName>"
    assert before - after == {f'{name} "Kenyoshi" .'}
    assert after - before == {f'{name} "KENYOSHI" .'}


def test_a_documents_statement_is_overruled_with_a_reason_that_is_asked_for(
    visit, registry: Registry, keep: Keep
) -> None:
    page = ready(visit("/contribute/edit?id=fg-qit4n/meeting/3"))
    old = field(page, "participants").input_value()
    write(page, "participants", "222")
    assert changes(page) == [f"participants: {old} → 222"]
    send(page)
    page.get_by_text("Say why the document is not followed.").wait_for()
    reason = page.locator("#entity-reasons input[type=text]")
    assert reason.evaluate("input => document.activeElement === input")
    reason.fill("The list of participants has 222")
    page.get_by_text("Say why the document is not followed.").wait_for(state="detached")
    keep(page, "form-overrule")
    page.locator("#entity-submit").click()
    assert "overruled: The list of participants has 222" in sent(page)
    told = registry.call("GET", f"/contributions/{page.url.rsplit('/', 1)[-1]}", who="ana")
    assert [one["reason"] for one in told["proposal"]["overrules"]] == ["The list of participants has 222"]
    assert not told["proposal"].get("retracts")


def test_a_misread_document_is_corrected_without_overruling_it(visit, registry: Registry) -> None:
    page = ready(visit("/contribute/edit?id=fg-qit4n/meeting/4"))
    write(page, "participants", "333")
    changes(page)
    page.get_by_label("The document does not say so: we copied it wrongly").check()
    send(page)
    sent(page)
    told = registry.call("GET", f"/contributions/{page.url.rsplit('/', 1)[-1]}", who="ana")
    assert not told["proposal"].get("overrules")
    assert "participants" in str(told["proposal"]["retracts"])


def test_a_meeting_is_added_with_a_report_that_is_new_as_well(visit, registry: Registry, keep: Keep) -> None:
    page = ready(visit("/contribute/new?class=Meeting"))
    write(page, "label (needed)", "FG QIT4N meeting 12")
    field(page, "meeting of (needed)").select_option(f"{ID}fg-qit4n")
    write(page, "number", "12")
    write(page, "first day", "2022-03-01")
    page.get_by_role("button", name="New: Document").click()
    nested = page.locator("shacl-form .nested")
    nested.get_by_label("label (needed)").fill("Report of meeting 12")
    nested.get_by_label("code", exact=True).fill("O-120")
    page.keyboard.press("Tab")
    free = page.locator("shacl-form .identifier").get_by_text("This identifier is free.")
    free.nth(1).wait_for()
    assert [one.input_value() for one in page.locator("shacl-form .identifier input").all()] == [
        "fg-qit4n/document/o-120",
        "fg-qit4n/meeting/12",
    ]
    keep(page, "form-new-meeting")
    assert violations(page) == []
    send(page, "Meeting 12")
    assert "FG QIT4N meeting 12" in sent(page)
    registry.accept(page)
    stated = registry.statements("fg-qit4n/meeting/12")
    meeting = f"<{ID}fg-qit4n/meeting/12>"
    assert f"{meeting} <{STDORG}meetingOf> <{ID}fg-qit4n> ." in stated
    assert f"{meeting} <{STDORG}report> <{ID}fg-qit4n/document/o-120> ." in stated
    assert f'{meeting} <https://schema.org/startDate> "2022-03-01"^^<http://www.w3.org/2001/XMLSchema#date> .' in stated
    assert any("O-120" in line for line in registry.statements("fg-qit4n/document/o-120"))


def test_a_role_is_added_with_a_month_and_its_identifier_from_its_parts(visit) -> None:
    page = ready(visit("/contribute/new?class=RoleHeld"))
    write(page, "label (needed)", "Kaoru Kenyoshi, co-chair of WG3")
    field(page, "person (needed)").select_option(f"{ID}person/kaoru-kenyoshi")
    field(page, "role (needed)").select_option(f"{ID}concept/role/co-chair")
    field(page, "in (needed)").select_option(f"{ID}fg-qit4n/wg1")
    write(page, "as of (needed)", "2021-10")
    page.get_by_text("This identifier is free.").wait_for()
    assert page.locator("shacl-form .identifier input").input_value() == "fg-qit4n/wg1/role/co-chair/kaoru-kenyoshi"
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Nothing to remark. To send it, say what it is about").wait_for()
    page.locator("#entity-message").fill("A new co-chair")
    page.locator("#entity-licence").check()
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Nothing to remark: this can be sent.").wait_for()


def test_a_field_for_one_thing_takes_a_new_one_while_it_is_empty(visit) -> None:
    page = ready(visit("/contribute/new?class=RoleHeld"))
    person, make = field(page, "person (needed)"), page.get_by_role("button", name="New: Person")
    person.select_option(f"{ID}person/kaoru-kenyoshi")
    make.wait_for(state="hidden")
    person.select_option("")
    make.click()
    name = page.locator("shacl-form .nested").get_by_label("name (needed)")
    name.fill("Maria Bianchi")
    make.wait_for(state="hidden")
    page.get_by_text("Person: Maria Bianchi").wait_for()
    page.get_by_role("button", name="Check").click()
    page.get_by_text("This is needed.").wait_for()
    assert field(page, "role (needed)").get_attribute("aria-invalid") == "true"
    assert name.get_attribute("aria-invalid") is None  # the role's label is missing, not the person's
    name.fill("Kaoru Kenyoshi")
    write(page, "label (needed)", "Kaoru Kenyoshi, co-chair of WG1")
    field(page, "role (needed)").select_option(f"{ID}concept/role/co-chair")
    field(page, "in (needed)").select_option(f"{ID}fg-qit4n/wg1")
    write(page, "as of (needed)", "October 2021")
    page.locator("shacl-form .nested .identifier").get_by_text("This identifier is taken").wait_for()
    page.get_by_role("button", name="Check").click()
    page.locator("#entity-findings").get_by_text("This identifier is taken").wait_for()
    write(page, "as of (needed)", "2021-10")
    name.fill("Maria Bianchi")
    page.get_by_role(
        "button", name="Check"
    ).click()  # at once: the role's identifier is made of the person's, not yet asked for
    page.get_by_text("Nothing to remark. To send it").wait_for()
    assert page.locator("shacl-form .identifier input").last.input_value() == "fg-qit4n/wg1/role/co-chair/maria-bianchi"


def test_what_is_wrong_is_told_at_its_field_and_read_out(visit, keep: Keep) -> None:
    page = ready(visit("/contribute/edit?id=fg-qit4n/meeting/5"))
    write(page, "number", "minus one")
    number = field(page, "number")
    page.locator("shacl-form .validation-error").first.wait_for()
    assert number.get_attribute("aria-invalid") == "true"
    told = number.evaluate(DESCRIPTION)
    assert "one whole number, 1 or more" in told
    write(page, "number", "5")
    write(page, "last day", "2001-01-01")
    changes(page)
    page.get_by_role("button", name="Check").click()
    page.locator("#entity-findings .notice--error").wait_for()
    assert page.locator("#entity-findings").get_attribute("role") == "alert"
    at_field = page.locator("shacl-form .server-finding")
    assert at_field.count() >= 1
    assert (
        page.evaluate("document.querySelector('shacl-form').shadowRoot.activeElement?.getAttribute('aria-invalid')")
        == "true"
    )
    keep(page, "form-violation")
    assert violations(page) == []


def test_a_needed_field_that_is_empty_gets_the_focus(visit) -> None:
    page = ready(visit("/contribute/new?class=Person"))
    write(page, "given name", "Ada")
    page.locator("#entity-submit").click()
    page.get_by_text("This is needed.").wait_for()
    assert page.evaluate("document.querySelector('shacl-form').shadowRoot.activeElement.id") == field(
        page, "name (needed)"
    ).get_attribute("id")


def test_a_person_who_is_there_already_is_warned_of_before_sending(visit, keep: Keep) -> None:
    page = ready(visit("/contribute/new?class=Person"))
    write(page, "name (needed)", "Kenyoshi Kaoru")
    page.get_by_text("This identifier is free.").wait_for()
    send(page)
    page.locator("#entity-findings .notice--warning").wait_for()
    assert "is this the same one?" in page.locator("#entity-findings").inner_text()
    assert page.locator("#entity-submit").inner_text() == "Send all the same"
    keep(page, "form-near-duplicate")
    page.locator("#entity-submit").click()
    assert "Kenyoshi Kaoru" in sent(page)


def test_a_taken_identifier_leads_to_the_thing_that_has_it(visit) -> None:
    page = ready(visit("/contribute/new?class=Person"))
    write(page, "name (needed)", "Kaoru Kenyoshi")
    page.get_by_text("This identifier is taken, by: Kaoru Kenyoshi").wait_for()
    page.get_by_role("link", name="Correct that one instead").click()
    ready(page)
    assert page.locator("h1").inner_text() == "Correct: Kaoru Kenyoshi"


def test_a_conflict_is_told_and_what_was_typed_is_put_over_what_is_there_now(
    visit, registry: Registry, keep: Keep
) -> None:
    page = ready(visit("/contribute/edit?id=person/hao-qin", expected=(412,)))
    old = field(page, "family name").input_value()
    write(page, "family name", "Qin-Mine")
    person = "<person/hao-qin> <http://xmlns.com/foaf/0.1/familyName>"
    registry.contribute(adds=f'{person} "Qin-Theirs" .', retracts=f'{person} "{old}" .')
    send(page)
    page.get_by_text("Somebody changed the same meanwhile.").wait_for()
    assert "Qin-Theirs" in page.locator("#entity-findings").inner_text()
    keep(page, "form-conflict")
    page.get_by_role("button", name="Show what is there now").click()
    page.get_by_text("What you typed before is here again.").wait_for()
    assert changes(page) == ["family name: “Qin-Theirs” → “Qin-Mine”"]
    assert page.get_by_label("What is it about?").input_value() == "A correction"
    send(page)
    assert "Qin-Mine" in sent(page)


def test_who_is_not_signed_in_is_told_so_and_loses_nothing_on_the_way(visit, registry: Registry, keep: Keep) -> None:
    page = ready(visit("/contribute/edit?id=organization/nict", who=None))
    assert "You are not signed in." in page.locator("main").inner_text()
    field(page, "alternative label").fill("NICT of Japan")
    page.keyboard.press("Tab")
    changes(page)
    send(page, "Another name")
    page.locator("#entity-findings").get_by_role("link", name="Sign in").click()
    page.locator("#token").fill(registry.tokens["ana"])
    page.get_by_role("button", name="Sign in").click()
    ready(page)
    assert page.url.endswith("/contribute/edit?id=organization/nict")
    page.get_by_text("What you typed before is here again.").wait_for()
    assert field(page, "alternative label").input_value() == "NICT of Japan" or "NICT of Japan" in str(changes(page))
    keep(page, "form-signed-in")
    send(page, "Another name")
    assert "NICT of Japan" in sent(page)
    page.goto(f"{registry.address}/contribute/edit?id=organization/nict")
    ready(page)
    assert changes(page) == ["Nothing is changed yet."]


def test_a_hostile_label_stays_text_in_the_form(visit, registry: Registry) -> None:
    quoted = json.dumps(HOSTILE)
    registry.contribute(
        adds=f"<organization/hostile> a stdorg:Organization ; rdfs:label {quoted}@en ; skos:altLabel {quoted}@en ."
    )
    page = ready(visit("/contribute/edit?id=organization/hostile"))
    assert field(page, "label (needed)").input_value() == HOSTILE
    write(page, "alternative label", f"{HOSTILE}!")
    assert any("!”" in one for one in changes(page))
    page.goto(f"{registry.address}/contribute/new?class=RoleHeld")
    ready(page)
    option = page.locator("shacl-form option", has_text="hacked").first
    assert option.inner_text() == HOSTILE
    field(page, "affiliation").select_option(f"{ID}organization/hostile")
    changes(page)
    assert page.locator("shacl-form img, #entity-send img, shacl-form script").count() == 0
    assert page.title().startswith("New: Role held")


def test_the_form_is_used_with_the_keyboard_alone(visit) -> None:
    page = ready(visit("/contribute/edit?id=organization/nict"))
    add = page.get_by_role("button", name="Add another: alternative label")
    add.focus()
    before = page.locator("shacl-form").get_by_label("alternative label", exact=True).count()
    page.keyboard.press("Enter")
    fields = page.locator("shacl-form").get_by_label("alternative label", exact=True)
    fields.nth(before).wait_for()
    page.keyboard.type("Typed at once")
    assert fields.last.input_value() == "Typed at once"
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert (
        page.evaluate("document.querySelector('shacl-form').shadowRoot.activeElement.getAttribute('aria-label')")
        == "Remove: alternative label"
    )
    page.keyboard.press("Space")
    fields.nth(before).wait_for(state="detached")
    more = page.get_by_role("button", name="Check")
    more.focus()
    page.keyboard.press("Enter")
    page.get_by_text("Nothing is changed yet.").last.wait_for()


@pytest.mark.parametrize("path", ["new?class=RoleHeld", "edit?id=fg-qit4n/meeting/2", "edit?id=fg-qit4n/wg1"])
def test_the_form_is_accessible_and_fits_a_phone(visit, keep: Keep, path: str) -> None:
    page = ready(visit(f"/contribute/{path}", width=320))
    more = page.locator("shacl-form .more-button")
    if more.count():
        more.click()
    name = f"form-{path[:4].strip('?')}-{path.rsplit('/', 1)[-1].rsplit('=', 1)[-1]}"
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []
        keep(page, f"{name}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.locator("shacl-form").evaluate(
        "form => [...form.shadowRoot.querySelectorAll('*')].every(e => e.getBoundingClientRect().right <= 321)"
    )


def test_the_form_speaks_french(visit) -> None:
    page = ready(visit("/contribute/edit?id=fg-qit4n/meeting/2&lang=fr"))
    assert page.locator("#entity-submit").inner_text() == "Envoyer pour relecture"
    text = page.locator("shacl-form").evaluate("form => form.shadowRoot.querySelector('form').innerText")
    assert "premier jour" in text.lower()
    assert not any(word in text for word in ("Add another", "Choose", "needed", "More fields", "Remove"))


def test_without_javascript_the_page_leads_to_the_spreadsheet(visit) -> None:
    page = visit("/contribute/edit?id=person/kaoru-kenyoshi", who=None, java_script_enabled=False)
    assert page.locator("#entity-without").is_visible()
    assert page.locator("#entity-send").is_hidden()
    with page.expect_download() as download:
        page.locator("#entity-without").get_by_role("link", name="XLSX").click()
    assert download.value.suggested_filename.startswith("Person-")
