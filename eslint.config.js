import tseslint from 'typescript-eslint';

/** What a room may import from other rooms of src/. A room's contract is the file that bears its name; `cli` wires everything. */
const contracts = {
  base: [],
  binlog: ['base'],
  change: ['base', 'binlog'],
  format: ['base', 'binlog', 'change'],
  source: ['base', 'binlog', 'config'],
  sink: ['base', 'config'],
  checkpoint: ['base', 'binlog', 'config'],
  config: ['base'],
  admin: ['base', 'config', 'checkpoint', 'relay'],
  relay: ['base', 'binlog', 'change', 'format', 'source', 'sink', 'checkpoint'],
};
/** Rooms whose files are open to the rooms above them; of all others only the contract is. */
const open = new Set(['base', 'binlog', 'change', 'format']);
const pure = ['binlog', 'change', 'format'];
/** A package has one door. */
const doors = {
  zongji: ['src/source/zongji.ts'],
  mysql2: ['src/source/**'],
  'mysql2/promise': ['src/source/**'],
  'rocketmq-client-nodejs': ['src/sink/rocketmq*.ts'],
  '@mysql/xdevapi': ['src/checkpoint/mysqlx*.ts'],
  pino: ['src/base/log.ts'],
  yaml: ['src/config/**'],
  zod: ['src/config/**', 'src/checkpoint/**'],
  'prom-client': ['src/admin/metrics.ts'],
  zstddec: ['src/binlog/transaction-payload.ts'],
};
const rooms = Object.keys(contracts);

const boundaries = rooms.map((room) => ({
  files: [`src/${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          ...rooms
            .filter((other) => other !== room && !contracts[room].includes(other))
            .map((other) => ({
              regex: `^(\\.\\./)+${other}/`,
              message: `${room} may not import ${other}: see eslint.config.js for the arrows.`,
            })),
          ...contracts[room]
            .filter((other) => !open.has(other))
            .map((other) => ({
              regex: `^(\\.\\./)+${other}/(?!${other}\\.ts$)`,
              message: `import only ${other}/${other}.ts, the contract of the room.`,
            })),
          { regex: '^(\\.\\./)+cli/', message: 'only main.ts imports cli.' },
          ...Object.keys(doors)
            .filter((name) => !doors[name].some((file) => file.startsWith(`src/${room}/`)))
            .map((name) => ({ regex: `^${name}($|/)`, message: `${name} has one door: ${doors[name].join(', ')}.` })),
        ],
      },
    ],
    ...(pure.includes(room) && {
      'no-restricted-globals': [
        'error',
        ...['process', 'console', 'setTimeout', 'setInterval', 'setImmediate', 'performance', 'fetch'].map((name) => ({
          name,
          message: `${room} is pure.`,
        })),
      ],
    }),
  },
}));

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
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'use a Clock (base/clock.ts).' },
        { object: 'Math', property: 'random', message: 'pass randomness in.' },
      ],
    },
  },
  ...boundaries,
  { files: ['src/base/clock.ts', 'src/base/randomness.ts'], rules: { 'no-restricted-properties': 'off' } },
  {
    files: ['test/**/*.ts', 'dev/**/*.ts', 'demo/**/*.ts', 'bench/**/*.ts'],
    rules: { 'no-restricted-properties': 'off', 'no-console': 'off' },
  },
);
