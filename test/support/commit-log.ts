/**
 * The commit log of a RocketMQ that is not running, as its broker stores messages (MessageExtEncoder of RocketMQ 5): to
 * make one that was killed while it stored a message. It copies the whole message into a mapped file; a kill takes
 * effect where the copy meets the next page, and what comes after that stays zeros.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Controls } from '../../dev/servers/servers.ts';

export interface StoredMessage {
  readonly topic: string;
  readonly queue: number;
  readonly queueOffset: bigint;
  readonly bytes: Buffer;
  /** Where its properties begin in `bytes`: they reach to its end. */
  readonly propertiesAt: number;
}

const MAGIC = 0xdaa320a7;
const QUEUE_AT = 12;
const QUEUE_OFFSET_AT = 20;
const PHYSICAL_OFFSET_AT = 28;
const BODY_LENGTH_AT = 84;

/** Messages of the first file, those of RocketMQ's own topics among them. Addresses of hosts are IPv4. */
export async function storedMessages(rocketmq: Pick<Controls, 'folder'>): Promise<readonly StoredMessage[]> {
  return withFirstFile(rocketmq, async (file) => {
    const { messages } = await readMessages(file);
    return messages;
  });
}

/**
 * Adds copies of a message as newest of its queue, each with zeros from one of the `cuts` on: bytes from the beginning
 * of its properties. Returns their offsets in the queue.
 */
export async function appendTorn(
  rocketmq: Pick<Controls, 'folder'>,
  message: StoredMessage,
  cuts: readonly number[],
): Promise<readonly bigint[]> {
  return withFirstFile(rocketmq, async (file) => {
    const { messages, end } = await readMessages(file);
    const ofQueue = messages.filter(({ topic, queue }) => topic === message.topic && queue === message.queue);
    let next = (ofQueue.at(-1)?.queueOffset ?? -1n) + 1n;
    let at = end;
    const offsets: bigint[] = [];
    for (const cut of cuts) {
      const bytes = Buffer.from(message.bytes);
      bytes.writeBigInt64BE(next, QUEUE_OFFSET_AT);
      bytes.writeBigInt64BE(BigInt(at), PHYSICAL_OFFSET_AT);
      bytes.fill(0, message.propertiesAt + cut);
      await file.write(bytes, 0, bytes.length, at);
      offsets.push(next);
      at += bytes.length;
      next += 1n;
    }
    return offsets;
  });
}

/** Tests fill no second one: a file has 256 MiB. */
async function withFirstFile<T>(
  { folder }: Pick<Controls, 'folder'>,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(join(folder, 'store', 'commitlog', '0'.repeat(20)), 'r+');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readMessages(
  file: FileHandle,
): Promise<{ readonly messages: readonly StoredMessage[]; readonly end: number }> {
  const messages: StoredMessage[] = [];
  const head = Buffer.alloc(8);
  let end = 0;
  for (;;) {
    const { bytesRead } = await file.read(head, 0, head.length, end);
    if (bytesRead < head.length || head.readUInt32BE(4) !== MAGIC) return { messages, end };
    const bytes = Buffer.alloc(head.readInt32BE(0));
    await file.read(bytes, 0, bytes.length, end);
    messages.push(storedMessage(bytes));
    end += bytes.length;
  }
}

function storedMessage(bytes: Buffer): StoredMessage {
  const topicAt = BODY_LENGTH_AT + 4 + bytes.readInt32BE(BODY_LENGTH_AT);
  const propertiesAt = topicAt + 1 + bytes.readUInt8(topicAt) + 2;
  return {
    topic: bytes.toString('utf8', topicAt + 1, propertiesAt - 2),
    queue: bytes.readInt32BE(QUEUE_AT),
    queueOffset: bytes.readBigInt64BE(QUEUE_OFFSET_AT),
    bytes,
    propertiesAt,
  };
}
