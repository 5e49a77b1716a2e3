import * as z from 'zod';
import { hostNameProblem, hostProblem, tokenProblem } from './addresses.ts';
import { flag, text, wholeNumber } from './fields.ts';

const enabled = flag().prefault(true).describe('Whether health, metrics and status are served over HTTP.');
const host = text(hostProblem)
  .prefault('127.0.0.1')
  .describe(
    'Address to listen on. 0.0.0.0 in a container, so that probes reach it. There is no encryption, and without token no log-in: keep it inside.',
  );
const hosts = z
  .array(text(hostNameProblem))
  .default([])
  .describe(
    'Names by which it may be asked, besides addresses and names without a dot: `relay.example.com`, or `*.svc.cluster.local` for all of a domain. ' +
      'Any other name in the Host header is refused with 421, so that no page in a browser can read it by a name of its own (DNS rebinding).',
  );

const token = text(tokenProblem)
  .optional()
  .describe(
    'Who asks for anything but /livez and /readyz must send it: `Authorization: Bearer …`. Prometheus sends one with authorization.credentials_file. ' +
      'Keep it out of this file: write `${ADMIN_TOKEN}`, or `file:/run/secrets/admin-token`, which is read again at each request. Without it everybody who reaches the port may ask.',
  );

const adminPort = (port: number): z.ZodPrefault<z.ZodType<number>> =>
  wholeNumber(0, 65_535)
    .prefault(port)
    .describe('TCP port to listen on; 0 lets the system choose one, which the log then names.');

const maxTables = wholeNumber(0, 10_000)
  .prefault(200)
  .describe(
    'How many tables have metrics of their own, each up to four series: the first ones that have changes after a start. All others are counted together.',
  );

/** What the relay shows of itself. */
export const adminSchema = z
  .strictObject({ enabled, host, port: adminPort(8686), hosts, token, maxTables })
  .prefault({})
  .describe('Health, metrics and status over HTTP.');

/** What apply shows of itself. */
export const applyAdminSchema = z
  .strictObject({ enabled, host, port: adminPort(8686), hosts, token })
  .prefault({})
  .describe('Health, metrics and status over HTTP.');

/** What verify shows of itself: it may run beside them. */
export const verifyAdminSchema = z
  .strictObject({ enabled, host, port: adminPort(8687), hosts, token })
  .prefault({})
  .describe('Health and metrics over HTTP, with `every` or `--forever`.');

export const logSchema = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error'])
      .default('info')
      .describe('The least important level that is logged. No level logs a line for each row, or a value of a row.'),
    format: z
      .enum(['auto', 'json', 'pretty'])
      .default('auto')
      .describe(
        '`json`: one JSON object a line. `pretty`: for people. `auto`: pretty when standard error is a terminal, JSON otherwise.',
      ),
  })
  .prefault({})
  .describe('The log, on standard error.');
