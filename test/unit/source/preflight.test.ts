import { describe, expect, it } from 'vitest';
import { RelayError } from '../../../src/base/errors.ts';
import { requireNoErrors, someOf, type Finding } from '../../../src/source/finding.ts';
import { serverFindings, versionFindings, binlogEngineFindings } from '../../../src/source/preflight-server.ts';
import {
  cascadeFindings,
  columnFindings,
  filterFindings,
  tableFindings,
  type ColumnInfo,
  keyFindings,
  nameFindings,
} from '../../../src/source/preflight-tables.ts';
import { tableFilter } from '../../../src/change/table-filter.ts';
import type { ServerFacts } from '../../../src/source/server-facts.ts';
import { parseVersion } from '../../../src/source/server-version.ts';

const GOOD: ServerFacts = {
  version: parseVersion('9.7.4', ''),
  serverUuid: '3e11fa47-71ca-11e1-9e33-c80aa9429562',
  serverId: 1,
  hasBinlog: true,
  hasGtids: true,
  gtidMode: 'ON',
  gtidExecuted: '',
  gtidPurged: '',
  binlogFormat: 'ROW',
  binlogRowImage: 'FULL',
  binlogRowMetadata: 'FULL',
  retentionSeconds: 2_592_000,
  syncBinlog: '1',
  innodbFlushLogAtTrxCommit: '1',
  isReplica: false,
  logsReplicaUpdates: true,
  hidesCascades: false,
};
const brief = (findings: readonly Finding[]): readonly string[] =>
  findings.map(({ level, code }) => `${level} ${code}`);
const shop = {
  includes: (database: string, table: string): boolean => database === 'shop' && table !== 'log',
  mayInclude: (): boolean => true,
  excludesColumn: (_database: string, _table: string, column: string): boolean => column === 'secret',
};

describe('serverFindings', () => {
  it('has nothing to say of a server as it should be', () => {
    expect(serverFindings(GOOD)).toEqual([]);
    expect(serverFindings({ ...GOOD, isReplica: true, retentionSeconds: undefined })).toEqual([]);
  });

  it.each([
    [{ binlogFormat: 'MIXED' }, 'error BINLOG_FORMAT', 'SET PERSIST binlog_format = ROW'],
    [{ binlogRowImage: 'MINIMAL' }, 'error BINLOG_ROW_IMAGE', 'SET PERSIST binlog_row_image = FULL'],
    [{ binlogRowMetadata: 'MINIMAL' }, 'error BINLOG_ROW_METADATA', 'SET PERSIST binlog_row_metadata = FULL'],
    [{ isReplica: true, logsReplicaUpdates: false }, 'error REPLICA_WITHOUT_UPDATES', 'log_replica_updates = ON'],
    [{ hasGtids: false, gtidMode: 'OFF' }, 'warning GTID_OFF', 'enforce_gtid_consistency'],
    [{ syncBinlog: '0' }, 'warning SYNC_BINLOG', 'SET PERSIST sync_binlog = 1'],
    [{ innodbFlushLogAtTrxCommit: '2' }, 'warning INNODB_FLUSH', 'SET PERSIST innodb_flush_log_at_trx_commit = 1'],
    [{ retentionSeconds: 3600 }, 'warning BINLOG_RETENTION', 'binlog_expire_logs_seconds'],
    [{ hasBinlog: false, binlogFormat: 'MIXED' }, 'error BINLOG_OFF', '--log-bin'],
  ])('of %j: %s', (changes, expected, remedy) => {
    const findings = serverFindings({ ...GOOD, ...changes });
    expect(brief(findings)).toEqual([expected]);
    expect(findings[0]?.remedy).toContain(remedy);
  });

  it('speaks of open sessions only where a session has the variable as well', () => {
    const remedies = serverFindings({
      ...GOOD,
      binlogFormat: 'MIXED',
      binlogRowImage: 'MINIMAL',
      binlogRowMetadata: 'MINIMAL',
    }).map(({ remedy }) => remedy.includes('Sessions that are open'));
    expect(remedies).toEqual([true, false, true]);
  });

  it.each([
    ['8.0.12', 'log_slave_updates = ON', 'binlog_expire_logs_seconds'],
    ['8.0.26', 'log_replica_updates = ON', 'binlog_expire_logs_seconds'],
    ['10.5.29-MariaDB', 'log_slave_updates = ON', 'expire_logs_days = 7'],
    ['10.6.1-MariaDB', 'log_slave_updates = ON', 'binlog_expire_logs_seconds'],
  ])('names the variables that %s has', (text, updates, retention) => {
    const version = parseVersion(text, '');
    const facts = { ...GOOD, version, isReplica: true, logsReplicaUpdates: false, retentionSeconds: 60 };
    const [ofUpdates, ofRetention] = serverFindings(facts);
    expect(ofUpdates?.remedy).toContain(updates);
    expect(ofRetention?.remedy).toContain(` ${retention}`);
  });

  it('gives MariaDB statements that it understands', () => {
    const version = parseVersion('10.11.18-MariaDB', '');
    const findings = serverFindings({
      ...GOOD,
      version,
      binlogFormat: 'MIXED',
      syncBinlog: '0',
      isReplica: true,
      logsReplicaUpdates: false,
    });
    expect(findings.map(({ remedy }) => remedy).join(' ')).not.toMatch(/PERSIST|replica_updates/);
  });
});

it('only warns of binlog_row_image where partial rows are published', () => {
  expect(brief(serverFindings({ ...GOOD, binlogRowImage: 'MINIMAL' }, 'allow'))).toEqual(['warning BINLOG_ROW_IMAGE']);
});

it('refuses other servers', () => {
  expect(versionFindings(parseVersion('8.0.12', ''))).toEqual([]);
  expect(brief(versionFindings(parseVersion('5.7.44', '')))).toEqual(['error SERVER_NOT_SUPPORTED']);
  expect(versionFindings(parseVersion('5.7.44-log', ''))[0]).toMatchObject({
    message: expect.stringContaining('5.7.44-log') as string,
    remedy: expect.stringMatching(/MySQL 8\.0 or later.*replica of this server.*binlog_row_metadata = FULL/) as string,
  });
  expect(versionFindings(parseVersion('10.11.18-MariaDB-log', 'Debian 12'))).toEqual([]);
  expect(brief(versionFindings(parseVersion('10.4.34-MariaDB', '')))).toEqual(['error SERVER_NOT_SUPPORTED']);
});

it('refuses a MariaDB that keeps its binlog in InnoDB, where it has no file and position', () => {
  expect(binlogEngineFindings(undefined)).toEqual([]);
  expect(binlogEngineFindings('')).toEqual([]);
  expect(brief(binlogEngineFindings('InnoDB'))).toEqual(['error SERVER_NOT_SUPPORTED']);
});

describe('columnFindings', () => {
  const column = (charset: string | undefined, name = 'c', table = 'orders'): ColumnInfo => ({
    database: 'shop',
    table,
    column: name,
    charset,
  });

  it.each([undefined, 'utf8mb4', 'utf8mb3', 'utf8', 'ascii', 'latin1', 'GB18030'])('takes charset %s', (charset) => {
    expect(columnFindings([column(charset)], shop)).toEqual([]);
  });

  it('names what cannot be written, unless it is excluded', () => {
    const findings = columnFindings(
      [column('unheard-of', 'name'), column('unheard-of', 'secret'), column('unheard-of', 'c', 'log')],
      shop,
    );
    expect(brief(findings)).toEqual(['error COLUMN_NOT_SUPPORTED']);
    expect(findings[0]?.message).toContain(': shop.orders.name (charset unheard-of).');
  });
});

describe('tableFindings', () => {
  const table = { database: 'shop', table: 'orders', engine: 'InnoDB', hasPrimaryKey: true };

  it('warns of tables without a key and of other engines, of published ones only', () => {
    expect(tableFindings([table], shop)).toEqual([]);
    const bad = { engine: 'MyISAM', hasPrimaryKey: false };
    const findings = tableFindings(
      [
        { ...table, ...bad },
        { ...table, ...bad, table: 'log' },
      ],
      shop,
    );
    expect(brief(findings)).toEqual(['warning NO_PRIMARY_KEY', 'warning ENGINE_NOT_TRANSACTIONAL']);
    expect(findings.map(({ message }) => message).join()).not.toContain('shop.log');
  });
});

describe('cascadeFindings', () => {
  const key = {
    database: 'shop',
    table: 'lines',
    constraint: 'lines_ibfk_1',
    updateRule: 'NO ACTION',
    deleteRule: 'CASCADE',
  };

  it('warns of published children whose rows change unseen', () => {
    expect(cascadeFindings([key], shop, true)[0]?.message).toContain('shop.lines.lines_ibfk_1');
    expect(
      brief(cascadeFindings([{ ...key, deleteRule: 'RESTRICT', updateRule: 'SET NULL' }], shop, true)),
    ).toHaveLength(1);
  });

  it('says nothing when nothing is hidden', () => {
    expect(cascadeFindings([key], shop, false)).toEqual([]);
    expect(cascadeFindings([{ ...key, deleteRule: 'RESTRICT' }], shop, true)).toEqual([]);
    expect(cascadeFindings([{ ...key, table: 'log' }], shop, true)).toEqual([]);
  });
});

describe('filterFindings', () => {
  it.each([
    ['', '', []],
    ['shop', '', ['warning BINLOG_FILTERED']],
    ['shop,hr', '', ['warning BINLOG_FILTERED']],
    ['hr', '', ['error BINLOG_FILTERED']],
    ['', 'hr', ['warning BINLOG_FILTERED']],
    ['', 'hr,shop', ['error BINLOG_FILTERED']],
  ])('do %j ignore %j: %j', (only, not, expected) => {
    expect(brief(filterFindings(only, not, ['shop']))).toEqual(expected);
  });
});

describe('requireNoErrors', () => {
  const finding = (level: Finding['level'], code: Finding['code']): Finding => ({
    level,
    code,
    message: `${code}.`,
    remedy: 'Do.',
  });

  it('gives the warnings back', () => {
    expect(requireNoErrors([finding('warning', 'GTID_OFF')])).toEqual(['GTID_OFF. Do.']);
  });

  it.each([
    [['GRANT_MISSING'], 'SOURCE_GRANT_MISSING'],
    [['SERVER_NOT_SUPPORTED'], 'SOURCE_NOT_SUPPORTED'],
    [['GRANT_MISSING', 'BINLOG_FORMAT'], 'SOURCE_SETTINGS'],
  ] as const)('throws all errors at once: %j', (codes, expected) => {
    const findings = [finding('warning', 'GTID_OFF'), ...codes.map((code) => finding('error', code))];
    try {
      requireNoErrors(findings);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof RelayError)) throw error;
      expect(error.code).toBe(expected);
      expect(error.message).toBe(codes.map((code) => `${code}.`).join(' '));
    }
  });
});

it('shortens long lists of names', () => {
  expect(someOf(['a', 'b'])).toBe('a, b');
  expect(someOf(Array.from({ length: 12 }, (_, n) => `t${n}`))).toBe(
    't0, t1, t2, t3, t4, t5, t6, t7, t8, t9 and 2 more',
  );
});

describe('tables that are included by name', () => {
  const there = [{ database: 'shop', table: 'orders', engine: 'InnoDB', hasPrimaryKey: true }];
  const briefOf = (...include: readonly string[]): readonly string[] =>
    nameFindings(there, tableFilter({ include, exclude: [], excludeColumns: [] })).map(
      ({ level, code, remedy }) => `${level} ${code} ${remedy}`,
    );

  it('are warned of when no table has the name, and an error when one differs in case and the copy would be empty', () => {
    expect(briefOf('shop.orders', 'shop.*')).toEqual([]);
    expect(briefOf('shop.orders', 'shop.ordres')).toEqual(['warning TABLE_NOT_FOUND Write it as the server has it.']);
    expect(briefOf('shop.*', 'shop.Orders')).toEqual([
      'warning TABLE_NOT_FOUND Write it as the server has it: shop.orders.',
    ]);
    expect(briefOf('shop.Orders')).toEqual(['error TABLE_NOT_FOUND Write it as the server has it: shop.orders.']);
  });
});

it('a column that is left out and is part of a key is an error', () => {
  const column = { database: 'shop', table: 'orders', charset: undefined };
  const filter = tableFilter({ include: ['shop.*'], exclude: [], excludeColumns: ['*.*.secret'] });
  const findings = keyFindings(
    [
      { ...column, column: 'id', isKey: true },
      { ...column, column: 'secret', isKey: true },
      { ...column, table: 'items', column: 'secret', isKey: false },
    ],
    filter,
  );
  expect(findings.map(({ level, code, message }) => [level, code, message])).toEqual([
    [
      'error',
      'KEY_COLUMN_EXCLUDED',
      'Columns that are left out, and are part of the key of their table: shop.orders.secret.',
    ],
  ]);
});
