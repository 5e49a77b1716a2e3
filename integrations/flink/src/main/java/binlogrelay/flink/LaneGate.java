package binlogrelay.flink;

/** Decides what of a lane is new, and sees when something of it is missing: docs/message-format.md, "Reading it exactly once". */
final class LaneGate {
  enum Verdict {
    /** To be read. */
    NEW,
    /** It came before; or it is of a run that a later one has followed, which brings its changes again. To be dropped. */
    REPEAT,
    /** Messages before it are missing. */
    GAP
  }

  private LaneGate() {}

  /**
   * @param known null when nothing was read of the lane: reading begins here
   * @param judgesGaps false when not every message of the lane comes here
   */
  static Verdict judge(LanePosition known, LanePosition next, boolean judgesGaps) {
    if (known == null) return Verdict.NEW;
    if (next.epoch() < known.epoch()) return Verdict.REPEAT;
    if (next.epoch() == known.epoch() && next.sequence() <= known.sequence()) return Verdict.REPEAT;
    return judgesGaps && next.sequence() != due(known, next) ? Verdict.GAP : Verdict.NEW;
  }

  /** The sequence that should have come. */
  static long due(LanePosition known, LanePosition next) {
    return next.epoch() == known.epoch() ? known.sequence() + 1 : 1;
  }
}
