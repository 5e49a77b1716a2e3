import type { ReaderNotice } from './reader.ts';

/** Warns of what somebody should look at. */
export function warn(notice: ReaderNotice): void {
  const text = textOf(notice);
  if (text !== undefined) process.emitWarning(text, 'BinlogRelayReader');
}

function textOf(notice: ReaderNotice): string | undefined {
  switch (notice.what) {
    case 'away':
      return `${notice.error.code}: ${notice.error.message} It is tried again. ${notice.error.remedy}`;
    case 'lost':
      return `The broker could not be told in time that messages of queue ${notice.queue} from offset ${notice.offset} on are being worked on: they come again, and another reader of the group may work on them, too.`;
    case 'torn':
      return `${notice.place}: ${notice.why}: the broker has a part of this message only, as when it was killed while it stored it. It is left out, and comes again.`;
    case 'stream':
      return `Another relay, or one that has lost its checkpoint, publishes in lane ${notice.at.lane} (queue ${notice.at.queue}, offset ${notice.at.offset}): nothing tells whether changes are missing before this.`;
    case 'back':
    case 'epoch':
      return undefined;
  }
}
