import { expect, it } from 'vitest';
import { pino } from 'pino';
import { TopicLog } from '../../../../src/apply/run/topic-log.ts';
import { RelayError } from '../../../../src/base/errors.ts';
import { ManualClock } from '../../../support/sink/manual-clock.ts';

it('says once a minute that nothing comes of the topic, and when it does again', async () => {
  const clock = new ManualClock();
  const lines: string[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  const log = new TopicLog(clock, logger);
  const away = { what: 'away', error: new RelayError('TOPIC_BUSY', 'no readable queue'), failures: 1 } as const;
  log.note({ what: 'back' });
  for (let n = 0; n < 5; n += 1) log.note(away);
  await clock.advance(60_000);
  log.note(away);
  log.note({ what: 'back' });
  // So soon after the line before.
  log.note(away);
  log.note({ what: 'back' });
  const said = lines.map((line) => JSON.parse(line) as { readonly msg: string; readonly suppressed?: number });
  expect(said).toMatchObject([
    { code: 'TOPIC_BUSY', msg: 'nothing comes of the topic, it is tried again: no readable queue', suppressed: 0 },
    { code: 'TOPIC_BUSY', suppressed: 4 },
    { msg: 'the topic can be read again' },
  ]);
});

it('says of each torn message where it is, and that it comes again', () => {
  const lines: string[] = [];
  const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) });
  const log = new TopicLog(new ManualClock(), logger);
  log.note({ what: 'torn', place: 'topic orders, lane lane-0', why: 'it has no tag' });
  log.note({ what: 'torn', place: 'topic orders, lane lane-1', why: 'it has no tag' });
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { level: 40, msg: expect.stringMatching(/^topic orders, lane lane-0: it has no tag: .* comes again$/) as string },
    { level: 40, msg: expect.stringMatching(/^topic orders, lane lane-1: it has no tag: .* comes again$/) as string },
  ]);
});
