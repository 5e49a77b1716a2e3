/** `npm run servers`: real servers to play with, until Ctrl-C. */
import { parseArgs } from 'node:util';
import { MYSQL_VERSIONS, type MysqlServer, type MysqlVersion, type RocketmqServer } from './servers.ts';
import { startMysql, startRocketmq, startServers } from './start.ts';

const USAGE = `npm run servers -- [--mysql ${MYSQL_VERSIONS.join('|')}] [--only mysql|rocketmq]
Starts MySQL and RocketMQ, prints how to reach them and stays until Ctrl-C; their data is removed then.`;

const isMysqlVersion = (text: string): text is MysqlVersion => MYSQL_VERSIONS.some((version) => version === text);
const progress = (line: string): void => console.error(line);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { mysql: { type: 'string', default: '9.7' }, only: { type: 'string' }, help: { type: 'boolean' } },
  });
  const { mysql: version, only } = values;
  if (values.help === true || !isMysqlVersion(version) || !['mysql', 'rocketmq', undefined].includes(only)) {
    console.error(USAGE);
    return values.help === true ? 0 : 78;
  }
  const ended = new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  if (only === 'mysql') {
    const mysql = await startMysql({ version, progress });
    printMysql(mysql);
    await ended;
    await mysql.remove();
  } else if (only === 'rocketmq') {
    const rocketmq = await startRocketmq({ progress });
    printRocketmq(rocketmq);
    await ended;
    await rocketmq.remove();
  } else {
    const servers = await startServers({ progress, mysql: { version } });
    printMysql(servers.mysql);
    printRocketmq(servers.rocketmq);
    await ended;
    await servers.stop();
  }
  return 0;
}

function printMysql({ host, port, user, relayUser, relayPassword, version, folder }: MysqlServer): void {
  console.log(`MySQL ${version}  ${host}:${port}`);
  console.log(`  everything: user ${user}, no password    relay: user ${relayUser}, password ${relayPassword}`);
  console.log(`  folder:     ${folder}`);
}

function printRocketmq({ endpoint, namesrv, folder }: RocketmqServer): void {
  console.log(`RocketMQ  gRPC ${endpoint}  name server ${namesrv}`);
  console.log(`  folder:     ${folder}`);
}

process.exitCode = await main();
