import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';
import { brokerStatus } from '../rocketmq/broker-status.ts';
import type { OutboundMessage } from './sink.ts';
import { createTopicCommand, deletedTopicRemedy, destinationOf, type RocketmqPlace } from '../rocketmq/place.ts';
import { meaningOf, NO_QUEUE } from '../rocketmq/status-meaning.ts';

/** `look`: at a topic that was there. */
export type Phase = 'open' | 'look' | 'send';

/**
 * What a failure of the client means. While sending (`send`), a topic that is not found is no reason to stop: a
 * restarted broker answers so until the name server knows it again.
 */
export function brokerError(thrown: unknown, place: RocketmqPlace, phase: Phase): RelayError {
  if (thrown instanceof RelayError) return thrown;
  const { error, status, text } = brokerStatus(thrown);
  const code = classify(error, status, text, phase);
  const isMissing = status !== undefined && meaningOf(status, text) === 'missing';
  const remedy = phase !== 'open' && isMissing ? deletedTopicRemedy(place) : remedyOf(code, text, place);
  return new RelayError(code, `${destinationOf(place)} at ${place.endpoint}: ${text}`, {
    details: status === undefined ? {} : { status },
    ...(remedy !== undefined && { remedy }),
    cause: thrown,
  });
}

/** Says of one that will never be taken which it is: by its changes an operator finds the rows, and what to skip. */
export function namedMessage(error: RelayError, { tag, properties }: OutboundMessage): RelayError {
  const [first, last] = [properties.get('first'), properties.get('last')];
  if (error.code !== 'SINK_REJECTED' || first === undefined) return error;
  const { message, remedy, details } = error;
  const changes = last === undefined || last === first ? `change ${first}` : `changes ${first} to ${last}`;
  return new RelayError(error.code, `${message} (${changes} of ${tag})`, {
    details: { ...details, tag, first, last },
    remedy,
    cause: error,
  });
}

/** Families of statuses: the first three of five digits. */
const BAD_REQUEST = 400;
const INTERNAL_ERROR = 500;
const TOO_LARGE = /size exceed|too large|illegal/i;
/** The topic has lost its type: of the client (`Current message type not match …`), and of the proxy. */
const OTHER_TYPE = /message ?type/i;

function classify(error: unknown, status: number | undefined, text: string, phase: Phase): Code {
  // The client's own checks have no code: a wrong message type, a body over the limit that the broker announced.
  if (status === undefined) {
    if (!(error instanceof TypeError)) return 'SINK_BUSY';
    return OTHER_TYPE.test(text) ? 'SINK_TOPIC_NOT_FIFO' : 'SINK_REJECTED';
  }
  const family = Math.trunc(status / 100);
  switch (meaningOf(status, text)) {
    case 'unauthorized':
      return 'SINK_UNAUTHORIZED';
    case 'busy':
      // It means both "not now" and "never this message"; only the text tells.
      return family === INTERNAL_ERROR && TOO_LARGE.test(text) ? 'SINK_REJECTED' : 'SINK_BUSY';
    case 'missing':
      return phase === 'send' ? 'SINK_BUSY' : 'SINK_TOPIC_MISSING';
    case 'unreachable':
      return 'SINK_UNREACHABLE';
    case 'rejected':
      return family === BAD_REQUEST && OTHER_TYPE.test(text) ? 'SINK_TOPIC_NOT_FIFO' : 'SINK_REJECTED';
    case 'unknown':
      return 'SINK_ERROR';
  }
}

function remedyOf(code: Code, text: string, place: RocketmqPlace): string | undefined {
  switch (code) {
    case 'SINK_TOPIC_MISSING':
      // TopicRouteService of the proxy also keeps that there is no route (topicRouteServiceCacheRefreshSeconds).
      return `Create the topic, which the proxy may still call missing for 20 s: ${createTopicCommand(place)}`;
    case 'SINK_UNAUTHORIZED':
      return `Check sink.accessKey and sink.accessSecret, and give the user Pub: mqadmin createAcl -n <name server>:9876 -c <cluster> -s User:<access key> -r Topic:${place.topic} -a Pub -d Allow`;
    case 'SINK_UNREACHABLE':
      if (/certificate|self-signed|altnames/i.test(text)) {
        return 'The certificate of the proxy could not be verified: give sink.tls.ca the authority that signed it, and connect by a name that the certificate holds.';
      }
      return undefined;
    case 'SINK_BUSY':
      if (/sending message is forbidden/i.test(text))
        return 'Let the broker take messages again: mqadmin updateBrokerConfig -n <name server>:9876 -b <broker>:10911 -k brokerPermission -v 6. The relay keeps everything and tries again.';
      if (!NO_QUEUE.test(text)) return undefined;
      return `Let the topic take messages again: mqadmin updateTopicPerm -n <name server>:9876 -c <cluster> -t ${place.topic} -p 6; or look for a broker that is read-only (brokerPermission). The relay keeps everything and tries again.`;
    case 'SINK_REJECTED':
      if (/size exceed|body length limit/i.test(text))
        return 'Nothing was skipped. Raise maxMessageSize of every broker (broker.conf), and of the proxy (rmq-proxy.json), to its default of 4194304 or more, then start again.';
      return undefined;
    case 'SINK_ERROR':
      if (!/UNIMPLEMENTED/.test(text)) return undefined;
      return 'What answers there is no proxy of RocketMQ, or another one for the moment: check sink.endpoint. A relay that has published before keeps everything and tries again.';
    case 'SINK_TOPIC_NOT_FIFO':
      return `Make the topic FIFO again, with as many queues as it has; the relay keeps everything and goes on by itself: ${createTopicCommand(place)}`;
    default:
      return undefined;
  }
}
