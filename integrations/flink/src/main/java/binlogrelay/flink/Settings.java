package binlogrelay.flink;

import java.io.Serializable;
import java.util.Set;

/**
 * What a table's options say.
 *
 * @param nameServer host:port of name servers, separated by semicolons
 * @param tags `database.table` as the messages have it; empty: all tables of the topic
 * @param filtersAtBroker only messages of `tags` travel, so that gaps in a lane cannot be judged
 * @param startTimestamp ms since 1970, only for {@link Start#TIMESTAMP}
 * @param acceptedMarks kinds of marked messages that the job takes
 * @param discoveryMillis how often new queues are looked for; 0: never
 * @param accessKey null without ACL
 */
record Settings(
    String nameServer,
    String topic,
    String group,
    Set<String> tags,
    boolean filtersAtBroker,
    Start start,
    long startTimestamp,
    boolean bounded,
    Set<String> acceptedMarks,
    long discoveryMillis,
    String accessKey,
    String secretKey,
    boolean tls)
    implements Serializable {

  /** Where a queue is read from that no checkpoint knows. */
  enum Start {
    EARLIEST,
    LATEST,
    TIMESTAMP,
    GROUP
  }

  /** Whether every message of a queue comes here, so that a number that is missing is a message that is missing. */
  boolean judgesGaps() {
    return !filtersAtBroker;
  }

  /** What the broker sends: RocketMQ's expression of tags. */
  String expression() {
    return filtersAtBroker ? String.join(" || ", tags.stream().sorted().toList()) : "*";
  }
}
