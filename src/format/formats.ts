import { canalJson } from './canal-json.ts';
import { debeziumJson } from './debezium-json.ts';
import type { Format, FormatName } from './format.ts';
import { maxwellJson } from './maxwell-json.ts';

export const FORMATS: Readonly<Record<FormatName, Format>> = {
  'canal-json': canalJson,
  'debezium-json': debeziumJson,
  'maxwell-json': maxwellJson,
};
