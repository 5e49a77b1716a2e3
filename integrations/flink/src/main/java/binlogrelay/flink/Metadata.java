package binlogrelay.flink;

import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.types.DataType;
import org.apache.rocketmq.common.message.MessageExt;

/** Columns that a table may have beside those of MySQL: `name TYPE METADATA FROM 'key' VIRTUAL`. */
enum Metadata {
  /** Identity of the change; of rows of a copy another one each time that they are read. */
  CHANGE_ID("change_id", DataTypes.STRING(), true, row -> StringData.fromString(row.change())),
  /** Of the last row's transaction in the message; null without. */
  GTID(
      "gtid",
      DataTypes.STRING(),
      true,
      row -> row.body().gtid().isEmpty() ? null : StringData.fromString(row.body().gtid())),
  /** When that transaction was committed; of rows of a copy when they were read. */
  COMMIT_TIME(
      "commit_time",
      DataTypes.TIMESTAMP_LTZ(3).notNull(),
      true,
      row -> TimestampData.fromEpochMillis(row.body().committed())),
  LANE("lane", DataTypes.STRING().notNull(), false, row -> StringData.fromString(row.facts().lane().lane())),
  STREAM("stream", DataTypes.STRING().notNull(), false, row -> StringData.fromString(row.facts().lane().stream())),
  EPOCH("epoch", DataTypes.BIGINT().notNull(), false, row -> row.facts().position().epoch()),
  SEQUENCE("sequence", DataTypes.BIGINT().notNull(), false, row -> row.facts().position().sequence()),
  /** Id of the copy that the row is of; null for what the stream brings. */
  COPY("copy", DataTypes.STRING(), false, row -> StringData.fromString(row.facts().copy())),
  /** Kinds of marks that the message has, separated by commas; null without. */
  MARKS(
      "marks",
      DataTypes.STRING(),
      false,
      row ->
          row.facts().marks().isEmpty()
              ? null
              : StringData.fromString(row.facts().marks().stream().sorted().collect(Collectors.joining(",")))),
  TAG("tag", DataTypes.STRING().notNull(), false, row -> StringData.fromString(row.facts().tag())),
  /** `broker:number`. */
  QUEUE(
      "queue",
      DataTypes.STRING().notNull(),
      false,
      row -> StringData.fromString(row.message().getBrokerName() + ":" + row.message().getQueueId())),
  OFFSET("offset", DataTypes.BIGINT().notNull(), false, row -> row.message().getQueueOffset());

  /**
   * A row, and the message that it came with.
   *
   * @param body null unless a column needs it
   * @param change whole change id, null unless a column needs it
   */
  record Place(MessageExt message, MessageFacts facts, BodyFacts body, String change) {}

  private static final Map<String, Metadata> BY_KEY =
      Stream.of(values()).collect(Collectors.toMap(column -> column.key, column -> column));

  final String key;
  final DataType type;
  final boolean isOfBody;
  private final Function<Place, Object> read;

  Metadata(String key, DataType type, boolean isOfBody, Function<Place, Object> read) {
    this.key = key;
    this.type = type;
    this.isOfBody = isOfBody;
    this.read = read;
  }

  static Metadata of(String key) {
    return BY_KEY.get(key);
  }

  Object of(Place place) {
    return read.apply(place);
  }
}
