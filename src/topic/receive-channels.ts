import type { Endpoints } from 'rocketmq-client-nodejs';
import type servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import { RpcChannels } from '../rocketmq/channels.ts';

/** The connections of one consumer. */
export class ReceiveChannels extends RpcChannels {
  override receiveMessage(
    endpoints: Endpoints,
    request: servicePb.ReceiveMessageRequest,
    durationMs: number,
  ): Promise<servicePb.ReceiveMessageResponse[]> {
    return this.stream(endpoints, durationMs, (client, metadata, options) =>
      client.receiveMessage(request, metadata, options),
    );
  }

  override ackMessage(
    endpoints: Endpoints,
    request: servicePb.AckMessageRequest,
    durationMs: number,
  ): Promise<servicePb.AckMessageResponse> {
    return this.unary(endpoints, durationMs, (client, metadata, options, done) =>
      client.ackMessage(request, metadata, options, done),
    );
  }

  override changeInvisibleDuration(
    endpoints: Endpoints,
    request: servicePb.ChangeInvisibleDurationRequest,
    durationMs: number,
  ): Promise<servicePb.ChangeInvisibleDurationResponse> {
    return this.unary(endpoints, durationMs, (client, metadata, options, done) =>
      client.changeInvisibleDuration(request, metadata, options, done),
    );
  }
}
