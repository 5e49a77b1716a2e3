/** A daemon that is started again whenever it has ended without being told to, as systemd would. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exit } from '../../dev/daemon-process.ts';

const AGAIN_MS = 1000;
const KILL_MS = 60_000;

export interface Daemon {
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<Exit>;
  signal(name: NodeJS.Signals): void;
  address(): Promise<string | undefined>;
  log(): Promise<string>;
}

/** An end that nobody has asked for. */
export interface OwnEnd {
  readonly who: string;
  readonly exit: Exit;
  /** Codes of the fatal and error lines of its log. */
  readonly codes: readonly string[];
  readonly logFile: string;
}

export class Supervised {
  readonly who: string;
  /** Of this round: who looks takes them away. */
  readonly ownEnds: OwnEnd[] = [];
  starts = 0;
  readonly #start: () => Promise<Daemon>;
  #daemon: Daemon | undefined;
  #isWanted = false;
  #address: { readonly pid: number; readonly url: string } | undefined;

  /** `start`: one process; it goes on where the one before has ended. */
  constructor(who: string, start: () => Promise<Daemon>) {
    this.who = who;
    this.#start = start;
  }

  /** Undefined while none runs. */
  get pid(): number | undefined {
    return this.#daemon?.pid;
  }

  async start(): Promise<void> {
    this.#isWanted = true;
    const daemon = await this.#start();
    this.starts += 1;
    this.#daemon = daemon;
    void daemon.exited.then((exit) => this.#ended(daemon, exit));
  }

  /** Sends a signal to the process of now, if there is one. */
  signal(name: NodeJS.Signals): void {
    this.#daemon?.signal(name);
  }

  /** Ends it, and leaves it so. `ms`: how long that took; undefined exit: it had to be killed after a minute. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<{ readonly exit: Exit | undefined; readonly ms: number }> {
    this.#isWanted = false;
    const daemon = this.#daemon;
    if (daemon === undefined) return { exit: undefined, ms: 0 };
    const startMs = performance.now();
    daemon.signal(signal);
    const patience = new AbortController();
    const exit = await Promise.race([
      daemon.exited,
      sleep(KILL_MS, undefined, { signal: patience.signal }).catch(() => undefined),
    ]);
    patience.abort();
    if (exit === undefined) {
      daemon.signal('SIGKILL');
      await daemon.exited;
    }
    return { exit, ms: performance.now() - startMs };
  }

  /** `http://host:port` of its pages; undefined while there is none. */
  async address(): Promise<string | undefined> {
    const daemon = this.#daemon;
    if (daemon === undefined) return undefined;
    if (this.#address?.pid === daemon.pid) return this.#address.url;
    const url = await daemon.address();
    if (url !== undefined) this.#address = { pid: daemon.pid, url };
    return url;
  }

  async #ended(daemon: Daemon, exit: Exit): Promise<void> {
    if (this.#daemon !== daemon) return;
    this.#daemon = undefined;
    if (!this.#isWanted) return;
    // What it has written last may still be on its way to the file.
    await sleep(AGAIN_MS);
    this.ownEnds.push({ who: this.who, exit, codes: codesIn(await daemon.log()), logFile: daemon.logFile });
    if (this.isWanted()) await this.start();
  }

  /** A function, since others may have ended it while it was waited for. */
  isWanted(): boolean {
    return this.#isWanted;
  }
}

function codesIn(log: string): readonly string[] {
  const lines = log.split('\n').filter((line) => /"level":(50|60)/.test(line));
  return [...new Set(lines.flatMap((line) => /"code":"([A-Z_]+)"/.exec(line)?.[1] ?? []))];
}
