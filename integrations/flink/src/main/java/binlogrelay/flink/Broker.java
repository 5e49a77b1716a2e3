package binlogrelay.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.apache.rocketmq.acl.common.AclClientRPCHook;
import org.apache.rocketmq.acl.common.SessionCredentials;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.RPCHook;
import org.apache.rocketmq.remoting.exception.RemotingException;
import org.apache.rocketmq.remoting.protocol.ResponseCode;

/** RocketMQ by its remoting protocol: name servers and brokers must be reachable from here. */
final class Broker implements AutoCloseable {
  private static final int PULL_MESSAGES = 32;
  private static final long PULL_TIMEOUT_MILLIS = 10_000;
  private static final Set<Integer> REFUSALS =
      Set.of(ResponseCode.TOPIC_NOT_EXIST, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, ResponseCode.NO_PERMISSION);

  static {
    // Without it the client writes files of its own below the home of the user.
    if (System.getProperty("rocketmq.client.logUseSlf4j") == null)
      System.setProperty("rocketmq.client.logUseSlf4j", "true");
  }

  private final Settings settings;
  private final DefaultMQPullConsumer consumer;

  private Broker(Settings settings, DefaultMQPullConsumer consumer) {
    this.settings = settings;
    this.consumer = consumer;
  }

  /** Throws StopException when the client does not take its settings. */
  static Broker connect(Settings settings) {
    RPCHook hook =
        settings.accessKey() == null
            ? null
            : new AclClientRPCHook(new SessionCredentials(settings.accessKey(), settings.secretKey()));
    DefaultMQPullConsumer consumer = new DefaultMQPullConsumer(settings.group(), hook);
    consumer.setNamesrvAddr(settings.nameServer());
    consumer.setInstanceName("binlog-relay-" + UUID.randomUUID());
    consumer.setVipChannelEnabled(false);
    consumer.setUseTLS(settings.tls());
    try {
      consumer.start();
    } catch (MQClientException e) {
      throw new StopException("RocketMQ's client does not take the options: " + e.getErrorMessage(), e);
    }
    return new Broker(settings, consumer);
  }

  List<MessageQueue> queues() throws MQClientException {
    return new ArrayList<>(consumer.fetchSubscribeMessageQueues(settings.topic()));
  }

  long earliest(MessageQueue queue) throws MQClientException {
    return consumer.minOffset(queue);
  }

  /** One more than that of the newest message. */
  long latest(MessageQueue queue) throws MQClientException {
    return consumer.maxOffset(queue);
  }

  /** The first that was stored at this time or later, ms since 1970; the latest if there is none. */
  long at(MessageQueue queue, long timestamp) throws MQClientException {
    return consumer.searchOffset(queue, timestamp);
  }

  /** What the group has acknowledged; -1 without. */
  long committed(MessageQueue queue) throws MQClientException {
    return consumer.fetchConsumeOffset(queue, true);
  }

  /** Tells the group's offset, for tools that show it and for a start of mode `group`. */
  void commit(QueueSplit split) throws MQClientException, MQBrokerException, RemotingException, InterruptedException {
    consumer.getDefaultMQPullConsumerImpl().updateConsumeOffsetToBroker(queueOf(split), split.offset(), true);
  }

  PullResult pull(QueueSplit split, long offset)
      throws MQClientException, MQBrokerException, RemotingException, InterruptedException {
    return consumer.pull(queueOf(split), settings.expression(), offset, PULL_MESSAGES, PULL_TIMEOUT_MILLIS);
  }

  private static MessageQueue queueOf(QueueSplit split) {
    return new MessageQueue(split.topic(), split.broker(), split.queue());
  }

  @Override
  public void close() {
    consumer.shutdown();
  }

  /**
   * What is to be thrown when the broker has refused, and would again: topic or group are missing, or may not be read. Null
   * for what may pass, such as a broker that is away.
   */
  static StopException refusal(Throwable error, Settings settings) {
    for (Throwable cause = error; cause != null; cause = cause.getCause()) {
      int code =
          cause instanceof MQBrokerException broker
              ? broker.getResponseCode()
              : cause instanceof MQClientException client ? client.getResponseCode() : 0;
      if (REFUSALS.contains(code)) return new StopException(remedy(code, settings), error);
    }
    return null;
  }

  private static String remedy(int code, Settings settings) {
    String topic = "The topic " + settings.topic();
    String group = "the consumer group " + settings.group();
    return switch (code) {
      case ResponseCode.TOPIC_NOT_EXIST ->
          topic + " does not exist at " + settings.nameServer() + ": check 'topic' and 'name-server'.";
      case ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST ->
          topic + " cannot be read, for " + group + " does not exist. Create it: mqadmin updateSubGroup -n "
              + settings.nameServer() + " -c <cluster> -g " + settings.group();
      default ->
          topic + " or " + group + " may not be read by this user, or by nobody: check 'access-key' and its rights.";
    };
  }
}
