"""The geometry of a module's diagram, so that a template only writes it down; pure. The same in words always stands beside it.

Classes stand in columns: superclasses left of their subclasses, values of properties at the right. A line to a class further off
goes through empty places in the columns between (as Sugiyama's method does), and each column is sorted by where its neighbours are.
All lines leave and arrive sideways; those from one class to another share a line, with one label each.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LETTER, _LABEL_LETTER = 7.6, 6.6
_LINE, _PORT = 15.0, 11.0
_BEND, _MARGIN, _BETWEEN = 64.0, 10.0, 16.0
_RETURN, _APART = 16.0, 40.0
_SWEEPS = 8


@dataclass(frozen=True)
class Edge:
    """What is drawn between two classes: a subclass arrow, or an arrow with the names of properties."""

    source: str
    target: str
    labels: tuple[str, ...] = ()

    @property
    def is_subclass(self) -> bool:
        """Whether it says that the source is a kind of the target."""
        return not self.labels


@dataclass
class Box:
    """A class, or (`name` empty) the place where a line crosses a column; `x` and `y` are its upper left corner."""

    name: str
    column: int
    is_own: bool = True
    width: float = 0.0
    height: float = 0.0
    x: float = 0.0
    y: float = 0.0
    ports: dict[bool, list[Edge]] = field(default_factory=lambda: {False: [], True: []})

    @property
    def middle(self) -> float:
        """Where its middle line is."""
        return self.y + self.height / 2


@dataclass(frozen=True)
class Label:
    """The name of a property on its line."""

    name: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True)
class Line:
    """A drawn edge: `path` and `head` are SVG path data."""

    edge: Edge
    path: str
    head: str
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Diagram:
    """A drawing of `width` by `height` pixels."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def merged(edges: Iterable[Edge]) -> list[Edge]:
    """Make one edge of all properties between the same two classes, in the order of their names.

    >>> merged([Edge("A", "B", ("q",)), Edge("A", "B", ("p",)), Edge("A", "B")])
    [Edge(source='A', target='B', labels=('p', 'q')), Edge(source='A', target='B', labels=())]
    """
    labels: dict[tuple[str, str, bool], set[str]] = defaultdict(set)
    for edge in edges:
        labels[edge.source, edge.target, edge.is_subclass].update(edge.labels)
    return [Edge(source, target, tuple(sorted(names))) for (source, target, _), names in labels.items()]


def draw(edges: Iterable[Edge], own: Iterable[str]) -> Diagram | None:
    """Lay out classes and the edges between them; `own` are the module's own. None where there is nothing to draw."""
    own = list(own)
    found = [edge for edge in merged(edges) if not edge.is_subclass or edge.source != edge.target]
    columns = _columns(found, own)
    if not columns:
        return None
    boxes = {name: Box(name, column, name in own) for name, column in columns.items()}
    ways = {edge: _way(edge, boxes) for edge in found}
    grid = _grid([*boxes.values(), *(box for way in ways.values() for box in way[1:-1])])
    _attach(ways)
    for box in boxes.values():
        sides = [sum(_slot(edge, box, on_right) for edge in box.ports[on_right]) for on_right in (False, True)]
        box.width = round(len(box.name) * _LETTER + 26)
        box.height = max(34.0, *(side + 12 for side in sides))
    _place(grid, ways)
    _sort_ports(ways)
    width = _spread(grid, ways)
    drawn = tuple(boxes.values())
    lines = tuple(_line(edge, way) for edge, way in ways.items())
    height = max(box.y + box.height for column in grid for box in column) + _MARGIN
    return Diagram(round(width), round(height), drawn, lines)


def _columns(edges: Sequence[Edge], own: Sequence[str]) -> dict[str, int]:
    """Choose a column for each class: one right of its superclasses; what is only a value stands right of what it is a value of."""
    above: dict[str, set[str]] = defaultdict(set)
    sources: dict[str, set[str]] = defaultdict(set)
    targets: dict[str, set[str]] = defaultdict(set)
    for edge in edges:
        (above if edge.is_subclass else sources)[edge.source if edge.is_subclass else edge.target].add(
            edge.target if edge.is_subclass else edge.source
        )
        if not edge.is_subclass:
            targets[edge.source].add(edge.target)
    in_tree = {name for edge in edges if edge.is_subclass for name in (edge.source, edge.target)}
    names = list(dict.fromkeys([*own, *(name for edge in edges for name in (edge.source, edge.target))]))
    columns: dict[str, int] = {}

    def depth(name: str, seen: tuple[str, ...] = ()) -> int:
        if name not in columns:
            parents = [parent for parent in above[name] if parent not in (*seen, name)]
            columns[name] = max((depth(parent, (*seen, name)) + 1 for parent in parents), default=0)
        return columns[name]

    values = [
        name for name in names if name not in in_tree and sources[name] - {name} and len(targets[name] - {name}) < 2
    ]
    for name in names:
        if name not in values:
            depth(name)
    for name in sorted(values, key=lambda name: (name not in own, names.index(name))):
        columns[name] = max((columns[one] + 1 for one in sources[name] if one in columns), default=0)
    return columns


def _way(edge: Edge, boxes: dict[str, Box]) -> list[Box]:
    """Return what a line goes through: its two ends, and an empty place in each column between."""
    start, end = boxes[edge.source], boxes[edge.target]
    step = 1 if end.column > start.column else -1
    between = [Box("", column, height=_LINE) for column in range(start.column + step, end.column, step)]
    return [start, *(between if start.column != end.column else []), end]


def _grid(boxes: Sequence[Box]) -> list[list[Box]]:
    grid: list[list[Box]] = [[] for _ in range(max(box.column for box in boxes) + 1)]
    for box in boxes:
        grid[box.column].append(box)
    return [column for column in grid if column]


def _attach(ways: dict[Edge, list[Box]]) -> None:
    """Note at each end on which side the line meets it: the side that faces the other end, the right in the same column."""
    for edge, way in ways.items():
        start, end = way[0], way[-1]
        start.ports[start.column <= end.column].append(edge)
        if start is not end:
            end.ports[end.column <= start.column].append(edge)


def _slot(edge: Edge, box: Box, on_right: bool) -> float:
    """Return the height that an end of a line takes; all subclass arrows to one class end in the same point."""
    if edge.is_subclass and box.name == edge.target:
        first = next(one for one in box.ports[on_right] if one.is_subclass and one.target == box.name)
        return _PORT if edge is first else 0.0
    if box.name != edge.source:
        return _PORT
    back = _RETURN if edge.source == edge.target else 0.0
    return max(_PORT, _LINE * len(edge.labels) + 4 + back)


def _place(grid: list[list[Box]], ways: dict[Edge, list[Box]]) -> None:
    """Order each column by the middles of the neighbours, then move its boxes towards them as far as there is room."""
    beside: dict[int, list[Box]] = defaultdict(list)
    for way in ways.values():
        for one, other in pairwise(way):
            if one is not other:
                beside[id(one)].append(other)
                beside[id(other)].append(one)
    for column in grid:
        _stack(column)
    for sweep in range(_SWEEPS):
        for column in grid if sweep % 2 == 0 else reversed(grid):
            wanted = {id(b): fmean([o.middle for o in beside[id(b)]] or [b.middle]) for b in column}
            column.sort(key=lambda box: wanted[id(box)])
            _stack(column, wanted)
    top = min(box.y for column in grid for box in column) - _MARGIN
    for column in grid:
        for box in column:
            box.y -= top


def _stack(column: list[Box], wanted: dict[int, float] | None = None) -> None:
    """Put boxes below each other, each as near to its wanted middle as those above allow, and the whole in balance."""
    y = min(wanted[id(box)] - box.height / 2 for box in column) if wanted else 0.0
    for box in column:
        box.y = min(max(y, wanted[id(box)] - box.height / 2), y + _APART) if wanted else y
        y = box.y + box.height + _BETWEEN
    if wanted:
        shift = fmean(wanted[id(box)] - box.middle for box in column)
        for box in column:
            box.y += shift


def _sort_ports(ways: dict[Edge, list[Box]]) -> None:
    """Let the lines of each side leave in the order in which their next places stand, so that they do not cross."""
    towards: dict[tuple[str, Edge], float] = {}
    for edge, way in ways.items():
        towards[edge.target, edge] = way[-2].middle
        towards[edge.source, edge] = way[1].middle
    for box in {id(box): box for way in ways.values() for box in (way[0], way[-1])}.values():
        for edges in box.ports.values():
            edges.sort(key=lambda edge: (not edge.is_subclass, towards[box.name, edge]))


def _spread(grid: list[list[Box]], ways: dict[Edge, list[Box]]) -> float:
    """Set how far right each column is, with room for the labels between; return the width of the whole."""
    room: dict[int, float] = defaultdict(float)
    for edge, (start, *_, end) in ways.items():
        length = max((len(label) for label in edge.labels), default=0) * _LABEL_LETTER
        gap = start.column if start.column <= end.column else start.column - 1
        room[gap] = max(room[gap], length + _BEND)
    x = _MARGIN
    for number, column in enumerate(grid):
        width = max(box.width for box in column)
        for box in column:
            box.x, box.width = x, width
        is_last = number + 1 == len(grid)
        x += width + max(room[number], _MARGIN if is_last else _BEND)
    return x


def _port(box: Box, edge: Edge, on_right: bool, is_end: bool) -> tuple[float, float]:
    """Return where a line meets a box."""
    edges = box.ports[on_right]
    y = box.middle - sum(_slot(one, box, on_right) for one in edges) / 2
    for one in edges:
        slot = _slot(one, box, on_right)
        shared = is_end and edge.is_subclass and one.is_subclass and one.target == box.name
        if one is edge or shared:
            back = _RETURN if one.source == one.target else 0.0
            return box.x + (box.width if on_right else 0), y + (slot - back if one.labels and not is_end else slot / 2)
        y += slot
    return box.x, box.middle


def _line(edge: Edge, way: list[Box]) -> Line:
    start, end = way[0], way[-1]
    rightwards = start.column <= end.column
    x0, y0 = _port(start, edge, rightwards, False)
    x1, y1 = _port(end, edge, end.column <= start.column, True)
    side = 1 if rightwards else -1
    length = max((len(label) for label in edge.labels), default=0) * _LABEL_LETTER + (8 if edge.labels else 0)
    x = x0 + side * length
    path = f"M{x0:.0f} {y0:.1f}H{x:.0f}"
    tip = -side if start.column == end.column else side
    if start is end:
        y1 = y0 + _RETURN - 3
    if start.column == end.column:
        path += f"C{x + 42:.0f} {y0:.1f} {x + 42:.0f} {y1:.1f} {x:.0f} {y1:.1f}H{x1:.0f}"
    else:
        y = y0
        for box in way[1:-1]:
            near, far = (box.x, box.x + box.width) if side > 0 else (box.x + box.width, box.x)
            path += f"{_curve(x, y, near, box.middle)}H{far:.0f}"
            x, y = far, box.middle
        path += _curve(x, y, x1, y1)
    size = 6 if edge.is_subclass else 4
    back = x1 - tip * (10 if edge.is_subclass else 8)
    head = f"M{back:.0f} {y1 - size:.1f}L{x1:.0f} {y1:.1f}L{back:.0f} {y1 + size:.1f}Z"
    anchor = "start" if side > 0 else "end"
    count = len(edge.labels)
    labels = tuple(
        Label(name, x0 + side * 8, y0 - 4 - _LINE * (count - 1 - position), anchor)
        for position, name in enumerate(edge.labels)
    )
    return Line(edge, path, head, labels)


def _curve(x0: float, y0: float, x1: float, y1: float) -> str:
    middle = (x0 + x1) / 2
    return f"C{middle:.0f} {y0:.1f} {middle:.0f} {y1:.1f} {x1:.0f} {y1:.1f}"
