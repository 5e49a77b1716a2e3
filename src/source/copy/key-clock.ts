/** Dates and times of keys. Pure. */
import type { Column } from '../../binlog/binlog.ts';
import { TYPE } from '../../binlog/wire/column-types.ts';

const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const TIME = /^(-?)(\d{2,3}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/;
const DATETIME = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?$/;
const YEAR = /^\d{4}$/;
/** The longest TIME, in seconds. */
const LONGEST_TIME = 838 * 3600 + 59 * 60 + 59;
/** Second 0 is the zero timestamp; MariaDB has seconds of 32 bits, MySQL of 31. */
const TIMESTAMPS = ['1970-01-01 00:00:01', '2106-02-07 06:28:15'] as const;

/** The text as SELECT shows it in UTC; undefined when the column holds no such value. */
export function clockText({ type, meta }: Column, text: string): string | undefined {
  switch (type) {
    case TYPE.YEAR:
      return YEAR.test(text) && (text === '0000' || (text >= '1901' && text <= '2155')) ? text : undefined;
    case TYPE.DATE:
    case TYPE.NEWDATE:
      return isDate(text) ? text : undefined;
    case TYPE.TIME:
    case TYPE.TIME2:
      return timeText(text, meta);
    default:
      return datetimeText(text, meta, type === TYPE.TIMESTAMP || type === TYPE.TIMESTAMP2);
  }
}

export const isClock = (type: number): boolean => CLOCKS.has(type);

const CLOCKS = new Set<number>([
  TYPE.YEAR,
  TYPE.DATE,
  TYPE.NEWDATE,
  TYPE.TIME,
  TYPE.TIME2,
  TYPE.DATETIME,
  TYPE.DATETIME2,
  TYPE.TIMESTAMP,
  TYPE.TIMESTAMP2,
]);

/** Months and days may be 0. */
function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined || Number(month) > 12) return false;
  const days = month === '00' ? 31 : new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  return Number(day) <= (year < '0100' ? 31 : days);
}

function timeText(text: string, digits: number): string | undefined {
  const [, sign, hours = '', minutes = '', seconds = '', written = ''] = TIME.exec(text) ?? [];
  const fraction = fractionText(written, digits);
  if (sign === undefined || fraction === undefined || minutes > '59' || seconds > '59') return undefined;
  const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  const isOver = total === LONGEST_TIME ? /[1-9]/.test(fraction) : total > LONGEST_TIME;
  if (isOver) return undefined;
  const shown = `${String(Number(hours)).padStart(2, '0')}:${minutes}:${seconds}${fraction}`;
  return /[1-9]/.test(shown) ? `${sign}${shown}` : shown;
}

function datetimeText(text: string, digits: number, isTimestamp: boolean): string | undefined {
  const [, date = '', hours = '', minutes = '', seconds = '', written = ''] = DATETIME.exec(text) ?? [];
  const fraction = fractionText(written, digits);
  if (!isDate(date) || fraction === undefined || hours > '23' || minutes > '59' || seconds > '59') return undefined;
  const shown = `${date} ${hours}:${minutes}:${seconds}`;
  const isZero = !/[1-9]/.test(shown + fraction);
  if (isTimestamp && !isZero && (shown < TIMESTAMPS[0] || shown > TIMESTAMPS[1] || date.includes('-00')))
    return undefined;
  return `${shown}${fraction}`;
}

/** With its point; undefined when the column has fewer digits. */
function fractionText(written: string, digits: number): string | undefined {
  if (/[1-9]/.test(written.slice(digits))) return undefined;
  return digits === 0 ? '' : `.${written.slice(0, digits).padEnd(digits, '0')}`;
}
