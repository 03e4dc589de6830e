"""Imports run one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import gradmagic

ROOT = Path(gradmagic.__file__).parent
FORBIDDEN = {
    "recording": tuple(f"gradmagic.{p}" for p in ("capture", "diagnose", "fixes", "locate", "magic", "render", "report", "rules", "syntax")),
    "report.py": ("gradmagic.capture", "gradmagic.locate", "gradmagic.rules", "gradmagic.diagnose", "gradmagic.magic"),
    "locate": ("gradmagic.capture", "gradmagic.rules", "gradmagic.render", "gradmagic.diagnose", "gradmagic.magic", "tensorflow", "keras"),
    "rules": ("gradmagic.capture", "gradmagic.render", "gradmagic.diagnose", "gradmagic.magic", "tensorflow", "keras"),
    "render": ("gradmagic.capture", "gradmagic.locate", "gradmagic.rules", "gradmagic.recording", "gradmagic.magic", "tensorflow", "keras"),
    "capture": ("gradmagic.locate", "gradmagic.rules", "gradmagic.render", "gradmagic.diagnose", "gradmagic.report", "gradmagic.magic"),
    "flow.py": ("gradmagic.capture", "gradmagic.render", "tensorflow"),
    "diagnose.py": ("gradmagic.capture", "gradmagic.render", "gradmagic.magic", "tensorflow"),
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def test_imports_run_one_way() -> None:
    wrong = []
    for name, forbidden in FORBIDDEN.items():
        path = ROOT / name
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            wrong += [f"{file.relative_to(ROOT)} imports {m}" for m in imports(file) if any(m == f or m.startswith(f + ".") for f in forbidden)]
    assert wrong == []


def test_only_capture_imports_tensorflow_and_only_the_magic_ipython() -> None:
    for file in ROOT.rglob("*.py"):
        place = file.relative_to(ROOT).parts[0]
        names = {m.partition(".")[0] for m in imports(file)}
        assert place in ("capture", "cell.py") or not names & {"tensorflow", "keras"}, file
        assert place == "magic.py" or "IPython" not in names, file


def test_loading_is_light() -> None:
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell; s = InteractiveShell.instance(); "
        "r = s.run_cell('%load_ext gradmagic'); assert r.success; print([m for m in ('tensorflow', 'keras', 'anywidget', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")
