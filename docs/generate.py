"""Write docs/reference.md and docs/exports.md from the program itself: settings, commands, routes, errors, queries, exports.

python docs/generate.py            write them
python docs/generate.py --check    exit 1 with the difference where a committed file is not current
"""

from __future__ import annotations

import difflib
import inspect
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qit4n_kg import errors
from qit4n_kg.cli import main as command_line
from qit4n_kg.config import SETTINGS, load_settings
from qit4n_kg.exports.loss_report import Reason
from qit4n_kg.exports.registry import read_registry
from qit4n_kg.queries import read_catalogue
from qit4n_kg.web.app import make_routes
from qit4n_kg.web.problems import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.exports.registry import Export, Registry

OF_THE_WEB = ("method-not-allowed", "internal")
"""Problems that are no error of ours: what HTTP itself refuses, and what was not foreseen."""

TARGET = Path(__file__).with_name("reference.md")
EXPORTS = Path(__file__).with_name("exports.md")
CHECKS = Path(__file__).parents[1] / "tests" / "exports" / "validators.toml"
HEAD = Path(__file__).with_name("exports-head.txt")
COSTS = Path(__file__).with_name("exports-costs.txt")
HARVEST = Path(__file__).with_name("exports-oai.txt")
HEADER = "<!-- Written by docs/generate.py; change the program, then run `make docs`. -->\n# Reference\n"
EXPORTS_HEADER = "<!-- Written by docs/generate.py; change the query files or the program, then run `make docs`. -->\n"


def table(columns: list[str], rows: list[list[str]]) -> str:
    """Write a Markdown table."""
    lines = [
        columns,
        ["---"] * len(columns),
        *([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows),
    ]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def settings() -> str:
    """Write the table of settings."""
    rows = [[f"`QIT4N_{s.name.upper()}`", s.default, s.meaning] for s in SETTINGS]
    return "Each is an environment variable; the flag of a command, where it has one, wins.\n\n" + table(
        ["setting", "default", "meaning"], rows
    )


def commands() -> str:
    """Write each command with its arguments and options."""
    return "\n\n".join(_commands(command_line, click.Context(command_line, info_name="qit4n-kg"), "qit4n-kg"))


def _commands(group: click.Group, context: click.Context, path: str) -> Iterator[str]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        own = click.Context(command, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, own, f"{path} {name}")
            continue
        usage = " ".join(command.collect_usage_pieces(own))
        rows = [
            [", ".join(f"`{option}`" for option in parameter.opts), parameter.help or ""]
            for parameter in command.params
            if isinstance(parameter, click.Option)
        ]
        first, *_ = inspect.cleandoc(command.help or "").split("\n\n")
        options = f"\n\n{table(['option', 'meaning'], rows)}" if rows else ""
        yield f"### `{path} {name} {usage}`\n\n{' '.join(first.split())}{options}"


def routes() -> str:
    """Write the table of routes."""
    app = make_routes(load_settings({}))
    rows = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, sorted(rule.methods or ()))):
        view = app.view_functions[rule.endpoint]
        meaning = (
            (inspect.getdoc(view) or "").split("\n")[0]
            if rule.endpoint != "static"
            else "Send a style sheet or an image."
        )
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}) or sorted(rule.methods or set())
        rows.append([f"`{rule.rule}`", ", ".join(methods), meaning])
    return "HEAD and OPTIONS are answered everywhere.\n\n" + table(["route", "methods", "what it answers"], rows)


def error_tree(error: type[errors.KnowledgeGraphError], depth: int = 0) -> list[list[str]]:
    """List an error and those below it."""
    meaning = (inspect.getdoc(error) or "").split("\n")[0]
    status = str(PROBLEMS[error.code].status) if error.code in PROBLEMS else ""
    row = [f"{'— ' * depth}`{error.code}`", status, str(error.exit_code), meaning]
    return [row, *(line for child in error.__subclasses__() for line in error_tree(child, depth + 1))]


def problems() -> str:
    """Write the table of errors."""
    rows = [row for child in errors.KnowledgeGraphError.__subclasses__() for row in error_tree(child)]
    rows += [[f"`{code}`", str(PROBLEMS[code].status), "", PROBLEMS[code].explanation] for code in OF_THE_WEB]
    return (
        "The tail of a problem's `type` (RFC 9457), its HTTP status where it can be an answer, and the exit code of a command "
        "that ends with it.\n\n" + table(["type", "status", "exit", "meaning"], rows)
    )


def queries() -> str:
    """Write the table of the catalogue."""
    catalogue = read_catalogue(load_settings({}).sources / "queries" / "catalogue")
    rows = [
        [
            f"[`{query.id}`](../queries/catalogue/{query.id}.rq)",
            query.question,
            ", ".join(p.name for p in query.parameters),
        ]
        for query in catalogue
    ]
    return table(["id", "question", "parameters"], rows)


def export_files(registry: Registry) -> str:
    """Write the table of exports."""
    rows = [
        [f"`{export.path}`", _example(export), f"`{export.media_type}`", export.label, export.description.consumer]
        for export in registry
    ]
    return table(["address", "for example", "media type", "format", "who takes it"], rows)


def _example(export: Export) -> str:
    return f"`{export.example_path}`" if export.example_path != export.path else ""


def mappings(registry: Registry) -> str:
    """Write a table for each query file: what of the graph goes where."""
    parts = []
    for description in registry.descriptions:
        names = ", ".join(f"`{export.name}`" for export in registry.of(description))
        notes = "".join(f"- {note}\n" for note in description.notes)
        rows = [[f"`{place.term}`", place.place] for place in description.mappings]
        mapped = f"\n{table(['in the graph', 'in the format'], rows)}\n" if rows else ""
        source = f"[`queries/exports/{description.id}.rq`](../queries/exports/{description.id}.rq)"
        parts.append(f"### {description.query.title}\n\n{names}; {source}\n\n{notes}{mapped}")
    return "\n".join(parts)


def validators() -> str:
    """Write the table of what checks each export."""
    rows = [
        [
            ", ".join(f"`{name}`" for name in check["exports"]),
            f"{check['tool']} {check['version']}".strip(),
            check["what"],
            f"`{check['accepts']}`",
            f"`{check['refuses']}`" if check["refuses"] else "",
            check.get("where", ""),
        ]
        for check in tomllib.loads(CHECKS.read_text(encoding="utf-8"))["check"]
    ]
    return table(
        ["export", "client or validator", "what it checks", "accepts", "refuses a spoiled copy", "needs"], rows
    )


def exports() -> str:
    """Put the page of exports together."""
    registry = read_registry(load_settings({}).sources / "queries" / "exports")
    sections = {
        "Files": export_files(registry),
        "OAI-PMH": HARVEST.read_text(encoding="utf-8").strip(),
        "What goes where": "The lines `# map:` of the query files. A test drops each term from the graph and sees that the file "
        f"is another.\n\n{mappings(registry)}",
        "Who checks them": "Each was run with the version named here, and accepted what is shipped; the tests are in "
        f"`tests/exports/`.\n\n{validators()}",
        "What they cost": COSTS.read_text(encoding="utf-8").strip(),
    }
    reasons = "\n".join(f"- `{reason.value}`: {reason.meaning}" for reason in Reason)
    header = EXPORTS_HEADER + HEAD.read_text(encoding="utf-8").replace("REASONS", reasons)
    return header + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items())


def document() -> str:
    """Put the page of reference together."""
    sections = {
        "Settings": settings(),
        "Commands": commands(),
        "Routes": routes(),
        "Errors": problems(),
        "Queries of the catalogue": queries(),
    }
    return HEADER + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items())


def main() -> int:
    """Write or check the pages."""
    pages = {TARGET: document(), EXPORTS: exports()}
    if "--check" not in sys.argv[1:]:
        for target, wanted in pages.items():
            target.write_text(wanted, encoding="utf-8")
        return 0
    return max(check(target, wanted) for target, wanted in pages.items())


def check(target: Path, wanted: str) -> int:
    """Return 1 and show the difference where a page is not current."""
    current = target.read_text(encoding="utf-8") if target.exists() else ""
    if current == wanted:
        return 0
    name = f"docs/{target.name}"
    difference = difflib.unified_diff(current.splitlines(), wanted.splitlines(), name, "as it should be", n=1)
    sys.stderr.write("\n".join(difference) + f"\n{name} is not current: run `make docs`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
