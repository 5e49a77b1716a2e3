/** The databases that MySQL keeps for itself. Never published, whatever the patterns say. */
export const SYSTEM_SCHEMAS: ReadonlySet<string> = new Set([
  'mysql',
  'sys',
  'information_schema',
  'performance_schema',
]);
