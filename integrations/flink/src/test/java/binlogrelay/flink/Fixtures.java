package binlogrelay.flink;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.connector.source.SourceOutput;
import org.apache.flink.api.common.eventtime.Watermark;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.formats.json.canal.CanalJsonFormatFactory;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.runtime.connector.source.ScanRuntimeProviderContext;
import org.apache.flink.table.types.DataType;
import org.apache.flink.util.SimpleUserCodeClassLoader;
import org.apache.flink.util.UserCodeClassLoader;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;

/** Messages as the relay writes them (test/unit/integrations/flink-messages.test.ts), and what reads them. */
final class Fixtures {
  private Fixtures() {}

  /** One message of the file. */
  record Line(String what, MessageExt message) {}

  static List<Line> lines() throws IOException {
    List<Line> lines = new ArrayList<>();
    try (InputStream in = Fixtures.class.getResourceAsStream("/messages.jsonl")) {
      for (String text : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
        JsonNode line = new ObjectMapper().readTree(text);
        Map<String, String> properties = new HashMap<>();
        line.get("properties").fields().forEachRemaining(one -> properties.put(one.getKey(), one.getValue().asText()));
        properties.put(MessageConst.PROPERTY_SHARDING_KEY, line.get("lane").asText());
        properties.put(MessageConst.PROPERTY_TAGS, line.get("tag").asText());
        lines.add(
            new Line(
                line.get("what").asText(),
                message(properties, line.get("body").asText().getBytes(StandardCharsets.UTF_8), lines.size())));
      }
    }
    return lines;
  }

  static MessageExt message(Map<String, String> properties, byte[] body, long offset) {
    MessageExt message = new MessageExt();
    message.setTopic("order-binlog");
    message.setBrokerName("broker-a");
    message.setQueueId(3);
    message.setQueueOffset(offset);
    message.setBody(body);
    MessageAccessor.setProperties(message, new HashMap<>(properties));
    return message;
  }

  static QueueState queue() {
    return new QueueState(new QueueSplit("order-binlog", "broker-a", 3, 0, QueueSplit.NO_END, Map.of()));
  }

  static Settings settings(Set<String> tags, boolean filtersAtBroker, Set<String> marks) {
    return new Settings(
        "127.0.0.1:9876", "order-binlog", "g", tags, filtersAtBroker, Settings.Start.EARLIEST, 0, false, marks, 0, null,
        null, false);
  }

  /** Flink's own decoder. */
  static DeserializationSchema<RowData> canalJson(DataType rows) throws Exception {
    DeserializationSchema<RowData> format =
        new CanalJsonFormatFactory()
            .createDecodingFormat(null, new Configuration())
            .createRuntimeDecoder((DynamicTableSource.Context) ScanRuntimeProviderContext.INSTANCE, rows);
    format.open(opening());
    return format;
  }

  /** What a decoder is opened with. */
  static DeserializationSchema.InitializationContext opening() {
    return new DeserializationSchema.InitializationContext() {
      @Override
      public MetricGroup getMetricGroup() {
        return new UnregisteredMetricsGroup();
      }

      @Override
      public UserCodeClassLoader getUserCodeClassLoader() {
        return SimpleUserCodeClassLoader.create(Fixtures.class.getClassLoader());
      }
    };
  }

  static SourceMetrics metrics() {
    return new SourceMetrics(UnregisteredMetricsGroup.createSourceReaderMetricGroup());
  }

  /** Keeps what is emitted. */
  static final class Output implements SourceOutput<RowData> {
    final List<RowData> rows = new ArrayList<>();

    @Override
    public void collect(RowData row) {
      rows.add(row);
    }

    @Override
    public void collect(RowData row, long timestamp) {
      rows.add(row);
    }

    @Override
    public void emitWatermark(Watermark watermark) {
      // None is.
    }

    @Override
    public void markIdle() {
      // Never.
    }

    @Override
    public void markActive() {
      // Always.
    }
  }
}
