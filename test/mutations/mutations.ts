/**
 * For each invariant of docs/invariants.md, a small change of the code that breaks it, and the tests that have to fail
 * then. Run by `npm run test:mutations`.
 */
export interface Mutation {
  readonly invariant: number;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
  /** The tests are of the integration project; else of the unit project. */
  readonly needsServers?: boolean;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    invariant: 1,
    file: 'src/relay/progress/low-water-mark.ts',
    find: 'return this.holders === 0 && this.branches === 0;',
    replace: 'return this.branches === 0;',
    tests: ['test/unit/relay/progress/low-water-mark.test.ts'],
  },
  {
    invariant: 1,
    file: 'src/relay/lanes/delivery.ts',
    find: 'await sink.send(outbound);',
    replace: 'void sink.send(outbound).catch(() => undefined);',
    tests: ['test/unit/relay/run/run.test.ts'],
  },
  {
    invariant: 2,
    file: 'src/relay/lanes/packer.ts',
    find: 'open.number === this.#begun || open.number >= this.#newestToFollow(row, table)',
    replace: 'open.number > 0',
    tests: ['test/property/relay/lanes/packer.test.ts'],
  },
  {
    invariant: 3,
    file: 'src/relay/run/throttle.ts',
    find: 'this.#messages.bytes + this.#events.bytes < bytes',
    replace: 'this.#messages.bytes + this.#events.bytes < bytes * 8',
    tests: ['test/unit/relay/run/run.test.ts'],
  },
  {
    invariant: 4,
    file: 'src/relay/tables/row-reader.ts',
    find: 'change.n = counter.next;',
    replace: 'change.n = this.counters.inserted + this.counters.updated + this.counters.deleted;',
    tests: ['test/property/relay/run/identity.test.ts'],
  },
  {
    invariant: 5,
    file: 'src/binlog/columns/integer.ts',
    find: '3: (out, o, b, p) => writeInt32(out, o, (u24le(b, p) << 8) >> 8),',
    replace: '3: (out, o, b, p) => writeInt32(out, o, u24le(b, p)),',
    tests: ['test/unit/binlog/columns/integer.test.ts'],
  },
  {
    invariant: 6,
    file: 'src/relay/intake/without-rows.ts',
    find: 'if ((eventFlags(b, start) & LOG_EVENT_IGNORABLE_F) !== 0) return;',
    replace: 'if (eventFlags(b, start) >= 0) return;',
    tests: ['test/unit/relay/unknown-event.test.ts'],
  },
  {
    invariant: 7,
    file: 'src/relay/intake/stream-place.ts',
    find: 'this.offset = this.#wrappedBytes + next;',
    replace: 'this.offset = this.boundary = this.#wrappedBytes + next;',
    tests: ['test/unit/relay/intake/intake.test.ts', 'test/unit/relay/xa.test.ts'],
  },
  {
    invariant: 8,
    file: 'src/admin/server.ts',
    find: '    server.closeAllConnections();\n',
    replace: '',
    tests: ['test/unit/admin/close.test.ts'],
  },
  {
    invariant: 9,
    file: 'src/relay/tables/row-reader.ts',
    find: 'counter.countIn(serial);',
    replace: '',
    tests: ['test/property/relay/repeats.test.ts'],
  },
  {
    invariant: 10,
    file: 'src/config/schema.ts',
    find: 'const limitsSchema = z\n  .strictObject({',
    replace: 'const limitsSchema = z\n  .object({',
    tests: ['test/unit/config/unknown-keys.test.ts'],
  },
  {
    invariant: 11,
    file: 'src/source/zongji.ts',
    find: 'this.#isPaused = true;\n    this.#zongji.connection?.pause();',
    replace: 'this.#isPaused = true;\n    void this.close();',
    tests: ['test/unit/source/zongji.test.ts'],
  },
  {
    invariant: 12,
    file: 'src/relay/run/checkpoint-keeper.ts',
    find: 'const position = lowWater.position();',
    replace: 'const position = lowWater.taken();',
    tests: ['test/property/relay/lives.test.ts'],
  },
  {
    invariant: 13,
    file: 'src/relay/lanes/barrier.ts',
    find: '![...lanes, ...ddlLanes].every((lane) => lane.isEmpty)',
    replace: '!ddlLanes.every((lane) => !lane.isBusy)',
    tests: ['test/property/relay/lanes/barrier.test.ts'],
  },
  {
    invariant: 14,
    file: 'src/binlog/statements/sql-tokens.ts',
    find: "if (text[at] === '\\\\' && hasEscapes !== false) {",
    replace: "if (text[at] === '\\\\') {",
    tests: ['test/unit/binlog/statements/ddl-statement.test.ts'],
  },
  {
    invariant: 15,
    file: 'src/relay/intake/skip.ts',
    find: "if (this.#state !== 'waiting') return false;",
    replace: "if (this.#state === 'passed') return true;",
    tests: ['test/unit/relay/intake/skip.test.ts'],
  },
  {
    invariant: 16,
    file: 'src/relay/lanes/seal.ts',
    find: '      marks,\n',
    replace: '      marks: [],\n',
    tests: ['test/unit/relay/lanes/outbox.test.ts', 'test/property/relay/lives.test.ts'],
  },
  {
    invariant: 17,
    file: 'src/relay/intake/transaction-reader.ts',
    find: "case 'rollback':\n        this.#events.clear();",
    replace: "case 'rollback':",
    tests: ['test/unit/relay/kept/transaction-events.test.ts', 'test/unit/relay/intake-mariadb.test.ts'],
  },
  {
    invariant: 17,
    file: 'src/relay/intake/intake.ts',
    find: '  endOfRead(): void {\n    try {\n      this.#transactions.settle();',
    replace: '  endOfRead(): void {\n    try {',
    tests: ['test/unit/relay/kept/transaction-events.test.ts'],
  },
  {
    invariant: 18,
    file: 'src/relay/lanes/delivery.ts',
    find: 'if (!right.isHeld) await right.held();',
    replace: '',
    tests: ['test/unit/relay/run/run.test.ts'],
  },
  // Cut off from the server, which will free its lock, it would go on sending.
  {
    invariant: 18,
    file: 'src/source/control.ts',
    find: 'return silentMs > this.#lockTimes.certainSeconds * 1000 ? undefined : held.term;',
    replace: 'return silentMs < 0 ? undefined : held.term;',
    tests: ['test/e2e/standby.test.ts'],
    needsServers: true,
  },
  // What the stream has brought may not be visible to a read yet.
  {
    invariant: 19,
    file: 'src/source/copy/visible.ts',
    find: "return gtidSet === '' || isInTime(session, 'WAIT_FOR_EXECUTED_GTID_SET', gtidSet);",
    replace: 'return true;',
    tests: ['test/integration/relay/copy-moving.test.ts'],
    needsServers: true,
  },
  // What a read has seen, the stream may not have brought yet.
  {
    invariant: 19,
    file: 'src/relay/copies/copy-stream.ts',
    find: '() => !isBefore(this.#ends.intake.passed, end)',
    replace: '() => end.offset >= 0',
    tests: ['test/integration/relay/copy-moving.test.ts'],
    needsServers: true,
  },
  {
    invariant: 19,
    file: 'src/relay/copies/copied-rows.ts',
    find: 'dirty.size === 0 ||',
    replace: 'true ||',
    tests: ['test/integration/relay/copy-moving.test.ts'],
    needsServers: true,
  },
  // A table without a key that was written to between the read and its place in the stream.
  {
    invariant: 19,
    file: 'src/relay/copies/keyless-copier.ts',
    find: "if (watched.isTouched || watched.isRedefined) return 'changed';",
    replace: '',
    tests: ['test/integration/relay/copy-moving.test.ts'],
    needsServers: true,
  },
  // What the stream has of a table before its exact copy is published all the same.
  {
    invariant: 19,
    file: 'src/relay/copies/stream-watch.ts',
    find: 'if (this.withheld?.isEmpty === false && this.withheld.withholds(nameOf(messageClass))) return;',
    replace: '',
    tests: ['test/integration/relay/copy-exact.test.ts'],
    needsServers: true,
  },
  // What comes after the place of a table's exact copy is withheld until the list of copies says that it is copied.
  {
    invariant: 19,
    file: 'src/relay/copies/keyless-copier.ts',
    find: 'if (this.#of.isExact) options.withheld.given(this.#of.id, this.#of.table);',
    replace: '',
    tests: ['test/integration/relay/copy-exact.test.ts'],
    needsServers: true,
  },
  // A key that was not found, when a row was given an equal one meanwhile.
  {
    invariant: 19,
    file: 'src/relay/copies/keys-copier.ts',
    find: 'if (absent.some(({ identity }) => watched.given.has(identity))) return undefined;',
    replace: '',
    tests: ['test/integration/relay/copy-keys.test.ts'],
    needsServers: true,
  },
  {
    invariant: 20,
    file: 'src/relay/copies/keyed-copier.ts',
    find: 'if (watched.isRedefined) return undefined;',
    replace: '',
    tests: ['test/integration/relay/copy-ddl.test.ts'],
    needsServers: true,
  },
  {
    invariant: 21,
    file: 'src/relay/lanes/lane.ts',
    find: 'this.packer.close();',
    replace: '',
    tests: ['test/property/relay/lanes/say.test.ts'],
  },
  {
    invariant: 21,
    file: 'src/relay/progress/progress-messages.ts',
    find: 'if (intake.isBusy) return;',
    replace: '',
    tests: ['test/property/relay/progress/progress-messages.test.ts'],
  },
  {
    invariant: 21,
    file: 'src/relay/lanes/lane.ts',
    find: 'if (this.#said !== undefined && this.#said.behind !== behind) return;',
    replace: '',
    tests: ['test/unit/relay/progress/progress-messages.test.ts'],
  },
  // Whoever thinks that it is next writes.
  {
    invariant: 22,
    file: 'src/apply/ledger/ledger.ts',
    find: 'IF(epoch = ${from.epoch} AND sequence = ${from.sequence}, ${to.sequence}, -1)',
    replace: '${to.sequence}',
    tests: ['test/integration/apply/lane-writer.test.ts'],
    needsServers: true,
  },
  // Lanes that have not said how far they are do not count.
  {
    invariant: 23,
    file: 'src/apply/ledger/complete.ts',
    find: 'first === undefined || said.some((progress) => progress.lanes > said.length)',
    replace: 'first === undefined',
    tests: ['test/unit/apply/ledger/complete.test.ts'],
  },
  // A row that moves during every look is taken for one that differs.
  {
    invariant: 24,
    file: 'src/verify/pass/candidates.ts',
    find: 'const isStill = source.every((hash) => hash === first);',
    replace: 'const isStill = true;',
    tests: ['test/unit/verify/candidates.test.ts'],
  },
  // A property that is cut off is taken for what was sent.
  {
    invariant: 25,
    file: 'src/topic/torn.ts',
    find: 'hasNul(name) || hasNul(value)',
    replace: 'hasNul(name)',
    tests: ['test/property/topic/torn.test.ts'],
  },
  // Nobody misses the mark on a message.
  {
    invariant: 25,
    file: 'src/topic/torn.ts',
    find: ": [...REQUIRED, ...optional.split(',')]",
    replace: ': REQUIRED',
    tests: ['test/property/topic/torn.test.ts'],
  },
];
