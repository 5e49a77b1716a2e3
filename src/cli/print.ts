/**
 * Writes to stdout for a person to read. Who closes it early (`check | head -1`) has read enough: the command goes on
 * to its end and its exit code.
 */
export function print(text: string): void {
  const { stdout } = process;
  if (!stdout.listeners('error').includes(passClosedPipe)) stdout.on('error', passClosedPipe);
  stdout.write(text);
}

function passClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
