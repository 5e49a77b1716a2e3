/** Where a topic is, for error texts and the checkpoint. */
export interface RocketmqPlace {
  /** host:port of the proxy. */
  readonly endpoint: string;
  readonly topic: string;
  readonly namespace: string;
}

/** `rocketmq topic order-binlog`, with its namespace if it has one. */
export function destinationOf({ topic, namespace }: RocketmqPlace): string {
  return `rocketmq topic ${topic}${namespace === '' ? '' : ` in namespace ${namespace}`}`;
}

/**
 * The command that makes the topic as the relay needs it. A cluster of one's own ignores namespaces (5.3.3): the topic
 * has its bare name.
 */
export function createTopicCommand({ topic }: Pick<RocketmqPlace, 'topic'>, queues = 8): string {
  return `mqadmin updateTopic -n <name server>:9876 -c <cluster> -t ${topic} -r ${queues} -w ${queues} -a +message.type=FIFO -o true`;
}

/** What to do about a topic that a relay was publishing to, and that is not there any more. */
export function deletedTopicRemedy(place: Pick<RocketmqPlace, 'topic'>, queues?: number): string {
  return (
    'Nothing to do if a broker has just started. If the topic was deleted, so was what its readers had not read: ' +
    `make it again with as many queues as it had (${createTopicCommand(place, queues)}), start the relay again, and copy the tables for those readers.`
  );
}
