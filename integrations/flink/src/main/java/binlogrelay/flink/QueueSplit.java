package binlogrelay.flink;

import java.util.Map;
import org.apache.flink.api.connector.source.SourceSplit;

/**
 * A queue of the topic, and how far it was read.
 *
 * @param offset of the next message
 * @param end where reading ends, {@link #NO_END} without
 * @param lanes the newest message of each stream and lane, by {@link LaneKey}
 */
record QueueSplit(String topic, String broker, int queue, long offset, long end, Map<LaneKey, LanePosition> lanes)
    implements SourceSplit {
  static final long NO_END = Long.MAX_VALUE;

  /** Epochs and sequences count within a stream. */
  record LaneKey(String stream, String lane) {}

  QueueSplit {
    lanes = Map.copyOf(lanes);
  }

  @Override
  public String splitId() {
    return broker + ":" + queue;
  }
}
