import { RelayError } from '../base/errors.ts';
import type { OutboundMessage } from './sink.ts';

/**
 * The limits of RocketMQ's proxy (GrpcValidator and SendMessageActivity of the proxy, maxMessageSize of the broker),
 * checked before a send: the broker answers some of them with the code that also means "try again later".
 */
const MAX_LANE_BYTES = 63;
const MAX_PROPERTIES = 126;
const MAX_PROPERTY_BYTES = 16 * 1024;
/** What proxy and broker take unless they are told otherwise. */
const DEFAULT_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Room for what the broker stores beside the body, and for what a reader's gRPC adds to it. */
const BESIDE_BODY_BYTES = 64 * 1024;

/** The relay keeps to the limit that it was told when the sink was opened. */
const LARGE_BODY_REMEDY =
  'The proxy takes smaller messages than when the relay started: raise its maxMessageSize again, or start the relay again.';

/** The largest body for a proxy that announces `maxMessageBytes` (maxMessageSize), or nothing yet. */
export function maxBodyBytes(maxMessageBytes = DEFAULT_MESSAGE_BYTES): number {
  return Math.max(BESIDE_BODY_BYTES, maxMessageBytes - BESIDE_BODY_BYTES);
}

const CONTROL = /\p{Cc}/u;
const RESERVED = new Set(['KEYS', 'TAGS', 'UNIQ_KEY', 'DELAY']);

/** Throws SINK_REJECTED, naming the part and never its value, which may be a primary key. */
export function assertSendable(message: OutboundMessage, maxBytes = maxBodyBytes()): void {
  const problem =
    laneProblem(message.lane) ??
    tagProblem(message.tag) ??
    keysProblem(message.keys) ??
    propertiesProblem(message) ??
    bodyProblem(message.body, maxBytes);
  if (problem === undefined) return;
  throw new RelayError('SINK_REJECTED', `RocketMQ does not take this message of ${message.tag}: ${problem}.`, {
    details: { lane: message.lane, tag: message.tag },
    ...(message.body.length > maxBytes && { remedy: LARGE_BODY_REMEDY }),
  });
}

function textProblem(what: string, text: string): string | undefined {
  if (text.trim() === '') return `${what} is blank`;
  if (CONTROL.test(text)) return `${what} holds a control character`;
  return undefined;
}

function laneProblem(lane: string): string | undefined {
  const bytes = Buffer.byteLength(lane);
  if (bytes > MAX_LANE_BYTES) return `the lane's name has ${bytes} bytes, over ${MAX_LANE_BYTES}`;
  return textProblem("the lane's name", lane);
}

function tagProblem(tag: string): string | undefined {
  return tag.includes('|') ? 'the tag holds a |' : textProblem('the tag', tag);
}

function keysProblem(keys: readonly string[]): string | undefined {
  for (const [index, key] of keys.entries()) {
    const problem = textProblem(`key ${index}`, key);
    if (problem !== undefined) return problem;
    // The broker would take it, and readers would see two keys.
    if (key.includes(' ')) return `key ${index} holds a space`;
  }
  return undefined;
}

function propertiesProblem({ properties, tag, keys }: OutboundMessage): string | undefined {
  if (properties.size > MAX_PROPERTIES) return `it has ${properties.size} properties, over ${MAX_PROPERTIES}`;
  let bytes = Buffer.byteLength(tag);
  for (const key of keys) bytes += Buffer.byteLength(key) + 1;
  for (const [name, value] of properties) {
    if (RESERVED.has(name) || name.startsWith('__')) return `property ${name} is RocketMQ's own`;
    const problem = textProblem('the name of a property', name);
    if (problem !== undefined) return problem;
    if (CONTROL.test(value)) return `property ${name} holds a control character`;
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > MAX_PROPERTY_BYTES) {
    return `tag, keys and properties have ${bytes} bytes, over ${MAX_PROPERTY_BYTES}; set sink.messageKeys to none or auto`;
  }
  return undefined;
}

function bodyProblem(body: Buffer, maxBytes: number): string | undefined {
  if (body.length === 0) return 'the body is empty';
  if (body.length > maxBytes) return `the body has ${body.length} bytes, over ${maxBytes}`;
  return undefined;
}
