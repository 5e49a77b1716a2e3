import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tableDefinition } from '../../../src/checkpoint/mysql-table.ts';

it('is the table that the documentation tells an operator to make', () => {
  const page = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const [written = ''] = /CREATE TABLE relay\.[^;]*/.exec(page) ?? [];
  const bare = (sql: string): string => sql.replaceAll(/[`\s]|IF NOT EXISTS/g, '');
  expect(bare(written)).toBe(bare(tableDefinition({ database: 'relay', table: 'binlog_relay_checkpoints' })));
});
