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
export type RocketmqSinkConfig = Extract<SinkConfig, { readonly type: 'rocketmq' }>;
export type StdoutSinkConfig = Extract<SinkConfig, { readonly type: 'stdout' }>;
export type FileSinkConfig = Extract<SinkConfig, { readonly type: 'file' }>;
export type DdlConfig = Config['ddl'];
export type Ordering = Config['ordering'];
export type LimitsConfig = Config['limits'];
export type CheckpointConfig = Config['checkpoint'];
export type AdminConfig = Config['admin'];
export type LogConfig = Config['log'];
