package binlogrelay.flink;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.apache.flink.core.io.SimpleVersionedSerializer;

/**
 * What the enumerator has in a checkpoint. Version 1: started (1 byte), count of given queues (4) and their ids, version of
 * the waiting queues' format (4), their count (4), and of each its length (4) and bytes.
 */
final class EnumeratorStateSerializer implements SimpleVersionedSerializer<EnumeratorState> {
  static final int VERSION = 1;
  private final QueueSplitSerializer splits = new QueueSplitSerializer();

  @Override
  public int getVersion() {
    return VERSION;
  }

  @Override
  public byte[] serialize(EnumeratorState state) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeBoolean(state.started());
      out.writeInt(state.given().size());
      for (String id : state.given()) out.writeUTF(id);
      out.writeInt(splits.getVersion());
      out.writeInt(state.waiting().size());
      for (QueueSplit split : state.waiting()) {
        byte[] one = splits.serialize(split);
        out.writeInt(one.length);
        out.write(one);
      }
    }
    return bytes.toByteArray();
  }

  @Override
  public EnumeratorState deserialize(int version, byte[] serialized) throws IOException {
    Versions.require(version, VERSION, "the list of queues");
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(serialized))) {
      boolean started = in.readBoolean();
      Set<String> given = new HashSet<>();
      for (int left = in.readInt(); left > 0; left--) given.add(in.readUTF());
      int versionOfSplits = in.readInt();
      List<QueueSplit> waiting = new ArrayList<>();
      for (int left = in.readInt(); left > 0; left--)
        waiting.add(splits.deserialize(versionOfSplits, in.readNBytes(in.readInt())));
      Versions.requireEnd(in);
      return new EnumeratorState(started, given, waiting);
    }
  }
}
