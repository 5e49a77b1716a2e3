/**
 * The text of a GTID set. Source: Gtid_set::add_gtid_text in sql/rpl_gtid_set.cc; libs/mysql/gtid/tag.h
 *
 *   set = [ source *( "," source ) ]    source = uuid 1*( ":" ( tag / interval ) )    interval = n [ "-" n ]
 *   tag = letter or _, then up to 31 letters, digits, _; it names the intervals after it, up to the next tag
 *
 * Stricter than MySQL, which drops an interval whose end is before its start: here that is an error, for a position
 * must not shrink silently.
 */
import { RelayError } from '../../base/errors.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TAG = /^[a-z_][a-z0-9_]{0,31}$/;
const INTERVAL = /^(\d+)(?:\s*-\s*(\d+))?$/;
const LAST_GNO = (1n << 63n) - 2n;

/** Calls `range` for every interval, both ends included. Throws GTID_SET_INVALID. */
export function parseGtidSet(text: string, range: (source: string, first: bigint, last: bigint) => void): void {
  for (const part of text.toLowerCase().split(',')) {
    const trimmed = part.trim();
    if (trimmed !== '') parseSource(trimmed, range);
  }
}

function parseSource(text: string, range: (source: string, first: bigint, last: bigint) => void): void {
  const [uuid = '', ...items] = text.split(':').map((item) => item.trim());
  if (!UUID.test(uuid)) throw invalid(uuid, 'a server uuid');
  let source = uuid;
  let isEmpty = true;
  for (const item of items) {
    if (TAG.test(item)) {
      if (isEmpty && source !== uuid) throw invalid(source, 'an interval after the tag');
      source = `${uuid}:${item}`;
      isEmpty = true;
      continue;
    }
    const [, firstText, lastText = firstText] = INTERVAL.exec(item) ?? [];
    if (firstText === undefined || lastText === undefined) throw invalid(item, 'a tag, a number or an interval a-b');
    const first = BigInt(firstText);
    const last = BigInt(lastText);
    if (first < 1n || last < first || last > LAST_GNO)
      throw invalid(item, `numbers from 1 to ${LAST_GNO}, the smaller one first`);
    range(source, first, last);
    isEmpty = false;
  }
  if (isEmpty) throw invalid(source, 'an interval after it');
}

function invalid(part: string, expected: string): RelayError {
  const shown = part.length > 80 ? `${part.slice(0, 80)}…` : part;
  return new RelayError('GTID_SET_INVALID', `GTID set: '${shown}' is not right: expected ${expected}`, {
    details: { part: shown },
  });
}
