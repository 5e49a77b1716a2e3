import { RelayError } from '../base/errors.ts';
import { createTopicCommand, deletedTopicRemedy, destinationOf, type RocketmqPlace } from '../rocketmq/place.ts';
import type { TopicProbe } from '../rocketmq/topic-probe.ts';

/**
 * What has become of a topic that the relay is publishing to, if that keeps it from going on. `openedQueues`: that took
 * messages when it began. The broker spreads lanes over the writable queues: with another number of them, rows would
 * change their queue in mid-stream.
 */
export function changeOf(probe: TopicProbe, openedQueues: number, place: RocketmqPlace): RelayError | undefined {
  const destination = destinationOf(place);
  const { writableQueues, types } = probe;
  if (writableQueues > openedQueues) {
    return new RelayError(
      'SINK_QUEUES_CHANGED',
      `${destination} had ${openedQueues} queues and now has ${writableQueues}; no message of this relay was seen in another queue than before.`,
    );
  }
  if (writableQueues < openedQueues) {
    return new RelayError('SINK_BUSY', `${destination}: ${writableQueues} of ${openedQueues} queues take messages.`, {
      remedy:
        `Bring a missing broker back, and let the topic be written and read again: mqadmin updateTopicPerm -n <name server>:9876 -c <cluster> -t ${place.topic} -p 6. ` +
        'If the topic was made smaller on purpose, let all readers drain it and start the relay again.',
    });
  }
  // For some time the proxy remembers a route that there is no topic for any more.
  if (types.join() === 'MESSAGE_TYPE_UNSPECIFIED') {
    return new RelayError('SINK_TOPIC_MISSING', `${destination} is not known to the broker any more.`, {
      remedy: deletedTopicRemedy(place, openedQueues),
    });
  }
  // Nothing was stored out of place: the proxy refuses what the type does not allow.
  if (types.join() !== 'FIFO') {
    return new RelayError(
      'SINK_TOPIC_NOT_FIFO',
      `${destination} accepts messages of type ${types.join(', ')} now, not FIFO as before.`,
      {
        remedy: `Make it FIFO again, with as many queues as it has: ${createTopicCommand(place, openedQueues)}. The relay keeps everything and goes on by itself.`,
      },
    );
  }
  return undefined;
}
