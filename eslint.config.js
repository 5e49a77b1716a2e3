import path from 'node:path';
import tseslint from 'typescript-eslint';
import rooms from './dev/lint/rooms.js';

/**
 * What a room may import. A room's contract is the file that bears its name, and is open to the rooms inside it; `cli` wires everything.
 * Of rooms inside a room (`relay/lanes`) only those of the same room are listed: outwards they may import what their room may.
 */
const arrows = {
  base: [],
  binlog: ['base'],
  change: ['base', 'binlog'],
  format: ['base', 'binlog', 'change'],
  source: ['base', 'binlog', 'config', 'mysql'],
  mysql: ['base'],
  rocketmq: ['base', 'config'],
  sink: ['base', 'config', 'rocketmq'],
  topic: ['base', 'config', 'rocketmq'],
  reader: ['base', 'topic', 'rocketmq'],
  checkpoint: ['base', 'binlog', 'config', 'mysql'],
  config: ['base'],
  apply: ['base', 'binlog', 'config', 'topic', 'mysql'],
  verify: ['base', 'binlog', 'mysql'],
  admin: ['base', 'config', 'checkpoint', 'relay', 'apply', 'verify'],
  relay: ['base', 'binlog', 'change', 'format', 'source', 'sink', 'checkpoint'],

  'relay/run': ['relay/copies', 'relay/intake', 'relay/kept', 'relay/lanes', 'relay/tables', 'relay/progress'],
  'relay/copies': ['relay/tables'],
  'relay/intake': ['relay/kept', 'relay/tables', 'relay/progress'],
  'relay/kept': ['relay/progress'],
  'relay/lanes': ['relay/tables', 'relay/progress'],
  'relay/tables': [],
  'relay/progress': [],

  'apply/check': ['apply/run', 'apply/ledger', 'apply/tables', 'apply/target', 'apply/rows'],
  'apply/run': ['apply/statements', 'apply/ledger', 'apply/tables', 'apply/target', 'apply/rows'],
  'apply/statements': ['apply/ledger', 'apply/tables', 'apply/target', 'apply/rows'],
  'apply/ledger': ['apply/target', 'apply/rows'],
  'apply/tables': ['apply/target', 'apply/rows'],
  'apply/target': ['apply/rows'],
  'apply/rows': [],

  'verify/run': ['verify/pass', 'verify/tables'],
  'verify/pass': ['verify/tables'],
  'verify/tables': [],

  'binlog/tables': ['binlog/events', 'binlog/wire'],
  'binlog/events': ['binlog/rows', 'binlog/statements', 'binlog/gtids', 'binlog/wire'],
  'binlog/rows': ['binlog/json', 'binlog/columns', 'binlog/charsets', 'binlog/bytes', 'binlog/wire'],
  'binlog/json': ['binlog/columns', 'binlog/bytes', 'binlog/wire'],
  'binlog/columns': ['binlog/charsets', 'binlog/bytes', 'binlog/wire'],
  'binlog/statements': ['binlog/charsets', 'binlog/wire'],
  'binlog/charsets': ['binlog/bytes'],
  'binlog/gtids': [],
  'binlog/bytes': [],
  'binlog/wire': [],
};
/** Rooms whose files are open to the rooms above them; of all others only the contract is. */
const open = ['base', 'binlog', 'change', 'format', 'mysql', 'rocketmq', 'topic'];
const pure = ['binlog', 'change', 'format'];
/** The files, or the folders, that may import a package. */
const doors = {
  zongji: ['source/zongji.ts'],
  mysql2: [
    'source/zongji.ts',
    'source/control.ts',
    'source/control-session.ts',
    'source/connection-options.ts',
    'source/row-packets.ts',
    'source/bare-connection.ts',
    'mysql/tls-options.ts',
    'checkpoint/mysql-session.ts',
    'apply/target/session.ts',
    'apply/target/connection-options.ts',
  ],
  'rocketmq-client-nodejs': [
    'rocketmq/',
    'sink/rocketmq-client.ts',
    'sink/rocketmq-channels.ts',
    'sink/rocketmq-request-bytes.ts',
    'topic/consumer.ts',
    'topic/receive-channels.ts',
  ],
  '@grpc/grpc-js': ['rocketmq/channels.ts', 'rocketmq/telemetry-stream.ts'],
  '@mysql/xdevapi': ['checkpoint/mysqlx.ts', 'checkpoint/mysqlx-session.ts'],
  pino: ['base/log.ts'],
  'pino-pretty': ['base/log.ts'],
  yaml: ['config/'],
  zod: ['config/', 'checkpoint/'],
  'prom-client': ['admin/metrics.ts'],
  zstddec: ['binlog/wire/transaction-payload.ts'],
};

const src = path.join(import.meta.dirname, 'src');
const structure = [
  { files: ['**/*.ts'], plugins: { rooms }, rules: { 'rooms/no-circle': 'error' } },
  {
    files: ['src/**/*.ts'],
    rules: { 'rooms/arrows': ['error', { src, arrows, open }], 'rooms/doors': ['error', { src, doors }] },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/cli/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '^(\\.\\./)+cli/', message: 'only main.ts imports cli.' }] },
      ],
    },
  },
  {
    files: pure.map((room) => `src/${room}/**/*.ts`),
    rules: {
      'no-restricted-globals': [
        'error',
        ...['process', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'fetch'].map((name) => ({
          name,
          message: 'This room is pure.',
        })),
      ],
    },
  },
];

export default tseslint.config(
  { ignores: ['dist', 'node_modules', '.servers', '.demo', '.bench', 'coverage'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-implied-eval': 'off',
      eqeqeq: 'error',
      // Prettier sees to the code. Wire layouts, indented or with bars, are as wide as they have to be.
      'max-len': ['error', { code: 1000, comments: 120, ignoreUrls: true, ignorePattern: '^\\s*\\* {2,}|\\|' }],
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'use a Clock (base/clock.ts).' },
        { object: 'Math', property: 'random', message: 'pass randomness in.' },
      ],
    },
  },
  ...structure,
  { files: ['src/base/clock.ts', 'src/base/randomness.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['test/**/*.ts', 'dev/**/*.ts', 'demo/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-restricted-properties': 'off', 'no-console': 'off' },
  },
);
