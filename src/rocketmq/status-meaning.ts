/** What a status of the proxy means to whoever has asked, sink and reader alike. */
import { UNIMPLEMENTED } from './broker-status.ts';

export type StatusMeaning =
  | 'unauthorized'
  /** Not now: it is worth asking again. */
  | 'busy'
  | 'missing'
  | 'unreachable'
  /** What was asked will never be done. */
  | 'rejected'
  | 'unknown';

/** ProducerProcessor and ConsumerProcessor of the proxy: no queue of the topic has the permission. */
export const NO_QUEUE = /no (?:writable|readable) queue/i;

/** `status`: of gRPC, or of RocketMQ; see BrokerStatus. */
export function meaningOf(status: number, text: string): StatusMeaning {
  if (status < 100) return meaningOfGrpc(status);
  switch (Math.trunc(status / 100)) {
    case 401:
      return 'unauthorized';
    case 403:
      // FORBIDDEN is for a user without the right, and for a topic that may not be used for now.
      return NO_QUEUE.test(text) ? 'busy' : 'unauthorized';
    case 404:
      return 'missing';
    case 408:
      return 'unreachable';
    case 402: // PAYMENT_REQUIRED
    case 428: // PRECONDITION_FAILED
    case 429: // TOO_MANY_REQUESTS
    case 500: // INTERNAL_ERROR
    case 504: // a timeout of the proxy, or of the broker's disk or replica
      return 'busy';
    case 400: // an illegal topic, tag, key, group or property
    case 413: // PAYLOAD_TOO_LARGE
    case 431: // REQUEST_HEADER_FIELDS_TOO_LARGE
    case 501: // NOT_IMPLEMENTED
    case 505: // VERSION_UNSUPPORTED
      return 'rejected';
    default:
      return 'unknown';
  }
}

/** Status codes of gRPC, doc/statuscodes.md of grpc. */
function meaningOfGrpc(status: number): StatusMeaning {
  switch (status) {
    case 7: // PERMISSION_DENIED
    case 16: // UNAUTHENTICATED
      return 'unauthorized';
    case 8: // RESOURCE_EXHAUSTED
      return 'busy';
    // Not a proxy of RocketMQ, or for the moment; and a request that was damaged on the way. What the proxy says of a
    // message it says with a status of its own.
    case 3: // INVALID_ARGUMENT
    case UNIMPLEMENTED:
      return 'unknown';
    default:
      return 'unreachable';
  }
}
