import * as z from 'zod';
import { parseGlob } from '../base/glob.ts';
import { text } from './fields.ts';

export function glob(parts: 2 | 3): z.ZodString {
  return text((value) => {
    const parsed = parseGlob(value, parts);
    return parsed.ok ? undefined : parsed.problem;
  });
}

export const tablesSchema = z
  .strictObject({
    include: z
      .array(glob(2))
      .min(1, 'must hold at least one pattern')
      .default(['*.*'])
      .describe(
        'Patterns of the tables that are published, as database.table. The system schemas mysql, sys, information_schema and ' +
          'performance_schema are never published. Name the order tables here rather than publish everything: less to send, less to leak.',
      ),
    exclude: z
      .array(glob(2))
      .default([])
      .describe(
        'Patterns of tables that are not published although include names them. Excluded tables are not even decoded.',
      ),
    excludeColumns: z
      .array(glob(3))
      .default([])
      .describe(
        'Patterns of columns that are left out of every change, as database.table.column: what other teams must not see, such as telephone numbers. ' +
          'A column of the primary key cannot be left out. Column names are compared without regard to case, as MySQL does.',
      ),
  })
  .prefault({})
  .describe(
    'Which tables are published. In a pattern `*` stands for any number of characters and `?` for exactly one. ' +
      'A name with other characters than letters, digits, `_`, `$` and `-` is written in backticks, within which nothing is a pattern. ' +
      'Put every pattern in quotes: YAML reads a leading `*` or backtick as something else.',
  );
