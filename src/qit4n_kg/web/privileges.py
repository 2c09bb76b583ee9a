"""What the sender of a request may do beyond asking; who they are is decided by whoever registered the check.

`register` takes the check of a role: with tokens (`web/signin.py`) an administrator has one. Without it nobody is an
administrator, and what is allowed follows from what a client holds: the id of a query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import current_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

_EXTENSION = "privileges"


def register(app: Flask, has_role: Callable[[str], bool]) -> None:
    """Have `has_role` decide whether the sender of the current request has a role."""
    app.extensions[_EXTENSION] = has_role


def is_admin() -> bool:
    """Whether the sender of this request is an administrator."""
    check: Callable[[str], bool] | None = current_app.extensions.get(_EXTENSION)
    return check is not None and check("admin")
