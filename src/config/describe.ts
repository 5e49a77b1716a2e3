import type { ApplyConfig, Config } from './config.ts';
import { isSecret } from './secrets.ts';

const HIDDEN = '***';

/** The configuration as the log may show it: secrets that are set are replaced. */
export function redacted(config: Config | ApplyConfig): unknown {
  return hide(config, []);
}

function hide(value: unknown, path: readonly string[]): unknown {
  if (isSecret(path)) return value === '' || value === undefined ? value : HIDDEN;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, hide(child, [...path, key])]));
}
