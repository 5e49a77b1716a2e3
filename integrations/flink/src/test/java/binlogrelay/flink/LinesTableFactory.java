package binlogrelay.flink;

import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSink;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.RuntimeConverter;
import org.apache.flink.table.connector.sink.DataStreamSinkProvider;
import org.apache.flink.table.connector.sink.DynamicTableSink;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DynamicTableSinkFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.utils.LogicalTypeChecks;
import org.apache.flink.types.Row;
import org.apache.flink.types.RowKind;

/**
 * For tests: `'connector' = 'lines'` appends upserts and deletes to a file, a line of JSON each: the kind, and the text of
 * each value as MySQL writes it. With `fail-at` it fails once in the life of the process, at that row.
 */
public final class LinesTableFactory implements DynamicTableSinkFactory {
  private static final ConfigOption<String> PATH = ConfigOptions.key("path").stringType().noDefaultValue();
  private static final ConfigOption<Long> FAIL_AT = ConfigOptions.key("fail-at").longType().defaultValue(0L);

  @Override
  public String factoryIdentifier() {
    return "lines";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of(PATH);
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of(FAIL_AT);
  }

  @Override
  public DynamicTableSink createDynamicTableSink(Context context) {
    FactoryUtil.TableFactoryHelper helper = FactoryUtil.createTableFactoryHelper(this, context);
    helper.validate();
    return new Lines(
        helper.getOptions().get(PATH), helper.getOptions().get(FAIL_AT), context.getPhysicalRowDataType());
  }

  private record Lines(String path, long failAt, DataType rows) implements DynamicTableSink {
    @Override
    public ChangelogMode getChangelogMode(ChangelogMode requested) {
      return ChangelogMode.newBuilder()
          .addContainedKind(RowKind.INSERT)
          .addContainedKind(RowKind.UPDATE_AFTER)
          .addContainedKind(RowKind.DELETE)
          .build();
    }

    @Override
    public SinkRuntimeProvider getSinkRuntimeProvider(Context context) {
      Writer writer =
          new Writer(path, failAt, rows.getLogicalType().getChildren(), context.createDataStructureConverter(rows));
      return new DataStreamSinkProvider() {
        @Override
        public DataStreamSink<?> consumeDataStream(ProviderContext provider, DataStream<RowData> stream) {
          return stream.map(writer).returns(Types.LONG).name("lines").sinkTo(new DiscardingSink<>());
        }
      };
    }

    @Override
    public DynamicTableSink copy() {
      return this;
    }

    @Override
    public String asSummaryString() {
      return "lines";
    }
  }

  private static final class Writer implements MapFunction<RowData, Long> {
    private static final long serialVersionUID = 1L;
    private static final AtomicLong COUNT = new AtomicLong();

    private final String path;
    private final long failAt;
    private final List<LogicalType> types;
    private final DynamicTableSink.DataStructureConverter converter;
    private transient OutputStream file;
    private transient ObjectMapper json;

    Writer(String path, long failAt, List<LogicalType> types, DynamicTableSink.DataStructureConverter converter) {
      this.path = path;
      this.failAt = failAt;
      this.types = new ArrayList<>(types);
      this.converter = converter;
    }

    @Override
    public Long map(RowData data) throws IOException {
      if (file == null) {
        converter.open(RuntimeConverter.Context.create(LinesTableFactory.class.getClassLoader()));
        file = Files.newOutputStream(Path.of(path), StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        json = new ObjectMapper();
      }
      if (failAt > 0 && COUNT.incrementAndGet() == failAt) throw new IllegalStateException("a failure of the test");
      Row row = (Row) converter.toExternal(data);
      List<String> values = new ArrayList<>();
      for (int i = 0; i < row.getArity(); i++) values.add(text(row.getField(i), types.get(i)));
      String line = json.writeValueAsString(Map.of("kind", data.getRowKind().shortString(), "row", values)) + "\n";
      file.write(line.getBytes(StandardCharsets.UTF_8));
      return 1L;
    }

    private static String text(Object value, LogicalType type) {
      if (value == null) return null;
      if (value instanceof byte[] bytes) return Base64.getEncoder().encodeToString(bytes);
      if (value instanceof BigDecimal number) return number.toPlainString();
      if (value instanceof LocalDateTime time) {
        int digits = LogicalTypeChecks.getPrecision(type);
        return time.format(
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss" + (digits == 0 ? "" : "." + "S".repeat(digits))));
      }
      return value.toString();
    }
  }
}
