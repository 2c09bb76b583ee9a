"""Processes below another one, as /proc tells them; any of them, and any thread, may end while one looks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def descendants(pid: int | str) -> list[int]:
    """List the processes below one ("self": this one)."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                children = [int(child) for child in (task / "children").read_text().split()]
                found += children + [below for child in children for below in descendants(child)]
    return sorted(found)


def is_running(pid: int) -> bool:
    """Tell whether a process is there, and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
