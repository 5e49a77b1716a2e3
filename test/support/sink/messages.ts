import type { OutboundMessage, Sink } from '../../../src/sink/sink.ts';

/** A legal message whose body says its lane and its number in it. */
export function message(lane: string, number: number, change: Partial<OutboundMessage> = {}): OutboundMessage {
  return {
    lane,
    tag: 'shop.orders',
    keys: [`${number}`],
    properties: new Map([['sequence', `${number}`]]),
    body: Buffer.from(JSON.stringify({ lane, number })),
    ...change,
  };
}

/** Sends `perLane` messages on each lane, the lanes at the same time and one request of a lane in flight. */
export async function sendAll(sink: Sink, lanes: readonly string[], perLane: number): Promise<void> {
  await Promise.all(
    lanes.map(async (lane) => {
      for (let number = 0; number < perLane; number += 1) await sink.send(message(lane, number));
    }),
  );
}

/** The numbers that `message` wrote into the bodies, by lane, in the order of the bodies. */
export function numbersByLane(bodies: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const lanes = new Map<string, number[]>();
  for (const body of bodies) {
    const { lane, number } = JSON.parse(body) as { lane: string; number: number };
    lanes.set(lane, [...(lanes.get(lane) ?? []), number]);
  }
  return lanes;
}
