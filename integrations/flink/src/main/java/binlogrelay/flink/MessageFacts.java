package binlogrelay.flink;

import java.util.Set;
import java.util.regex.Pattern;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * What stands on a message beside its body: docs/message-format.md, "On the message".
 *
 * @param marks what is not as usual about its rows; empty for ordinary ones
 * @param copy id of the copy that its rows are of; null for what the stream brings
 */
record MessageFacts(
    QueueSplit.LaneKey lane, LanePosition position, String tag, String kind, int rows, Set<String> marks, String copy) {
  private static final Set<String> KINDS = Set.of("INSERT", "UPDATE", "DELETE");
  private static final Pattern COMMA = Pattern.compile(",");

  /** Throws StopException for what is no message of the relay, naming the place. */
  static MessageFacts of(MessageExt message) {
    String stream = text(message, "stream");
    String lane = message.getProperty(MessageConst.PROPERTY_SHARDING_KEY);
    if (lane == null) throw foreign(message, "it has no message group");
    LanePosition position = new LanePosition(number(message, "epoch"), number(message, "sequence"));
    String kind = text(message, "kind");
    long rows = number(message, "rows");
    if (rows > 0 && !KINDS.contains(kind)) throw foreign(message, "it has rows of kind " + kind);
    String marks = message.getUserProperty("marks");
    return new MessageFacts(
        new QueueSplit.LaneKey(stream, lane),
        position,
        message.getTags(),
        kind,
        Math.toIntExact(rows),
        marks == null ? Set.of() : Set.of(COMMA.split(marks)),
        message.getUserProperty("copy"));
  }

  /** Statements, progress, and where the copy of a table begins or ends. */
  boolean isWithoutRows() {
    return rows == 0;
  }

  /** For people: where in the broker it is. */
  static String placeOf(MessageExt message) {
    return "Topic " + message.getTopic() + ", queue " + message.getBrokerName() + ":" + message.getQueueId() + ", offset "
        + message.getQueueOffset() + " (tag " + message.getTags() + ")";
  }

  private static String text(MessageExt message, String name) {
    String text = message.getUserProperty(name);
    if (text == null || text.isEmpty()) throw foreign(message, "it has no property " + name);
    return text;
  }

  private static long number(MessageExt message, String name) {
    String text = text(message, name);
    try {
      long number = Long.parseLong(text);
      if (number >= 0) return number;
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw foreign(message, "its property " + name + " is '" + text + "', which is no number");
  }

  private static StopException foreign(MessageExt message, String what) {
    return new StopException(
        placeOf(message) + ": no message of binlog-relay, " + what + ". Is 'topic' the topic of a relay, and of nobody else?");
  }
}
