import { RelayError } from '../base/errors.ts';
import { GtidSet } from '../binlog/gtids/gtid-set.ts';
import { parseGtids, type Flavour } from '../binlog/gtids/gtids.ts';
import type { StartSetting } from '../config/config.ts';
import { mariadbPositionAt } from './mariadb-server.ts';
import { binlogFiles, fileToBeginWith, FIRST_OFFSET, gtidSetBefore, requireBoundary } from './binlog-files.ts';
import { hiddenTransactions, requireBothCoordinates } from './binlog-place.ts';
import type { ControlConnection } from './control.ts';
import { someOf } from './finding.ts';
import type { ServerFacts } from './server-facts.ts';
import type { BinlogFile, StartPosition, StoredPosition } from './source.ts';
import { requireGtids, requireNotRolledBack, requireResumable } from './stored-position.ts';

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
 * Where the run starts: at the checkpoint, or without one where `setting` says. Throws BINLOG_PURGED,
 * SOURCE_ROLLED_BACK, SOURCE_CHANGED or SOURCE_POSITION_INVALID when the server cannot give exactly what comes after
 * that place.
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
  requireNotRolledBack(stored, facts);
  const isSameServer = stored.serverUuid === facts.serverUuid;
  if (isSameServer && facts.version.flavour === 'mysql' && facts.hasGtids !== (stored.gtidSet !== undefined))
    return afterModeChange(control, stored, facts, files);
  requireResumable(stored, facts, files);
  await requireBothCoordinates(control, stored, facts, files);
  const { file, offset, gtidSet, serverUuid } = stored;
  return {
    // The file of another server would only mislead.
    start: isSameServer ? { file, offset, gtidSet } : await byGtids(control, gtidSet ?? '', facts, files),
    flavour: facts.version.flavour,
    serverUuid: facts.serverUuid,
    sentence: isSameServer
      ? 'Goes on at the checkpoint.'
      : `Goes on at the checkpoint by GTID, on another server: ${facts.serverUuid}, before ${serverUuid}.`,
    isOrdinary: isSameServer,
  };
}

/**
 * gtid_mode was turned on or off since the checkpoint: file and offset hold on the same server, and GTIDs can be found
 * for them.
 */
async function afterModeChange(
  control: Control,
  stored: StoredPosition,
  facts: ServerFacts,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<ResolvedStart> {
  const { file, offset } = stored;
  requireResumable({ ...stored, gtidSet: undefined }, facts, files);
  await requireBothCoordinates(control, { ...stored, gtidSet: undefined }, facts, files);
  const gtidSet = facts.hasGtids ? await gtidSetBefore(control, { file, offset }) : undefined;
  if (gtidSet !== undefined) await requireBothCoordinates(control, { ...stored, gtidSet }, facts, files);
  return {
    start: { file, offset, gtidSet },
    flavour: facts.version.flavour,
    serverUuid: facts.serverUuid,
    sentence: facts.hasGtids
      ? `GTIDs were turned on: goes on by them, after ${file}:${offset}, where the checkpoint ends.`
      : `gtid_mode is ${facts.gtidMode}, and the checkpoint has GTIDs: goes on by file and offset, at ${file}:${offset}.`,
    isOrdinary: false,
  };
}

/** Begins with the file that the server itself will begin with: no other one is looked at later. */
async function byGtids(
  control: Control,
  gtidSet: string,
  { version }: ServerFacts,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<StartPosition> {
  const file =
    version.flavour === 'mysql' ? await fileToBeginWith(control, GtidSet.parse(gtidSet), files) : files[0].name;
  return { file, offset: FIRST_OFFSET, gtidSet };
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
  if (setting === 'latest' || setting === 'copy') {
    const { file, offset, gtidSet } = await control.head();
    if (setting === 'copy') return { start: { file, offset, gtidSet }, sentence: copySentence(gtidSet, file, offset) };
    return {
      start: { file, offset, gtidSet },
      sentence: `starts with the next transaction after ${file}:${offset}; what was committed before is not published (source.start: latest).`,
    };
  }
  const first: StartPosition = { file: files[0].name, offset: FIRST_OFFSET, gtidSet: undefined };
  if (setting === 'earliest') {
    const gtidSet = facts.hasGtids ? parseGtids(facts.version.flavour, facts.gtidPurged).toString() : undefined;
    const start = { ...first, gtidSet };
    await requireNothingHidden(control, start, facts, files);
    return {
      start,
      sentence: `starts with the oldest binlog that the server has, ${first.file}; older changes are not published (source.start: earliest).`,
    };
  }
  if ('gtidSet' in setting) {
    requireStartSet(setting.gtidSet, facts);
    return {
      start: await byGtids(control, parseGtids(facts.version.flavour, setting.gtidSet).toString(), facts, files),
      sentence: 'starts after the GTID set of source.start; the transactions in it are not published.',
    };
  }
  const start = await atFile(control, setting.file, setting.position, facts, files);
  await requireNothingHidden(control, start, facts, files);
  return {
    start,
    sentence: `starts at ${start.file}:${start.offset}; what was committed before is not published (source.start).`,
  };
}

/** Nothing was published yet: what does not fit is mostly the setting, and the message says so. */
function requireStartSet(gtidSet: string, facts: ServerFacts): void {
  try {
    requireGtids(gtidSet, facts);
  } catch (thrown) {
    if (!(thrown instanceof RelayError)) throw thrown;
    const { code, message, remedy, details } = thrown;
    throw new RelayError(code, `source.start.gtidSet: ${message}`, {
      details,
      remedy: `If the set is not what you meant: write what @@gtid_executed (MariaDB: @@gtid_binlog_pos) was when the copies were made. Otherwise: ${remedy}`,
      cause: thrown,
    });
  }
}

function copySentence(gtidSet: string | undefined, file: string, offset: number): string {
  if (gtidSet === undefined)
    throw new RelayError('COPY_WITHOUT_GTIDS', 'source.start is copy, and the server runs without GTIDs');
  return `starts with the next transaction after ${file}:${offset}; what is there already is published beside it (source.start: copy).`;
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

/**
 * Throws SOURCE_POSITION_INVALID when a start by GTIDs would pass transactions without, which come after the place all
 * the same.
 */
async function requireNothingHidden(
  control: Control,
  start: StartPosition,
  { version }: ServerFacts,
  files: readonly [BinlogFile, ...BinlogFile[]],
): Promise<void> {
  if (start.gtidSet === undefined || version.flavour === 'mariadb') return;
  const hidden = await hiddenTransactions(control, start, start.gtidSet, files);
  if (hidden.length === 0) return;
  const file = await fileToBeginWith(control, GtidSet.parse(start.gtidSet), files);
  throw new RelayError(
    'SOURCE_POSITION_INVALID',
    `source.start: transactions without GTID come after ${start.file}:${start.offset}, which a start by GTIDs would pass: ${someOf(hidden)}`,
    {
      details: { hidden },
      remedy: `To publish them: SET GLOBAL gtid_mode = ON_PERMISSIVE and start here; when /healthz says \`idle\`, stop, SET GLOBAL gtid_mode = ON, and start again. To leave them out: source.start: { file: ${file}, position: ${FIRST_OFFSET} }.`,
    },
  );
}
