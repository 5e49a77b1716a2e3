package binlogrelay.flink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.connector.source.SplitsAssignment;
import org.apache.flink.util.FlinkRuntimeException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.message.MessageQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the queues of the topic, decides where each is read from, and gives them to readers. */
final class QueueEnumerator implements SplitEnumerator<QueueSplit, EnumeratorState> {
  private static final Logger LOG = LoggerFactory.getLogger(QueueEnumerator.class);
  private static final long RETRY_MILLIS = 1000;

  private final Settings settings;
  private final SplitEnumeratorContext<QueueSplit> context;
  private final Set<String> given;
  private final List<QueueSplit> waiting;
  private boolean started;
  private Broker broker;

  /** Queues as the worker thread has found them, those of the first time with their start. */
  private record Found(boolean isFirst, List<QueueSplit> splits) {}

  QueueEnumerator(Settings settings, SplitEnumeratorContext<QueueSplit> context, EnumeratorState state) {
    this.settings = settings;
    this.context = context;
    this.given = new HashSet<>(state.given());
    this.waiting = new ArrayList<>(state.waiting());
    this.started = state.started();
  }

  @Override
  public void start() {
    if (settings.filtersAtBroker())
      LOG.info(
          "The broker sends only messages of {}: whether messages of a lane are missing cannot be judged. For that set"
              + " 'filter' = 'reader'.",
          settings.tags());
    boolean isFirst = !started;
    if (!isFirst && settings.bounded()) return;
    broker = Broker.connect(settings);
    if (isFirst) context.callAsync(() -> find(true), this::take);
    if (settings.bounded() || settings.discoveryMillis() == 0) return;
    context.callAsync(() -> find(false), this::takeLater, settings.discoveryMillis(), settings.discoveryMillis());
  }

  /** In the worker thread. The first time it waits for a broker that is away. */
  private Found find(boolean isFirst) throws Exception {
    Patience patience = new Patience(settings, false);
    for (; ; ) {
      try {
        List<MessageQueue> queues = broker.queues();
        boolean hasCommitted = isFirst && settings.start() == Settings.Start.GROUP && hasCommitted(queues);
        List<QueueSplit> splits = new ArrayList<>();
        for (MessageQueue queue : queues) {
          long start = isFirst ? startOf(queue, hasCommitted) : broker.earliest(queue);
          long end = settings.bounded() ? broker.latest(queue) : QueueSplit.NO_END;
          splits.add(
              new QueueSplit(settings.topic(), queue.getBrokerName(), queue.getQueueId(), start, end, Map.of()));
        }
        return new Found(isFirst, splits);
      } catch (MQClientException e) {
        if (!isFirst) throw e;
        patience.failed(e, System.nanoTime());
        LOG.warn("The queues of topic {} cannot be found; it is tried again.", settings.topic(), e);
        Thread.sleep(RETRY_MILLIS);
      }
    }
  }

  private boolean hasCommitted(List<MessageQueue> queues) throws MQClientException {
    for (MessageQueue queue : queues) if (broker.committed(queue) >= 0) return true;
    throw new StopException(
        "'scan.startup.mode' is 'group', and the consumer group " + settings.group() + " has read nothing of the topic "
            + settings.topic() + " yet: choose 'earliest', 'latest' or 'timestamp'.");
  }

  private long startOf(MessageQueue queue, boolean hasCommitted) throws MQClientException {
    return switch (settings.start()) {
      case EARLIEST -> broker.earliest(queue);
      case LATEST -> broker.latest(queue);
      case TIMESTAMP -> Math.max(broker.earliest(queue), broker.at(queue, settings.startTimestamp()));
      case GROUP -> {
        long committed = hasCommitted ? broker.committed(queue) : -1;
        // A queue that the group has not read is new since then.
        yield committed >= 0 ? committed : broker.earliest(queue);
      }
    };
  }

  private void take(Found found, Throwable error) {
    if (error instanceof StopException stop) throw stop;
    if (error != null) throw new FlinkRuntimeException("The queues of the topic cannot be found.", error);
    if (!found.isFirst() && !started) return;
    started = true;
    Set<String> known = new HashSet<>(given);
    for (QueueSplit split : waiting) known.add(split.splitId());
    for (QueueSplit split : found.splits()) {
      if (!known.add(split.splitId())) continue;
      waiting.add(split);
      LOG.info("Queue {} of topic {} is read from offset {}.", split.splitId(), split.topic(), split.offset());
    }
    for (int reader : context.registeredReaders().keySet()) give(reader);
  }

  /** New queues are missed for a while when the broker is away, no more. */
  private void takeLater(Found found, Throwable error) {
    if (error == null) take(found, null);
    else LOG.warn("New queues of topic {} cannot be looked for; it is tried again.", settings.topic(), error);
  }

  private void give(int reader) {
    if (!started || !context.registeredReaders().containsKey(reader)) return;
    List<QueueSplit> own = waiting.stream().filter(split -> ownerOf(split) == reader).toList();
    if (!own.isEmpty()) {
      waiting.removeAll(own);
      for (QueueSplit split : own) given.add(split.splitId());
      context.assignSplits(new SplitsAssignment<>(Map.of(reader, own)));
    }
    if (settings.bounded()) context.signalNoMoreSplits(reader);
  }

  private int ownerOf(QueueSplit split) {
    return Math.floorMod(31 * split.broker().hashCode() + split.queue(), context.currentParallelism());
  }

  @Override
  public void handleSplitRequest(int reader, String host) {
    // Queues are given, not asked for.
  }

  @Override
  public void addSplitsBack(List<QueueSplit> splits, int reader) {
    for (QueueSplit split : splits) given.remove(split.splitId());
    waiting.addAll(splits);
    give(reader);
  }

  @Override
  public void addReader(int reader) {
    give(reader);
  }

  @Override
  public EnumeratorState snapshotState(long checkpoint) {
    return new EnumeratorState(started, given, waiting);
  }

  @Override
  public void close() throws IOException {
    if (broker != null) broker.close();
  }
}
