package binlogrelay.flink;

import java.util.HashMap;
import java.util.Map;

/** A queue while it is read: what has been emitted. */
final class QueueState {
  private final QueueSplit start;
  private final Map<QueueSplit.LaneKey, LanePosition> lanes;
  private long offset;
  private int torn;

  QueueState(QueueSplit start) {
    this.start = start;
    this.lanes = new HashMap<>(start.lanes());
    this.offset = start.offset();
  }

  LanePosition of(QueueSplit.LaneKey lane) {
    return lanes.get(lane);
  }

  void reached(QueueSplit.LaneKey lane, LanePosition position) {
    lanes.put(lane, position);
  }

  /** Returns how many have been torn since the last one that was whole. */
  int torn() {
    return ++torn;
  }

  void whole() {
    torn = 0;
  }

  void next(long offset) {
    this.offset = offset;
  }

  QueueSplit split() {
    return new QueueSplit(start.topic(), start.broker(), start.queue(), offset, start.end(), lanes);
  }
}
