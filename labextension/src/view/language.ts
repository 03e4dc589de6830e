/** The language that the view speaks: English, until JupyterLab's translator is put in its place. */

/** The part of JupyterLab's translation bundles that is used here: `%1`, `%2`, … stand for the arguments; in `_n` the number is `%1`. */
export interface Language {
  __(text: string, ...args: unknown[]): string;
  _n(one: string, many: string, n: number, ...args: unknown[]): string;
}

const filled = (text: string, args: unknown[]) => text.replace(/%(\d+)/g, (_, n) => String(args[Number(n) - 1]));

export const ENGLISH: Language = {
  __: (text, ...args) => filled(text, args),
  _n: (one, many, n, ...args) => filled(n === 1 ? one : many, [n, ...args]),
};

let spoken = ENGLISH;

/** From now on everything is drawn in this language. */
export function speak(language: Language): void {
  spoken = language;
}

/** Named as in JupyterLab's own sources, so that its tools find the texts. */
export const trans: Language = {
  __: (text, ...args) => spoken.__(text, ...args),
  _n: (one, many, n, ...args) => spoken._n(one, many, n, ...args),
};
