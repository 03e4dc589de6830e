export interface DiffLine {
  sign: "−" | "+" | " ";
  /** Counts from 0: of a removed line in the old lines, of all others in the new ones. */
  number: number;
  text: string;
}

// Beyond this many pairs of lines nothing is compared: all old lines go and all new ones come.
const MOST_PAIRS = 250_000;

/** What is taken away, put in and kept, by the longest run of lines that both have. */
export function lineDiff(old: string[], fresh: string[]): DiffLine[] {
  const width = fresh.length + 1;
  const compared = old.length * fresh.length <= MOST_PAIRS;
  const common = new Uint32Array(compared ? (old.length + 1) * width : 0);
  if (compared) {
    for (let i = old.length - 1; i >= 0; i--) {
      for (let j = fresh.length - 1; j >= 0; j--) {
        common[i * width + j] =
          old[i] === fresh[j]
            ? common[(i + 1) * width + j + 1] + 1
            : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
      }
    }
  }
  const found: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (compared && i < old.length && j < fresh.length && old[i] === fresh[j]) {
      found.push({ sign: " ", number: j, text: fresh[j] });
      i++;
      j++;
    } else if (
      i < old.length &&
      (j >= fresh.length || !compared || common[(i + 1) * width + j] >= common[i * width + j + 1])
    ) {
      found.push({ sign: "−", number: i, text: old[i] });
      i++;
    } else {
      found.push({ sign: "+", number: j, text: fresh[j] });
      j++;
    }
  }
  return found;
}
