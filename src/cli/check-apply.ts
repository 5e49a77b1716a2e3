import { openSession } from '../apply/target/session.ts';
import type { Session } from '../apply/target/target.ts';
import { systemClock } from '../base/clock.ts';
import { asRelayError } from '../base/errors.ts';
import { createLogger } from '../base/log.ts';
import { systemRandom } from '../base/randomness.ts';
import type { ApplyConfig } from '../config/config.ts';
import { openTopic } from '../topic/reader.ts';
import { print } from './print.ts';

/** Looks at topic, group and target, a line each; changes nothing. Resolves to the exit code. */
export async function checkApply(config: ApplyConfig): Promise<number> {
  const { source, target } = config;
  print('ok       configuration: valid\n');
  const codes = [
    await part('topic', async () => {
      const logger = createLogger({ level: 'error', format: 'auto' });
      // It takes no message from a reader that is running: the group keeps each queue for the one that has it.
      const reader = await openTopic(source, { clock: systemClock, random: systemRandom, logger });
      await reader.close();
      return `${source.topic}, read by group ${source.group}, which is ordered`;
    }),
    await part('target', async () => {
      const session = await openSession(target, systemClock, new AbortController().signal);
      try {
        return await targetText(session, config);
      } finally {
        session.destroy();
      }
    }),
  ];
  // What must be changed weighs more than what may pass.
  return codes.includes(78) ? 78 : Math.max(...codes);
}

async function targetText(session: Session, { ledger }: ApplyConfig): Promise<string> {
  const { flavour, version } = session.server;
  const found = await session.query('SHOW DATABASES');
  const hasLedger = found.some((row) => Object.values(row).includes(ledger));
  return `${flavour} ${version}, ledger ${ledger} ${hasLedger ? 'is there' : 'will be made'}`;
}

async function part(name: string, look: () => Promise<string>): Promise<number> {
  try {
    print(`ok       ${name}: ${await look()}\n`);
    return 0;
  } catch (thrown) {
    const { code, message, remedy, definition } = asRelayError(thrown);
    print(`error    ${name}: ${code}: ${message}\n         ${remedy}\n`);
    return definition.exitCode;
  }
}
