package binlogrelay.flink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.connector.base.source.reader.RecordEmitter;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.utils.JoinedRowData;
import org.apache.flink.types.RowKind;
import org.apache.flink.util.Collector;
import org.apache.rocketmq.common.message.MessageExt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A message becomes rows, unless it came before or has none; or it stops the job. */
final class MessageEmitter implements RecordEmitter<Pulled, RowData, QueueState> {
  private static final Logger LOG = LoggerFactory.getLogger(MessageEmitter.class);

  private final Settings settings;
  private final DeserializationSchema<RowData> format;
  private final List<Metadata> columns;
  private final boolean readsBody;
  private final SourceMetrics metrics;

  MessageEmitter(
      Settings settings, DeserializationSchema<RowData> format, List<Metadata> columns, SourceMetrics metrics) {
    this.settings = settings;
    this.format = format;
    this.columns = columns;
    this.readsBody = columns.stream().anyMatch(column -> column.isOfBody);
    this.metrics = metrics;
  }

  @Override
  public void emitRecord(Pulled pulled, SourceOutput<RowData> output, QueueState queue) {
    if (pulled.message() != null) take(pulled.message(), output, queue);
    queue.next(pulled.next());
  }

  private void take(MessageExt message, SourceOutput<RowData> output, QueueState queue) {
    metrics.message(message.getBody().length);
    String torn = TornMessage.why(message);
    if (torn != null) {
      if (queue.torn() > TornMessage.MOST_IN_A_ROW) throw TornMessage.tooMany(message, torn);
      metrics.torn.inc();
      LOG.warn(
          "{}: {}: the broker has a part of this message only, as when it was killed while it stored it; dropped, it comes again.",
          MessageFacts.placeOf(message),
          torn);
      return;
    }
    queue.whole();
    MessageFacts facts = MessageFacts.of(message);
    if (!isNew(message, facts, queue)) {
      metrics.repeats.inc();
      return;
    }
    if (facts.isWithoutRows()) {
      metrics.messagesWithoutRows.inc();
      return;
    }
    if (!settings.tags().isEmpty() && !settings.tags().contains(facts.tag())) return;
    requireMarks(message, facts.marks());
    try {
      emit(message, facts, output);
    } catch (IOException e) {
      throw new StopException(
          MessageFacts.placeOf(message) + ": the format cannot read it; the relay has published it as "
              + message.getUserProperty("format") + ". Do the columns of the table fit those of MySQL?"
              + " binlog-relay flink-ddl prints a table that does.",
          e);
    }
  }

  private boolean isNew(MessageExt message, MessageFacts facts, QueueState queue) {
    LanePosition known = queue.of(facts.lane());
    LanePosition next = facts.position();
    return switch (LaneGate.judge(known, next, settings.judgesGaps())) {
      case NEW -> {
        queue.reached(facts.lane(), next);
        yield true;
      }
      case REPEAT -> false;
      case GAP ->
          throw new StopException(
              MessageFacts.placeOf(message) + ": in lane " + facts.lane().lane() + " message " + next.sequence()
                  + " of epoch " + next.epoch() + " came where " + LaneGate.due(known, next)
                  + " was due; the last one before it was " + known.sequence() + " of epoch " + known.epoch()
                  + ". Messages are missing in the topic: have the relay copy the tables again (binlog-relay copy), and"
                  + " start the job anew, without its checkpoint.");
    };
  }

  private void requireMarks(MessageExt message, Set<String> marks) {
    for (String mark : marks) {
      if (settings.acceptedMarks().contains(mark)) continue;
      throw new StopException(
          MessageFacts.placeOf(message) + ": its rows are marked '" + mark + "', "
              + (Options.KNOWN_MARKS.contains(mark)
                  ? "so that values in them are not MySQL's (docs/message-format.md, \"Marked messages\"). Have the relay publish"
                      + " whole rows, or take what comes: 'marks.accept' = '" + mark + "'."
                  : "which this connector does not know: use a newer one."));
    }
  }

  private void emit(MessageExt message, MessageFacts facts, SourceOutput<RowData> output) throws IOException {
    if (columns.isEmpty()) {
      format.deserialize(message.getBody(), new Rows(row -> emit(message, row, output)));
      return;
    }
    if (!readsBody) {
      GenericRowData values = values(new Metadata.Place(message, facts, null, null));
      format.deserialize(message.getBody(), new Rows(row -> emit(message, joined(row, values), output)));
      return;
    }
    requireBody(message);
    List<RowData> rows = new ArrayList<>();
    format.deserialize(message.getBody(), new Rows(rows::add));
    BodyFacts body = BodyFacts.of(message.getBody());
    requireRowForChange(message, rows, body);
    int change = 0;
    for (RowData row : rows) {
      // Both rows of an update are the same change.
      String id = body.changes().get(change);
      if (row.getRowKind() != RowKind.UPDATE_BEFORE) change++;
      emit(message, joined(row, values(new Metadata.Place(message, facts, body, id))), output);
    }
  }

  private void requireBody(MessageExt message) {
    String published = message.getUserProperty("format");
    if ("canal-json".equals(published)) return;
    throw new StopException(
        MessageFacts.placeOf(message) + ": the relay has published it as " + published
            + ", of which change_id, gtid and commit_time cannot be told. Leave these columns out, or have the relay publish"
            + " canal-json.");
  }

  private void requireRowForChange(MessageExt message, List<RowData> rows, BodyFacts body) {
    long changes = rows.stream().filter(row -> row.getRowKind() != RowKind.UPDATE_BEFORE).count();
    // Formats may leave out a whole message.
    if (changes == 0 || changes == body.changes().size()) return;
    throw new StopException(
        MessageFacts.placeOf(message) + ": the format gives " + changes + " rows for " + body.changes().size()
            + " changes, so that change_id, gtid and commit_time cannot be told. They need 'format' = 'canal-json', without"
            + " canal-json.ignore-parse-errors.");
  }

  private GenericRowData values(Metadata.Place place) {
    GenericRowData values = new GenericRowData(columns.size());
    for (int i = 0; i < columns.size(); i++) values.setField(i, columns.get(i).of(place));
    return values;
  }

  private static RowData joined(RowData row, RowData values) {
    return new JoinedRowData(row.getRowKind(), row, values);
  }

  private void emit(MessageExt message, RowData row, SourceOutput<RowData> output) {
    metrics.rows.inc();
    output.collect(row, message.getBornTimestamp());
  }

  private record Rows(java.util.function.Consumer<RowData> take) implements Collector<RowData> {
    @Override
    public void collect(RowData row) {
      take.accept(row);
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }
}
