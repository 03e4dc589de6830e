"""`python -m tests.benchmarks [--rounds N] [--only NAME …] [--json FILE]`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "agg")


def main() -> int:
    """Measure, print the tables, and say by the exit status whether every limit holds."""
    from tests.benchmarks.ratios import ratio
    from tests.benchmarks.rivals import RIVALS, rival_ratio, run_rival
    from tests.benchmarks.scale import scales
    from tests.benchmarks.table import ratio_table, scale_table, view_table
    from tests.benchmarks.view import view
    from tests.benchmarks.work import WORKS

    names = [*(w.name for w in WORKS), "scale", "view"]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="What a check costs: the same cells with and without the magic, in turn.")
    parser.add_argument("--rounds", type=int, default=7, help="how often each cell is measured (default 7); the medians count")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", default=names, help=f"measure only these: {', '.join(names)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers to a file")
    parser.add_argument("--no-rivals", action="store_true", help="leave out TensorFlow's own debuggers")
    parser.add_argument("--rival", choices=RIVALS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds takes a whole number from 1 on")
    if options.rival:
        run_rival(options.rival, options.only[0], options.rounds)
        return 0
    from tests.benchmarks.notebook import TimedNotebook

    notebook = TimedNotebook()
    works = [w for w in WORKS if w.name in options.only]
    load = os.getloadavg()[0]
    ratios, behind = [], []
    for work in works:
        print(f"· {work.title}", file=sys.stderr, flush=True)
        own = ratio(notebook, work, options.rounds)
        ratios.append(own)
        print(f"  {own.time:.2f}× the time" + (f", {own.memory:.2f}× the memory" if own.memory else ""), file=sys.stderr, flush=True)
        others = [] if options.no_rivals else [r for rival in RIVALS if (r := rival_ratio(rival, work, options.rounds)) is not None]
        ratios += others
        behind += [f"{r.tool} is faster on: {work.title}" for r in others if r.time <= own.time]
    sizes = scales(notebook, min(options.rounds, 3)) if "scale" in options.only else []
    drawn = view() if "view" in options.only else []
    print(f"{os.cpu_count()} processors, load {load:.1f} before and {os.getloadavg()[0]:.1f} after; medians of {options.rounds} rounds\n")
    if ratios:
        print(ratio_table(ratios), end="\n\n")
    for sentence in behind:
        print(sentence)
    if sizes:
        print(scale_table(sizes), end="\n\n")
    if drawn:
        print(view_table(drawn))
    if options.json:
        options.json.write_text(json.dumps({"load": load, "ratios": [r.to_dict() for r in ratios], "scale": [s.to_dict() for s in sizes], "view": [d.to_dict() for d in drawn]}, indent=2) + "\n")
    return int(bool(behind) or not all(r.holds for r in (*ratios, *drawn)))


if __name__ == "__main__":
    sys.exit(main())
