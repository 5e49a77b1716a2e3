/** Numbers of one source: closed intervals in ascending order that neither overlap nor touch. */
export interface Interval {
  first: bigint;
  last: bigint;
}

/** Adds `first` to `last` in place. */
export function addInterval(intervals: Interval[], first: bigint, last: bigint): void {
  const newest = intervals.at(-1);
  if (newest !== undefined && newest.last + 1n === first) {
    newest.last = last;
    return;
  }
  const from = firstEndingFrom(intervals, first - 1n);
  let to = from;
  for (let next = intervals[to]; next !== undefined && next.first <= last + 1n; next = intervals[++to]) {
    if (next.first < first) first = next.first;
    if (next.last > last) last = next.last;
  }
  intervals.splice(from, to - from, { first, last });
}

/** Takes `first` to `last` away in place. */
export function removeInterval(intervals: Interval[], first: bigint, last: bigint): void {
  const from = firstEndingFrom(intervals, first);
  const rest: Interval[] = [];
  let to = from;
  for (let next = intervals[to]; next !== undefined && next.first <= last; next = intervals[++to]) {
    if (next.first < first) rest.push({ first: next.first, last: first - 1n });
    if (next.last > last) rest.push({ first: last + 1n, last: next.last });
  }
  intervals.splice(from, to - from, ...rest);
}

/** True when all of `first` to `last` is there. */
export function holdsInterval(intervals: readonly Interval[], first: bigint, last: bigint): boolean {
  const found = intervals[firstEndingFrom(intervals, first)];
  return found !== undefined && found.first <= first && found.last >= last;
}

/** Index of the first interval that ends at `gno` or after it; the length when none does. */
function firstEndingFrom(intervals: readonly Interval[], gno: bigint): number {
  let low = 0;
  let high = intervals.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const interval = intervals[middle];
    if (interval !== undefined && interval.last < gno) low = middle + 1;
    else high = middle;
  }
  return low;
}
