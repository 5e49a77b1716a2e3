/**
 * The kinds of value that the schema is made of. Each issue text is a predicate ("is not a duration: …"): issues.ts
 * puts the value as written before it, so that nothing that came from the environment or from a secret's file is ever
 * repeated.
 */
import * as z from 'zod';
import { RelayError } from '../base/errors.ts';
import {
  DURATION_OR_OFF_PATTERN,
  DURATION_PATTERN,
  SIZE_PATTERN,
  parseDuration,
  parseSize,
  type Parsed,
} from './units.ts';

/** Why a text is refused; undefined when it is good. */
export type TextCheck = (text: string) => string | undefined;

/**
 * A text that is not empty and that `check` accepts. `pattern` tells an editor the same as far as a regular expression
 * can.
 */
export function text(check: TextCheck = () => undefined, pattern?: string): z.ZodString {
  return z
    .string()
    .check(({ value, issues }) => {
      const problem = value === '' ? 'must not be empty' : check(value);
      if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value });
    })
    .meta(pattern === undefined ? { minLength: 1 } : { pattern });
}

/** A text that may be empty, the default, and that `check` accepts otherwise. */
export function textOrNone(check: TextCheck): z.ZodDefault<z.ZodString> {
  return z
    .string()
    .check(({ value, issues }) => {
      const problem = value === '' ? undefined : check(value);
      if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value });
    })
    .default('');
}

/** A path on this machine. */
export function path(): z.ZodString {
  return text((value) => {
    if (/^~($|\/)/.test(value)) return 'starts with ~, which only a shell expands: write the whole path';
    return value.includes('\0') ? 'holds a NUL character' : undefined;
  });
}

/** A whole number; a text of digits as well, because a value from the environment is always text. */
export function wholeNumber(min: number, max: number): z.ZodType<number> {
  return z
    .unknown()
    .transform((value, { issues }): number => {
      const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max) return number;
      issues.push({ code: 'custom', message: `must be a whole number from ${min} to ${max}`, input: value });
      return z.NEVER;
    })
    .meta({ type: 'integer', minimum: min, maximum: max });
}

/** A number that need not be whole; a text as well, because a value from the environment is always text. */
export function amount(min: number, max: number): z.ZodType<number> {
  return z
    .unknown()
    .transform((value, { issues }): number => {
      const number = typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : value;
      if (typeof number === 'number' && number >= min && number <= max) return number;
      issues.push({ code: 'custom', message: `must be a number from ${min} to ${max}`, input: value });
      return z.NEVER;
    })
    .meta({ type: 'number', minimum: min, maximum: max });
}

/** true or false; as text as well, because a value from the environment is always text. */
export function flag(): z.ZodType<boolean> {
  return z
    .unknown()
    .transform((value, { issues }): boolean => {
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      issues.push({ code: 'custom', message: 'must be true or false', input: value });
      return z.NEVER;
    })
    .meta({ type: 'boolean' });
}

/** A duration in milliseconds, written with its unit. */
export function duration(min: string, max: string): z.ZodType<number> {
  return quantity(parseDuration, DURATION_PATTERN, min, max);
}

/** A duration in milliseconds, or `off`: undefined. */
export function durationOrOff(min: string, max: string): z.ZodType<number | undefined> {
  const lowest = bound(parseDuration(min));
  const highest = bound(parseDuration(max));
  return z
    .unknown()
    .transform((value, { issues }): number | undefined => {
      if (value === 'off') return undefined;
      const parsed = parseDuration(typeof value === 'string' || typeof value === 'number' ? String(value) : '');
      if (parsed.ok && parsed.value >= lowest && parsed.value <= highest) return parsed.value;
      const message = parsed.ok ? `is out of range: allowed is ${min} to ${max}, or off` : `${parsed.problem}, or off`;
      issues.push({ code: 'custom', message, input: value });
      return z.NEVER;
    })
    .meta({ type: 'string', pattern: DURATION_OR_OFF_PATTERN, range: `${min} to ${max}` });
}

/** A size in bytes, written with its unit. */
export function size(min: string, max: string): z.ZodType<number> {
  return quantity(parseSize, SIZE_PATTERN, min, max);
}

function quantity(parse: (text: string) => Parsed, pattern: string, min: string, max: string): z.ZodType<number> {
  const lowest = bound(parse(min));
  const highest = bound(parse(max));
  // The number 0 needs no unit; any other number does.
  const type = lowest === 0 ? { type: ['string', 'integer'], minimum: 0, maximum: 0 } : { type: 'string' };
  return z
    .unknown()
    .transform((value, { issues }): number => {
      const parsed = parse(typeof value === 'string' || typeof value === 'number' ? String(value) : '');
      if (parsed.ok && parsed.value >= lowest && parsed.value <= highest) return parsed.value;
      const message = parsed.ok ? `is out of range: allowed is ${min} to ${max}` : parsed.problem;
      issues.push({ code: 'custom', message, input: value });
      return z.NEVER;
    })
    .meta({ ...type, pattern, range: `${min} to ${max}` });
}

function bound(parsed: Parsed): number {
  if (!parsed.ok) throw new RelayError('INTERNAL', `a bound of the schema ${parsed.problem}`);
  return parsed.value;
}
