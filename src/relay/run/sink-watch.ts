import type { RelayError } from '../../base/errors.ts';
import type { RelayOptions } from './relay-options.ts';
import type { StatusBoard } from './status.ts';

/**
 * Shows what keeps a sink from taking messages while none is sent, too, and ends the run where going on would do harm.
 * Once the relay has begun, what an operator can mend is waited for.
 */
export function watchSinks(
  { sink, ddlSink, logger }: Pick<RelayOptions, 'sink' | 'ddlSink' | 'logger'>,
  status: StatusBoard,
  fail: (error: RelayError) => void,
): void {
  for (const [name, watched] of [
    ['sink', sink],
    ['ddl', ddlSink],
  ] as const) {
    let known: string | undefined;
    watched?.watch?.((problem) => {
      const isNews = problem?.code !== known;
      known = problem?.code;
      status.sinkSeen(name, problem);
      if (problem !== undefined && !problem.isRetried(true)) fail(problem);
      if (!isNews) return;
      if (problem === undefined) logger.info({ sink: name }, 'the sink would take messages again');
      else {
        const { code, message, remedy } = problem;
        logger.warn({ sink: name, code, error: message, remedy }, 'the sink would take no message now');
      }
    });
  }
}
