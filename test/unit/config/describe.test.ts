import { expect, it } from 'vitest';
import { redacted } from '../../../src/config/describe.ts';
import { MYSQLX, parse, REQUIRED } from '../../support/config.ts';

it('hides every secret that is set, and nothing else', () => {
  const text = `${REQUIRED.replace('sink:', '  password: hunter2\nsink:')}  accessKey: hunter3\n  accessSecret: hunter4\n${MYSQLX}  password: hunter5\nadmin:\n  token: hunter6-hunter6-hunter6\n`;
  const config = parse(text);
  const shown = redacted(config);
  expect(JSON.stringify(shown)).not.toContain('hunter');
  expect(shown).toEqual({
    ...config,
    source: { ...config.source, password: '***' },
    sink: { ...config.sink, accessKey: '***', accessSecret: '***' },
    checkpoint: { ...config.checkpoint, password: '***' },
    admin: { ...config.admin, token: '***' },
  });
});

it('shows that no password is set', () => {
  expect(redacted(parse(REQUIRED))).toEqual(parse(REQUIRED));
});
