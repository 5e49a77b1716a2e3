import { checkTarget } from '../apply/check/check-target.ts';
import { openSession } from '../apply/target/session.ts';
import { systemClock } from '../base/clock.ts';
import { createLogger } from '../base/log.ts';
import { systemRandom } from '../base/randomness.ts';
import type { ApplyConfig } from '../config/config.ts';
import { openTopic } from '../topic/reader.ts';
import { Report } from './report.ts';

/** Looks at topic, group and target, a line for each finding; changes nothing. Resolves to the exit code. */
export async function checkApply(config: ApplyConfig): Promise<number> {
  const report = new Report();
  report.ok('configuration', 'valid');
  try {
    await checkTopic(config, report);
  } catch (error) {
    report.failed('topic', error);
  }
  try {
    await checkTargetOf(config, report);
  } catch (error) {
    report.failed('target', error);
  }
  return report.exitCode;
}

async function checkTopic({ source }: ApplyConfig, report: Report): Promise<void> {
  const logger = createLogger({ level: 'error', format: 'auto' });
  // It takes no message from a reader that is running: the group keeps each queue for the one that has it.
  const reader = await openTopic(source, { clock: systemClock, random: systemRandom, logger });
  await reader.close();
  report.ok('topic', `${source.topic}, read by group ${source.group}, which is ordered`);
}

async function checkTargetOf(config: ApplyConfig, report: Report): Promise<void> {
  const session = await openSession(config.target, systemClock, new AbortController().signal);
  try {
    const { flavour, version } = session.server;
    report.ok('target', `${flavour} ${version}`);
    for (const finding of await checkTarget(session, config)) {
      const { part, message } = finding;
      if (finding.level === 'ok') report.ok(part, message);
      else if (finding.level === 'warning') report.warning(part, message, finding.remedy);
      else report.error(part, finding.code, message, finding.remedy);
    }
  } finally {
    session.destroy();
  }
}
