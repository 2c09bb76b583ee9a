"""Shows a comparison: a table for people, JSON for programs, a chart in SVG."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qit4n_kg.bench.comparison import Comparison

OWN = "qit4n-kg"
_COLOURS = {OWN: "#005ea2", "oxigraph": "#c05600", "rdflib-endpoint": "#6b6b6b"}
_WIDTH, _BAR, _LABEL = 760, 18, 220


def to_json(comparison: Comparison) -> str:
    """Write everything that was measured."""
    return json.dumps(comparison.as_json(), indent=2) + "\n"


def to_table(comparison: Comparison) -> str:
    """Write the tables in Markdown: rates with latencies, and how many times each peer this server is."""
    return "\n".join([*_loads(comparison), "", *_analytic(comparison), "", *_notes(comparison)]) + "\n"


def _loads(comparison: Comparison) -> Iterator[str]:
    peers = [name for name in comparison.servers if name != OWN]
    ratios = "".join(f" times {peer} |" for peer in peers)
    yield f"| mix | clients | {' | '.join(f'{name}, requests/s (p50, p99 ms)' for name in comparison.servers)} |{ratios}"
    yield "|---" * (2 + len(comparison.servers) + len(peers)) + "|"
    for way, by_clients in comparison.loads.items():
        for clients, by_server in by_clients.items():
            cells = [
                f"{m.rate:,.0f} ({m.p50:.1f}, {m.p99:.1f})" + (f" **{m.errors} errors**" if m.errors else "")
                for m in (by_server[name] for name in comparison.servers)
            ]
            own = by_server[OWN].rate
            cells += [f"{own / by_server[peer].rate:.2f}" if by_server[peer].rate else "-" for peer in peers]
            yield f"| {way} | {clients} | {' | '.join(cells)} |"


def _analytic(comparison: Comparison) -> Iterator[str]:
    names = comparison.servers
    others = [name for name in names if name != OWN]
    yield f"| analytic query | {' | '.join(f'{name}, ms' for name in names)} |" + "".join(
        f" time, times {n} | processor time, times {n} |" for n in others
    )
    yield "|---" * (1 + len(names) + 2 * len(others)) + "|"
    for query, times in comparison.analytic.items():
        used = comparison.processor.get(query, {})
        cells = [f"{1000 * times[name]:.1f}" for name in names]
        for name in others:
            cells += [f"{times[OWN] / times[name]:.2f}", f"{used[OWN] / used[name]:.2f}" if used.get(name) else "-"]
        yield f"| {query} | {' | '.join(cells)} |"


def _notes(comparison: Comparison) -> Iterator[str]:
    yield (
        f"{comparison.triples:,} triples in the default graph; {comparison.questions} queries in the mix; "
        f"{comparison.seconds:g} s each; load by {comparison.generator}, a closed loop on the same machine."
    )
    by_reason: dict[str, list[str]] = {}
    for name, reason in comparison.left_out.items():
        by_reason.setdefault(reason, []).append(name)
    for reason, names in by_reason.items():
        yield f"Left out of every server's mix, as it {reason}: {len(names)} ({', '.join(names)})."
    for server, names in comparison.differing.items():
        yield f"{server} answers {len(names)} of them otherwise than the engine: {', '.join(names)}."
    yield from (f"Not measured: {reason}." for reason in comparison.missing)


def to_svg(comparison: Comparison) -> str:
    """Draw the rates as bars, a group for each mix and number of clients."""
    groups = [(way, clients, found) for way, numbers in comparison.loads.items() for clients, found in numbers.items()]
    most = max((m.rate for _, _, found in groups for m in found.values()), default=1.0) or 1.0
    parts, y = [], 40
    for way, clients, found in groups:
        parts.append(f'<text x="0" y="{y + 13}">{escape(way)}, {clients} clients</text>')
        for name, measured in found.items():
            width = max(1.0, (_WIDTH - _LABEL - 200) * measured.rate / most)
            parts.append(
                f'<rect x="{_LABEL}" y="{y}" width="{width:.1f}" height="{_BAR - 4}" fill="{_COLOURS.get(name, "#333")}"/>'
                f'<text x="{_LABEL + width + 6:.1f}" y="{y + 12}">{measured.rate:,.0f} {escape(name)}</text>'
            )
            y += _BAR
        y += 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" font-family="sans-serif" font-size="13" role="img">'
        f"<title>Requests a second</title>"
        f'<text x="0" y="18" font-size="16">Requests a second, {comparison.triples:,} triples</text>{"".join(parts)}</svg>\n'
    )
