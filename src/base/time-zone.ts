/** How far the clocks of a place are ahead of UTC. */
export interface TimeZone {
  readonly name: string;
  /** Seconds to add to UTC at `epochSeconds`, whole seconds since 1970 of 32 bits. */
  offsetSeconds(epochSeconds: number): number;
}

/**
 * Why a text names no time zone; undefined when it does: an offset as MySQL takes it, or a name of the IANA time zone
 * database.
 */
export function timeZoneProblem(name: string): string | undefined {
  if (/^[+-]/.test(name)) {
    return fixedOffset(name) === undefined
      ? 'is no offset: write one from -13:59 to +14:00, such as +08:00'
      : undefined;
  }
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return undefined;
  } catch {
    return 'is no time zone: write UTC, an offset such as +08:00, or a name such as Asia/Shanghai';
  }
}

/** Undefined for UTC, which adds nothing. Throws a RangeError where timeZoneProblem has something to say. */
export function timeZoneOf(name: string): TimeZone | undefined {
  if (name === 'UTC') return undefined;
  const offset = fixedOffset(name);
  return offset === undefined ? new NamedZone(name) : { name, offsetSeconds: () => offset };
}

function fixedOffset(text: string): number | undefined {
  const [, sign, hours, minutes] = /^([+-])(\d\d):([0-5]\d)$/.exec(text) ?? [];
  const seconds = (Number(hours) * 60 + Number(minutes)) * 60 * (sign === '-' ? -1 : 1);
  return seconds > LEAST_OFFSET_SECONDS && seconds <= MAX_OFFSET_SECONDS ? seconds : undefined;
}

const LEAST_OFFSET_SECONDS = -14 * 3600;
const MAX_OFFSET_SECONDS = 14 * 3600;

/**
 * A zone whose clocks have been changed. All changes are found beforehand, which takes some tenths of a second, so that
 * a lookup is a comparison.
 */
class NamedZone implements TimeZone {
  readonly name: string;
  /** Where a span of equal offset begins, ascending, and its offset. */
  readonly #starts: readonly number[];
  readonly #offsets: readonly number[];
  /** The span that was found last: rows that stand together are mostly of one time. */
  #from = 0;
  #to = 0;
  #offset = 0;

  constructor(name: string) {
    this.name = name;
    const starts = [0];
    const offsetAt = intlOffset(name);
    const offsets = [offsetAt(0)];
    for (let at = STEP_SECONDS; at < END_SECONDS; at += STEP_SECONDS) {
      const offset = offsetAt(at);
      if (offset === offsets.at(-1)) continue;
      starts.push(firstWith(offset, at - STEP_SECONDS, at, offsetAt));
      offsets.push(offset);
    }
    this.#starts = starts;
    this.#offsets = offsets;
  }

  offsetSeconds(epochSeconds: number): number {
    if (epochSeconds < this.#from || epochSeconds >= this.#to) this.#find(epochSeconds);
    return this.#offset;
  }

  #find(epochSeconds: number): void {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= epochSeconds) low = middle;
      else high = middle - 1;
    }
    this.#from = this.#starts[low] ?? 0;
    this.#to = this.#starts[low + 1] ?? END_SECONDS;
    this.#offset = this.#offsets[low] ?? 0;
  }
}

/** Three days. No zone has changed its clocks twice within six since 1970. */
const STEP_SECONDS = 3 * 86_400;
const END_SECONDS = 2 ** 32;

/** The first second in `(before, at]` with `offset`, which `at` has and `before` does not. */
function firstWith(offset: number, before: number, at: number, offsetAt: (epochSeconds: number) => number): number {
  let without = before;
  let having = at;
  while (having - without > 1) {
    const middle = Math.floor((without + having) / 2);
    if (offsetAt(middle) === offset) having = middle;
    else without = middle;
  }
  return having;
}

function intlOffset(timeZone: string): (epochSeconds: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (epochSeconds) => {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (
      format.format(epochSeconds * 1000).match(/\d+/g) ?? []
    ).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - epochSeconds;
  };
}
