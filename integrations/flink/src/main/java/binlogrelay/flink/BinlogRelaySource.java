package binlogrelay.flink;

import java.util.List;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.connector.source.Boundedness;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.api.connector.source.SourceReader;
import org.apache.flink.api.connector.source.SourceReaderContext;
import org.apache.flink.api.connector.source.SplitEnumerator;
import org.apache.flink.api.connector.source.SplitEnumeratorContext;
import org.apache.flink.api.java.typeutils.ResultTypeQueryable;
import org.apache.flink.core.io.SimpleVersionedSerializer;
import org.apache.flink.metrics.MetricGroup;
import org.apache.flink.table.data.RowData;
import org.apache.flink.util.UserCodeClassLoader;

/** The topic of a relay, one split a queue: the offset of every queue is in Flink's checkpoint. */
final class BinlogRelaySource
    implements Source<RowData, QueueSplit, EnumeratorState>, ResultTypeQueryable<RowData> {
  private static final long serialVersionUID = 1L;

  private final Settings settings;
  private final DeserializationSchema<RowData> format;
  private final List<Metadata> columns;
  private final TypeInformation<RowData> type;

  /** `columns` stand behind those of the format, and `type` is of both. */
  BinlogRelaySource(
      Settings settings,
      DeserializationSchema<RowData> format,
      List<Metadata> columns,
      TypeInformation<RowData> type) {
    this.settings = settings;
    this.format = format;
    this.columns = columns;
    this.type = type;
  }

  @Override
  public TypeInformation<RowData> getProducedType() {
    return type;
  }

  @Override
  public Boundedness getBoundedness() {
    return settings.bounded() ? Boundedness.BOUNDED : Boundedness.CONTINUOUS_UNBOUNDED;
  }

  @Override
  public SimpleVersionedSerializer<QueueSplit> getSplitSerializer() {
    return new QueueSplitSerializer();
  }

  @Override
  public SimpleVersionedSerializer<EnumeratorState> getEnumeratorCheckpointSerializer() {
    return new EnumeratorStateSerializer();
  }

  @Override
  public SplitEnumerator<QueueSplit, EnumeratorState> createEnumerator(SplitEnumeratorContext<QueueSplit> context) {
    return restoreEnumerator(context, new EnumeratorState(false, Set.of(), List.of()));
  }

  @Override
  public SplitEnumerator<QueueSplit, EnumeratorState> restoreEnumerator(
      SplitEnumeratorContext<QueueSplit> context, EnumeratorState state) {
    return new QueueEnumerator(settings, context, state);
  }

  @Override
  public SourceReader<RowData, QueueSplit> createReader(SourceReaderContext context) throws Exception {
    format.open(
        new DeserializationSchema.InitializationContext() {
          @Override
          public MetricGroup getMetricGroup() {
            return context.metricGroup().addGroup("deserializer");
          }

          @Override
          public UserCodeClassLoader getUserCodeClassLoader() {
            return context.getUserCodeClassLoader();
          }
        });
    SourceMetrics metrics = new SourceMetrics(context.metricGroup());
    return QueueSourceReader.of(settings, metrics, new MessageEmitter(settings, format, columns, metrics), context);
  }
}
