import { withoutUser } from './without-user.ts';

/** What the client has thrown, without its wrapping. */
export interface BrokerStatus {
  readonly error: unknown;
  /** A status of gRPC (1 to 16), or of RocketMQ (Code in apache/rocketmq/v2/definition.proto, five digits). */
  readonly status: number | undefined;
  /** The broker's own words, without the name of a user. */
  readonly text: string;
}

/** The client wraps errors in one another; what counts is the innermost one with a code. */
export function brokerStatus(thrown: unknown): BrokerStatus {
  const { error, status } = innermost(thrown);
  const text = brokerText(error);
  return { error, status: status === UNIMPLEMENTED && NO_ANSWER.test(text) ? UNAVAILABLE : status, text };
}

/** Of gRPC: what answers is no proxy of RocketMQ. */
export const UNIMPLEMENTED = 12;
const UNAVAILABLE = 14;
/** What grpc-js itself says of an answer that ended before its message, as one that was damaged on the way does. */
const NO_ANSWER = /No message received/;

function innermost(thrown: unknown): { error: unknown; status: number | undefined } {
  let found: { error: unknown; status: number | undefined } = { error: thrown, status: statusOf(thrown) };
  let current = thrown;
  while (current instanceof Error && current.cause !== undefined) {
    current = current.cause;
    const status = statusOf(current);
    if (status !== undefined || found.status === undefined) found = { error: current, status };
  }
  return found;
}

function statusOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'number' ? thrown.code : undefined;
}

/** The broker's own words, without the client's `[request-id=…, response-code=…]` before them. */
function brokerText(error: unknown): string {
  // grpc-js ends some messages with the heading of a note that is empty.
  const text = (error instanceof Error ? error.message : String(error)).replace(/\s*Resolution note:\s*$/, '');
  return withoutUser(text.replace(/^\[request-id=[^\]]*\] /, '').trim());
}
