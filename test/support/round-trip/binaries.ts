import { exactBytes, hex, PREFIX, type ColumnKind } from './column-kind.ts';
import type { Random } from './random.ts';

const BLOBS = ['TINYBLOB', 'BLOB', 'MEDIUMBLOB', 'LONGBLOB'] as const;

/** BINARY, VARBINARY or one of the BLOB family. */
export function binaryKind(random: Random): ColumnKind {
  const shape = random.int(0, 3);
  if (shape === 0) {
    return {
      sql: random.pick(BLOBS),
      rowBytes: 12,
      keyPart: `(${PREFIX})`,
      exact: exactBytes,
      value: (r) => hex(bytesOf(r, r.chance(0.003) ? 100_000 : 60)),
    };
  }
  const length = random.chance(0.1) ? 0 : random.pick([1, PREFIX, 16, 255, ...(shape === 1 ? [] : [256, 300])]);
  return {
    sql: `${shape === 1 ? 'BINARY' : 'VARBINARY'}(${length})`,
    rowBytes: length + 2,
    ...(length > 0 && { keyPart: '' }),
    exact: exactBytes,
    value: (r) => hex(bytesOf(r, Math.min(length, r.chance(0.05) ? 300 : 60))),
  };
}

function bytesOf(r: Random, most: number): Buffer {
  const shape = r.int(0, 4);
  if (shape === 0) return Buffer.alloc(r.int(0, Math.min(most, 3)), r.pick([0, 0x20, 0xff]));
  const bytes = r.bytes(shape === 1 ? most : r.int(0, most));
  // What a server or a driver might take for padding.
  if (shape === 2 && bytes.length > 0) bytes[bytes.length - 1] = r.pick([0, 0x20]);
  return bytes;
}

/** As MySQL keeps it: the SRID, then little-endian WKB. */
export function geometryKind(random: Random): ColumnKind {
  const type = random.pick(['GEOMETRY', ...SHAPES.keys()]);
  const shapes = type === 'GEOMETRY' ? [...SHAPES.values()] : [SHAPES.get(type) ?? point];
  const ofSrid = random.pick([0, 0, 3857, 4326]);
  return {
    sql: type,
    rowBytes: 12,
    exact: exactBytes,
    value: (r) => {
      // Degrees: a latitude must fit. On a plane any number does.
      const number = ofSrid === 4326 ? (): number => (r.fraction() - 0.5) * 170 : (): number => coordinate(r);
      const srid = Buffer.alloc(4);
      srid.writeUInt32LE(ofSrid);
      return hex(Buffer.concat([srid, r.pick(shapes)(r, number)]));
    },
  };
}

type Shape = (r: Random, number: () => number) => Buffer;

function coordinate(r: Random): number {
  if (r.chance(0.3)) return r.pick([0, -0, 1, -1.5, 5e-324, 1e300, -1e300, 0.1]);
  return (r.fraction() - 0.5) * 10 ** r.int(-5, 12);
}

function wkb(type: number, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(1);
  head.writeUInt32LE(type, 1);
  return Buffer.concat([head, ...parts]);
}

function counted(parts: readonly Buffer[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(parts.length);
  return Buffer.concat([count, ...parts]);
}

function pair(x: number, y: number): Buffer {
  const b = Buffer.alloc(16);
  b.writeDoubleLE(x, 0);
  b.writeDoubleLE(y, 8);
  return b;
}

const point: Shape = (_r, number) => wkb(1, pair(number(), number()));
const line: Shape = (r, number) => wkb(2, counted(r.list(r.int(2, 4), () => pair(number(), number()))));
const polygon: Shape = (r) => {
  const [x, y] = [r.int(-40, 40), r.int(-40, 40)];
  const size = r.int(1, 40);
  const ring = [pair(x, y), pair(x + size, y), pair(x + size, y + size), pair(x, y)];
  return wkb(3, counted([counted(ring)]));
};
const many =
  (type: number, shape: Shape): Shape =>
  (r, number) =>
    wkb(type, counted(r.list(r.int(1, 3), () => shape(r, number))));

const SHAPES = new Map<string, Shape>([
  ['POINT', point],
  ['LINESTRING', line],
  ['POLYGON', polygon],
  ['MULTIPOINT', many(4, point)],
  ['MULTILINESTRING', many(5, line)],
  ['MULTIPOLYGON', many(6, polygon)],
  ['GEOMETRYCOLLECTION', many(7, (r, number) => r.pick([point, line, polygon])(r, number))],
]);

const NUMBERS = [0, -0, 1, -1, 0.1, 1e-45, 1.17549435e-38, 3.4028234e38, -3.4028234e38, 16777215];

/** MySQL 9.0 and later. */
export function vectorKind(random: Random): ColumnKind {
  const most = random.pick([1, 3, 64, 768, 16_383]);
  return {
    sql: `VECTOR(${most})`,
    rowBytes: 12,
    exact: exactBytes,
    value: (r) => {
      const b = Buffer.alloc(4 * r.int(1, Math.min(most, r.chance(0.02) ? 2000 : 8)));
      for (let i = 0; i < b.length; i += 4) {
        const number = r.chance(0.3) ? r.pick(NUMBERS) : r.bytes(4).readFloatLE();
        b.writeFloatLE(Number.isFinite(number) ? number : 0.5, i);
      }
      return hex(b);
    },
  };
}
