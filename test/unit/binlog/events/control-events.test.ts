/** src/binlog/events: format-description and rotate. */
import { describe, expect, it } from 'vitest';
import { EVENT } from '../../../../src/binlog/wire/event-types.ts';
import { readFormatDescription } from '../../../../src/binlog/events/format-description.ts';
import { isBegin, readQuery } from '../../../../src/binlog/statements/query.ts';
import { readRotate } from '../../../../src/binlog/events/rotate.ts';
import { codeOf, fixtureEvent, madeEvent } from '../../../support/binlog-fixture.ts';

function over<Result>(
  read: (b: Buffer, start: number, end: number) => Result,
  type: number,
  body: Buffer,
  next = 0,
): Result {
  const event = Buffer.concat([Buffer.from([9, 9]), madeEvent(type, body, { next }), Buffer.from([9, 9, 9])]);
  return read(event, 2, event.length - 3);
}

describe('readFormatDescription', () => {
  it.each([
    ['transactions.9.7', '9.7.4-2', 90_704],
    ['transactions.8.0', '8.0.12', 80_012],
  ])('reads that of %s', (fixture, serverVersion, versionNumber) => {
    const event = fixtureEvent(fixture, 'FORMAT_DESCRIPTION');
    expect(readFormatDescription(event, 0, event.length)).toEqual({ serverVersion, versionNumber, checksum: 'crc32' });
  });

  it('reads the algorithm five bytes before the end', () => {
    const event = fixtureEvent('transactions.9.7', 'FORMAT_DESCRIPTION');
    event.writeUInt8(0, event.length - 5);
    expect(readFormatDescription(event, 0, event.length).checksum).toBe('off');
    event.writeUInt8(2, event.length - 5);
    expect(codeOf(() => readFormatDescription(event, 0, event.length))).toBe('BINLOG_UNSUPPORTED');
  });

  it('has version number 0 for a text of another form', () => {
    const event = fixtureEvent('transactions.9.7', 'FORMAT_DESCRIPTION');
    event.write('unknown\0', 21);
    expect(readFormatDescription(event, 0, event.length)).toMatchObject({ serverVersion: 'unknown', versionNumber: 0 });
  });

  it('refuses another binlog version, another header and a cut', () => {
    const event = fixtureEvent('transactions.9.7', 'FORMAT_DESCRIPTION');
    expect(codeOf(() => readFormatDescription(event, 0, 19 + 57 + 4))).toBe('BINLOG_DECODE');
    event.writeUInt8(20, 19 + 56);
    expect(codeOf(() => readFormatDescription(event, 0, event.length))).toBe('BINLOG_DECODE');
    event.writeUInt16LE(3, 19);
    expect(codeOf(() => readFormatDescription(event, 0, event.length))).toBe('BINLOG_UNSUPPORTED');
  });
});

describe('readRotate', () => {
  it('reads file and 64-bit offset', () => {
    const body = Buffer.concat([Buffer.from('0000000001000000', 'hex'), Buffer.from('binlog.000042')]);
    expect(over(readRotate, EVENT.ROTATE, body)).toEqual({ file: 'binlog.000042', offset: 2 ** 32 });
  });

  it('refuses one without a name', () => {
    expect(codeOf(() => over(readRotate, EVENT.ROTATE, Buffer.alloc(8)))).toBe('BINLOG_DECODE');
    expect(codeOf(() => over(readRotate, EVENT.ROTATE, Buffer.alloc(7)))).toBe('BINLOG_DECODE');
  });
});

describe('readQuery', () => {
  const head = (databaseBytes: number, variables: number): Buffer => {
    const b = Buffer.alloc(13);
    b.writeUInt8(databaseBytes, 8);
    b.writeUInt16LE(1146, 9);
    b.writeUInt16LE(variables, 11);
    return b;
  };

  it('passes over the status variables', () => {
    const body = Buffer.concat([head(3, 2), Buffer.from('zzdöINSERT é', 'utf8')]);
    body.writeUInt8(3, 8);
    const withZero = Buffer.concat([body.subarray(0, 18), Buffer.from([0]), body.subarray(18)]);
    expect(over(readQuery, EVENT.QUERY, withZero)).toEqual({
      database: 'dö',
      statement: 'INSERT é',
      quoting: undefined,
      databases: undefined,
      errorCode: 1146,
    });
  });

  /**
   * The variables of a session of MySQL 9.7 that deletes with a trigger, with another sql_mode and
   * character_set_client.
   */
  const variables = (mode: string, client: string): Buffer =>
    Buffer.from(
      `0000000000012${mode}a045000000000603737464042${client}2d00ff000c0273686f700068696464656e0012ff00`,
      'hex',
    );
  const query = (variables: Buffer, statement: Buffer): ReturnType<typeof readQuery> =>
    over(readQuery, EVENT.QUERY, Buffer.concat([head(0, variables.length), variables, Buffer.from([0]), statement]));

  it('reads what the session was set to', () => {
    expect(query(variables('800', 'd00'), Buffer.from('DELETE FROM hidden.u'))).toMatchObject({
      quoting: { ansiQuotes: false, backslashEscapes: true },
      databases: ['shop', 'hidden'],
    });
  });

  it('reads the statement in the character set of the session', () => {
    const inGbk = Buffer.from([4, 28, 0, 0, 0, 0, 0]);
    // The second byte of the last character is a backslash; as UTF-8 it would be one of its own.
    expect(query(inGbk, Buffer.from([0x60, 0xe4, 0xbf, 0x95, 0x5c, 0x60])).statement).toBe('`淇昞`');
  });

  it('refuses lengths that do not fit', () => {
    expect(codeOf(() => over(readQuery, EVENT.QUERY, Buffer.concat([head(9, 0), Buffer.from('db\0X')])))).toBe(
      'BINLOG_DECODE',
    );
    expect(codeOf(() => over(readQuery, EVENT.QUERY, Buffer.concat([head(1, 9), Buffer.from('d\0X')])))).toBe(
      'BINLOG_DECODE',
    );
    expect(codeOf(() => over(readQuery, EVENT.QUERY, Buffer.concat([head(1, 0), Buffer.from('dbX')])))).toBe(
      'BINLOG_DECODE',
    );
  });
});

describe('isBegin', () => {
  const body = (variables: string, database: string, statement: string): Buffer => {
    const head = Buffer.alloc(13);
    head.writeUInt8(Buffer.byteLength(database), 8);
    head.writeUInt16LE(Buffer.byteLength(variables), 11);
    return Buffer.concat([head, Buffer.from(`${variables}${database}\0${statement}`)]);
  };
  const ask = (event: Buffer): boolean => over(isBegin, EVENT.QUERY, event);

  it.each([
    ['', '', 'BEGIN', true],
    ['zz', 'shop', 'BEGIN', true],
    ['zz', 'shop', 'begin', false],
    ['zz', 'shop', 'DROP TABLE t /*\0BEGIN', false],
    ['zz', 'shop', ' BEGIN', false],
    ['zz', 'shop', 'COMMIT', false],
  ])('variables %j, database %j, statement %j: %j', (variables, database, statement, expected) => {
    expect(ask(body(variables, database, statement))).toBe(expected);
    expect(over(readQuery, EVENT.QUERY, body(variables, database, statement)).statement === 'BEGIN').toBe(expected);
  });

  it('is false for one that is cut', () => {
    expect(ask(Buffer.from('BEGIN'))).toBe(false);
  });
});
