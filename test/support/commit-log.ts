/**
 * The commit log of a RocketMQ that is not running, as its broker stores messages (MessageExtEncoder of RocketMQ 5): to
 * make one that was killed while it stored a message. It copies the whole message into a mapped file; a kill takes
 * effect where the copy meets the next page, and what comes after that stays zeros.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Controls } from '../../dev/servers/servers.ts';

export interface StoredMessage {
  /** Where it begins in the file. */
  readonly at: number;
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
 * As if the broker had been killed while it stored the message, again and again until it had it: leaves it with zeros
 * from the first of the `cuts` on (bytes from the beginning of its properties), and adds copies as the newest of its
 * queue, one for each other cut, and a whole one.
 */
export async function tear(
  rocketmq: Pick<Controls, 'folder'>,
  message: StoredMessage,
  cuts: readonly number[],
): Promise<void> {
  await withFirstFile(rocketmq, async (file) => {
    const { messages, end } = await readMessages(file);
    const ofQueue = messages.filter(({ topic, queue }) => topic === message.topic && queue === message.queue);
    const places = [{ at: message.at, offset: message.queueOffset }];
    let next = { at: end, offset: (ofQueue.at(-1)?.queueOffset ?? -1n) + 1n };
    while (places.length <= cuts.length) {
      places.push(next);
      next = { at: next.at + message.bytes.length, offset: next.offset + 1n };
    }
    for (const [i, { at, offset }] of places.entries()) {
      const bytes = Buffer.from(message.bytes);
      bytes.writeBigInt64BE(offset, QUEUE_OFFSET_AT);
      bytes.writeBigInt64BE(BigInt(at), PHYSICAL_OFFSET_AT);
      const cut = cuts[i];
      if (cut !== undefined) bytes.fill(0, message.propertiesAt + cut);
      await file.write(bytes, 0, bytes.length, at);
    }
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
    messages.push(storedMessage(end, bytes));
    end += bytes.length;
  }
}

function storedMessage(at: number, bytes: Buffer): StoredMessage {
  const topicAt = BODY_LENGTH_AT + 4 + bytes.readInt32BE(BODY_LENGTH_AT);
  const propertiesAt = topicAt + 1 + bytes.readUInt8(topicAt) + 2;
  return {
    at,
    topic: bytes.toString('utf8', topicAt + 1, propertiesAt - 2),
    queue: bytes.readInt32BE(QUEUE_AT),
    queueOffset: bytes.readBigInt64BE(QUEUE_OFFSET_AT),
    bytes,
    propertiesAt,
  };
}
