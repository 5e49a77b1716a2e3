import { createServer as createTcpServer, type Server as TcpServer, type Socket, isIP } from 'node:net';
import type { AddressInfo } from 'node:net';
import {
  Server,
  ServerCredentials,
  type Metadata,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
  type sendUnaryData,
} from '@grpc/grpc-js';
import definitionPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/definition_pb.js';
import serviceGrpcPb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_grpc_pb.js';
import servicePb from 'rocketmq-client-nodejs/proto/apache/rocketmq/v2/service_pb.js';

export interface Stored {
  readonly lane: string;
  readonly tag: string;
  readonly keys: readonly string[];
  readonly properties: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly encoding: number;
}

export interface ProxyStatus {
  readonly code: number;
  readonly message: string;
}

/** The part of RocketMQ's gRPC proxy that a producer meets, with faults on demand. Change the fields at any time. */
export class FakeProxy {
  queues = 8;
  writableQueues = 8;
  type: definitionPb.MessageType = definitionPb.MessageType.FIFO;
  /** Undefined: 20000. */
  routeStatus: ProxyStatus | undefined;
  /** host:port that the route announces; undefined: the one it listens on. */
  announced: string | undefined;
  settingsAnswered = true;
  /** How a send is answered; `silent` never. */
  onSend: (message: Stored) => ProxyStatus | 'silent' | 'no receipt' | undefined = () => undefined;

  readonly stored: Stored[];
  /** user-agent of each call. */
  readonly userAgents: string[] = [];
  /** Ports of the connections that calls came from. */
  readonly peers = new Set<string>();
  readonly calls: string[] = [];
  readonly #host: string;
  #server = new Server();
  #streams = new Set<ServerDuplexStream<servicePb.TelemetryCommand, servicePb.TelemetryCommand>>();
  #port: number;

  /** `port` 0: a free one. `stored`: what the cluster has, which another proxy may be of, too. */
  constructor({ host = '127.0.0.1', port = 0, stored = [] as Stored[] } = {}) {
    this.#host = host;
    this.#port = port;
    this.stored = stored;
  }

  get endpoint(): string {
    return `${this.#host}:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  /** `tls`: PEM of key and certificate. Listens on the same port again after `kill`. */
  async start(tls?: { readonly key: Buffer; readonly cert: Buffer }): Promise<void> {
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.cert }]);
    // A connection whose client has gone is noticed, or it would look like one that the client left open.
    this.#server = new Server({ 'grpc.keepalive_time_ms': 200, 'grpc.keepalive_timeout_ms': 200 });
    this.#server.addService(serviceGrpcPb.MessagingServiceService, this.#implementation());
    this.#port = await new Promise((resolve, reject) => {
      this.#server.bindAsync(this.endpoint, credentials, (error, port) => {
        if (error === null) resolve(port);
        else reject(error);
      });
    });
  }

  /** Ends every connection and the listener. */
  kill(): void {
    this.#server.forceShutdown();
    this.#streams.clear();
  }

  /** Ends the telemetry streams as a proxy does that is being updated. */
  endTelemetry(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  get telemetryStreams(): number {
    return this.#streams.size;
  }

  #seen(name: string, call: { readonly metadata: Metadata; getPeer(): string }): void {
    this.calls.push(name);
    this.userAgents.push(String(call.metadata.get('user-agent')[0]));
    this.peers.add(call.getPeer());
  }

  #implementation(): UntypedServiceImplementation {
    const ok = new definitionPb.Status().setCode(definitionPb.Code.OK);
    const telemetry = (stream: ServerDuplexStream<servicePb.TelemetryCommand, servicePb.TelemetryCommand>): void => {
      this.#seen('telemetry', stream);
      this.#streams.add(stream);
      stream.on('data', (command: servicePb.TelemetryCommand) => {
        if (this.settingsAnswered) stream.write(answerSettings(command));
      });
      stream.on('end', () => stream.end());
      stream.on('error', () => this.#streams.delete(stream));
      stream.on('cancelled', () => this.#streams.delete(stream));
    };
    const unary =
      <Request, Response>(name: string, answer: (request: Request) => Response | undefined) =>
      (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>): void => {
        this.#seen(name, call);
        const response = answer(call.request);
        if (response !== undefined) done(null, response);
      };
    return {
      telemetry,
      queryRoute: unary('queryRoute', (request: servicePb.QueryRouteRequest) => this.#route(request)),
      heartbeat: unary('heartbeat', () => new servicePb.HeartbeatResponse().setStatus(ok)),
      notifyClientTermination: unary('notifyClientTermination', () =>
        new servicePb.NotifyClientTerminationResponse().setStatus(ok),
      ),
      sendMessage: unary('sendMessage', (request: servicePb.SendMessageRequest) => this.#send(request)),
    };
  }

  #route(request: servicePb.QueryRouteRequest): servicePb.QueryRouteResponse {
    const response = new servicePb.QueryRouteResponse().setStatus(statusOf(this.routeStatus));
    const [host = '', port = ''] = (this.announced ?? this.endpoint).split(':');
    const endpoints = new definitionPb.Endpoints().setScheme(
      isIP(host) === 0 ? definitionPb.AddressScheme.DOMAIN_NAME : definitionPb.AddressScheme.IPV4,
    );
    endpoints.addAddresses().setHost(host).setPort(Number(port));
    const broker = new definitionPb.Broker().setName('broker-a').setId(0).setEndpoints(endpoints);
    for (let id = 0; id < this.queues; id += 1) {
      const { READ_WRITE, READ } = definitionPb.Permission;
      response
        .addMessageQueues()
        .setId(id)
        .setTopic(request.getTopic())
        .setBroker(broker)
        .setPermission(id < this.writableQueues ? READ_WRITE : READ)
        .setAcceptMessageTypesList([this.type]);
    }
    return response;
  }

  #send(request: servicePb.SendMessageRequest): servicePb.SendMessageResponse | undefined {
    const response = new servicePb.SendMessageResponse();
    const messages = request.getMessagesList();
    if (messages.length !== 1) return response.setStatus(statusOf({ code: 40000, message: 'not one message' }));
    const [sent] = messages.map(storedOf);
    if (sent === undefined) return undefined;
    const fault = this.onSend(sent);
    if (fault === 'silent') return undefined;
    if (fault === 'no receipt') return response.setStatus(statusOf(undefined));
    response.setStatus(statusOf(fault));
    if (fault !== undefined) return response;
    this.stored.push(sent);
    response.addEntries().setStatus(statusOf(undefined)).setMessageId('id').setOffset(this.stored.length);
    return response;
  }
}

function statusOf(status: ProxyStatus | undefined): definitionPb.Status {
  const answer = new definitionPb.Status();
  if (status === undefined) return answer.setCode(definitionPb.Code.OK).setMessage('ok');
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- a test may answer with any number
  return answer.setCode(status.code).setMessage(status.message);
}

function answerSettings(command: servicePb.TelemetryCommand): servicePb.TelemetryCommand {
  const settings = command.getSettings();
  settings?.getPublishing()?.setMaxBodySize(4 * 1024 * 1024);
  settings?.setBackoffPolicy(
    new definitionPb.RetryPolicy().setMaxAttempts(3).setExponentialBackoff(new definitionPb.ExponentialBackoff()),
  );
  return new servicePb.TelemetryCommand().setStatus(statusOf(undefined)).setSettings(settings);
}

function storedOf(message: definitionPb.Message): Stored {
  const system = message.getSystemProperties();
  return {
    lane: system?.getMessageGroup() ?? '',
    tag: system?.getTag() ?? '',
    keys: system?.getKeysList() ?? [],
    properties: new Map(message.toObject().userPropertiesMap),
    body: Buffer.from(message.getBody_asU8()),
    encoding: system?.getBodyEncoding() ?? 0,
  };
}

/** Accepts connections and says nothing, ever. */
export class SilentListener {
  readonly #sockets = new Set<Socket>();
  readonly #server: TcpServer = createTcpServer((socket) => {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
  });

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}
