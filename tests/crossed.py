"""Guilty lines crossed with the forms in which people write a step: `python -m tests.crossed [-v] [-n PROCESSES] [TEXT …]`.

A snippet computes `loss` from `w`, of shape (3, 1), and `b`, of shape (1,), on a batch `xb`, `yb`; its comments state its truth as those of a case file do.
A form is a program with a line `BODY`, where the snippet goes, and a line `# CALL`, which asks for the gradients of `[w, b]`. Every pair is a program with a known truth;
the command runs those whose name, `snippet/form`, has one of the texts in it, and prints what contradicts their truth.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.casefiles import Case, case_of, differences

FOLDER = Path(__file__).parent / "crossed_parts"
PARTS = re.compile(r"^# %% (.+)\n", flags=re.M)
STATUS = re.compile(r"# status: (.+)\n")


def parts_of(name: str) -> dict[str, str]:
    """The parts of one of the two files, by their titles."""
    texts = PARTS.split((FOLDER / name).read_text(encoding="utf-8"))
    return dict(zip((title.strip() for title in texts[1::2]), texts[2::2], strict=True))


def programs() -> Iterator[Case]:
    """Every pair of a snippet and a form that fit each other.

    `# without: WORD …` in a form excludes the snippets with such a word in their titles. `# nones: zero` says that in this form TensorFlow yields zeros where there is no path.
    """
    snippets, forms = parts_of("snippets.py"), parts_of("forms.py")
    setup = forms.pop("setup")
    for form, text in forms.items():
        first, _, check = text.rpartition("# --- check\n")
        without = {word for words in re.findall(r"# without: (.+)", text) for word in words.split()}
        for snippet, body in snippets.items():
            if without & set(snippet.split()):
                continue
            if "# nones: zero" in text:
                body = re.sub(r"(# (?:expect|also): none/.*)", r"\1 or zero/hidden-none", STATUS.sub(lambda m: m.group(0).replace("none", "none|zero"), body))
            yield case_of(f"{snippet}/{form}".replace(" ", "-"), form, setup + filled(first, body), {}, filled(check, body))


def filled(text: str, body: str) -> str:
    """A text with the body in its place, and the statuses at its call."""
    statuses, lines = STATUS.search(body), STATUS.sub("", body).rstrip("\n").split("\n")
    made = []
    for line in text.split("\n"):
        if line.strip() == "BODY":
            indent = line[: -len("BODY")]
            made += [indent + inner if inner else inner for inner in lines]
        else:
            made.append(line.replace("# CALL", statuses.group(0).rstrip() if statuses else ""))
    return "\n".join(made)


def sample(count: int, seed: int = 0) -> list[Case]:
    """So many programs, in which every snippet and every form come about equally often."""
    left = list(programs())
    random.Random(seed).shuffle(left)
    used: dict[str, int] = {}
    chosen: list[Case] = []
    while left and len(chosen) < count:
        chosen.append(min(left, key=lambda case: sum(used.get(part, 0) for part in case.id.split("/"))))
        left.remove(chosen[-1])
        for part in chosen[-1].id.split("/"):
            used[part] = used.get(part, 0) + 1
    return chosen


def contradictions(case: Case, notebook: object) -> list[str]:
    """What the report of a program says against its truth."""
    count = notebook.shell.execution_count
    notebook.run(case.setup).raise_error()
    report = notebook.check(case.check)
    error = notebook.result.error_in_exec or notebook.result.error_before_exec
    return differences(case, report, count, type(error).__name__ if error else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("texts", nargs="*", help="parts of names")
    parser.add_argument("-n", type=int, default=1, help="processes")
    parser.add_argument("-v", action="store_true", help="print the programs that are contradicted")
    parser.add_argument("--share", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.n > 1 and "--share" not in sys.argv:
        sys.exit(max(p.wait() for p in [subprocess.Popen([sys.executable, "-m", "tests.crossed", *sys.argv[1:], "--share", str(i)]) for i in range(given.n)]))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tests.conftest import fresh_notebook

    wanted = [case for case in programs() if not given.texts or any(text in case.id for text in given.texts)][given.share :: given.n]
    wrong = 0
    for case in wanted:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            try:
                said = contradictions(case, fresh_notebook())
            except Exception as error:
                said = [f"{type(error).__name__}: {error}"]
        wrong += bool(said)
        if said:
            print(f"{case.id}\n    " + "\n    ".join(said), flush=True)
            if given.v:
                print(case.setup + "# --- check\n" + case.check, flush=True)
    print(f"{len(wanted) - wrong} of {len(wanted)} programs", flush=True)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
