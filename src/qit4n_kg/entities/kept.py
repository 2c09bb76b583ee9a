"""`Kept`: what was read once, by key, bounded in number.

A reader that wraps its own methods in `functools.lru_cache` is part of a cycle, and keeps its store open until Python looks for
cycles: here nothing refers back to the reader, so that the store closes with its last holder.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")


class Kept(Generic[T]):
    """At most `most` values; safe to use from many threads, where two may read the same value at the same time.

    >>> kept = Kept(1)
    >>> kept.get("a", str.upper), kept.get("a", str.lower), kept.get("b", str.upper), kept.get("a", str.lower)
    ('A', 'A', 'B', 'a')
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Hashable, T] = {}

    def get(self, key: Hashable, read: Callable[..., T], *arguments: object) -> T:
        """Return what is kept for a key, or else `read(*arguments)`, `read(key)` without any; the oldest gives way."""
        try:
            return self._values[key]
        except KeyError:
            value = read(*(arguments or (key,)))
        while len(self._values) >= self._most:
            with suppress(KeyError, RuntimeError, StopIteration):  # another thread was quicker
                del self._values[next(iter(self._values))]
        self._values[key] = value
        return value
