package binlogrelay.flink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.flink.connector.base.source.reader.RecordsBySplits;
import org.apache.flink.connector.base.source.reader.RecordsWithSplitIds;
import org.apache.flink.connector.base.source.reader.splitreader.SplitReader;
import org.apache.flink.connector.base.source.reader.splitreader.SplitsChange;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.common.message.MessageExt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pulls the queues of a reader, one after the other, from the offsets that the checkpoint has. */
final class QueuePuller implements SplitReader<Pulled, QueueSplit> {
  private static final Logger LOG = LoggerFactory.getLogger(QueuePuller.class);
  /** How long is waited when no queue has anything: longer each time, so that idle tables cost the broker little. */
  private static final long MIN_IDLE_MILLIS = 20;

  private static final long MAX_IDLE_MILLIS = 250;
  private static final long RETRY_MILLIS = 1000;

  private final Settings settings;
  private final Broker broker;
  private final SourceMetrics metrics;
  private final Patience patience;
  private final Map<String, Queue> queues = new LinkedHashMap<>();
  private final Set<String> paused = new HashSet<>();
  /** Of checkpoints that are complete, until the broker was told. */
  private final Map<String, QueueSplit> commits = new ConcurrentHashMap<>();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition woken = lock.newCondition();
  private boolean awake;
  private long idleMillis = MIN_IDLE_MILLIS;

  private static final class Queue {
    final QueueSplit split;
    long offset;

    Queue(QueueSplit split) {
      this.split = split;
      this.offset = split.offset();
    }
  }

  QueuePuller(Settings settings, Broker broker, SourceMetrics metrics) {
    this.settings = settings;
    this.broker = broker;
    this.metrics = metrics;
    this.patience = new Patience(settings, false);
  }

  @Override
  public RecordsWithSplitIds<Pulled> fetch() throws IOException {
    commitOffsets();
    RecordsBySplits.Builder<Pulled> pulled = new RecordsBySplits.Builder<>();
    boolean any = false;
    for (Queue queue : new ArrayList<>(queues.values())) {
      String id = queue.split.splitId();
      if (queue.offset < queue.split.end() && !paused.contains(id)) {
        try {
          any |= take(queue, broker.pull(queue.split, queue.offset), pulled);
          patience.worked();
        } catch (StopException e) {
          throw e;
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          return pulled.build();
        } catch (Exception e) {
          patience.failed(e, System.nanoTime());
          LOG.warn("Queue {} of topic {} cannot be read; it is tried again.", id, settings.topic(), e);
          pause(RETRY_MILLIS);
          break;
        }
      }
      if (queue.offset >= queue.split.end()) {
        pulled.addFinishedSplit(id);
        queues.remove(id);
        metrics.ended(id);
        any = true;
      }
    }
    if (!any) pause(idleMillis);
    idleMillis = any ? MIN_IDLE_MILLIS : Math.min(2 * idleMillis, MAX_IDLE_MILLIS);
    return pulled.build();
  }

  /** Returns whether the queue was read on. */
  private boolean take(Queue queue, PullResult result, RecordsBySplits.Builder<Pulled> pulled) {
    QueueSplit split = queue.split;
    PullStatus status = result.getPullStatus();
    long from = queue.offset;
    if (status == PullStatus.NO_NEW_MSG) {
      metrics.reached(split.splitId(), from, Math.max(from, result.getMaxOffset()));
      return false;
    }
    boolean isMissing = status == PullStatus.NO_MATCHED_MSG && settings.judgesGaps() && result.getNextBeginOffset() > from;
    if (status != PullStatus.FOUND && from < result.getMinOffset() || isMissing) throw gone(split, from, result);
    if (status == PullStatus.OFFSET_ILLEGAL) {
      if (from > result.getMaxOffset()) throw beyond(split, from, result);
      return false;
    }
    if (status == PullStatus.FOUND) {
      long due = from;
      for (MessageExt message : result.getMsgFoundList()) {
        long offset = message.getQueueOffset();
        if (offset >= split.end()) break;
        if (settings.judgesGaps() && offset != due) throw gone(split, due, result);
        due = offset + 1;
        pulled.add(split.splitId(), new Pulled(message, due));
      }
    }
    queue.offset = Math.min(result.getNextBeginOffset(), split.end());
    if (queue.offset > from) pulled.add(split.splitId(), new Pulled(null, queue.offset));
    metrics.reached(split.splitId(), queue.offset, result.getMaxOffset());
    return queue.offset > from;
  }

  private static StopException gone(QueueSplit split, long from, PullResult result) {
    long to = Math.max(result.getMinOffset(), result.getNextBeginOffset());
    return new StopException(
        place(split) + ": the messages from offset " + from + " on are gone, reading would go on at " + to
            + ". The topic keeps them for a shorter time than this job was behind or down. Rows are missing: have the relay"
            + " copy the tables again (binlog-relay copy), and start the job anew, without its checkpoint.");
  }

  private static StopException beyond(QueueSplit split, long from, PullResult result) {
    return new StopException(
        place(split) + ": the checkpoint is at offset " + from + ", and the queue ends at " + result.getMaxOffset()
            + ". The topic was made anew, or the broker has lost messages: start the job anew, without its checkpoint.");
  }

  private static String place(QueueSplit split) {
    return "Topic " + split.topic() + ", queue " + split.splitId();
  }

  /** For tools that show how far a group is: what is exact stands in Flink's checkpoint. */
  void commit(List<QueueSplit> splits) {
    for (QueueSplit split : splits) commits.put(split.splitId(), split);
  }

  private void commitOffsets() {
    for (QueueSplit split : new ArrayList<>(commits.values())) {
      commits.remove(split.splitId(), split);
      try {
        broker.commit(split);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (Exception e) {
        LOG.warn("The offset of queue {} could not be told to the broker.", split.splitId(), e);
      }
    }
  }

  @Override
  public void handleSplitsChanges(SplitsChange<QueueSplit> change) {
    for (QueueSplit split : change.splits()) queues.put(split.splitId(), new Queue(split));
  }

  @Override
  public void pauseOrResumeSplits(Collection<QueueSplit> toPause, Collection<QueueSplit> toResume) {
    for (QueueSplit split : toPause) paused.add(split.splitId());
    for (QueueSplit split : toResume) paused.remove(split.splitId());
  }

  private void pause(long millis) {
    lock.lock();
    try {
      long leftNanos = TimeUnit.MILLISECONDS.toNanos(millis);
      while (!awake && leftNanos > 0) leftNanos = woken.awaitNanos(leftNanos);
      awake = false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void wakeUp() {
    lock.lock();
    try {
      awake = true;
      woken.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    broker.close();
  }
}
