/** Reads parts of a body that may be anything. Each function throws a text that says what is wrong where. */

export type Json = Readonly<Record<string, unknown>>;

/** What is wrong with a body: the caller adds the place. */
export class BodyProblem extends Error {}

export function objectIn(body: Buffer): Json {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw new BodyProblem('its body is no JSON', { cause });
  }
  return asObject(value, 'its body');
}

export function asObject(value: unknown, name: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BodyProblem(`${name} is not an object`);
  }
  return value as Json;
}

export function textOf(json: Json, name: string): string {
  const value = json[name];
  if (typeof value !== 'string') throw new BodyProblem(`${name} is not a text`);
  return value;
}

export function numberOf(json: Json, name: string): number {
  const value = json[name];
  if (!Number.isSafeInteger(value)) throw new BodyProblem(`${name} is not a whole number`);
  return Number(value);
}

export function listOf(json: Json, name: string): readonly unknown[] {
  const value = json[name];
  if (!Array.isArray(value)) throw new BodyProblem(`${name} is not a list`);
  return value;
}

export function textsOf(json: Json, name: string): readonly string[] {
  return listOf(json, name).map((value) => {
    if (typeof value !== 'string') throw new BodyProblem(`${name} is not a list of texts`);
    return value;
  });
}

/** `undefined` when it is not there. */
export function optionalTexts(json: Json, name: string): readonly string[] | undefined {
  return json[name] === undefined ? undefined : textsOf(json, name);
}

/** The rows of `data` or `old`. */
export function rowsOf(json: Json, name: string): readonly Readonly<Record<string, string | null>>[] {
  return listOf(json, name).map((value) => {
    const row = asObject(value, `a row of ${name}`);
    for (const column in row) {
      if (typeof row[column] !== 'string' && row[column] !== null) {
        throw new BodyProblem(`a value in ${name} is neither a text nor null: column ${column}`);
      }
    }
    return row as Readonly<Record<string, string | null>>;
  });
}
