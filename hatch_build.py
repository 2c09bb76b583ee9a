"""The build hook: the browser's bundles are made before they are packed, into wheel and sdist alike.

Where they can't be made the packing fails, unless `QIT4N_FRONTEND=none` says that a package without them is wanted. An editable
install packs nothing and needs no bundles.
"""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontendHook(BuildHookInterface[Any]):
    """Run frontend/build.py."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Build the bundles unless they are current.

        :raises RuntimeError: they can't be built here.
        """
        if version == "editable" or os.environ.get("QIT4N_FRONTEND") == "none":
            return
        build = runpy.run_path(str(Path(self.root) / "frontend" / "build.py"))
        try:
            build["ensure"]()
        except build["BuildError"] as exc:
            raise RuntimeError(
                f"The browser's bundles can't be built: {exc} QIT4N_FRONTEND=none packs without."
            ) from exc
