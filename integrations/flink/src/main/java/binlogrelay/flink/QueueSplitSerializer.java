package binlogrelay.flink;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * A queue in a checkpoint. Version 1, numbers big-endian, texts as {@link DataOutputStream#writeUTF} has them: topic,
 * broker, queue (4 bytes), offset (8), end (8), count of lanes (4), and of each lane stream, lane, epoch (8), sequence (8).
 */
final class QueueSplitSerializer implements SimpleVersionedSerializer<QueueSplit> {
  static final int VERSION = 1;

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(QueueSplit split) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeUTF(split.topic());
      out.writeUTF(split.broker());
      out.writeInt(split.queue());
      out.writeLong(split.offset());
      out.writeLong(split.end());
      out.writeInt(split.lanes().size());
      for (Map.Entry<QueueSplit.LaneKey, LanePosition> lane : split.lanes().entrySet()) {
        out.writeUTF(lane.getKey().stream());
        out.writeUTF(lane.getKey().lane());
        out.writeLong(lane.getValue().epoch());
        out.writeLong(lane.getValue().sequence());
      }
    }
    return bytes.toByteArray();
  }

  @Override
  public QueueSplit deserialize(int version, byte[] serialized) throws IOException {
    Versions.require(version, VERSION, "a queue");
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(serialized))) {
      String topic = in.readUTF();
      String broker = in.readUTF();
      int queue = in.readInt();
      long offset = in.readLong();
      long end = in.readLong();
      Map<QueueSplit.LaneKey, LanePosition> lanes = new HashMap<>();
      for (int left = in.readInt(); left > 0; left--)
        lanes.put(new QueueSplit.LaneKey(in.readUTF(), in.readUTF()), new LanePosition(in.readLong(), in.readLong()));
      Versions.requireEnd(in);
      return new QueueSplit(topic, broker, queue, offset, end, lanes);
    }
  }
}
