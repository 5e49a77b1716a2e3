/** The two ways to name the proxies of a RocketMQ: `endpoint`, one of them, or `endpoints`, several. */
import * as z from 'zod';
import { endpointProblem } from './addresses.ts';
import { text } from './fields.ts';

const PATTERN = '^[^:;,@/\\s]+:[0-9]+$';

/** As they are written. */
export interface WrittenEndpoints {
  readonly endpoint?: string | undefined;
  readonly endpoints?: string[] | undefined;
}

export const endpointFields = {
  endpoint: text(endpointProblem, PATTERN)
    .optional()
    .describe(
      'host:port of the gRPC proxy of RocketMQ, usually port 8081; not of the name server (9876) and not of a broker (10911). ' +
        'One of endpoint and endpoints must be given.',
    ),
  endpoints: z
    .array(text(endpointProblem, PATTERN))
    .min(1, 'must hold at least one host:port')
    .check(({ value, issues }) => {
      const again = value.find((endpoint, index) => value.indexOf(endpoint) !== index);
      if (again !== undefined) issues.push({ code: 'custom', message: `names ${again} twice`, input: value });
    })
    .optional()
    .describe(
      'In place of endpoint: several proxies, all of the same cluster. The first is used; when it does not answer, the next one, and so on. ' +
        'Put new ones at the end.',
    ),
};

type Rule = Parameters<z.ZodObject['refine']>[1];

/** They hold of what is incomplete too: everything that is wrong is told at once. */
const always = (): boolean => true;
const isGiven = (section: unknown, key: keyof WrittenEndpoints): boolean =>
  typeof section === 'object' && section !== null && Object.hasOwn(section, key);

export const hasEndpoint = (section: unknown): boolean => isGiven(section, 'endpoint') || isGiven(section, 'endpoints');
export const NO_ENDPOINT: Rule = { path: ['endpoint'], error: 'is missing', when: always };

export const hasOneOfBoth = (section: unknown): boolean =>
  !isGiven(section, 'endpoint') || !isGiven(section, 'endpoints');
export const BOTH: Rule = {
  path: ['endpoints'],
  error: 'stands beside endpoint: write all proxies here, and remove endpoint',
  when: always,
};

/** All that are written, and the first of them. */
export interface Endpoints {
  readonly endpoint: string;
  readonly endpoints: readonly string[];
}

export function withEndpoints<Section extends WrittenEndpoints>({
  endpoint = '',
  endpoints = [endpoint],
  ...rest
}: Section): Omit<Section, keyof WrittenEndpoints> & Endpoints {
  return { ...rest, endpoint: endpoints[0] ?? endpoint, endpoints };
}
