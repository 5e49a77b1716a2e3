package binlogrelay.flink;

import java.util.List;
import java.util.Set;

/**
 * @param started whether the first queues were found: those that come later are read from their beginning
 * @param given ids of the queues that readers have
 * @param waiting queues that no reader has yet
 */
record EnumeratorState(boolean started, Set<String> given, List<QueueSplit> waiting) {
  EnumeratorState {
    given = Set.copyOf(given);
    waiting = List.copyOf(waiting);
  }
}
