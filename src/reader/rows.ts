import { asObject, BodyProblem, listOf, optionalTexts, rowsOf, textOf, textsOf, type Json } from './body.ts';
import type { Place, Row, RowChange } from './reader.ts';

/** What all changes of a message have in common. */
export interface MessageFacts {
  readonly database: string;
  readonly table: string;
  readonly committedMs: number;
  readonly at: Place;
}

export type RowKind = RowChange['kind'];

/** The changes of a message of rows. `copy`: of the property. */
export function rowChanges(json: Json, kind: RowKind, facts: MessageFacts, copy: string | undefined): RowChange[] {
  const data = rowsOf(json, 'data');
  const old = kind === 'update' ? rowsOf(json, 'old') : undefined;
  const entries = textsOf(json, 'changes');
  if (entries.length !== data.length || (old !== undefined && old.length !== data.length)) {
    throw new BodyProblem('data, old and changes are not of the same length');
  }
  const source = textOf(json, 'source');
  const hasGtids = textOf(json, 'gtid') !== '';
  const invalid = invalidTexts(json);
  const common = { ...facts, ...marksOf(json), ...(copy !== undefined && { copy }) };
  const beforeAbsent = optionalTexts(json, 'oldAbsent');
  return data.map((row, i) => {
    const entry = entries[i] ?? '';
    const ofRow = {
      ...common,
      id: `${source}:${entry}`,
      gtid: hasGtids ? gtidOf(source, entry) : '',
      row,
      ...(invalid.get(i)?.data !== undefined && { invalidText: invalid.get(i)?.data }),
    };
    if (kind !== 'update') return { kind, ...ofRow } as RowChange;
    return {
      kind,
      ...ofRow,
      before: beforeOf(old?.[i]),
      ...(beforeAbsent !== undefined && { beforeAbsent }),
      ...(invalid.get(i)?.old !== undefined && { beforeInvalidText: invalid.get(i)?.old }),
    } as RowChange;
  });
}

const beforeOf = (row: Row | undefined): Row => row ?? {};

/** `uuid:23` of `uuid` and `23#0`; of MariaDB `0-1-23` of `0-1` and `23#0`. */
export function gtidOf(source: string, entry: string): string {
  const number = entry.slice(0, entry.indexOf('#'));
  return `${source}${/^\d+-\d+$/.test(source) ? '-' : ':'}${number}`;
}

function marksOf(json: Json): Pick<RowChange, 'key' | 'types' | 'timeZone' | 'binary' | 'omitted' | 'absent'> {
  const types = asObject(json['mysqlType'], 'mysqlType');
  const [omitted, absent] = [optionalTexts(json, 'omitted'), optionalTexts(json, 'absent')];
  return {
    key: json['pkNames'] === null ? [] : textsOf(json, 'pkNames'),
    types: types as Readonly<Record<string, string>>,
    ...(json['timeZone'] !== undefined && { timeZone: textOf(json, 'timeZone') }),
    ...(json['binary'] !== undefined && { binary: latin1(json) }),
    ...(omitted !== undefined && { omitted }),
    ...(absent !== undefined && { absent }),
  };
}

function latin1(json: Json): 'latin1' {
  const binary = textOf(json, 'binary');
  if (binary !== 'latin1') throw new BodyProblem(`binary is "${binary}", which is not known`);
  return binary;
}

interface InvalidTexts {
  readonly data: readonly string[] | undefined;
  readonly old: readonly string[] | undefined;
}

/** By the place of the row in `data`. */
function invalidTexts(json: Json): ReadonlyMap<number, InvalidTexts> {
  if (json['invalidText'] === undefined) return new Map();
  return new Map(
    listOf(json, 'invalidText').map((value) => {
      const entry = asObject(value, 'an entry of invalidText');
      return [Number(entry['row']), { data: optionalTexts(entry, 'data'), old: optionalTexts(entry, 'old') }];
    }),
  );
}
