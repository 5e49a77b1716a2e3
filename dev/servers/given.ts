/** The variables that name servers which are there; servers.ts describes them. */

export type Environment = Readonly<Record<string, string | undefined>>;

export const MYSQL_VARIABLE = 'BINLOG_RELAY_MYSQL';
export const ROCKETMQ_VARIABLE = 'BINLOG_RELAY_ROCKETMQ';

/** What it says; undefined when no server is named. */
export function givenServer(env: Environment, variable: string): string | undefined {
  const text = env[variable];
  return text === '' ? undefined : text;
}

/** Of a named server there is one, however many want one for themselves. */
export function areServersGiven(env: Environment): boolean {
  return [MYSQL_VARIABLE, ROCKETMQ_VARIABLE].some((variable) => givenServer(env, variable) !== undefined);
}
