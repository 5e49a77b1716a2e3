package binlogrelay.flink;

import java.io.IOException;
import java.time.Duration;

/**
 * How long a broker that is away is waited for, before the job fails and Flink's restart strategy decides. Whether a refusal
 * is for ever depends on whether the same settings have worked before.
 */
final class Patience {
  static final Duration LIMIT = Duration.ofMinutes(2);

  private final Settings settings;
  private boolean worked;
  private long failingSinceNanos;
  private boolean failing;

  Patience(Settings settings, boolean worked) {
    this.settings = settings;
    this.worked = worked;
  }

  void worked() {
    worked = true;
    failing = false;
  }

  /** Returns when it is to be tried again after a while. Throws StopException for a refusal, IOException when time is over. */
  void failed(Throwable error, long nowNanos) throws IOException {
    StopException refusal = Broker.refusal(error, settings);
    if (refusal != null && !worked) throw refusal;
    if (!failing) failingSinceNanos = nowNanos;
    failing = true;
    if (nowNanos - failingSinceNanos >= LIMIT.toNanos())
      throw new IOException(
          "RocketMQ at " + settings.nameServer() + " cannot be read for " + LIMIT.toSeconds() + " s.", error);
  }
}
