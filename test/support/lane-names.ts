/** `lane-0` and so on: names of lanes for sinks that have no queues to spread them over. */
export const laneNames = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `lane-${i}`);
