import { RelayError } from '../base/errors.ts';
import { parseGtids, type Flavour } from '../binlog/gtids.ts';
import type { StartSetting } from '../config/config.ts';
import { mariadbPositionAt } from './mariadb-server.ts';
import { binlogFiles, FIRST_OFFSET, gtidSetBefore, requireBoundary, type BinlogFile } from './binlog-files.ts';
import type { ControlConnection } from './control.ts';
import type { ServerFacts } from './server-facts.ts';
import type { StartPosition, StoredPosition } from './source.ts';
import { requireGtids, requireResumable } from './stored-position.ts';

export interface ResolvedStart {
  readonly start: StartPosition;
  readonly flavour: Flavour;
  readonly serverUuid: string;
  /** One sentence on where the run starts and what that leaves out. */
  readonly sentence: string;
  /** False when the sentence says that something is left out: then the operator must see it. */
  readonly isOrdinary: boolean;
}

type Control = Pick<ControlConnection, 'query' | 'head' | 'serverFacts'>;

/**
 * Where the run starts: at the checkpoint, or without one where `setting` says. Throws BINLOG_PURGED, SOURCE_ROLLED_BACK, SOURCE_CHANGED or
 * SOURCE_POSITION_INVALID when the server cannot give exactly what comes after that place.
 */
export async function resolveStart(
  control: Control,
  setting: StartSetting,
  stored: StoredPosition | undefined,
): Promise<ResolvedStart> {
  const facts = await control.serverFacts();
  const files = await binlogFiles(control);
  if (stored !== undefined) return atCheckpoint(control, stored, facts, files);
  const { start, sentence } = await withoutCheckpoint(control, setting, facts, files);
  const { version, serverUuid } = facts;
  return {
    start,
    flavour: version.flavour,
    serverUuid,
    sentence: `There is no checkpoint: ${sentence}`,
    isOrdinary: false,
  };
}

async function atCheckpoint(
  control: Control,
  stored: StoredPosition,
  facts: ServerFacts,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<ResolvedStart> {
  requireResumable(stored, facts, files);
  const { file, offset, gtidSet, serverUuid } = stored;
  if (gtidSet === undefined) await requireBoundary(control, { file, offset });
  const isSameServer = serverUuid === facts.serverUuid;
  return {
    // The file of another server would only mislead; the first event tells the right one.
    start: isSameServer ? { file, offset, gtidSet } : { file: files[0].name, offset: FIRST_OFFSET, gtidSet },
    flavour: facts.version.flavour,
    serverUuid: facts.serverUuid,
    sentence: isSameServer
      ? 'Goes on at the checkpoint.'
      : `Goes on at the checkpoint by GTID, on another server: ${facts.serverUuid}, before ${serverUuid}.`,
    isOrdinary: isSameServer,
  };
}

interface Start {
  readonly start: StartPosition;
  readonly sentence: string;
}

async function withoutCheckpoint(
  control: Control,
  setting: StartSetting,
  facts: ServerFacts,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<Start> {
  if (setting === 'latest') {
    const { file, offset, gtidSet } = await control.head();
    return {
      start: { file, offset, gtidSet },
      sentence: `starts with the next transaction after ${file}:${offset}; what was committed before is not published (source.start: latest).`,
    };
  }
  const first: StartPosition = { file: files[0].name, offset: FIRST_OFFSET, gtidSet: undefined };
  if (setting === 'earliest') {
    return {
      start: {
        ...first,
        gtidSet: facts.hasGtids ? parseGtids(facts.version.flavour, facts.gtidPurged).toString() : undefined,
      },
      sentence: `starts with the oldest binlog that the server has, ${first.file}; older changes are not published (source.start: earliest).`,
    };
  }
  if ('gtidSet' in setting) {
    requireGtids(setting.gtidSet, facts);
    return {
      start: { ...first, gtidSet: parseGtids(facts.version.flavour, setting.gtidSet).toString() },
      sentence: 'starts behind the GTID set of source.start; the transactions in it are not published.',
    };
  }
  const start = await atFile(control, setting.file, setting.position, facts, files);
  return {
    start,
    sentence: `starts at ${start.file}:${start.offset}; what was committed before is not published (source.start).`,
  };
}

async function atFile(
  control: Control,
  file: string,
  offset: number,
  { version, hasGtids }: ServerFacts,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<StartPosition> {
  const found = files.find(({ name }) => name === file);
  if (found === undefined) {
    throw new RelayError('SOURCE_POSITION_INVALID', `source.start: the server has no ${file}`, {
      remedy: `SHOW BINARY LOGS lists what it has: from ${files[0].name} on.`,
    });
  }
  if (offset > found.sizeBytes) {
    throw new RelayError(
      'SOURCE_POSITION_INVALID',
      `source.start: ${file} has only ${found.sizeBytes} bytes, not ${offset}`,
    );
  }
  // With GTIDs the relay resumes by them, so it needs those of the place from the start.
  if (version.flavour === 'mysql' && hasGtids)
    return { file, offset, gtidSet: await gtidSetBefore(control, { file, offset }) };
  await requireBoundary(control, { file, offset });
  const gtidSet = version.flavour === 'mariadb' ? await mariadbPositionAt(control, { file, offset }) : undefined;
  return { file, offset, gtidSet };
}
