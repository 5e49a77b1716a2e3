import { credentials, type ClientReadableStream, type ClientUnaryCall, type ServiceError } from '@grpc/grpc-js';
import { RpcClientManager, type BaseClient, type Endpoints, type ILogger } from 'rocketmq-client-nodejs';
import serviceGrpcPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_grpc_pb.js';
import type servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';
import type { Clock } from '../base/clock.ts';
import { TelemetryStream, type TelemetryCall } from './telemetry-stream.ts';

type GrpcClient = serviceGrpcPb.MessagingServiceClient;
type Metadata = ReturnType<BaseClient['getRequestMetadata']>;
interface CallOptions {
  readonly deadline: number;
}

/** What the connections of one client need to know. */
export interface ChannelOptions {
  readonly namespace: string;
  /** Undefined: not encrypted. `ca` undefined: the authorities that Node.js brings. */
  readonly tls: { readonly ca: Buffer | undefined } | undefined;
  readonly clock: Clock;
}

/** Every request carries this: a test sees by it that none goes around these channels. */
export const USER_AGENT = 'binlog-relay';

const GRPC_OPTIONS = {
  'grpc.primary_user_agent': USER_AGENT,
  // The library waits up to two minutes between tries: that late a relay would notice that its broker is back.
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 2000,
  // A proxy that is gone without a FIN is noticed after 25 s.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 5000,
  // A proxy that comes back at another address of the same name is found: the library asks DNS every 30 s at most.
  'grpc.dns_min_time_between_resolutions_ms': 2000,
  'grpc.enable_retries': 0,
  // The broker says how large a message may be; the library's own limit would make one of 4 MB unreadable for ever.
  'grpc.max_receive_message_length': -1,
  // Sockets of its own: closing the channel closes them, whatever else runs in the process.
  'grpc.use_local_subchannel_pool': 1,
};

/**
 * How long cancelled calls get to leave their connection. One that is closed in the same turn waits for them and may do
 * so for ever: 4 of 150 closes with grpc-js 1.14.7 on Node 20, none after 5 ms.
 */
const CANCELLED_MS = 20;

/**
 * The connections of one client: one channel for each address, with options and authorities of its own, closed for
 * good by `close`. It takes the place of the client's RpcClientManager, which keys its channels by the identity of
 * objects that each route refresh makes again (with TLS that leaks a connection every 30 s), passes no options, and
 * cannot end a call that hangs.
 *
 * Overridden is what every client calls. The sink and the topic add their own calls; the rest of RpcClientManager is
 * not used.
 */
export class RpcChannels extends RpcClientManager {
  readonly #owner: BaseClient;
  readonly #options: ChannelOptions;
  readonly #clients = new Map<string, GrpcClient>();
  readonly #calls = new Set<Pick<ClientUnaryCall, 'cancel'>>();
  readonly #streams = new Set<TelemetryStream>();
  #closing: Promise<void> | undefined;

  constructor(owner: BaseClient, logger: ILogger, options: ChannelOptions) {
    super(owner, logger);
    this.#owner = owner;
    this.#options = options;
  }

  override queryRoute(
    endpoints: Endpoints,
    request: servicePb.QueryRouteRequest,
    durationMs: number,
  ): Promise<servicePb.QueryRouteResponse> {
    // The client asks for the bare topic, and then sends to the one in the namespace.
    request.getTopic()?.setResourceNamespace(this.#options.namespace);
    return this.unary(endpoints, durationMs, (client, metadata, options, done) =>
      client.queryRoute(request, metadata, options, done),
    );
  }

  override heartbeat(
    endpoints: Endpoints,
    request: servicePb.HeartbeatRequest,
    durationMs: number,
  ): Promise<servicePb.HeartbeatResponse> {
    return this.unary(endpoints, durationMs, (client, metadata, options, done) =>
      client.heartbeat(request, metadata, options, done),
    );
  }

  override notifyClientTermination(
    endpoints: Endpoints,
    request: servicePb.NotifyClientTerminationRequest,
    durationMs: number,
  ): Promise<servicePb.NotifyClientTerminationResponse> {
    return this.unary(endpoints, durationMs, (client, metadata, options, done) =>
      client.notifyClientTermination(request, metadata, options, done),
    );
  }

  override telemetry(endpoints: Endpoints): TelemetryCall {
    const stream = new TelemetryStream({
      connect: () => this.#client(endpoints).telemetry(this.#owner.getRequestMetadata()),
      settings: () => this.#owner.settingsCommand(),
      clock: this.#options.clock,
    });
    this.#streams.add(stream);
    // The session uses no more of a call than TelemetryStream has.
    return stream as unknown as TelemetryCall;
  }

  /** Ends every call now and every connection very soon, see `closed`. Later calls are rejected. */
  override close(): void {
    this.#closing ??= this.#close();
  }

  /** Settles when everything is closed. */
  async closed(): Promise<void> {
    await this.#closing;
  }

  async #close(): Promise<void> {
    super.close();
    for (const stream of this.#streams) stream.cancel();
    for (const call of this.#calls) call.cancel();
    await this.#options.clock.sleep(CANCELLED_MS);
    for (const client of this.#clients.values()) client.close();
    this.#streams.clear();
    this.#calls.clear();
    this.#clients.clear();
  }

  protected unary<Response>(
    endpoints: Endpoints,
    durationMs: number,
    start: (
      client: GrpcClient,
      metadata: Metadata,
      options: CallOptions,
      done: (error: ServiceError | null, response?: Response) => void,
    ) => ClientUnaryCall,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const deadline = this.#options.clock.now() + durationMs;
      const call = start(this.#client(endpoints), this.#owner.getRequestMetadata(), { deadline }, (error, response) => {
        this.#calls.delete(call);
        if (error !== null) reject(error);
        else if (response !== undefined) resolve(response);
        else reject(new Error('the proxy answered nothing'));
      });
      this.#calls.add(call);
    });
  }

  /** All that the server answers to one request; the call fails as a whole. */
  protected stream<Response>(
    endpoints: Endpoints,
    durationMs: number,
    start: (client: GrpcClient, metadata: Metadata, options: CallOptions) => ClientReadableStream<Response>,
  ): Promise<Response[]> {
    return new Promise((resolve, reject) => {
      const deadline = this.#options.clock.now() + durationMs;
      const call = start(this.#client(endpoints), this.#owner.getRequestMetadata(), { deadline });
      const responses: Response[] = [];
      this.#calls.add(call);
      call.on('data', (response: Response) => responses.push(response));
      call.on('end', () => {
        this.#calls.delete(call);
        resolve(responses);
      });
      call.on('error', (error) => {
        this.#calls.delete(call);
        reject(error);
      });
    });
  }

  #client(endpoints: Endpoints): GrpcClient {
    if (this.#closing !== undefined) throw new Error('the connection to RocketMQ is closed');
    const address = endpoints.getGrpcTarget();
    let client = this.#clients.get(address);
    if (client === undefined) {
      const { tls } = this.#options;
      const security = tls === undefined ? credentials.createInsecure() : credentials.createSsl(tls.ca ?? null);
      client = new serviceGrpcPb.MessagingServiceClient(address, security, GRPC_OPTIONS);
      this.#clients.set(address, client);
    }
    return client;
  }
}
