import type { Code } from '../base/error-codes.ts';
import { RelayError } from '../base/errors.ts';
import { brokerStatus, UNIMPLEMENTED } from '../rocketmq/broker-status.ts';
import { createTopicCommand, destinationOf, type RocketmqPlace } from '../rocketmq/place.ts';
import { meaningOf, NO_QUEUE, type StatusMeaning } from '../rocketmq/status-meaning.ts';
import type { TopicProbe } from '../rocketmq/topic-probe.ts';

/** What is read, for error texts. */
export interface ReadingPlace extends RocketmqPlace {
  readonly group: string;
}

/** `rocketmq topic order-binlog, read by group bigdata`. */
export const readingOf = (place: ReadingPlace): string => `${destinationOf(place)}, read by group ${place.group}`;

/**
 * How often the broker is to give a message again: always, as far as anybody will see. RocketMQ counts each time that a
 * message comes, also when a reader has handed it back or died with it. When everything that a receive would bring of a
 * queue has come so often and once more (16 times by default), the proxy moves it to the dead-letter queue of the
 * group, acknowledges it, and goes on behind it, of a FIFO topic too.
 */
const RETRIES = 1_000_000_000;

/** The command that makes the group as readers need it, or makes it so. */
export const createGroupCommand = ({ group }: Pick<ReadingPlace, 'group'>): string =>
  `mqadmin updateSubGroup -n <name server>:9876 -c <cluster> -g ${group} -o true -r ${RETRIES}`;

/** What a failure of the client means. */
export function topicError(thrown: unknown, place: ReadingPlace): RelayError {
  if (thrown instanceof RelayError) return thrown;
  const { status, text } = brokerStatus(thrown);
  const code = classify(status, text);
  const remedy = remedyOf(code, { status, text }, place);
  return new RelayError(code, `${readingOf(place)}, at ${place.endpoint}: ${text}`, {
    details: status === undefined ? {} : { status },
    ...(remedy !== undefined && { remedy }),
    cause: thrown,
  });
}

/** A message that was handed out is no longer kept for who asks. */
export const INVALID_RECEIPT_HANDLE = 40013;
const CONSUMER_GROUP_NOT_FOUND = 40403;
/** The proxy says it with a status that stands for much else. */
const NO_GROUP = /subscription group.*(?:not exist|not found)/is;
/** A proxy that stood still, or a line that is slow: what it was asked had no time left when it looked at it. */
const TOO_LATE = /deadline time remaining is not enough/i;

function classify(status: number | undefined, text: string): Code {
  if (status === undefined) return 'TOPIC_BUSY';
  if (status >= 100 && TOO_LATE.test(text)) return 'TOPIC_UNREACHABLE';
  if (status === CONSUMER_GROUP_NOT_FOUND || (status >= 100 && NO_GROUP.test(text))) return 'GROUP_MISSING';
  return CODES[meaningOf(status, text)];
}

const CODES: Readonly<Record<StatusMeaning, Code>> = {
  unauthorized: 'TOPIC_UNAUTHORIZED',
  busy: 'TOPIC_BUSY',
  missing: 'TOPIC_MISSING',
  unreachable: 'TOPIC_UNREACHABLE',
  rejected: 'TOPIC_ERROR',
  unknown: 'TOPIC_ERROR',
};

const readableRemedy = ({ topic }: ReadingPlace): string =>
  `The topic may not be read: mqadmin updateTopicPerm -n <name server>:9876 -c <cluster> -t ${topic} -p 6. The proxy knows it within half a minute.`;

function remedyOf(
  code: Code,
  { status, text }: { readonly status: number | undefined; readonly text: string },
  place: ReadingPlace,
): string | undefined {
  switch (code) {
    case 'TOPIC_UNAUTHORIZED':
      return `Check accessKey and accessSecret, and give the user Sub on both: mqadmin createAcl -n <name server>:9876 -c <cluster> -s User:<access key> -r Topic:${place.topic},Group:${place.group} -a Sub -d Allow`;
    case 'TOPIC_UNREACHABLE':
      if (/certificate|self-signed|altnames/i.test(text)) {
        return 'The certificate of the proxy could not be verified: give tls.ca the authority that signed it, and connect by a name that the certificate holds.';
      }
      return undefined;
    case 'GROUP_MISSING':
      return `Create it: ${createGroupCommand(place)}`;
    case 'TOPIC_BUSY':
      return NO_QUEUE.test(text) ? readableRemedy(place) : undefined;
    case 'TOPIC_ERROR':
      return status === UNIMPLEMENTED
        ? `What answers at ${place.endpoint} is no gRPC proxy of RocketMQ: give its host and port, 8081 unless it was set otherwise.`
        : undefined;
    default:
      return undefined;
  }
}

/** Nothing has come within so many ms from the addresses that were asked: those that the proxy has for itself. */
export function silenceOf(place: ReadingPlace, ms: number, asked: readonly string[]): RelayError {
  if (asked.length === 0 || asked.includes(place.endpoint))
    return new RelayError(
      'TOPIC_UNREACHABLE',
      `${readingOf(place)}: ${place.endpoint} did not answer within ${ms} ms.`,
    );
  const own = asked.join(', ');
  return new RelayError(
    'TOPIC_UNREACHABLE',
    `${readingOf(place)}: the proxy at ${place.endpoint} names ${own} as its address, where nothing answered within ${ms} ms.`,
    {
      remedy: `Make ${own} reachable from here, with TLS under a name that its certificate holds: readers and relays connect there. Or have the proxy name another address (brokerIP1 of broker.conf, for a proxy in the process of its broker).`,
    },
  );
}

/** Throws what keeps readers from a topic that is there. */
export function assertReadable(probe: TopicProbe, place: ReadingPlace): void {
  if (probe.queues === 0) throw new RelayError('TOPIC_MISSING', `${destinationOf(place)} has no queue.`);
  if (probe.readableQueues === 0) {
    throw new RelayError('TOPIC_BUSY', `${destinationOf(place)}: none of its queues may be read.`, {
      remedy: readableRemedy(place),
    });
  }
  if (probe.types.join() === 'FIFO') return;
  throw new RelayError(
    'TOPIC_NOT_FIFO',
    `${destinationOf(place)} holds messages of type ${probe.types.join(', ')}, not FIFO.`,
    { remedy: `Read the topic that the relay publishes to, made with ${createTopicCommand(place)}` },
  );
}

/** What the proxy says of a consumer group. */
export interface GroupFacts {
  readonly isKnown: boolean;
  readonly isOrdered: boolean;
  /** So often it gives a message before it goes on without. */
  readonly attempts: number;
}

/** Throws unless the group keeps the order of messages, and every message until it is acknowledged. */
export function assertGroup({ isKnown, isOrdered, attempts }: GroupFacts, place: ReadingPlace): void {
  const command = createGroupCommand(place);
  if (!isKnown) {
    throw new RelayError('GROUP_MISSING', `The consumer group ${place.group} does not exist.`, {
      remedy: `Create it: ${command}`,
    });
  }
  if (!isOrdered) {
    throw new RelayError(
      'GROUP_NOT_ORDERED',
      `The consumer group ${place.group} is not ordered: messages would overtake one another as soon as an acknowledgement is missing.`,
      { remedy: `Make it ordered: ${command}` },
    );
  }
  if (attempts <= RETRIES) {
    throw new RelayError(
      'GROUP_GIVES_UP',
      `The consumer group ${place.group} gives a message ${attempts} times at most: what was handed back so often would go to its dead-letter queue, and be missing.`,
      { remedy: `Let it give messages for as long as it takes: ${command}` },
    );
  }
}
