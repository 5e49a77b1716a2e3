package binlogrelay.flink;

import org.apache.rocketmq.common.message.MessageExt;

/**
 * A message, or that a queue was read on where none of them was for this table.
 *
 * @param message null without one
 * @param next offset to go on with
 */
record Pulled(MessageExt message, long next) {}
