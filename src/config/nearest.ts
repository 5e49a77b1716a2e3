/** From this many characters on, a word that begins another counts as near: `hostname` for `host`. */
const SHORTEST_BEGINNING = 3;

/** The candidate that `word` is most likely a slip of; undefined when none is near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const farthest = Math.max(1, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = farthest + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? candidates.find((candidate) => isBeginning(word, candidate) || isBeginning(candidate, word));
}

function isBeginning(beginning: string, word: string): boolean {
  return beginning.length >= SHORTEST_BEGINNING && word.toLowerCase().startsWith(beginning.toLowerCase());
}

/** Levenshtein's distance, with two neighbours swapped counted as one slip. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;
      const substitution = at(previous, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? at(beforePrevious, j - 2) + 1 : Infinity;
      current.push(Math.min(at(previous, j) + 1, at(current, j - 1) + 1, substitution, swap));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
