package binlogrelay.flink;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonParser;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonToken;

/**
 * What formats do not give of a body: docs/message-format.md, "Body".
 *
 * @param changes whole change ids, one per row
 * @param gtid "" without GTIDs
 * @param committed `es`, ms since 1970
 */
record BodyFacts(List<String> changes, String gtid, long committed) {
  private static final JsonFactory JSON = new JsonFactory();

  /** Throws IOException when it is no body of the relay. */
  static BodyFacts of(byte[] body) throws IOException {
    String source = null;
    String gtid = null;
    Long committed = null;
    List<String> entries = new ArrayList<>();
    try (JsonParser parser = JSON.createParser(body)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) throw new IOException("The body is no JSON object.");
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String key = parser.currentName();
        JsonToken token = parser.nextToken();
        switch (key) {
          case "source" -> source = parser.getText();
          case "gtid" -> gtid = parser.getText();
          case "es" -> committed = parser.getLongValue();
          case "changes" -> {
            if (token != JsonToken.START_ARRAY) throw new IOException("The body's changes are no list.");
            while (parser.nextToken() == JsonToken.VALUE_STRING) entries.add(parser.getText());
          }
          default -> parser.skipChildren();
        }
      }
    }
    if (source == null || gtid == null || committed == null)
      throw new IOException("The body lacks one of source, gtid and es.");
    String server = source;
    return new BodyFacts(entries.stream().map(entry -> server + ":" + entry).toList(), gtid, committed);
  }
}
