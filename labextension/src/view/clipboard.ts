import { trans } from "./language";

/** Copies a text and says in words what came of it. */
export async function copyText(text: string): Promise<string> {
  const refused = trans.__("this page may not write to the clipboard");
  try {
    if (!navigator.clipboard) return refused;
    await navigator.clipboard.writeText(text);
    return trans.__("copied");
  } catch {
    return refused;
  }
}
