package binlogrelay.flink;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.datastream.DataStreamSource;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.ProviderContext;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DataStreamScanProvider;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.abilities.SupportsReadingMetadata;
import org.apache.flink.table.connector.source.abilities.SupportsWatermarkPushDown;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.DataType;

/** A table of Flink SQL: columns of the format, its metadata under `value.`, and {@link Metadata}; watermarks per queue. */
final class BinlogRelayTableSource
    implements ScanTableSource, SupportsReadingMetadata, SupportsWatermarkPushDown {
  private static final String OF_FORMAT = "value.";

  private final Settings settings;
  private final DecodingFormat<DeserializationSchema<RowData>> format;
  private final DataType physical;
  private DataType produced;
  private List<Metadata> columns = List.of();
  private WatermarkStrategy<RowData> watermarks = WatermarkStrategy.noWatermarks();

  BinlogRelayTableSource(
      Settings settings, DecodingFormat<DeserializationSchema<RowData>> format, DataType physical) {
    this.settings = settings;
    this.format = format;
    this.physical = physical;
    this.produced = physical;
  }

  @Override
  public ChangelogMode getChangelogMode() {
    return format.getChangelogMode();
  }

  @Override
  public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
    BinlogRelaySource source =
        new BinlogRelaySource(
            settings,
            format.createRuntimeDecoder(context, physical),
            new ArrayList<>(columns),
            context.createTypeInformation(produced));
    String name = asSummaryString();
    WatermarkStrategy<RowData> strategy = watermarks;
    return new DataStreamScanProvider() {
      @Override
      public DataStream<RowData> produceDataStream(ProviderContext provider, StreamExecutionEnvironment environment) {
        DataStreamSource<RowData> stream = environment.fromSource(source, strategy, name);
        provider.generateUid("binlog-relay").ifPresent(stream::uid);
        return stream;
      }

      @Override
      public boolean isBounded() {
        return settings.bounded();
      }
    };
  }

  @Override
  public Map<String, DataType> listReadableMetadata() {
    Map<String, DataType> all = new LinkedHashMap<>();
    format.listReadableMetadata().forEach((key, type) -> all.put(OF_FORMAT + key, type));
    for (Metadata column : Metadata.values()) all.put(column.key, column.type);
    return all;
  }

  @Override
  public void applyReadableMetadata(List<String> keys, DataType produced) {
    List<String> ofFormat =
        keys.stream().filter(key -> key.startsWith(OF_FORMAT)).map(key -> key.substring(OF_FORMAT.length())).toList();
    if (!ofFormat.isEmpty()) format.applyReadableMetadata(ofFormat);
    columns = keys.stream().filter(key -> !key.startsWith(OF_FORMAT)).map(Metadata::of).toList();
    this.produced = produced;
  }

  @Override
  public void applyWatermark(WatermarkStrategy<RowData> watermarkStrategy) {
    watermarks = watermarkStrategy;
  }

  @Override
  public DynamicTableSource copy() {
    BinlogRelayTableSource copy = new BinlogRelayTableSource(settings, format, physical);
    copy.produced = produced;
    copy.columns = columns;
    copy.watermarks = watermarks;
    return copy;
  }

  @Override
  public String asSummaryString() {
    return "binlog-relay " + settings.topic();
  }
}
