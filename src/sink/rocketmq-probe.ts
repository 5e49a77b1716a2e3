import { RelayError } from '../base/errors.ts';
import { createTopicCommand, destinationOf, type RocketmqPlace } from '../rocketmq/place.ts';
import type { TopicProbe } from '../rocketmq/topic-probe.ts';

/** Throws what keeps the relay from publishing to a topic that exists. */
export function assertPublishable(probe: TopicProbe, place: RocketmqPlace): void {
  const destination = destinationOf(place);
  if (probe.queues === 0) {
    throw new RelayError('SINK_TOPIC_MISSING', `${destination} has no queue.`, {
      remedy: `Create the topic: ${createTopicCommand(place)}`,
    });
  }
  if (probe.types.join() !== 'FIFO') {
    throw new RelayError(
      'SINK_TOPIC_NOT_FIFO',
      `${destination} accepts messages of type ${probe.types.join(', ')}, not FIFO.`,
      {
        remedy: `Publish to another topic, made with ${createTopicCommand(place)}; or change the type of this one with the same command if nothing else uses it.`,
      },
    );
  }
  if (probe.writableQueues < probe.queues) {
    throw new RelayError(
      'SINK_BUSY',
      `${destination}: only ${probe.writableQueues} of ${probe.queues} queues can be written and read.`,
      {
        remedy: `Look for a broker that is read-only (brokerPermission), or for a topic whose numbers of read and write queues differ: mqadmin topicRoute -n <name server>:9876 -t ${place.topic}`,
        details: { brokers: probe.brokers },
      },
    );
  }
}
