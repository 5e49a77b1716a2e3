import type servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import { SpareBuffers } from '../base/spare-buffers.ts';

/**
 * The bytes of SendMessageRequests, in buffers that are used again.
 *
 * The generated code copies each body twice, into buffers of its own, before gRPC copies it once more, and V8 looks at
 * its whole heap for every few tens of megabytes of such buffers: that was half of all garbage collection in a backlog.
 * Here the body is copied once, into a spare buffer, after what the generated code makes of the rest.
 *
 * Layout: service.proto and definition.proto of apache/rocketmq-apis. Fields may come in any order (protobuf.dev,
 * "Encoding").
 */
export class RequestBytes {
  readonly #spares = new SpareBuffers(MAX_SPARE_BYTES);

  /** The whole request; its messages lose their bodies. Give the result to `recycle` once nobody reads it any more. */
  write(request: servicePb.SendMessageRequest): Buffer {
    const parts = request.getMessagesList().map((message) => {
      const body = message.getBody_asU8();
      message.setBody('');
      return { head: message.serializeBinary(), body };
    });
    const sizes = parts.map(({ head, body }) => head.length + fieldBytes(body.length));
    const total = sizes.reduce((sum, size) => sum + fieldBytes(size), 0);
    const buffer = this.#spares.take(total);
    let at = 0;
    for (const [i, { head, body }] of parts.entries()) {
      at = writePrefix(buffer, at, MESSAGES, sizes[i] ?? 0);
      buffer.set(head, at);
      at = writePrefix(buffer, at + head.length, BODY, body.length);
      buffer.set(body, at);
      at += body.length;
    }
    return buffer.subarray(0, total);
  }

  recycle(bytes: Buffer): void {
    this.#spares.give(Buffer.from(bytes.buffer));
  }
}

/** Twice what is in flight with the default settings: 256 KB for each of 8 lanes. */
const MAX_SPARE_BYTES = 4 << 20;
/** Field numbers, as tags of wire type 2 (length-delimited): SendMessageRequest.messages and Message.body. */
const MESSAGES = (1 << 3) | 2;
const BODY = (4 << 3) | 2;

/** Bytes of a length-delimited field with a tag of one byte. */
function fieldBytes(length: number): number {
  let bytes = 2 + length;
  for (let rest = length; rest >= 0x80; rest >>>= 7) bytes += 1;
  return bytes;
}

function writePrefix(out: Buffer, at: number, tag: number, length: number): number {
  let o = at;
  out[o++] = tag;
  for (let rest = length; ; rest >>>= 7) {
    if (rest < 0x80) {
      out[o++] = rest;
      return o;
    }
    out[o++] = (rest & 0x7f) | 0x80;
  }
}
