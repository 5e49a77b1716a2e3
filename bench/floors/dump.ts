import { systemClock } from '../../src/base/clock.ts';
import type { EventReader, Session } from '../../src/source/source.ts';
import { openZongjiSession } from '../../src/source/zongji.ts';

/** Of a user who may read the binlog. */
export interface DumpAddress {
  readonly host: string;
  readonly port: number;
  readonly relayUser: string;
  readonly relayPassword: string;
}

const SERVER_ID = 770_001;
const HEARTBEAT_MS = 10_000;

/** The relay's own dump connection, from the first transaction that the server has. */
export function openDump(address: DumpAddress, reader: EventReader): Promise<Session> {
  const { host, port, relayUser: user, relayPassword: password } = address;
  return openZongjiSession(
    {
      connection: { host, port, user, password },
      serverId: SERVER_ID,
      flavour: 'mysql',
      heartbeatMs: HEARTBEAT_MS,
      clock: systemClock,
    },
    { file: '', offset: 4, gtidSet: '' },
    reader,
  );
}
