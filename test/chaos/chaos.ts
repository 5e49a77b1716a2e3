/** `npm run chaos`: faults of all kinds on the whole way, for as long as one likes. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ALL_KINDS } from './fault-kinds.ts';
import { asTable } from './report.ts';
import { runChaos } from './run.ts';

const USAGE = `npm run chaos -- [--minutes 3 | --rounds N] [--seed 1] [--round 0] [--rate 100] [--only KIND,KIND] [--nodes DIR,DIR]
  [--standby | --no-standby] [--failover | --no-failover] [--report FILE]
Faults on the whole way: MySQL, relay, RocketMQ, apply, MySQL. After each round source, topic and copy are compared.
  --minutes  how long; what has begun is ended and judged
  --rounds   so many whole rounds, however long they take
  --seed     what happens when; a seed that failed happens again
  --round    begin with this round of the seed
  --rate     transactions per second
  --only     these kinds of faults alone: relay-kill,broker-freeze; a part of a name stands for all that have it
  --nodes    folders with other versions of node, under which the relay runs by turns
  --standby  in all rounds two relays, one of which stands by; --no-standby: in none; else in half of them, by the seed
  --failover in all rounds a replica, which takes the place of the source at the end of each second one;
             --no-failover: in none; else in a third of them, by the seed
  --report   also writes what it found there, as JSON`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '3' },
      rounds: { type: 'string' },
      seed: { type: 'string', default: '1' },
      round: { type: 'string', default: '0' },
      rate: { type: 'string', default: '100' },
      only: { type: 'string', default: '' },
      nodes: { type: 'string', default: '' },
      standby: { type: 'boolean' },
      'no-standby': { type: 'boolean' },
      failover: { type: 'boolean' },
      'no-failover': { type: 'boolean' },
      report: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const { rounds } = values;
  const numbers = [values.minutes, values.seed, values.round, values.rate, rounds ?? 1].map(Number);
  const [minutes = 0, seed = 0, firstRound = 0, transactionsPerSecond = 0] = numbers;
  if (values.help === true || numbers.some((number) => !(number >= 0))) {
    console.error(USAGE);
    return values.help === true ? 0 : 78;
  }
  const wanted = values.only.split(',');
  const kinds = ALL_KINDS.filter((kind) => wanted.some((part) => kind.includes(part)));
  if (kinds.length === 0) {
    console.error(`There is no kind of fault ${values.only}. There are: ${ALL_KINDS.join(', ')}`);
    return 78;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const report = await runChaos({
    seed,
    minutes,
    rounds: rounds === undefined ? undefined : Number(rounds),
    firstRound,
    kinds,
    transactionsPerSecond,
    wishes: {
      isStandby: wish(values.standby, values['no-standby']),
      isReplicated: wish(values.failover, values['no-failover']),
    },
    nodePaths: values.nodes.split(',').filter((path) => path !== ''),
    say: (line) => console.log(line),
    signal: stop.signal,
  });
  if (values.report !== undefined) await writeFile(values.report, `${JSON.stringify(report, undefined, 2)}\n`);
  console.log(asTable(report));
  return report.problems.length === 0 ? 0 : 1;
}

const wish = (yes: boolean | undefined, no: boolean | undefined): boolean | undefined =>
  yes === true ? true : no === true ? false : undefined;

process.exitCode = await main();
