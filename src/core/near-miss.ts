/** Edit distance with transpositions (optimal string alignment), case-insensitive. */
export const editDistance = (left: string, right: string): number => {
  const a = left.toUpperCase();
  const b = right.toUpperCase();
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const substitution = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let best = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, substitution);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (row > 1 && column > 1 && swapped) best = Math.min(best, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
};

/** How far a name may be off and still be taken for a slip: short names are near too many others (NODE, MODE). */
const tolerance = (name: string): number => (name.length >= 10 ? 2 : name.length >= 6 ? 1 : 0);

/** The known name that this one was probably meant to be, or null. */
export const nearMiss = (name: string, known: readonly string[]): string | null => {
  let best: string | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance <= tolerance(candidate) && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
};

/** The nearest known name whatever its distance, if at least half of it agrees: for "did you mean". */
export const suggestion = (name: string, known: readonly string[]): string | null => {
  let best: string | null = null;
  let bestDistance = Math.floor(name.length / 2) + 1;
  for (const candidate of known) {
    const distance = editDistance(name, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
};
