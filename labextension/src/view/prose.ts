/** The small markup of text fields: backticks for code, blank lines between paragraphs, four spaces before a formula. */

import { el } from "./dom";
import { shortened } from "./words";

const LONGEST = 2000;
// Code up to this length stays on one line, whatever the width.
const LONGEST_WHOLE = 26;

/** One run of text, what stands in backticks set as code. */
export function prose(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  shortened(text, LONGEST)
    .split(/(`[^`\n]+`)/)
    .forEach((part, index) => {
      const kind = part.length <= LONGEST_WHOLE ? "gm-inline gm-whole" : "gm-inline";
      if (index % 2) fragment.append(el("code", { class: kind }, part.slice(1, -1)));
      else if (part) fragment.append(el("span", {}, part));
    });
  return fragment;
}

/** Paragraphs and displayed formulas. */
export function blocks(text: string): HTMLElement[] {
  const made: HTMLElement[] = [];
  let lines: string[] = [];
  let formula = false;
  const close = () => {
    const kept = lines.join("\n").trimEnd();
    if (kept)
      made.push(formula ? el("pre", { class: "gm-formula" }, kept) : el("p", {}, prose(kept.replace(/\n\s*/g, " "))));
    lines = [];
  };
  for (const line of text.split("\n")) {
    const blank = !line.trim();
    const indented = line.startsWith("    ");
    if (blank ? !formula : indented !== formula) close();
    if (!blank) formula = indented;
    if (!blank || formula) lines.push(indented ? line.slice(4) : line);
  }
  close();
  return made;
}

const CODE_SECTIONS = new Set(["Example", "Use instead"]);

/** The long page of a rule: headings stand at the left margin, what belongs to them is indented. */
export function page(doc: string): HTMLElement[] {
  const lines = doc.split("\n");
  const starts = lines.flatMap((line, i) => (/^\S/.test(line) && lines[i + 1]?.startsWith("    ") ? [i] : []));
  const made = blocks(lines.slice(0, starts[0]).join("\n"));
  starts.forEach((start, index) => {
    const heading = lines[start].trim();
    const body = lines
      .slice(start + 1, starts[index + 1])
      .map((line) => line.replace(/^ {4}/, ""))
      .join("\n")
      .trim();
    made.push(el("h4", { class: "gm-page-heading" }, heading));
    if (CODE_SECTIONS.has(heading)) made.push(el("pre", { class: "gm-page-code" }, body));
    else made.push(...blocks(body));
  });
  return made;
}
