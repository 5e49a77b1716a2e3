/**
 * Loaded into relay and apply before anything else (`node --import`).
 *
 * - `CHAOS_REDIRECT=20005:41234`: connections to the first port go to the second. RocketMQ's proxy announces its own
 *   address, and clients send there whatever address they were given: only so can something stand in between.
 * - SIGUSR2: the clock goes an hour ahead; the next one: back again.
 */
import net from 'node:net';

const HOUR_MS = 3_600_000;

const redirects = new Map((process.env.CHAOS_REDIRECT ?? '').split(',').map((pair) => pair.split(':').map(Number)));
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const [first] = args;
  const options = Array.isArray(first) ? first[0] : first;
  const port = typeof options === 'object' ? redirects.get(Number(options?.port)) : undefined;
  if (port === undefined) return connect.apply(this, args);
  const moved = { ...options, port };
  if (!Array.isArray(first)) return connect.call(this, moved, ...args.slice(1));
  // The array has a mark of Node's own.
  first[0] = moved;
  return connect.apply(this, args);
};

let aheadMs = 0;
const RealDate = Date;
globalThis.Date = class Date extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + aheadMs);
    else super(...args);
  }

  static now() {
    return RealDate.now() + aheadMs;
  }
};
process.on('SIGUSR2', () => {
  aheadMs = aheadMs === 0 ? HOUR_MS : 0;
});
