"""The environment of this checkout, in `.venv`: pinned packages and gradmagic itself. Needs nothing but Python."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".venv"
PINS = ROOT / "tests" / "requirements.txt"


BINARIES = FOLDER / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BINARIES / ("python.exe" if os.name == "nt" else "python")


def uv() -> Path:
    """The installer of the environment, which is made if there is none yet."""
    if sys.version_info < (3, 11):
        sys.exit("The pinned environment needs Python 3.11 or newer; run this with `python3.11` or newer.")
    if not PYTHON.exists():
        _say("making .venv")
        venv.create(FOLDER, with_pip=True)
    found = BINARIES / ("uv.exe" if os.name == "nt" else "uv")
    if not found.exists():
        _run([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"])
    return found


def ensure() -> Path:
    """Make the environment, or bring it up to date, and return its Python."""
    installer = uv()
    stamp = FOLDER / ".pins"
    digest = hashlib.sha256(PINS.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        _say("installing the pinned packages (TensorFlow is large)")
        # Where Python is told to write no bytecode, each of the tests' many processes would compile TensorFlow anew.
        _run([installer, "pip", "install", "--quiet", "--compile-bytecode", "--python", PYTHON, "--require-hashes", "-r", PINS])
        stamp.write_text(digest)
    _say("installing gradmagic")
    _run([installer, "pip", "install", "--quiet", "--python", PYTHON, "--no-deps", "-e", ROOT])
    return PYTHON


def _say(text: str) -> None:
    print(f"· {text}", flush=True)


def _run(command: list[object]) -> None:
    done = subprocess.run([str(c) for c in command], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(f"`{' '.join(str(c) for c in command)}` failed.")
