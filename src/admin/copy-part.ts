/** Keys and ranges of a table, as they come in JSON. */
import { RelayError } from '../base/errors.ts';
import type { AskedKey, AskedPart } from '../relay/relay.ts';

const HEX = /^([0-9a-f]{2})*$/i;
/** More parts than any key has. */
const MAX_PARTS = 16;

/** `{"keys": [["17"], …]}`. Throws USAGE, which names what is wrong by its place. */
export function keysIn(value: unknown): AskedPart {
  if (!Array.isArray(value) || value.length === 0) throw usage('keys', 'is no list of keys');
  return { keys: value.map((key, i) => keyIn(key, `keys[${i}]`)) };
}

/** `{"between": {"from": ["17"], "to": ["99"]}}`. Throws as keysIn. */
export function betweenIn(value: unknown): AskedPart {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw usage('between', 'is no object');
  const entries = Object.entries(value);
  for (const [name] of entries)
    if (name !== 'from' && name !== 'to') throw usage(`between.${name}`, 'is neither from nor to');
  if (entries.length === 0) throw usage('between', 'has neither from nor to');
  return Object.fromEntries(entries.map(([name, bound]) => [name, keyIn(bound, `between.${name}`)]));
}

function keyIn(value: unknown, place: string): AskedKey {
  if (!Array.isArray(value) || value.length === 0) throw usage(place, 'is no list of the parts of a key');
  if (value.length > MAX_PARTS) throw usage(place, `has ${value.length} parts, a key has at most ${MAX_PARTS}`);
  return value.map((part: unknown, i) => partIn(part, `${place}[${i}]`));
}

function partIn(value: unknown, place: string): AskedKey[number] {
  if (typeof value === 'string') {
    if (/\p{Surrogate}/u.test(value)) throw usage(place, 'has half a character');
    return value;
  }
  if (typeof value === 'number') throw usage(place, 'is a number: write it as text, which loses no digit');
  const isHex = typeof value === 'object' && value !== null && 'hex' in value && Object.keys(value).length === 1;
  if (!isHex || typeof value.hex !== 'string') throw usage(place, 'is neither a text nor {"hex": "…"}');
  if (!HEX.test(value.hex)) throw usage(`${place}.hex`, 'is not in hexadecimal, two digits a byte');
  return { hex: value.hex };
}

const usage = (place: string, problem: string): RelayError =>
  new RelayError('USAGE', `${place} ${problem}`, {
    remedy:
      'Send {"tables": ["shop.orders"], "keys": [["17"], ["18"]]}, one list for each key, its parts as text or {"hex": "…"}; or "between": {"from": ["17"], "to": ["99"]}.',
  });
