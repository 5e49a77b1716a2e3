package binlogrelay.flink;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.api.ValidationException;

/** The options of a table, and what they must be. */
final class Options {
  static final ConfigOption<String> NAME_SERVER =
      ConfigOptions.key("name-server")
          .stringType()
          .noDefaultValue()
          .withDescription("host:port of RocketMQ's name server, several separated by semicolons.");
  static final ConfigOption<String> TOPIC =
      ConfigOptions.key("topic").stringType().noDefaultValue().withDescription("The topic of the relay.");
  static final ConfigOption<String> GROUP =
      ConfigOptions.key("group")
          .stringType()
          .noDefaultValue()
          .withDescription("The consumer group, which must exist where the broker does not create groups.");
  static final ConfigOption<List<String>> TABLE =
      ConfigOptions.key("table")
          .stringType()
          .asList()
          .noDefaultValue()
          .withDescription("database.table whose rows are read, several separated by semicolons; all without it.");
  static final ConfigOption<Filter> FILTER =
      ConfigOptions.key("filter")
          .enumType(Filter.class)
          .defaultValue(Filter.BROKER)
          .withDescription(
              "Who leaves out other tables: the broker, or the reader, which then gets all messages and sees gaps.");
  static final ConfigOption<StartupMode> STARTUP =
      ConfigOptions.key("scan.startup.mode").enumType(StartupMode.class).defaultValue(StartupMode.EARLIEST);
  static final ConfigOption<Long> STARTUP_TIMESTAMP =
      ConfigOptions.key("scan.startup.timestamp-millis").longType().noDefaultValue();
  static final ConfigOption<BoundedMode> BOUNDED =
      ConfigOptions.key("scan.bounded.mode").enumType(BoundedMode.class).defaultValue(BoundedMode.UNBOUNDED);
  static final ConfigOption<Duration> DISCOVERY =
      ConfigOptions.key("scan.discovery.interval").durationType().defaultValue(Duration.ofSeconds(30));
  static final ConfigOption<List<String>> MARKS =
      ConfigOptions.key("marks.accept")
          .stringType()
          .asList()
          .defaultValues()
          .withDescription("Kinds of marked messages that do not stop the job: oversize, partial, invalidText.");
  static final ConfigOption<String> ACCESS_KEY = ConfigOptions.key("access-key").stringType().noDefaultValue();
  static final ConfigOption<String> SECRET_KEY = ConfigOptions.key("secret-key").stringType().noDefaultValue();
  static final ConfigOption<Boolean> TLS = ConfigOptions.key("tls").booleanType().defaultValue(false);

  /** What docs/message-format.md knows. */
  static final Set<String> KNOWN_MARKS = Set.of("oversize", "partial", "invalidText");

  private static final Pattern TABLE_NAME = Pattern.compile(".+\\..+", Pattern.DOTALL);
  private static final Pattern ADDRESSES = Pattern.compile("[^\\s:;]+:\\d+(;[^\\s:;]+:\\d+)*");

  enum Filter {
    BROKER,
    READER
  }

  enum StartupMode {
    EARLIEST,
    LATEST,
    TIMESTAMP,
    GROUP
  }

  enum BoundedMode {
    UNBOUNDED("unbounded"),
    LATEST_OFFSET("latest-offset");

    private final String text;

    BoundedMode(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private Options() {}

  static Set<ConfigOption<?>> required() {
    return Set.of(NAME_SERVER, TOPIC, GROUP);
  }

  static Set<ConfigOption<?>> optional() {
    return Set.of(
        TABLE, FILTER, STARTUP, STARTUP_TIMESTAMP, BOUNDED, DISCOVERY, MARKS, ACCESS_KEY, SECRET_KEY, TLS);
  }

  /** Throws ValidationException, naming the option and what it may be. */
  static Settings settings(ReadableConfig options) {
    String nameServer = options.get(NAME_SERVER).trim();
    if (!ADDRESSES.matcher(nameServer).matches())
      throw new ValidationException(
          "'name-server' is '" + nameServer + "': it is host:port of a name server, several separated by semicolons.");

    Set<String> tags = new LinkedHashSet<>();
    for (String table : options.getOptional(TABLE).orElse(List.of())) {
      if (!TABLE_NAME.matcher(table).matches())
        throw new ValidationException("'table' has '" + table + "': it is database.table, such as shop.orders.");
      tags.add(TagText.of(table));
    }
    Filter filter = options.get(FILTER);

    StartupMode startup = options.get(STARTUP);
    boolean hasTimestamp = options.getOptional(STARTUP_TIMESTAMP).isPresent();
    if ((startup == StartupMode.TIMESTAMP) != hasTimestamp)
      throw new ValidationException(
          "'scan.startup.timestamp-millis' goes with 'scan.startup.mode' = 'timestamp', and only with it.");

    Set<String> marks = new LinkedHashSet<>(options.get(MARKS));
    for (String mark : marks)
      if (!KNOWN_MARKS.contains(mark))
        throw new ValidationException("'marks.accept' has '" + mark + "': marks are oversize, partial, invalidText.");

    boolean hasKey = options.getOptional(ACCESS_KEY).isPresent();
    if (hasKey != options.getOptional(SECRET_KEY).isPresent())
      throw new ValidationException("'access-key' and 'secret-key' go together.");

    return new Settings(
        nameServer,
        notBlank(TOPIC, options),
        notBlank(GROUP, options),
        tags,
        !tags.isEmpty() && filter == Filter.BROKER,
        Settings.Start.valueOf(startup.name()),
        options.getOptional(STARTUP_TIMESTAMP).orElse(0L),
        options.get(BOUNDED) == BoundedMode.LATEST_OFFSET,
        marks,
        options.get(DISCOVERY).toMillis(),
        options.getOptional(ACCESS_KEY).orElse(null),
        options.getOptional(SECRET_KEY).orElse(null),
        options.get(TLS));
  }

  private static String notBlank(ConfigOption<String> option, ReadableConfig options) {
    String text = options.get(option).trim();
    if (text.isEmpty()) throw new ValidationException("'" + option.key() + "' is empty.");
    return text;
  }
}
