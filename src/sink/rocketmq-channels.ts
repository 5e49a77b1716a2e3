import type { Endpoints } from 'rocketmq-client-nodejs';
import serviceGrpcPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_grpc_pb.js';
import type servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import { RpcChannels } from '../rocketmq/channels.ts';
import { RequestBytes } from './rocketmq-request-bytes.ts';

/** The connections of one producer. */
export class SendChannels extends RpcChannels {
  readonly #requestBytes = new RequestBytes();

  override async sendMessage(
    endpoints: Endpoints,
    request: servicePb.SendMessageRequest,
    durationMs: number,
  ): Promise<servicePb.SendMessageResponse> {
    const { path, responseDeserialize } = serviceGrpcPb.MessagingServiceService.sendMessage;
    const bytes = this.#requestBytes.write(request);
    const response = await this.unary<servicePb.SendMessageResponse>(
      endpoints,
      durationMs,
      (client, metadata, options, done) =>
        client.makeUnaryRequest(path, () => bytes, responseDeserialize, request, metadata, options, done),
    );
    // The broker has read them all. Of a call that failed, gRPC may still have them in hand.
    this.#requestBytes.recycle(bytes);
    return response;
  }
}
