import type { Clock } from '../base/clock.ts';
import type { RelayError } from '../base/errors.ts';
import type { OutboundMessage, Sink } from '../sink/sink.ts';
import { retried, type Backoff } from './retry.ts';

export interface DeliveryOptions {
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborted when waiting for the broker has to end: what is not acknowledged stays behind the checkpoint. */
  readonly giveUp: AbortSignal;
  readonly onRetry: (error: RelayError, failures: number) => void;
  /** A message can never be delivered. */
  readonly onUndeliverable: (error: unknown) => void;
}

const BACKOFF: Backoff = { firstMs: 50, lastMs: 2000 };

/**
 * Makes a message and sends it until it is acknowledged, which `acknowledged` is told; `isBodyFree` when nobody can still be reading the body: an
 * attempt that was given up may go on in the client. Rejects only when it never will be, and has said so by then.
 */
export async function deliver(
  sink: Sink,
  seal: () => OutboundMessage,
  acknowledged: (bodyBytes: number, isBodyFree: boolean) => void,
  { clock, random, giveUp, onRetry, onUndeliverable }: DeliveryOptions,
): Promise<void> {
  // Everything is inside: a lane whose failure nobody is told of would stand still, and the relay look well.
  try {
    const outbound = seal();
    let isBodyFree = true;
    const onFailure = (error: RelayError, failures: number): void => {
      isBodyFree = false;
      onRetry(error, failures);
    };
    await retried(() => sink.send(outbound), { backoff: BACKOFF, clock, random, signal: giveUp, onFailure });
    acknowledged(outbound.body.length, isBodyFree);
  } catch (error) {
    if (!giveUp.aborted) onUndeliverable(error);
    throw error;
  }
}
