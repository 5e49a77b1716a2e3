/** Keys and bounds that a copy was asked for, as the checkpoint keeps them. Pure. */
import { RelayError } from '../../base/errors.ts';
import type { Copy, CopyPart } from '../../checkpoint/checkpoint.ts';
import type { KeyValue, WrittenKey } from '../../source/source.ts';
import type { AskedKey, AskedPart } from '../relay.ts';

/** Of one copy. */
export const MAX_KEYS_ASKED = 10_000;
/** Of the keys of one copy, as they were written. */
export const MAX_KEY_BYTES = 1 << 20;
/** Of those of all copies that go on: they stand in every checkpoint. */
const MAX_ALL_BYTES = 2 << 20;

/** Throws USAGE for more than is kept: of this copy, or with `others`. */
export function partOf(asked: AskedPart, others: readonly Copy[]): CopyPart {
  const part = written(asked);
  if (part.of === 'keys' && part.count > MAX_KEYS_ASKED)
    throw tooMuch(
      `${part.count} keys were asked for`,
      `A copy takes ${MAX_KEYS_ASKED} of them: ask for the others next.`,
    );
  const bytes = bytesOf(part);
  if (bytes > MAX_KEY_BYTES)
    throw tooMuch(
      `the keys that were asked for have ${bytes} bytes`,
      `A copy takes ${MAX_KEY_BYTES} of them: ask for the others next.`,
    );
  const otherBytes = others.reduce((sum, copy) => sum + (copy.part === undefined ? 0 : bytesOf(copy.part)), 0);
  if (bytes + otherBytes > MAX_ALL_BYTES)
    throw tooMuch(
      `the keys of copies that go on have ${otherBytes} bytes already`,
      'Wait until one has ended, or cancel one: binlog-relay copy --list shows them.',
    );
  return part;
}

/** What is left of it when its copy has ended. */
export function shortened(part: CopyPart): CopyPart {
  return part.of === 'keys' ? { of: 'keys', count: part.count, keys: [] } : { of: 'range' };
}

export const keysOf = (keys: readonly string[]): readonly WrittenKey[] =>
  keys.map((key, i) => ({ name: `keys[${i}]`, values: valuesOf(key), isBound: false }));

export const boundsOf = ({
  from,
  to,
}: CopyPart & { readonly of: 'range' }): readonly (WrittenKey & { readonly isLower: boolean })[] =>
  [
    { name: 'between.from', key: from, isLower: true },
    { name: 'between.to', key: to, isLower: false },
  ].flatMap(({ key, ...rest }) => (key === undefined ? [] : [{ ...rest, values: valuesOf(key), isBound: true }]));

function written(asked: AskedPart): CopyPart {
  if ('keys' in asked) return { of: 'keys', count: asked.keys.length, keys: asked.keys.map(textOf) };
  const { from, to } = asked;
  return {
    of: 'range',
    ...(from !== undefined && { from: textOf(from) }),
    ...(to !== undefined && { to: textOf(to) }),
  };
}

const textOf = (key: AskedKey): string =>
  key
    .map((value) =>
      typeof value === 'string' ? `t${Buffer.from(value).toString('hex')}` : `x${value.hex.toLowerCase()}`,
    )
    .join(',');

const valuesOf = (key: string): readonly KeyValue[] =>
  key.split(',').map((part) => ({
    form: part.startsWith('x') ? 'bytes' : 'text',
    bytes: Buffer.from(part.slice(1), 'hex'),
  }));

function bytesOf(part: CopyPart): number {
  const keys = part.of === 'keys' ? part.keys : [part.from ?? '', part.to ?? ''];
  return keys.reduce((sum, key) => sum + (key.length >> 1), 0);
}

const tooMuch = (message: string, remedy: string): RelayError => new RelayError('USAGE', message, { remedy });
