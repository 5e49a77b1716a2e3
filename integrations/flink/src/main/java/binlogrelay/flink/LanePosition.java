package binlogrelay.flink;

/**
 * The newest message of one stream in one lane that was read.
 *
 * @param epoch the run of the relay
 * @param sequence its number in lane and epoch, from 1
 */
record LanePosition(long epoch, long sequence) {}
