// Prints the changes of every table named `orders`: node orders.mjs <host:port> <topic> <group>
// ACL: ROCKETMQ_ACCESS_KEY and ROCKETMQ_SECRET. Stops at Ctrl-C, after the change it is at.
import { readChanges, RelayError } from 'binlog-relay/reader';

const [endpoint, topic, group] = process.argv.slice(2);
if (endpoint === undefined || topic === undefined || group === undefined) {
  console.error('usage: node orders.mjs <host:port of the gRPC proxy> <topic> <ordered consumer group>');
  process.exit(78);
}

const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
process.once('SIGTERM', () => stop.abort());

const access = { accessKey: process.env.ROCKETMQ_ACCESS_KEY, accessSecret: process.env.ROCKETMQ_SECRET };

try {
  for await (const change of readChanges({ endpoint, topic, group, ...access, signal: stop.signal })) {
    // A change is done when the next one is asked for. Throw, or leave the loop, and it comes again.
    if (change.kind === 'progress' || change.table !== 'orders') continue;
    const time = new Date(change.committedMs).toISOString();
    switch (change.kind) {
      case 'insert':
        console.log(time, 'new', keyOf(change, change.row), JSON.stringify(change.row));
        break;
      case 'update': // `before` has the columns that changed, the key among them if it did
        console.log(time, 'changed', keyOf(change, { ...change.row, ...change.before }), changesOf(change));
        break;
      case 'delete':
        console.log(time, 'gone', keyOf(change, change.row));
        break;
      case 'statement':
        console.log(time, change.sql);
        break;
      default: // where the copy of the table begins and ends
        console.log(time, change.kind, change.table);
    }
  }
} catch (error) {
  if (!(error instanceof RelayError)) throw error;
  console.error(`${error.code}: ${error.message}\n${error.remedy}`);
  process.exitCode = error.definition.exitCode;
}

function keyOf({ key }, row) {
  return key.map((column) => `${column}=${row[column]}`).join(' ');
}

function changesOf({ row, before }) {
  return Object.keys(before)
    .map((column) => `${column}: ${before[column]} → ${row[column]}`)
    .join(', ');
}
