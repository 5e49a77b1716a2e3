import { StatusChecker, TopicRouteData, type Endpoints } from 'rocketmq-client-nodejs';
import definitionPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';

/** What the route says of a topic. It does not say that the broker takes messages: only a send does. */
export interface TopicProbe {
  readonly queues: number;
  readonly writableQueues: number;
  /** A reader gets messages of. */
  readonly readableQueues: number;
  /** Message types that the topic accepts: `NORMAL`, `FIFO`, `DELAY`, `TRANSACTION` … */
  readonly types: readonly string[];
  readonly brokers: readonly string[];
  /** host:port of the proxies as they announce themselves: messages are sent there, not to the configured address. */
  readonly addresses: readonly string[];
}

export function routeRequest(topic: string, endpoints: Endpoints): servicePb.QueryRouteRequest {
  return new servicePb.QueryRouteRequest()
    .setTopic(new definitionPb.Resource().setName(topic))
    .setEndpoints(endpoints.toProtobuf());
}

/** Throws the client's typed errors for an answer that is not OK. */
export function probeOf(response: servicePb.QueryRouteResponse): TopicProbe {
  StatusChecker.check(response.getStatus()?.toObject());
  const { messageQueues } = new TopicRouteData(response.getMessageQueuesList());
  const unique = (values: readonly string[]): string[] => [...new Set(values)];
  return {
    queues: messageQueues.length,
    // A queue that is only written to is never read, one that is only read takes nothing.
    writableQueues: messageQueues.filter(({ permission }) => permission === definitionPb.Permission.READ_WRITE).length,
    readableQueues: messageQueues.filter(({ permission }) => READABLE.has(permission)).length,
    types: unique(messageQueues.flatMap(({ acceptMessageTypesList }) => acceptMessageTypesList.map(typeName))),
    brokers: unique(messageQueues.map(({ broker }) => broker.name)),
    addresses: unique(
      messageQueues.flatMap(({ broker }) => broker.endpoints.addressesList.map(({ host, port }) => `${host}:${port}`)),
    ),
  };
}

const READABLE: ReadonlySet<number> = new Set([definitionPb.Permission.READ, definitionPb.Permission.READ_WRITE]);

function typeName(type: number): string {
  const entry = Object.entries(definitionPb.MessageType).find(([, value]) => Number(value) === type);
  return entry?.[0] ?? `type ${type}`;
}
