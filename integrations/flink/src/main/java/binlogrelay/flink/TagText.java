package binlogrelay.flink;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** A name as the relay writes it in tags. */
final class TagText {
  private static final Pattern ILLEGAL = Pattern.compile("[\\p{Cc}\\p{Z}|%]");

  private TagText() {}

  /** `%XX` for every byte of a space, a control character, `|` and `%`. */
  static String of(String name) {
    return ILLEGAL
        .matcher(name)
        .replaceAll(
            found -> {
              StringBuilder text = new StringBuilder();
              for (byte b : found.group().getBytes(StandardCharsets.UTF_8)) text.append(String.format("%%%02X", b));
              return text.toString();
            });
  }
}
