import type { RelayStatus } from '../../../src/relay/relay.ts';

const position = { file: 'binlog.000007', offset: 4711, gtidSet: '3e11fa47-71ca-11e1-9e33-c80aa9429562:1-23' };

/** A relay that runs and has nothing to do. */
export const idleStatus: RelayStatus = {
  state: 'running',
  standby: undefined,
  epoch: 4,
  parts: {
    source: { ok: true, reason: 'reading' },
    sink: { ok: true, reason: 'idle' },
    checkpoint: { ok: true, reason: 'stored' },
  },
  position,
  lowWaterMark: position,
  head: position,
  progress: 'idle',
  oldestUnacknowledgedMs: undefined,
  lastLagSeconds: 0.25,
  lastAcknowledgedMs: 1_795_433_300_000,
  sinkFailingSinceMs: undefined,
  checkpointStoredMs: 1_795_433_301_000,
  heldBytes: 0,
  heldBytesLimit: 67_108_864,
  tables: 3,
  tablesBytes: 65_536,
  sourcePaused: false,
  lanesBusy: 0,
  lanes: 8,
  openXaBranches: [],
  ddlWaits: false,
  notices: [],
  copies: [],
  copying: undefined,
  runway: { seconds: 2_592_000, purgedBy: 'expiry', reason: 'kept for 30 days', remedy: undefined },
  skip: undefined,
  counters: {
    eventsRead: 101,
    bytesRead: 102,
    transactionsRead: 103,
    changesInserted: 104,
    changesUpdated: 105,
    changesDeleted: 106,
    changesOversize: 120,
    changesPartial: 121,
    changesInvalidText: 122,
    rowsCopied: 123,
    messagesAcknowledged: 107,
    changesAcknowledged: 108,
    bytesAcknowledged: 109,
    progressAcknowledged: 124,
    sendRetries: 110,
    sourceReconnects: 111,
    checkpointsStored: 112,
    ddlStatements: 113,
    transactionsSkipped: 114,
  },
  lastError: undefined,
};

export const brokerAway: RelayStatus = {
  ...idleStatus,
  parts: { ...idleStatus.parts, sink: { ok: false, reason: 'broker:8081 does not answer since 03:00:00' } },
  progress: 'stuck',
  oldestUnacknowledgedMs: 1_000_000,
  heldBytes: 67_200_000,
  sourcePaused: true,
  lanesBusy: 8,
  openXaBranches: [{ xid: "X'7831',X'',1", sinceMs: 1_000_000, bytes: 300 }],
};

export const failed: RelayStatus = {
  ...idleStatus,
  state: 'failed',
  parts: { ...idleStatus.parts, source: { ok: false, reason: 'stopped' } },
  lastError: { code: 'BINLOG_CHECKSUM', message: 'wrong CRC32', remedy: 'Restart.', at: '2026-01-02T03:04:05.000Z' },
};
