import type { CapturedBinlog } from '../core/captured.ts';
import { RowEvents } from './row-events.ts';
import type { Place } from './row-writer.ts';

const OUT_BYTES = 256 << 10;
/** More than the largest row takes as JSON. */
const ROW_ROOM_BYTES = 64 << 10;

/** Writes every row image as JSON over and over into one buffer of a message's size. */
export class JsonFloor {
  images = 0;
  bytes = 0;

  read({ bytes, starts }: CapturedBinlog): void {
    const out = Buffer.alloc(OUT_BYTES + ROW_ROOM_BYTES);
    const place: Place = { p: 0, o: 0 };
    const events = new RowEvents((b, p, end, write) => {
      for (place.p = p; place.p < end;) {
        if (place.o >= OUT_BYTES) place.o = 0;
        const from = place.o;
        write(b, place, out);
        this.bytes += place.o - from;
        this.images += 1;
      }
    });
    for (let i = 0; i + 1 < starts.length; i += 1) events.event(bytes, starts[i] ?? 0, starts[i + 1] ?? 0);
  }
}
