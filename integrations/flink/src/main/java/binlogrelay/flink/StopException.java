package binlogrelay.flink;

import org.apache.flink.runtime.throwable.ThrowableAnnotation;
import org.apache.flink.runtime.throwable.ThrowableType;

/**
 * What no restart mends: Flink fails the job at once, instead of starting it again and again without a word. The
 * message names the place and the remedy.
 */
@ThrowableAnnotation(ThrowableType.NonRecoverableError)
public final class StopException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public StopException(String message) {
    super(message);
  }

  public StopException(String message, Throwable cause) {
    super(message, cause);
  }
}
