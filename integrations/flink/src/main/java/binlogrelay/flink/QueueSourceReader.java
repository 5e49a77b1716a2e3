package binlogrelay.flink;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.base.source.reader.RecordEmitter;
import org.apache.flink.connector.base.source.reader.SingleThreadMultiplexSourceReaderBase;
import org.apache.flink.table.data.RowData;

/** Reads queues of the topic; what it has emitted of each is in Flink's checkpoint. */
final class QueueSourceReader
    extends SingleThreadMultiplexSourceReaderBase<Pulled, RowData, QueueSplit, QueueState> {
  private final Settings settings;
  private final Pullers pullers;
  /** By checkpoint, until it is complete. */
  private final SortedMap<Long, List<QueueSplit>> snapshots = new TreeMap<>();

  /** The puller of this reader, once its thread has begun. */
  static final class Pullers {
    private volatile QueuePuller newest;

    QueuePuller made(QueuePuller puller) {
      newest = puller;
      return puller;
    }
  }

  private QueueSourceReader(
      Settings settings,
      Pullers pullers,
      SourceMetrics metrics,
      RecordEmitter<Pulled, RowData, QueueState> emitter,
      SourceReaderContext context) {
    super(
        () -> pullers.made(new QueuePuller(settings, Broker.connect(settings), metrics)),
        emitter,
        new Configuration(),
        context);
    this.settings = settings;
    this.pullers = pullers;
  }

  static QueueSourceReader of(
      Settings settings,
      SourceMetrics metrics,
      RecordEmitter<Pulled, RowData, QueueState> emitter,
      SourceReaderContext context) {
    return new QueueSourceReader(settings, new Pullers(), metrics, emitter, context);
  }

  @Override
  public void addSplits(List<QueueSplit> splits) {
    for (QueueSplit split : splits)
      if (!split.topic().equals(settings.topic()))
        throw new StopException(
            "The checkpoint is of topic " + split.topic() + ", and the table reads " + settings.topic()
                + ": start the job without that checkpoint.");
    super.addSplits(splits);
  }

  @Override
  public List<QueueSplit> snapshotState(long checkpoint) {
    List<QueueSplit> splits = super.snapshotState(checkpoint);
    snapshots.put(checkpoint, new ArrayList<>(splits));
    return splits;
  }

  @Override
  public void notifyCheckpointComplete(long checkpoint) throws Exception {
    super.notifyCheckpointComplete(checkpoint);
    List<QueueSplit> done = snapshots.get(checkpoint);
    snapshots.headMap(checkpoint + 1).clear();
    QueuePuller puller = pullers.newest;
    if (done != null && puller != null) puller.commit(done);
  }

  @Override
  protected void onSplitFinished(Map<String, QueueState> finished) {
    // A bounded table has read it to its end.
  }

  @Override
  protected QueueState initializedState(QueueSplit split) {
    return new QueueState(split);
  }

  @Override
  protected QueueSplit toSplitType(String id, QueueState state) {
    return state.split();
  }
}
