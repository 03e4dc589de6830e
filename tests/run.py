"""Sets up the environment and runs all tests: Python's, TypeScript's, the browser's. Further arguments go to pytest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / ".ci"))


def main() -> None:
    import environment

    python = environment.ensure()
    if shutil.which("chromium") is None and shutil.which("apt-get") and os.geteuid() == 0:
        print("· installing Chromium", flush=True)
        for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium", "fonts-dejavu-core"]):
            subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    settings = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    # One more than there are cores: the browser's tests wait much of their time.
    workers = ["-n", str(min(6, (os.cpu_count() or 1) + 1)), "--dist", "worksteal"]
    sys.exit(subprocess.run([str(python), "-m", "pytest", *workers, *sys.argv[1:]], cwd=ROOT, env=settings, check=False).returncode)


if __name__ == "__main__":
    main()
