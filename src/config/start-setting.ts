/** `source.start`: the place of the very first start, in the three forms that an operator has at hand. */
import * as z from 'zod';
import { text, wholeNumber } from './fields.ts';

export type StartSetting =
  | 'latest'
  | 'copy'
  | 'earliest'
  | { readonly gtidSet: string }
  | {
      readonly file: string;
      /** Bytes from the start of the file. */
      readonly position: number;
    };

const UUID = '[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}';
/** A tag of MySQL 8.3 and later. */
const TAG = '[A-Za-z_][A-Za-z0-9_]{0,31}';
const UUIDS = new RegExp(UUID, 'g');
/** MariaDB's, of which a position has one for each replication domain. */
const MARIADB_GTIDS = /^\d+-\d+-\d+(,\d+-\d+-\d+)*$/;
const GTID_SET_MEMBER = new RegExp(`^${UUID}(:(${TAG}:)?[0-9]+(-[0-9]+)?)+$`);

/** Of MySQL's GTIDs. */
const LAST_NUMBER = (1n << 63n) - 2n;

/** Checks the form only: the server tells whether it still has what comes after the set. */
function gtidSetProblem(gtidSet: string): string | undefined {
  const bare = gtidSet.replaceAll(/\s/g, '');
  if (MARIADB_GTIDS.test(bare)) return undefined;
  const members = bare.split(',');
  const example = '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-1000';
  if (!members.every((member) => GTID_SET_MEMBER.test(member))) {
    return `is not a GTID set: write it as SELECT @@gtid_executed shows it, such as ${example}, or for MariaDB as SELECT @@gtid_binlog_pos does, such as 0-1-1000`;
  }
  const wrong = gtidSet
    .replaceAll(UUIDS, '')
    .match(/(?<=:\s*)\d+(\s*-\s*\d+)?/g)
    ?.find((interval) => {
      const [first = '', last = first] = interval.split('-');
      return BigInt(first) < 1n || BigInt(last) < BigInt(first) || BigInt(last) > LAST_NUMBER;
    });
  return wrong === undefined
    ? undefined
    : `has the interval ${wrong}, which does not count upwards, from 1 or more to at most ${LAST_NUMBER}`;
}

function binlogFileProblem(file: string): string | undefined {
  return /^[^/\\\s]+\.\d{6,}$/.test(file)
    ? undefined
    : 'is not a binlog file: write the name alone, such as binlog.000042, as SHOW BINARY LOGS lists it';
}

export const startPoint = z
  .strictObject({
    gtidSet: text(gtidSetProblem)
      .optional()
      .describe(
        'Everything in this GTID set is taken as published already; the relay goes on after it. For a source with gtid_mode=ON, or MariaDB. ' +
          "Write what @@gtid_executed was, MariaDB's @@gtid_binlog_pos, when the copy was made that the readers start from.",
      ),
    file: text(binlogFileProblem, '^[^/\\\\\\s]+\\.[0-9]{6,}$')
      .optional()
      .describe(
        'Name of a binlog file, as SHOW BINARY LOGS lists it; together with position. For a source without GTIDs.',
      ),
    position: wholeNumber(4, Number.MAX_SAFE_INTEGER)
      .optional()
      .describe(
        'Offset in bytes of a transaction boundary in that file, as SHOW BINLOG EVENTS lists it; 4 is the start of the file.',
      ),
  })
  .transform(({ gtidSet, file, position }, { issues }): StartSetting => {
    if (gtidSet !== undefined && file === undefined && position === undefined) {
      return { gtidSet: gtidSet.replaceAll(/\s/g, '') };
    }
    if (gtidSet === undefined && file !== undefined && position !== undefined) return { file, position };
    const message = 'must hold either gtidSet alone, or file and position together';
    issues.push({ code: 'custom', message, input: undefined });
    return z.NEVER;
  })
  .meta({ oneOf: [{ required: ['gtidSet'] }, { required: ['file', 'position'] }] });

export const startSetting = z.union([z.enum(['latest', 'earliest', 'copy']), startPoint], {
  error: 'must be copy, latest, earliest, or a mapping with gtidSet, or with file and position',
});
