/**
 * The room of the configuration. What the rest of the relay gets is complete and checked: every default is filled in, every secret is
 * read, durations are milliseconds, sizes are bytes. What each key means, with its default: docs/configuration.md.
 */
import type * as z from 'zod';
import type { configSchema } from './schema.ts';

/** Nothing changes the configuration after it was loaded. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

export type Config = Frozen<z.output<typeof configSchema>>;

export type SourceConfig = Config['source'];
export type StartSetting = SourceConfig['start'];
export type TablesConfig = Config['tables'];
export type SinkConfig = Config['sink'];
