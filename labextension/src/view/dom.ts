/** Elements made of text only: nothing from a report is ever parsed as HTML. */

export type Child = Node | string | null | undefined | false;

export interface Options {
  class?: string;
  title?: string;
  attributes?: Record<string, string>;
}

// Control characters and bidirectional overrides: they would make code read other than it runs.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to catch
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** The text with a sign in place of each character that cannot be seen. */
export function visible(text: string): string {
  return text.replace(INVISIBLE, "\ufffd");
}

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: Options = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (options.class) node.className = options.class;
  if (options.title) node.title = visible(options.title);
  for (const [name, value] of Object.entries(options.attributes ?? {})) node.setAttribute(name, value);
  append(node, children);
  return node;
}

export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number>,
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  append(node, children);
  return node;
}

function append(node: Element, children: Child[]): void {
  for (const child of children) if (child) node.append(typeof child === "string" ? visible(child) : child);
}

export function button(label: string, title: string, press: () => void): HTMLButtonElement {
  const node = el("button", { class: "gm-button", title, attributes: { type: "button" } }, label);
  node.addEventListener("click", (event) => {
    // A button in a finding acts; it does not select the finding as well.
    event.stopPropagation();
    press();
  });
  return node;
}
