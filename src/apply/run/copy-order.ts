const MARK = /^copy\/([0-9]+)\/([0-9]+):([0-9]+)#/;

/**
 * Whether the copy that began with `mark` is later than that of `other`. Ids of marks are
 * `copy/<copy>/<epoch>:<chunk>#0`, whose numbers only grow.
 */
export function isLaterCopy(mark: string, other: string): boolean {
  const numbers = MARK.exec(mark)?.slice(1).map(Number) ?? [];
  const others = MARK.exec(other)?.slice(1).map(Number) ?? [];
  const place = numbers.findIndex((number, i) => number !== others[i]);
  return place !== -1 && (numbers[place] ?? 0) > (others[place] ?? -1);
}
