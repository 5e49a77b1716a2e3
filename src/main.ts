#!/usr/bin/env -S node --max-old-space-size=1536 --max-semi-space-size=4
// The limits keep the process small: without them V8 lets garbage grow to some 100 MB before it looks (measured: 220 MB
// of RSS instead of 130 at 1,500 transactions/s). With much less it looks too often in a backlog: docs/decisions/0006.
// What is held lies outside of this heap.
import { main } from './cli/main.ts';

const HANGS_MS = 5000;

process.exitCode = await main(process.argv.slice(2));
// Nothing is left that keeps the process alive, but a call to a disk that hangs: not even process.exit would end then,
// it waits for such calls.
setTimeout(() => process.kill(process.pid, 'SIGKILL'), HANGS_MS).unref();
