import { execFile } from 'node:child_process';

/** Where the programs come from that we run but do not bring. */
const REMEDIES = {
  java: 'install a Java 17 runtime (Debian: apt-get install openjdk-17-jre-headless)',
  mvn: 'install Maven (Debian: apt-get install maven)',
  'apt-get': 'use Debian or Ubuntu, or start a Docker engine',
  'apt-cache': 'use Debian or Ubuntu, or start a Docker engine',
  dpkg: 'use Debian or Ubuntu, or start a Docker engine',
  tar: 'install tar',
  cp: 'install coreutils',
  unshare: 'install util-linux',
  docker: 'install Docker',
} as const;

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** What it wrote to stderr is wanted as well. */
  readonly withStderr?: boolean;
}

/**
 * Runs a program to its end and returns what it printed. Throws an Error that says what failed, and for a missing
 * program how to get it.
 */
export function runTool(
  tool: keyof typeof REMEDIES,
  args: readonly string[],
  options: ToolOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      tool,
      args,
      {
        cwd: options.cwd,
        env: { ...process.env, ...options.env },
        timeout: options.timeoutMs ?? 0,
        maxBuffer: 64 << 20,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(options.withStderr === true ? stdout + stderr : stdout);
        else if (error.code === 'ENOENT')
          reject(new Error(`${tool} is not installed: ${REMEDIES[tool]}.`, { cause: error }));
        else
          reject(
            new Error(`${tool} ${args.join(' ')} failed: ${error.killed ? 'timeout' : lastLines(stderr + stdout)}`, {
              cause: error,
            }),
          );
      },
    );
  });
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-10).join('\n');
}
