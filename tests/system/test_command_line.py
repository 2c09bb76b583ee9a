"""The command as people use it: answers on stdout, one clear line on stderr, and the exit code that the manual promises."""

import json
import socket
import subprocess

import pytest

from qit4n_kg.config import default_sources
from system.server import COMMAND, environment, run, serving

FIRST = "https://w3id.org/qit4n/graph/first"


@pytest.fixture(scope="module")
def state(built_state):
    return built_state.state_dir


@pytest.fixture
def tiny(tmp_path):
    """Sources with one data file, which a test may spoil."""
    root = tmp_path / "sources"
    for folder in ("ontology", "shapes", "queries"):
        (root / folder).parent.mkdir(exist_ok=True)
        (root / folder).symlink_to(default_sources() / folder)
    data = root / "data"
    data.mkdir()
    (data / "concepts.ttl").write_text("", encoding="utf-8")
    (data / "first.ttl").write_text(
        "@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
        "@prefix stdorg: <https://w3id.org/stdorg/ns#> .\n"
        f'<{FIRST}> a stdorg:ReferenceGraph ; rdfs:label "First"@en .\n'
        '<https://w3id.org/qit4n/id/person/ada> a stdorg:Person ; rdfs:label "Ada" .\n',
        encoding="utf-8",
    )
    return root


def one_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    assert not any("Traceback" in line for line in lines), text
    return lines


def test_a_catalogue_query_is_answered_as_csv(state):
    done = run("query", "leadership", "--format", "csv", state=state)
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "person,role,body,affiliation,country,attested"
    assert "Zhangchao Ma,Chair" in done.stdout
    assert all(line.strip() for line in done.stdout.splitlines())


def test_known_prefixes_need_no_declaration(state):
    text = "SELECT (SUM(?n) AS ?total) { ?m a stdorg:Meeting ; stdorg:participants ?n }"
    done = run("query", text, "--format", "json", state=state)
    assert json.loads(done.stdout)["results"]["bindings"][0]["total"]["value"] == "702"


def test_a_query_comes_from_a_file_or_standard_input(state, tmp_path):
    file = tmp_path / "count.rq"
    file.write_text("SELECT (COUNT(*) AS ?n) { ?m a stdorg:Meeting }", encoding="utf-8")
    assert run("query", str(file), "--format", "csv", state=state).stdout.split() == ["n", "9"]
    piped = subprocess.run(
        [*COMMAND, "query", "-", "--format", "csv"],
        input=file.read_text(),
        env=environment(state),
        capture_output=True,
        text=True,
        check=False,
    )
    assert piped.stdout.split() == ["n", "9"]


@pytest.mark.parametrize(("form", "start"), [("ntriples", "<https://"), ("turtle", "@prefix"), ("table", "@prefix")])
def test_a_graph_is_written_in_the_format_asked_for(state, form, start):
    done = run("query", "DESCRIBE <https://w3id.org/qit4n/id/person/kaoru-kenyoshi>", "--format", form, state=state)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(start)


@pytest.mark.parametrize(
    ("text", "said"), [("ASK { ?m a stdorg:Meeting }", "yes"), ("ASK { ?m a stdorg:Nothing }", "no")]
)
def test_a_yes_or_no_question_is_answered_in_words(state, text, said):
    assert run("query", text, state=state).stdout.strip() == said


def test_a_default_of_a_parameter_is_said(state):
    assert "country = id:country/" in run("query", "people-from", state=state).stderr


def test_the_catalogue_can_be_listed(state):
    done = run("query", "list", state=state)
    assert done.returncode == 0
    assert any(line.startswith("leadership ") for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("query", "leadershp"), 2, "leadership"),
        (("query", "SELECT ?x { ?x foo }"), 2, "line 1, column"),
        (("query", "leadership", "--format", "turtle"), 2, "json"),
        (("query", "leadership", "-p", "nonsense=1"), 2, "nonsense"),
        (("query", "leadership", "-p", "nonsense"), 2, "NAME=VALUE"),
        (("query", "leadership", "--endpoint", "file:///etc/passwd"), 2, "http"),
        (("query", "leadership", "--endpoint", "http://127.0.0.1:1/sparql"), 1, "can't be reached"),
        (("build", "--sources", "/nowhere"), 2, "/nowhere"),
        (("validate", "/nowhere/file.ttl"), 2, "/nowhere/file.ttl"),
        (("validate", "/tmp"), 2, "folder"),
        (("query", ""), 2, "empty"),
        (("query", "nofile.rq"), 2, "no such file"),
        (("query", "SELECT ?m { ?m a foo:Meeting }"), 2, "The prefix foo: is not declared"),
        (("query", "ASK { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }"), 2, "SERVICE"),
        (("mirror", "http://127.0.0.1:1/", "/dev/null/copy", "--patience", "0"), 1, "can't be made"),
        (("mirror", "http://127.0.0.1:1/", "{tmp}/copy", "--patience", "0"), 1, "Start again later"),
        (("mirror", "ftp://example.org/", "{tmp}/copy"), 2, "no address of a server"),
        (("mirror", "http://127.0.0.1:1/", "{tmp}/copy", "--once", "--follow"), 2, "exclude each other"),
        (("mirror", "http://127.0.0.1:1/", "{tmp}/copy", "--verify"), 1, "holds no mirror yet"),
        (("nonsense",), 2, "nonsense"),
        (("build", "--nonsense"), 2, "--nonsense"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_an_exit_code(state, arguments, code, said, tmp_path):
    done = run(*(text.replace("{tmp}", str(tmp_path)) for text in arguments), state=state)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert len(one_line(done.stderr)) <= 4


def test_a_setting_that_cannot_be_used_is_named(state):
    done = run("build", state=state, QIT4N_WORKERS="many")
    assert done.returncode == 2
    assert "QIT4N_WORKERS" in done.stderr


def test_asking_before_building_says_what_to_do(tmp_path):
    done = run("query", "leadership", state=tmp_path / "nothing")
    assert done.returncode == 1
    assert "qit4n-kg build" in done.stderr
    assert len(one_line(done.stderr)) <= 2


def test_serving_what_was_never_built_says_what_to_do(tmp_path):
    done = run("serve", "--no-build", "--port", "1025", state=tmp_path / "nothing")
    assert done.returncode == 1
    assert "qit4n-kg build" in done.stderr


def test_a_port_in_use_is_said_before_anything_is_built(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("serve", "--port", str(taken.getsockname()[1]), state=tmp_path / "state")
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert not (tmp_path / "state" / "current").exists()


def test_a_syntax_error_stops_the_build_with_file_and_line(tiny, tmp_path):
    (tiny / "data" / "first.ttl").write_text("@prefix a: <urn:a> .\n<urn:x> a a:B ;;; .. oops\n", encoding="utf-8")
    done = run("build", "--sources", str(tiny), state=tmp_path / "state")
    assert done.returncode == 2
    assert "first.ttl:2:" in done.stderr


def test_a_violation_stops_the_build_and_what_was_served_goes_on(tiny, tmp_path):
    state = tmp_path / "state"
    assert run("build", "--sources", str(tiny), state=state).returncode == 0
    with serving(state, "--no-build", "--sources", str(tiny)) as address:
        file = tiny / "data" / "first.ttl"
        file.write_text(file.read_text() + "<https://w3id.org/qit4n/id/role/x> a stdorg:RoleHeld .\n", encoding="utf-8")
        done = run("build", "--sources", str(tiny), state=state)
        assert done.returncode == 1
        assert "first.ttl:5:" in done.stderr
        assert "exactly one" in done.stderr
        answer = run("query", "--endpoint", f"{address}/sparql", "ASK { ?x a stdorg:Person }", state=state)
        assert answer.stdout.strip() == "yes"
    assert (state / "current").read_text().strip() == "1"


def test_building_twice_changes_nothing(tiny, tmp_path):
    state = tmp_path / "state"
    assert "built" in run("build", "--sources", str(tiny), state=state).stderr
    assert "unchanged" in run("build", "--sources", str(tiny), state=state).stderr


def test_a_half_written_generation_is_no_obstacle(tiny, tmp_path):
    state = tmp_path / "state"
    assert run("build", "--sources", str(tiny), state=state).returncode == 0
    (state / "generations" / "2.partial" / "store").mkdir(parents=True)
    (tiny / "data" / "concepts.ttl").write_text("# changed\n", encoding="utf-8")
    done = run("build", "--sources", str(tiny), state=state)
    assert done.returncode == 0, done.stderr
    assert (state / "current").read_text().strip() == "2"


def test_validate_tells_conforming_violating_and_unreadable_files_apart(tmp_path, state):
    head = "@prefix stdorg: <https://w3id.org/stdorg/ns#> .\n@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .\n"
    good, bad, broken = (tmp_path / f"{name}.ttl" for name in ("good", "bad", "broken"))
    good.write_text(
        head + '<https://w3id.org/qit4n/id/person/ada> a stdorg:Person ; rdfs:label "Ada" .\n', encoding="utf-8"
    )
    bad.write_text(head + "<https://w3id.org/qit4n/id/role/x>\n  a stdorg:RoleHeld .\n", encoding="utf-8")
    broken.write_text(head + "<urn:x> <urn:y>\n", encoding="utf-8")
    assert run("validate", str(good), state=state).returncode == 0
    found = run("validate", str(bad), state=state)
    assert found.returncode == 1
    assert f"{bad}:" in found.stdout
    assert "Violation" in found.stdout
    report = json.loads(run("validate", str(bad), "--format", "json", state=state).stdout)
    assert report["conforms"] is False
    unreadable = run("validate", str(broken), state=state)
    assert unreadable.returncode == 2
    assert f"{broken}:" in unreadable.stderr


def test_validate_reads_turtle_from_standard_input(state):
    text = "<https://w3id.org/qit4n/id/fg-qit4n/meeting/9> <https://w3id.org/stdorg/ns#participants> 74 ."
    command = [*COMMAND, "validate", "-"]
    done = subprocess.run(command, input=text, env=environment(state), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("standard input:1:")
    assert "74 here, 73 in data/progress-report-2021-10/table-1/meeting-9.ttl:" in done.stdout


def test_generate_is_reproducible_and_can_be_built(tmp_path):
    file = tmp_path / "world.nq"
    assert run("generate", "--triples", "3000", "--seed", "5", "-o", str(file), state=tmp_path).returncode == 0
    again = run("generate", "--triples", "3000", "--seed", "5", state=tmp_path)
    assert again.stdout == file.read_text(encoding="utf-8")
    done = run("build", "--data", str(file), state=tmp_path / "state")
    assert done.returncode == 0, done.stderr


def test_help_lists_every_command(tmp_path):
    done = run("--help", state=tmp_path)
    for command in ("build", "serve", "query", "validate", "check", "generate"):
        assert f"  {command} " in done.stdout
