import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import type { Ended, Running } from './image.ts';

/**
 * Runs a program to its end and returns what it wrote to stdout; throws with the end of what it wrote when it fails.
 */
export async function run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const options = { env: { ...process.env, ...env }, maxBuffer: 64 << 20 };
  const { stdout } = await promisify(execFile)(program, args, options);
  return stdout;
}

/** Starts a program and keeps its output. `terminate` sends it SIGTERM. */
export function start(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  terminate: (pid: number) => Promise<void>,
): Running {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, output }));
  });
  return {
    ended,
    output: () => output,
    stop: async () => {
      if (child.pid !== undefined && child.exitCode === null) await terminate(child.pid);
      return ended;
    },
  };
}
