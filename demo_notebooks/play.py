"""Runs the cells of a notebook in a plain IPython shell, so that reports come out as text."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from IPython.core.interactiveshell import InteractiveShell


def main(path: str) -> None:
    shell = InteractiveShell.instance(colors="NoColor")
    for cell in json.loads(Path(path).read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            print("\n" + source.strip() + "\n")
        else:
            shell.run_cell(source, store_history=True)


if __name__ == "__main__":
    main(sys.argv[1])
