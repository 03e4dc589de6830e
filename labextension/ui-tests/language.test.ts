// @vitest-environment jsdom
import { afterEach, expect, test } from "vitest";
import { renderReport } from "../src/view";
import { ENGLISH, type Language, speak } from "../src/view/language";
import { triedView } from "../src/view/trial";
import { load, NAMES } from "./blessed";

/** A language in which no word has a plain letter. */
const strange = (text: string) =>
  text.replace(/[A-Za-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) + 0x1e00));
const STRANGE: Language = {
  __: (text, ...args) => ENGLISH.__(strange(text), ...args),
  _n: (one, many, n, ...args) => ENGLISH._n(strange(one), strange(many), n, ...args),
};

afterEach(() => speak(ENGLISH));

// Their values are words of the format, which a reader sees only in translation.
const WORDS_OF_THE_FORMAT = new Set([
  "schema",
  "verdict",
  "severity",
  "status",
  "certainty",
  "applicability",
  "before",
  "after",
]);
const PLAIN = ["gradmagic", "TensorFlow", "Keras", "NaN", "inf", "None", "ms", "s", "x"];

/** All plain words that the report itself brings. */
function own(value: unknown, key = ""): string[] {
  if (typeof value === "string") return WORDS_OF_THE_FORMAT.has(key) ? [] : words(value);
  if (Array.isArray(value)) return value.flatMap((item) => own(item, key));
  if (value && typeof value === "object")
    return Object.entries(value).flatMap(([k, v]) => [
      ...(k === "kind" && !String(v).includes(".") ? [] : own(v, k)),
      // The names of rules are keys.
      ...(key === "rules" ? words(k) : []),
    ]);
  return [];
}

const words = (text: string) => text.match(/[A-Za-z]{2,}/g) ?? [];

function shown(host: HTMLElement): string[] {
  const texts = [...host.querySelectorAll("*")].flatMap((node) => [
    ...[...node.childNodes]
      .filter((child) => child.nodeType === Node.TEXT_NODE)
      .map((child) => child.textContent ?? ""),
    ...["title", "aria-label", "aria-description", "placeholder"].map((name) => node.getAttribute(name) ?? ""),
  ]);
  return texts.flatMap(words);
}

// What is hostile is also very long, and cut in the middle of its words.
const WHOLE = NAMES.filter((name) => name !== "hostile.json");

test.each(WHOLE)("every word of the view around %s is translated", (name) => {
  speak(STRANGE);
  const report = load(name);
  const host = document.createElement("div");
  document.body.replaceChildren(host);
  renderReport(host, report, { apply: () => "", tryFix: () => Promise.reject(), show: () => undefined });
  host.querySelectorAll<HTMLElement>(".gm-ask")[0]?.click();
  const known = new Set([...own(report), ...PLAIN]);
  const left = shown(host).filter((word) => !known.has(word));
  expect([...new Set(left)]).toEqual([]);
  expect(host.textContent).toContain(strange("checked in "));
});

test("trials, other versions and damaged reports speak the language, too", () => {
  speak(STRANGE);
  const host = document.createElement("div");
  const before = { w: "none" };
  host.append(
    triedView({ statuses_before: before, statuses_after: { w: "ok" }, loss_before: 1, loss_after: 2, error: null }),
  );
  host.append(
    triedView({ statuses_before: before, statuses_after: before, loss_before: 1, loss_after: 1, error: null }),
  );
  for (const data of [null, { schema: "9" }]) {
    const other = document.createElement("div");
    renderReport(other, data);
    host.append(other);
  }
  expect(shown(host).filter((word) => !["report", "gradmagic"].includes(word))).toEqual([]);
});

test("numbers and names take their places, and what they hold is not looked at again", () => {
  expect(ENGLISH.__("%2 of %1", "%2", 3)).toBe("3 of %2");
  expect([1, 2].map((n) => ENGLISH._n("%1 row of %2", "%1 rows of %2", n, "x"))).toEqual(["1 row of x", "2 rows of x"]);
});
