"""The Python tests with other versions of TensorFlow, each with the Keras of its time: `python3 tests/versions.py [2.16 …] [--short] [pytest's arguments …]`.

Without a version the whole matrix runs. `--install` only makes the environments. Each version has an environment of its own, `.venv-2.16` and so on, in which only TensorFlow, Keras and what they
ask for are old. `--short` runs one guilty and one innocent program per rule, the forms, and the tests of the magic.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ci"))

# The Keras that was current while this TensorFlow was.
KERAS = {"2.16": "3.3", "2.18": "3.6", "2.20": "3.11", "2.21": None}
TOOLS = ("anywidget", "hypothesis", "ipykernel", "ipython", "ipywidgets", "jsonschema", "libcst", "matplotlib", "nbclient", "nbconvert", "pytest", "pytest-xdist")
SHORT = ("tests/test_cases.py", "tests/test_magic.py", "tests/test_imports.py")
# What these test is not Python, or does not depend on TensorFlow.
ELSEWHERE = ("tests/browser", "tests/render", "tests/test_frontend.py")


def requirements(version: str) -> list[str]:
    """What an environment for this TensorFlow holds; the tools in the versions that the suite is pinned to."""
    pins = dict(re.findall(r"^([\w-]+)==([\w.]+)", (ROOT / "tests" / "requirements.txt").read_text(encoding="utf-8"), flags=re.M))
    keras = KERAS.get(version) or pins["keras"].rpartition(".")[0]
    return [f"tensorflow-cpu=={version}.*", f"keras=={keras}.*", *(f"{tool}=={pins[tool]}" for tool in TOOLS)]


def ensure(version: str) -> Path:
    """Make the environment for a TensorFlow, or bring it up to date, and return its Python."""
    import environment

    folder, wanted = ROOT / f".venv-{version}", "\n".join(requirements(version))
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / ".installed"
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == wanted):
        print(f"· installing TensorFlow {version} in {folder.name}", flush=True)
        venv.create(folder, clear=True)
        done = subprocess.run([str(environment.uv()), "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *wanted.split("\n")], cwd=ROOT, check=False)
        if done.returncode:
            sys.exit(f"TensorFlow {version} cannot be installed for Python {sys.version.split()[0]}; run this with a Python that it supports (3.11 or 3.12 for all of {', '.join(KERAS)}).")
        stamp.write_text(wanted, encoding="utf-8")
    return python


def run(version: str, arguments: list[str]) -> int:
    """pytest's exit code for this TensorFlow."""
    python = ensure(version)
    given = [a for a in arguments if (ROOT / a.partition("::")[0]).exists()]
    chosen = [] if given else list(SHORT) if "--short" in arguments else [f"--ignore={path}" for path in ELSEWHERE]
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "worksteal"]
    settings = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT), "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run([str(python), "-m", "pytest", *workers, *chosen, *arguments], cwd=ROOT, env=settings, check=False).returncode


def main(arguments: list[str]) -> None:
    versions = [a for a in arguments if re.fullmatch(r"2\.\d+", a)] or list(KERAS)
    if "--install" in arguments:
        for version in versions:
            ensure(version)
        return
    rest = [a for a in arguments if a not in versions]
    failed = []
    for version in versions:
        begun = time.monotonic()
        if run(version, rest):
            failed.append(version)
        print(f"· TensorFlow {version}: {'failed' if failed[-1:] == [version] else 'passed'} in {time.monotonic() - begun:.0f} s", flush=True)
    sys.exit(f"failed with TensorFlow {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
