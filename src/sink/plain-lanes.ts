/** Names of lanes for sinks without queues: `lane-0`, `lane-1` … */
export function plainLaneNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `lane-${index}`);
}
