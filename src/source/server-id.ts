import { createHash } from 'node:crypto';
import { RelayError } from '../base/errors.ts';

export interface ServerIdInput {
  readonly serverUuid: string;
  /** What makes this relay another one than those beside it: destination and checkpoint. */
  readonly identity: string;
  readonly hostName: string;
  /** Ids of the server itself and of those that it knows as its replicas. */
  readonly taken: ReadonlySet<number>;
}

const LOWEST = 2 ** 31;

/**
 * The number by which the server knows the relay among its replicas: the same after every restart on the same host, and
 * in the upper half of the range, where hand-made ids are rare.
 */
export function deriveServerId({ serverUuid, identity, hostName, taken }: ServerIdInput): number {
  for (let attempt = 0; ; attempt += 1) {
    const hash = createHash('sha256')
      .update(JSON.stringify([serverUuid, identity, hostName, attempt]))
      .digest();
    const serverId = LOWEST + (hash.readUInt32BE(0) % LOWEST);
    if (!taken.has(serverId)) return serverId;
  }
}

/** Throws SOURCE_SERVER_ID_TAKEN when the configured id is that of the server or of one of its replicas. */
export function requireFreeServerId(serverId: number, taken: ReadonlySet<number>): void {
  if (!taken.has(serverId)) return;
  throw new RelayError(
    'SOURCE_SERVER_ID_TAKEN',
    `source.serverId ${serverId} is the id of the server or of one of its replicas`,
    { details: { serverId } },
  );
}
