import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Own ports of the TCP connections, over IPv4, that a process has at this moment; proc(5). */
export function portsOf(pid: number): ReadonlySet<number> {
  const sockets = new Set(socketsOf(pid));
  const [, ...lines] = readFileSync(`/proc/${pid}/net/tcp`, 'latin1').trim().split('\n');
  return new Set(
    lines.flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
      return sockets.has(fields[9] ?? '') ? [port] : [];
    }),
  );
}

/** Inodes. */
function socketsOf(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      const [, inode] = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? [];
      return inode === undefined ? [] : [inode];
    } catch {
      // It was closed meanwhile.
      return [];
    }
  });
}
