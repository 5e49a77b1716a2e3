/** The projects of integrations/ that Maven builds. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BUILD_MS = 600_000;

/** Why nothing of them can be tested here; undefined when it can. */
export async function whyNoMaven(): Promise<string | undefined> {
  if (process.env['INTEGRATIONS'] === '0') return 'INTEGRATIONS=0';
  for (const tool of ['java', 'mvn'] as const) {
    const isThere = await run(tool, ['--version']).then(
      () => true,
      () => false,
    );
    if (!isThere) return `there is no ${tool}`;
  }
  return undefined;
}

/** Up to `phase`, with the tests before it. What Maven has by now is enough, unless something is missing. */
export async function buildWithMaven(project: string, phase: string, options: readonly string[] = []): Promise<void> {
  const build = (...more: readonly string[]): Promise<unknown> =>
    run('mvn', ['-q', '-B', ...options, ...more, phase], { cwd: project, timeout: BUILD_MS, maxBuffer: 64 << 20 });
  try {
    await build('-o');
  } catch (error) {
    if (!/offline/i.test(outputOf(error))) throw new Error(outputOf(error).slice(-8000), { cause: error });
    await build();
  }
}

function outputOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'stdout' in error && typeof error.stdout === 'string' ? error.stdout : error.message;
}
