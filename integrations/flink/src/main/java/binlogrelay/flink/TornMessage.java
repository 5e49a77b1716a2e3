package binlogrelay.flink;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;

/**
 * Tells a message that its broker holds in part from a whole one and from one of another program: docs/message-format.md, "Torn
 * messages". A broker that is killed while it stores a message leaves zeros from the end of a page on; when it starts again it
 * checks the body, which comes first, and not the properties after it.
 */
final class TornMessage {
  private static final JsonFactory JSON = new JsonFactory();
  private static final List<String> REQUIRED =
      List.of(
          MessageConst.PROPERTY_SHARDING_KEY,
          MessageConst.PROPERTY_TAGS,
          "format",
          "schema",
          "table",
          "kind",
          "rows",
          "first",
          "last",
          "stream",
          "epoch",
          "sequence");
  private static final String NONE = "-";

  /** A broker leaves at most one each time that it is killed. */
  static final int MOST_IN_A_ROW = 16;

  private TornMessage() {}

  /** What it lacks; null for a whole message, and for one whose body no relay has written. */
  static String why(MessageExt message) {
    String lack = lackOf(message.getProperties());
    return lack != null && isOfRelay(message.getBody()) ? lack : null;
  }

  static StopException tooMany(MessageExt message, String why) {
    return new StopException(
        MessageFacts.placeOf(message) + ": " + why + ", as in the " + MOST_IN_A_ROW + " messages before it: a broker that was"
            + " killed leaves one such message. Something publishes bodies of the relay without its properties: let the relay"
            + " alone publish to the topic, or have them kept.");
  }

  private static String lackOf(Map<String, String> properties) {
    for (Map.Entry<String, String> one : properties.entrySet())
      if (one.getKey().indexOf(0) >= 0 || one.getValue().indexOf(0) >= 0)
        return "its properties are cut off at " + one.getKey().split("\0", 2)[0];
    for (String name : REQUIRED) if (!properties.containsKey(name)) return "it has no property " + name;
    // Relays of 0.2 do not say which others there are.
    String optional = properties.getOrDefault("optional", NONE);
    if (optional.equals(NONE)) return null;
    for (String name : optional.split(",")) if (!properties.containsKey(name)) return "it has no property " + name;
    return null;
  }

  /** In each format a change id is what others' messages of that form do not have. */
  private static boolean isOfRelay(byte[] body) {
    boolean has = false;
    try (JsonParser parser = JSON.createParser(body)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) return false;
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        JsonToken token = parser.nextToken();
        switch (key) {
          case "change" -> has |= token == JsonToken.VALUE_STRING;
          case "changes" -> {
            if (token == JsonToken.START_ARRAY && parser.nextToken() == JsonToken.VALUE_STRING) has = true;
            while (parser.currentToken() == JsonToken.VALUE_STRING) parser.nextToken();
          }
          case "source" -> {
            if (token == JsonToken.START_OBJECT)
              while (parser.nextToken() == JsonToken.FIELD_NAME) {
                boolean isChange = parser.currentName().equals("change");
                if (parser.nextToken() == JsonToken.VALUE_STRING) has |= isChange;
                else parser.skipChildren();
              }
          }
          default -> parser.skipChildren();
        }
      }
      return has && parser.nextToken() == null;
    } catch (IOException e) {
      return false;
    }
  }
}
