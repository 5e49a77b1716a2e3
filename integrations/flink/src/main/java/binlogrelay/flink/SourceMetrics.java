package binlogrelay.flink;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.SourceReaderMetricGroup;

/**
 * What a reader shows. Beside Flink's own (numRecordsIn, numBytesIn, pendingRecords: messages that wait in its queues), in
 * the group `binlogRelay`: messages, rows, messagesWithoutRows, repeats, torn; and of each queue offset and lag, in messages.
 */
final class SourceMetrics {
  private final MetricGroup group;
  private final Counter bytes;
  private final Map<String, Place> places = new ConcurrentHashMap<>();
  final Counter messages;
  final Counter rows;
  final Counter messagesWithoutRows;
  final Counter repeats;
  final Counter torn;

  private static final class Place {
    volatile long offset;
    volatile long end;
  }

  SourceMetrics(SourceReaderMetricGroup all) {
    group = all.addGroup("binlogRelay");
    bytes = all.getIOMetricGroup().getNumBytesInCounter();
    messages = group.counter("messages");
    rows = group.counter("rows");
    messagesWithoutRows = group.counter("messagesWithoutRows");
    repeats = group.counter("repeats");
    torn = group.counter("torn");
    all.setPendingRecordsGauge(() -> places.values().stream().mapToLong(place -> place.end - place.offset).sum());
  }

  void message(int size) {
    messages.inc();
    bytes.inc(size);
  }

  void reached(String queue, long offset, long end) {
    Place place = places.computeIfAbsent(queue, this::register);
    place.end = Math.max(offset, end);
    place.offset = offset;
  }

  void ended(String queue) {
    places.remove(queue);
  }

  private Place register(String queue) {
    Place place = new Place();
    MetricGroup own = group.addGroup("queue", queue);
    own.gauge("offset", () -> place.offset);
    own.gauge("lag", () -> place.end - place.offset);
    return place;
  }
}
