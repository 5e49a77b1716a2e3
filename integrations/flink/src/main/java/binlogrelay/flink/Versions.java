package binlogrelay.flink;

import java.io.DataInputStream;
import java.io.IOException;

/** What is read from a checkpoint is of a version that this program knows, to its last byte. */
final class Versions {
  private Versions() {}

  static void require(int version, int known, String what) throws IOException {
    if (version != known)
      throw new IOException(
          "The checkpoint has "
              + what
              + " in version "
              + version
              + " of its format, this connector reads version "
              + known
              + ": use the connector that wrote it, or a newer one.");
  }

  static void requireEnd(DataInputStream in) throws IOException {
    if (in.read() != -1) throw new IOException("The checkpoint is damaged: there are bytes after the end.");
  }
}
