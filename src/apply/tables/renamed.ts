import type { ApplyConfig } from '../../config/config.ts';

/** What a database of the source is called in the target. */
export const renamed = ({ rename }: Pick<ApplyConfig['tables'], 'rename'>, database: string): string =>
  Object.hasOwn(rename, database) ? (rename[database] ?? database) : database;
