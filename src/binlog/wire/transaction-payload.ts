/**
 * TRANSACTION_PAYLOAD: the events of one transaction but its GTID, compressed (binlog_transaction_compression=ON).
 * Source: Transaction_payload_event in libs/mysql/binlog/event/control_events.h, codecs/binary.cpp there
 *
 *   fields of: type, packed | size, packed | value, packed | a field of type 0, without size and value, ends them | the payload
 *   1 PAYLOAD_SIZE; 2 COMPRESSION_TYPE: 0 zstd, 255 none; 3 UNCOMPRESSED_SIZE
 *
 * The payload is whole events, one after the other, without checksums; their next positions are 0.
 */
import { ZSTDDecoder } from 'zstddec/stream';
import { RelayError } from '../../base/errors.ts';
import { Cursor } from './cursor.ts';
import { HEADER_BYTES } from './event-header.ts';
import { eventsIn, type NestedEvent } from './event-sequence.ts';

const NAME = 'TRANSACTION_PAYLOAD';
const FIELD = { END: 0, PAYLOAD_SIZE: 1, COMPRESSION_TYPE: 2, UNCOMPRESSED_SIZE: 3 } as const;
const COMPRESSION = { ZSTD: 0, NONE: 255 } as const;
/** What the decoder is fed at a time; it gives back at most 128 KiB at a time, whatever the ratio. */
const FEED_BYTES = 64 * 1024;

/** WebAssembly is made ready asynchronously, some milliseconds: here once, so that decompressing is synchronous. */
const zstd = new ZSTDDecoder();
await withoutFetch(() => zstd.init());

/**
 * The events of the payload in `b[start, end)`, `end` without the checksum; `b` must stay as it is until the last one
 * was taken.
 *
 * Decompresses as far as it is asked: beside `b` and zstd's window (2 MiB at MySQL's default level, at most 128 MiB) it
 * holds 128 KiB and twice the event given. Giving up early (`return()`) decompresses the rest into nothing: the decoder
 * frees its memory only at the end.
 *
 * Throws BINLOG_DECODE; BINLOG_UNSUPPORTED for another compression.
 */
export function nestedEvents(b: Buffer, start: number, end: number): Generator<NestedEvent, void, undefined> {
  const { from, compression, sizeBytes } = readPayloadHeader(b, start, end);
  const payload = b.subarray(from, end);
  return eventsIn(compression === COMPRESSION.ZSTD ? decompress(payload) : [payload], sizeBytes, NAME);
}

interface PayloadHeader {
  /** Where the payload begins. */
  readonly from: number;
  readonly compression: number;
  /** Of the events, all together. */
  readonly sizeBytes: number;
}

function readPayloadHeader(b: Buffer, start: number, end: number): PayloadHeader {
  const cursor = new Cursor(NAME, b, start, start + HEADER_BYTES, end);
  let payloadBytes: number | undefined;
  let compression: number | undefined;
  let sizeBytes: number | undefined;
  for (;;) {
    const type = cursor.packed('the type of a field');
    if (type === FIELD.END) break;
    const field = cursor.part(cursor.packed('the size of a field'), 'a field of the given size');
    if (type === FIELD.PAYLOAD_SIZE) payloadBytes = field.packed('the size of the payload');
    else if (type === FIELD.COMPRESSION_TYPE) compression = field.packed('the compression');
    else if (type === FIELD.UNCOMPRESSED_SIZE) sizeBytes = field.packed('the uncompressed size');
  }
  if (payloadBytes !== cursor.left) cursor.fail('a payload of the given size');
  if (compression === COMPRESSION.NONE) sizeBytes ??= payloadBytes;
  if (compression === undefined || sizeBytes === undefined)
    return cursor.fail('a compression and an uncompressed size');
  if (compression !== COMPRESSION.ZSTD && compression !== COMPRESSION.NONE) {
    throw new RelayError(
      'BINLOG_UNSUPPORTED',
      `${NAME}: compression ${compression}, which this version does not know`,
      {
        details: { compression },
        remedy: 'SET PERSIST binlog_transaction_compression = OFF;',
      },
    );
  }
  return { from: end - cursor.left, compression, sizeBytes };
}

/** Pieces of at most 128 KiB, as they are asked for. Throws BINLOG_DECODE. */
function* decompress(compressed: Buffer): Generator<Uint8Array, void, undefined> {
  let isStuck = false;
  const feed = function* (): Generator<Uint8Array, void, undefined> {
    for (let at = 0; at < compressed.length; at += FEED_BYTES) {
      isStuck = false;
      yield compressed.subarray(at, at + FEED_BYTES);
    }
  };
  const pieces = zstd.decodeStreaming(feed());
  const next = (): Uint8Array | undefined => {
    const result: IteratorResult<Uint8Array, unknown> = attempt(() => pieces.next());
    if (result.done === true) return undefined;
    const { value } = result;
    // After an error in its input the decoder gives empty pieces without end.
    if (value.length === 0 && isStuck) throw damaged('its bytes are damaged');
    isStuck = value.length === 0;
    return value;
  };
  let piece = next();
  try {
    for (; piece !== undefined; piece = next()) yield piece;
  } finally {
    // The reader gave up before the end.
    while (piece !== undefined) piece = next();
  }
}

function attempt<Result>(task: () => Result): Result {
  try {
    return task();
  } catch (cause) {
    throw damaged(cause instanceof Error ? cause.message : String(cause));
  }
}

function damaged(why: string): RelayError {
  return new RelayError('BINLOG_DECODE', `${NAME}: the payload cannot be decompressed: ${why}`);
}

/**
 * Calls what takes another way where there is no `fetch`: zstddec reads the WebAssembly that it brings along by it, and
 * the first use of it loads Node's HTTP client, which is 5 MB of memory and 50 ms of a start.
 */
function withoutFetch<Result>(call: () => Result): Result {
  const fetch = Object.getOwnPropertyDescriptor(globalThis, 'fetch');
  Reflect.deleteProperty(globalThis, 'fetch');
  try {
    return call();
  } finally {
    if (fetch !== undefined) Object.defineProperty(globalThis, 'fetch', fetch);
  }
}
