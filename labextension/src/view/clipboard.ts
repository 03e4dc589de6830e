const REFUSED = "this page may not write to the clipboard";

/** Copies a text and says in words what came of it. */
export async function copyText(text: string): Promise<string> {
  try {
    if (!navigator.clipboard) return REFUSED;
    await navigator.clipboard.writeText(text);
    return "copied";
  } catch {
    return REFUSED;
  }
}
