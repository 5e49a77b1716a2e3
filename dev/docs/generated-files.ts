import { readFileSync } from 'node:fs';
import { applyJsonSchema, editorJsonSchema } from '../../src/config/json-schema.ts';
import { applyConfigurationPage, configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';

/** What `npm run docs` writes: path in the repository to text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const errorCodes = readFileSync(new URL('../../src/base/error-codes.ts', import.meta.url), 'utf8');
  return new Map([
    ['config/relay.schema.json', `${JSON.stringify(editorJsonSchema(), undefined, 2)}\n`],
    ['config/apply.schema.json', `${JSON.stringify(editorJsonSchema(applyJsonSchema()), undefined, 2)}\n`],
    ['docs/configuration.md', configurationPage()],
    ['docs/apply-configuration.md', applyConfigurationPage()],
    ['docs/errors.md', errorsPage(errorCodes)],
  ]);
}
