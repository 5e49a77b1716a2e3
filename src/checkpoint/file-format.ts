/**
 * One generation of the checkpoint as text: indented JSON that an operator can read. `crc32` covers every other field,
 * so that a damaged file is told from a sound one; white space between the fields does not count.
 */
import { crc32 } from 'node:zlib';
import * as z from 'zod';
import type { Checkpoint, Copies, Notices } from './checkpoint.ts';

export const FORMAT = 'binlog-relay checkpoint';
export const VERSION = 1;

const noticeEventSchema = z.strictObject({
  what: z.string(),
  transaction: z.string(),
  position: z.string(),
  at: z.string(),
});

const noticesSchema = z.strictObject({
  newestId: z.int().min(1),
  list: z.array(
    z.strictObject({
      id: z.string().min(1),
      about: z.enum(['differs', 'skipped']),
      subject: z.string(),
      count: z.int().min(1),
      first: noticeEventSchema,
      last: noticeEventSchema,
    }),
  ),
  readTo: z
    .strictObject({
      serverUuid: z.string(),
      file: z.string(),
      offset: z.int().min(0),
      gtidSet: z.string().optional(),
    })
    .optional(),
});

const hexadecimal = z.string().regex(/^([0-9a-f]{2})*$/);

/** See CopyPart. */
const keyText = z.string().regex(/^[tx]([0-9a-f]{2})*(,[tx]([0-9a-f]{2})*)*$/);

const partSchema = z.discriminatedUnion('of', [
  z.strictObject({ of: z.literal('keys'), count: z.int().min(1), keys: z.array(keyText) }),
  z.strictObject({ of: z.literal('range'), from: keyText.optional(), to: keyText.optional() }),
]);

const copiesSchema = z.strictObject({
  newestId: z.int().min(1),
  list: z.array(
    z.strictObject({
      id: z.string().regex(/^\d+$/),
      patterns: z.array(z.string().min(1)).min(1),
      part: partSchema.optional(),
      requestedAt: z.string(),
      isPaused: z.boolean(),
      isExact: z.boolean().optional(),
      withheld: z.array(z.strictObject({ database: z.string(), table: z.string() })).optional(),
      endedAt: z.string().optional(),
      isCancelled: z.boolean().optional(),
      tables: z
        .array(
          z.strictObject({
            database: z.string(),
            table: z.string(),
            state: z.enum(['waiting', 'copying', 'copied', 'gone', 'failed']),
            rows: z.int().min(0),
            after: z.array(hexadecimal).min(1).optional(),
            key: z.string().optional(),
            keysDone: z.int().min(0).optional(),
            reason: z.string().optional(),
          }),
        )
        .optional(),
      outcome: z.strictObject({ tables: z.int().min(0), copied: z.int().min(0), rows: z.int().min(0) }).optional(),
    }),
  ),
});

/** The order of the fields is their order in the file, and in what the CRC is computed over. */
const checkpointSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  storedAt: z.iso.datetime(),
  stream: z.string().min(1),
  epoch: z.int().min(1),
  serverUuid: z.string().min(1),
  file: z.string().min(1),
  offset: z.int().min(0),
  /** null when the source runs without GTIDs. */
  gtidSet: z.string().nullable(),
  destination: z.string().min(1),
  endpoint: z.string().min(1).optional(),
  ordering: z.enum(['key', 'table', 'total']),
  queues: z.int().min(1),
  lanes: z.array(z.string().min(1)).min(1),
  messageFormat: z.string().min(1).optional(),
  notices: noticesSchema.optional(),
  rolledBack: z.strictObject({ serverUuid: z.string(), at: z.string() }).optional(),
  copies: copiesSchema.optional(),
});

type Content = z.output<typeof checkpointSchema>;

const fileSchema = checkpointSchema.extend({ crc32: z.string() });
const headerSchema = z.looseObject({ format: z.literal(FORMAT), version: z.int() });

export type Parsed =
  { readonly ok: true; readonly checkpoint: Checkpoint } | { readonly ok: false; readonly problem: string };

/** Gives the same text for the same checkpoint. Throws a ZodError for what `parseCheckpoint` would not read back. */
export function renderCheckpoint({ gtidSet, ...rest }: Checkpoint): string {
  const content = checkpointSchema.parse({ ...rest, format: FORMAT, version: VERSION, gtidSet: gtidSet ?? null });
  return `${JSON.stringify({ ...content, crc32: checksum(content) }, undefined, 2)}\n`;
}

/** The checkpoint in the bytes of a file, or in words why there is none that can be trusted. */
export function parseCheckpoint(bytes: Buffer): Parsed {
  const json = parseJson(bytes);
  if (!json.ok) return json;
  const header = headerSchema.safeParse(json.value);
  if (!header.success) return damaged(`it is JSON, but not a ${FORMAT}`);
  if (header.data.version > VERSION) {
    return damaged(`its version is ${header.data.version}: it was written by a later relay, this one reads ${VERSION}`);
  }
  const file = fileSchema.safeParse(json.value);
  if (!file.success) return damaged(issueText(file.error));
  const { crc32: stored, ...content } = file.data;
  const computed = checksum(content);
  if (stored !== computed) {
    return damaged(`its checksum is ${stored}, that of its content ${computed}: it was damaged or edited`);
  }
  return { ok: true, checkpoint: toCheckpoint(content) };
}

/** What is optional is left out when it is absent: a key without a value is none of the contract's. */
function toCheckpoint(content: Content): Checkpoint {
  const { storedAt, stream, epoch, serverUuid, file, offset, gtidSet, ordering, queues, lanes } = content;
  const { destination, endpoint, messageFormat, notices, rolledBack, copies } = content;
  return {
    storedAt,
    stream,
    epoch,
    serverUuid,
    file,
    offset,
    gtidSet: gtidSet ?? undefined,
    destination,
    ...(endpoint !== undefined && { endpoint }),
    ordering,
    queues,
    lanes,
    ...(messageFormat !== undefined && { messageFormat }),
    ...(notices !== undefined && { notices: toNotices(notices) }),
    ...(rolledBack !== undefined && { rolledBack }),
    ...(copies !== undefined && { copies: toCopies(copies) }),
  };
}

function toCopies({ newestId, list }: NonNullable<Content['copies']>): Copies {
  return {
    newestId,
    list: list.map(({ part, tables, ...copy }) =>
      withoutAbsent({ ...copy, part: part && withoutAbsent(part), tables: tables?.map(withoutAbsent) }),
    ),
  };
}

/** zod leaves optional fields that are absent out, but its types do not say so. */
function withoutAbsent<T extends object>(object: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

function toNotices({ newestId, list, readTo }: NonNullable<Content['notices']>): Notices {
  if (readTo === undefined) return { newestId, list };
  const { gtidSet, ...place } = readTo;
  return { newestId, list, readTo: { ...place, ...(gtidSet !== undefined && { gtidSet }) } };
}

function checksum(content: Content): string {
  return crc32(JSON.stringify(content)).toString(16).padStart(8, '0');
}

function parseJson(
  bytes: Buffer,
): { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: string } {
  if (bytes.length === 0) return damaged('it is empty');
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return { ok: true, value };
  } catch {
    return damaged(`its ${bytes.length} bytes are not JSON: it was cut or damaged`);
  }
}

function damaged(problem: string): { readonly ok: false; readonly problem: string } {
  return { ok: false, problem };
}

function issueText({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.length === 0 ? 'the file' : path.join('.')}: ${message}`).join('; ');
}
