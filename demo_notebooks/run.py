"""Sets up the environment, runs the demo notebook's buggy cells under the magic and prints what it says about each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / ".ci"))


def main() -> None:
    import environment

    python = environment.ensure()
    settings = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([str(python), "-W", "ignore", str(HERE / "play.py"), str(HERE / "why_is_my_gradient_none.ipynb")], env=settings, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    jupyter = python.parent / "jupyter"
    print(f"\nThe same notebook in JupyterLab, with the guilty lines marked:\n\n    {os.path.relpath(jupyter)} lab {os.path.relpath(HERE / 'why_is_my_gradient_none.ipynb')}\n")


if __name__ == "__main__":
    main()
