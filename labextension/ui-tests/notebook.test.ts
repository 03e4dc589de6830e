import { Text } from "@codemirror/state";
import { describe, expect, test } from "vitest";
import { applyFix } from "../src/apply";
import type { Open } from "../src/board";
import { place } from "../src/place";
import type { Edit, Finding, Fix, Location, Report } from "../src/report";

const at = (line: number, column: number, end: number, code: string, cell: Location["cell"] = "current"): Location => ({
  cell,
  file: null,
  line,
  column,
  end_line: line,
  end_column: end,
  code,
  function: null,
});
const finding = (...locations: Location[]) =>
  ({ labels: locations.map((location, i) => ({ location, text: "", primary: !i })) }) as Finding;

describe("marks", () => {
  const code = "y = tf.round(x)";
  const texts = (lines: string[], location: Location, cell: string | number = "current") => {
    const doc = Text.of(lines);
    return place([{ finding: finding(location) } as Open], cell, doc).map(({ from, to }) => [
      doc.sliceString(from, to),
      doc.lineAt(from).number,
    ]);
  };

  test("lie on the smallest code", () => {
    expect(texts(["%%gradcheck", code], at(2, 4, 15, code))).toEqual([["tf.round(x)", 2]]);
  });

  test("follow a line that has moved, to the nearest one that reads the same", () => {
    expect(texts([code, "", "", "", "# new", "# new", code], at(5, 4, 15, code))).toEqual([["tf.round(x)", 7]]);
    expect(texts(["z = 1", "z = 2"], at(2, 4, 15, code))).toEqual([]);
  });

  test("belong to their cell, and bad numbers do no harm", () => {
    expect(texts([code], at(1, 4, 15, code, 3))).toEqual([]);
    expect(texts([code], at(1, 4, 15, code, 3), 3)).toEqual([["tf.round(x)", 1]]);
    expect(texts([code], at(-5, 4, 900, code))).toEqual([["tf.round(x)", 1]]);
    expect(texts([code], at(1, 90, 15, code))).toEqual([]);
  });
});

describe("applying a fix", () => {
  class Cell {
    type = "code";
    constructor(
      public source: string,
      public executionCount: number,
    ) {}
    sharedModel = {
      getSource: () => this.source,
      transact: (change: () => void) => change(),
      updateSource: (start: number, end: number, text: string) => {
        this.source = this.source.slice(0, start) + text + this.source.slice(end);
      },
    };
  }
  const source = "%%gradcheck\na = 1\nb = 2\nc = 3";
  const run = (cells: Cell[], edits: Edit[], findings: Finding[] = []) => {
    const report = { cell: { source, id: null, execution_count: 2 }, findings } as unknown as Report;
    const fix = { title: "", edits, applicability: "safe", verified: null } as Fix;
    return applyFix({ model: { cells } } as never, cells[0] as never, report, fix).words;
  };
  const edit = (start: number, end: number, replacement: string, cell: Edit["cell"] = "current"): Edit => ({
    cell,
    start_line: start,
    end_line: end,
    replacement,
  });

  test("reaches an earlier cell by what its lines were, also where no finding shows them", () => {
    const [reporting, earlier] = [new Cell(source, 2), new Cell("# setup\nrate = 30.0\nx = 1", 1)];
    const change = edit(2, 2, "rate = 0.01", 1);
    expect(run([reporting, earlier], [change])).toContain("not applied");
    expect(run([reporting, earlier], [{ ...change, original: "rate = 3.0" }])).toContain("not applied");
    expect(run([reporting, earlier], [{ ...change, original: "rate = 30.0" }])).toContain("run the cell again");
    expect(earlier.source).toBe("# setup\nrate = 0.01\nx = 1");
  });

  test("replaces, deletes and shifts lines", () => {
    const cell = new Cell(source, 2);
    expect(run([cell], [edit(2, 2, "a = 9\na += 1"), edit(3, 3, "")])).toContain("applied");
    expect(cell.source).toBe("%%gradcheck\na = 9\na += 1\nc = 3");
  });

  test("finds lines that have moved, and leaves changed ones alone", () => {
    const moved = new Cell(`# new\n${source}`, 2);
    run([moved], [edit(4, 4, "c = 0")]);
    expect(moved.source).toBe("# new\n%%gradcheck\na = 1\nb = 2\nc = 0");
    const changed = new Cell(source.replace("b = 2", "b = 7"), 2);
    expect(run([changed], [edit(2, 2, "a = 9"), edit(3, 3, "b = 9")])).toContain("not applied");
    expect(changed.source).toContain("a = 1\nb = 7");
  });

  test("reaches another cell where the report has its lines", () => {
    const other = new Cell("def f():\n    return x", 1);
    const cells = [new Cell(source, 2), other];
    const known = [finding(at(2, 4, 12, "    return x", 1))];
    expect(run(cells, [edit(2, 2, "    return y", 1)])).toContain("not applied");
    expect(run(cells, [edit(2, 2, "    return y", 1)], known)).toContain("applied;");
    expect(other.source).toBe("def f():\n    return y");
    expect(run(cells, [edit(2, 2, "    return y", 8)], known)).toContain("not applied");
  });
});
