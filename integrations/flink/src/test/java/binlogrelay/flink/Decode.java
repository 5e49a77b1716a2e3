package binlogrelay.flink;

import java.io.BufferedReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.formats.json.canal.CanalJsonFormatFactory;
import org.apache.flink.formats.json.debezium.DebeziumJsonFormatFactory;
import org.apache.flink.formats.json.maxwell.MaxwellJsonFormatFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.table.api.DataTypes;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.TimestampData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.runtime.connector.source.ScanRuntimeProviderContext;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.LogicalType;
import org.apache.flink.table.types.logical.LogicalTypeRoot;
import org.apache.flink.table.types.logical.utils.LogicalTypeChecks;
import org.apache.flink.table.types.logical.utils.LogicalTypeParser;
import org.apache.flink.table.types.utils.TypeConversions;
import org.apache.flink.util.Collector;

/**
 * Reads bodies with Flink's own decoders, for test/integration/format/flink-decoders.test.ts. Each line of the file is
 * `{"format", "names", "types", "bodies"}`; each line that is printed has the rows of one body: kind and values, FLOAT
 * and DOUBLE as their bits.
 */
final class Decode {
  private static final Map<String, DeserializationFormatFactory> FORMATS =
      Map.of(
          "canal-json", new CanalJsonFormatFactory(),
          "debezium-json", new DebeziumJsonFormatFactory(),
          "maxwell-json", new MaxwellJsonFormatFactory());

  private Decode() {}

  public static void main(String[] args) throws Exception {
    ObjectMapper json = new ObjectMapper();
    PrintStream out = new PrintStream(Files.newOutputStream(Path.of(args[1])), false, StandardCharsets.UTF_8);
    try (BufferedReader in = Files.newBufferedReader(Path.of(args[0]))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) decode(json.readTree(line), json, out);
    }
    out.close();
  }

  private static void decode(JsonNode asked, ObjectMapper json, PrintStream out) throws Exception {
    List<LogicalType> types = new ArrayList<>();
    List<DataTypes.Field> fields = new ArrayList<>();
    for (int i = 0; i < asked.get("types").size(); i++) {
      types.add(LogicalTypeParser.parse(asked.get("types").get(i).asText(), Decode.class.getClassLoader()));
      fields.add(
          DataTypes.FIELD(asked.get("names").get(i).asText(), TypeConversions.fromLogicalToDataType(types.get(i))));
    }
    DeserializationSchema<RowData> format =
        decoder(FORMATS.get(asked.get("format").asText()), DataTypes.ROW(fields.toArray(DataTypes.Field[]::new)));
    for (JsonNode body : asked.get("bodies")) {
      List<List<String>> rows = new ArrayList<>();
      format.deserialize(body.asText().getBytes(StandardCharsets.UTF_8), new Rows(row -> rows.add(texts(row, types))));
      out.println(json.writeValueAsString(rows));
    }
  }

  private static DeserializationSchema<RowData> decoder(DeserializationFormatFactory factory, DataType rows)
      throws Exception {
    DeserializationSchema<RowData> format =
        (DeserializationSchema<RowData>)
            factory
                .createDecodingFormat(null, new Configuration())
                .createRuntimeDecoder((DynamicTableSource.Context) ScanRuntimeProviderContext.INSTANCE, rows);
    format.open(Fixtures.opening());
    return format;
  }

  private static List<String> texts(RowData row, List<LogicalType> types) {
    List<String> texts = new ArrayList<>();
    texts.add(row.getRowKind().shortString());
    for (int i = 0; i < types.size(); i++) {
      Object value = RowData.createFieldGetter(types.get(i), i).getFieldOrNull(row);
      texts.add(value == null ? null : text(value, types.get(i)));
    }
    return texts;
  }

  private static String text(Object value, LogicalType type) {
    if (value instanceof byte[] bytes) return Base64.getEncoder().encodeToString(bytes);
    if (value instanceof DecimalData number) return number.toBigDecimal().toPlainString();
    if (value instanceof Float number) return Integer.toHexString(Float.floatToRawIntBits(number));
    if (value instanceof Double number) return Long.toHexString(Double.doubleToRawLongBits(number));
    if (type.is(LogicalTypeRoot.DATE)) return LocalDate.ofEpochDay((int) value).toString();
    if (value instanceof TimestampData time) {
      int digits = LogicalTypeChecks.getPrecision(type);
      return time.toLocalDateTime()
          .format(DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss" + (digits == 0 ? "" : "." + "S".repeat(digits))));
    }
    return value.toString();
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
