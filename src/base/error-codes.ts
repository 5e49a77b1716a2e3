/** What the process exits with. 78 is EX_CONFIG of sysexits.h: a supervisor should not restart it unchanged. */
export type ExitCode = 1 | 78;

export interface ErrorCode {
  /** What happened, in one sentence. */
  readonly summary: string;
  /** What the operator does about it; `remedyIn` fills in `{section}`. */
  readonly remedy: string;
  readonly retried: Retried;
  readonly exitCode: ExitCode;
}

/**
 * When the relay itself tries again until it works.
 * `always`: nothing is wrong with the configuration; what is away comes back.
 * `once-proven`: it says that the configuration is wrong, and ends a run that has just begun. But where the very same
 * configuration has worked, it was something else that changed, and that may change back or be mended while the relay
 * waits: a password, a certificate, a right, a topic, a mount. `never`: no waiting mends it, since it is a fact of what
 * was read, sent or stored; or going on would be harm.
 */
export type Retried = 'always' | 'once-proven' | 'never';

const config = (summary: string, remedy: string): ErrorCode => ({ summary, remedy, retried: 'never', exitCode: 78 });
const terminal = (summary: string, remedy: string): ErrorCode => ({ summary, remedy, retried: 'never', exitCode: 1 });
const retried = (summary: string, remedy: string): ErrorCode => ({ summary, remedy, retried: 'always', exitCode: 1 });
const access = (summary: string, remedy: string): ErrorCode => ({
  summary,
  remedy,
  retried: 'once-proven',
  exitCode: 78,
});
const unknown = (summary: string, remedy: string): ErrorCode => ({
  summary,
  remedy,
  retried: 'once-proven',
  exitCode: 1,
});

/** Every error the relay can report. docs/errors.md is generated from this table. */
export const ERROR_CODES = {
  // configuration
  CONFIG_INVALID: config(
    'The configuration file is not valid.',
    'Correct the places that the message names; `binlog-relay check`, of apply and verify `binlog-relay apply --check`, shows them all at once.',
  ),
  USAGE: config('The command line is not valid.', '`binlog-relay <command> --help` shows the options and examples.'),
  // the order database
  SOURCE_UNREACHABLE: retried(
    'The MySQL server cannot be reached, or the connection to it was lost.',
    'Nothing to do if the server is restarting: the relay reconnects alone. Otherwise check {section}.host and {section}.port.',
  ),
  SOURCE_HOST_UNKNOWN: retried(
    'The name of the MySQL server cannot be resolved.',
    'Check {section}.host. If the name is right, the relay connects as soon as DNS knows it.',
  ),
  SOURCE_ACCESS_DENIED: access(
    'MySQL refused the account of the relay.',
    'Check {section}.user and {section}.password (with tail: --user and MYSQL_PASSWORD), and that the account may log in from this host, and without TLS if it is disabled: SELECT user, host, plugin, ssl_type, account_locked FROM mysql.user; of MariaDB SHOW CREATE USER.',
  ),
  SOURCE_GRANT_MISSING: access(
    'The account of the relay lacks a privilege.',
    "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO '<{section}.user>'@'<host>'; of MariaDB REPLICATION SLAVE, BINLOG MONITOR, SLAVE MONITOR.",
  ),
  SOURCE_TLS: access(
    'The encrypted connection to MySQL cannot be made as configured.',
    'Check {section}.tls: with verify-ca and verify-identity, {section}.tls.ca must be the authority that signed the certificate of the server.',
  ),
  SOURCE_NOT_SUPPORTED: access(
    'The server is of a kind or version whose binlog this version does not read.',
    'Use MySQL 8.0.1 or later, or MariaDB 10.5.9 or later, as the source.',
  ),
  SOURCE_SETTINGS: config(
    'The server, its settings or its tables do not allow an exact copy.',
    'Do what the message says for each finding; `binlog-relay check` shows them all.',
  ),
  SOURCE_LOCKED: terminal(
    'Another relay works on the same checkpoint and destination.',
    'Stop one of them, or set ha: standby in both, so that one waits to take over. If its host died, MySQL frees the lock within a minute.',
  ),
  SOURCE_SERVER_ID_TAKEN: terminal(
    'Another reader of the server uses the same server id: each would throw the other out.',
    'Give source.serverId a number that neither a server of the topology nor another reader has (SHOW REPLICAS; before 8.0.22 and of MariaDB SHOW SLAVE HOSTS).',
  ),
  SOURCE_MOVED: retried(
    'The address of the source leads to another server by now, while the one before still answers.',
    'Nothing to do: the relay makes all its connections anew, and goes on at the new server if that has all that was published. If it happens again and again, source.host names several servers: name one, or an address that leads to one at a time.',
  ),
  SOURCE_NO_HOST_FIT: retried(
    'None of the servers that source.hosts names can be read on from at the moment; the message says why of each.',
    'Nothing to do while one of them restarts or catches up: the relay asks them again and again, and goes on by itself. For those that are refused see their codes.',
  ),
  SOURCE_BEHIND: retried(
    'The server is a replica that does not have all transactions yet that the relay has published.',
    'Nothing to do while it catches up: the relay waits, and goes on by itself. SHOW REPLICA STATUS (SHOW SLAVE STATUS before 8.0.22, of MariaDB SHOW ALL SLAVES STATUS) shows how far it is. If no server of the replication has them any more, compare the copies with the server, repair them, then start with a new checkpoint folder.',
  ),
  SOURCE_ROLLED_BACK: terminal(
    'The server has lost transactions of its own that the relay has published: it was restored from a backup, its binlog was reset, or it lost the end of it in a crash.',
    'Compare the copies with the server, repair them, then start with a new checkpoint folder at a position of your choice (source.start).',
  ),
  SOURCE_LACKS_PUBLISHED: terminal(
    'The server lacks transactions that other servers have written and the relay has published, and replicates nobody who could bring them: they were errant (written on a server that was cut off, or directly on a replica), were lost in a failover, or it belongs to another replication.',
    'Connect to the server that has them, if it is the right one. Otherwise compare the copies with this server, repair them, then start with a new checkpoint folder at a position of your choice (source.start).',
  ),
  SOURCE_CHANGED: terminal(
    'The checkpoint belongs to another server, or GTIDs were turned on or off since: its position means nothing here.',
    'Connect to the server that the checkpoint names, or start with a new checkpoint folder at a position of your choice (source.start).',
  ),
  SOURCE_POSITION_INVALID: access(
    'The start position is not the boundary of a transaction in the binlog.',
    "Correct source.start: SHOW BINLOG EVENTS IN '<file>' lists the positions; use that of a Gtid or Anonymous_Gtid event, or 4.",
  ),
  SOURCE_ERROR: unknown(
    'MySQL answered with an error that the relay cannot mend.',
    'Look up the error number that the message names in the MySQL manual and in the error log of the server. A relay that has read before tries again.',
  ),
  // binlog
  BINLOG_CHECKSUM: terminal(
    'A binlog event arrived with a wrong CRC32.',
    'The bytes were damaged on the way or on disk. Start the relay again; if it ends at the same position, check the binlog with mysqlbinlog --verify-binlog-checksum: when it is damaged there, read from a replica that has the transactions (source.host, with GTIDs), or copy the tables again after that position.',
  ),
  BINLOG_DECODE: terminal(
    'A binlog event does not have the layout that MySQL documents.',
    'Nothing was skipped, and nothing is lost while the server keeps its binlog. Start the relay again: the bytes may have been damaged on the way. If it ends at the same position, look at it with mysqlbinlog --start-position, and report the position and the version of the server. To go on without it meanwhile: exclude the table (tables.exclude), or pass the transaction (run --skip), and repair the copies.',
  ),
  BINLOG_UNSUPPORTED: terminal(
    'The binlog holds something that this version cannot publish exactly.',
    'Do what the message says. Otherwise exclude the table (tables.exclude) or the column (tables.excludeColumns) if other teams do not need it.',
  ),
  BINLOG_INCIDENT: terminal(
    'The server logged an incident: it could not write to its binlog what a statement had changed already, mostly in a table without transactions (MyISAM).',
    'The error log of the server, and the application whose statement failed then, tell which tables. Pass the incident (run --skip), and make the copies of these tables equal: binlog-relay copy <database>.<table>, or by hand if they are not InnoDB.',
  ),
  BINLOG_STATEMENT: terminal(
    'Rows were changed by a statement that is logged as text (binlog_format=STATEMENT or MIXED in some session), so the changed rows are not in the binlog.',
    'If the server has another format: SET PERSIST binlog_format = ROW (MariaDB: SET GLOBAL). If a session has set it, or did LOAD DATA under it: take the right to change it from the application. The rows of that one statement must be copied by hand.',
  ),
  DDL_STOPPED: terminal(
    'A statement changed published tables without row events (TRUNCATE, ALTER, DROP …), and `ddl: stop` is set.',
    'Everything before it is published. Let readers drain the topic, do the same to their copies, then pass the statement (run --skip), and acknowledge the notice of it.',
  ),
  XA_UNKNOWN_BRANCH: terminal(
    'An XA branch was committed whose rows were logged before the position that the relay started from.',
    'Compare the copies with the source, repair them, then start with a new checkpoint folder at a position (source.start) at which no branch is prepared: before its XA PREPARE, if the server still has that binlog, or after this XA COMMIT.',
  ),
  SPILL_FAILED: terminal(
    'Rows of a large transaction, or of open XA branches, have no room in memory, and cannot be kept on the disk either.',
    "Make room in the folder that the message names: as much as the largest transaction takes in the binlog; or raise limits.heldBytes. Then start again: nothing was lost. End XA branches that nobody needs any more: XA RECOVER CONVERT XID (of MariaDB XA RECOVER FORMAT='SQL') lists them, XA ROLLBACK ends them.",
  ),
  ROW_IMAGE_NOT_FULL: terminal(
    'A row event holds only some columns of its rows (binlog_row_image is not FULL).',
    'SET PERSIST binlog_row_image = FULL (MariaDB: SET GLOBAL); sessions that are open keep the old value until they reconnect. MariaDB 11.8 leaves generated columns out of updates and deletes whatever is set: name them in tables.excludeColumns. Or publish such rows with the columns that they have: publish.partialRows: allow.',
  ),
  ROW_TOO_LARGE: terminal(
    'A row, for an update with the previous values of what changed, is larger than a message may be.',
    'Nothing was skipped. Publish the keys of such rows alone: publish.oversize: skeleton; or leave the large column out: tables.excludeColumns; or let RocketMQ take larger messages: maxMessageSize of the proxy (rmq-proxy.json) and of every broker (broker.conf), and the receive limit of the readers.',
  ),
  BINLOG_PURGED: terminal(
    'The server no longer has the binlog that comes after the position of the relay: changes are lost to it.',
    'Copy the tables again, then start with a new checkpoint folder after that copy (source.start). Keep binlogs longer: SET PERSIST binlog_expire_logs_seconds = 604800 (MariaDB: SET GLOBAL; before 10.6.1 expire_logs_days).',
  ),
  ROW_METADATA_NOT_FULL: config(
    'The binlog holds row events without column names: binlog_row_metadata was not FULL when they were written.',
    'SET PERSIST binlog_row_metadata = FULL (MariaDB: SET GLOBAL). What was written before stays without names: pass it, one transaction by run --skip, all of them by `binlog-relay checkpoint set` to a place after the change (before the first run: source.start). Then make the copies of these tables equal: binlog-relay copy <database>.<table>.',
  ),
  GTID_SET_INVALID: config(
    'The text of a GTID set is not valid.',
    'Correct the part that the message names: uuid:1-5, or uuid:tag:1-5, separated by commas, as SELECT @@GLOBAL.gtid_executed prints it; of MariaDB 0-1-23, as @@GLOBAL.gtid_binlog_pos.',
  ),
  // admin
  ADMIN_PORT_IN_USE: config(
    'The port of the admin server is in use.',
    'Give admin.port another value, or stop the process that listens there: `ss -ltnp` names it.',
  ),
  ADMIN_CANNOT_LISTEN: config(
    'The admin server cannot listen on its address.',
    'admin.host must be an address of this machine (127.0.0.1, or 0.0.0.0 for all), and admin.port 1024 or above unless the process may use lower ones.',
  ),
  ADMIN_TOKEN_UNREADABLE: terminal(
    'The file that admin.token names cannot be read: the request was refused.',
    'Put the file back and let the user of the relay read it: it is read again at each request.',
  ),
  ADMIN_REFUSED: terminal(
    'The admin server wants a token, or another one.',
    'Give the admin.token of the running relay: in the configuration that --config names, with --url in the environment variable ADMIN_TOKEN, for verify --repair in verify.relayToken.',
  ),
  ADMIN_UNREACHABLE: terminal(
    'The admin server of the relay does not answer, or not as it should.',
    'See that the relay runs with admin.enabled: true and that this machine reaches it; --url http://host:port names another address than the configuration; for verify --repair it is verify.relay.',
  ),
  RELAY_STANDBY: terminal(
    'This relay stands by: another one is active, and only that one can be asked for it.',
    'Ask the active one: --url http://host:port names its admin server. /healthz of this one says who has the lock, as far as its account sees it.',
  ),
  NOTICE_UNKNOWN: terminal(
    'The relay has no notice with this id.',
    '`binlog-relay acknowledge` lists them. An id changes when its notice goes on: look at what came, then acknowledge the new id.',
  ),
  // copies of tables
  COPY_WITHOUT_GTIDS: config(
    'Tables can be copied beside the stream only from a server with GTIDs.',
    'Turn GTIDs on: SET PERSIST enforce_gtid_consistency = ON; then SET PERSIST gtid_mode step by step up to ON, with the relay `idle` before the last step; then start the relay again, which goes on by them. Without GTIDs MySQL does not tell which changes a read has seen.',
  ),
  COPY_TABLE_UNSUPPORTED: terminal(
    'A table cannot be copied beside the stream.',
    'Do what the message says, then ask for its copy again: binlog-relay copy <database>.<table>. The stream goes on.',
  ),
  COPY_STREAM_BEHIND: retried(
    'A table without a primary key was read, and the stream did not come to that place in time.',
    'Nothing to do: the copy tries again when the stream has caught up. If it happens again and again, see to why the relay is behind.',
  ),
  COPY_REPLICA_BEHIND: retried(
    'The replica that tables are read from (copy.source) does not have what the stream has brought.',
    'Nothing to do while it catches up: the copy tries again and goes on by itself. SHOW REPLICA STATUS there (SHOW ALL SLAVES STATUS of MariaDB) shows how far it is. If it is no replica of source.host, with all its GTIDs, name another one in copy.source.',
  ),
  COPY_PLACE_INVALID: terminal(
    'The place in a table that the checkpoint names for its copy is none.',
    'Ask for the copy of the table again: binlog-relay copy <database>.<table>. The stream goes on.',
  ),
  COPY_KEY_INVALID: terminal(
    'A key that a copy was asked for is none that its table can have: a text where a number is, a number that is too large, a text that is too long, or another number of parts.',
    'Nothing of the request was published. Correct the key part that the message names, and ask again; binlog-relay copy --cancel <id> takes the failed one away.',
  ),
  COPY_UNKNOWN: terminal(
    'No copy with this id goes on.',
    '`binlog-relay copy --list` shows those that go on, and the newest that have ended.',
  ),
  // the sink
  SINK_TOPIC_MISSING: access(
    'The RocketMQ topic does not exist.',
    'Create it as a FIFO topic, which the proxy may still call missing for 20 s: mqadmin updateTopic -n <name server>:9876 -c <cluster> -t <topic> -r 8 -w 8 -a +message.type=FIFO -o true.',
  ),
  SINK_TOPIC_NOT_FIFO: access(
    'The RocketMQ topic does not keep order: its message type is not FIFO.',
    'Publish to a topic that was created with mqadmin updateTopic … -a +message.type=FIFO -o true.',
  ),
  SINK_UNAUTHORIZED: access(
    'RocketMQ refused the access key, or the user may not publish to the topic.',
    'Check accessKey and accessSecret; the user needs Pub on the topic (mqadmin createAcl).',
  ),
  SINK_CA_UNREADABLE: access(
    'The file with the certificate authorities of RocketMQ cannot be used.',
    'Give sink.tls.ca a readable PEM file.',
  ),
  SINK_UNREACHABLE: retried(
    'RocketMQ cannot be reached, or did not answer in time.',
    'Nothing to do if the broker is restarting: the relay keeps everything and tries again. Otherwise check sink.endpoint and the proxy.',
  ),
  SINK_BUSY: retried(
    'RocketMQ answers, but takes no message at the moment.',
    'Look at what the broker says in the message: a full disk, a read-only broker, too many requests. The relay keeps everything and tries again.',
  ),
  SINK_REJECTED: terminal(
    'The sink will never take this message.',
    'Nothing was skipped. Correct what the message names, then start again. If it is nothing that you can set, report it; to go on without it meanwhile, exclude the table (tables.exclude), or pass the transaction (run --skip), and repair the copies.',
  ),
  SINK_ERROR: unknown(
    'RocketMQ answered with a status that the relay does not know.',
    'Look at the words of the broker in the message, and in the logs of proxy and broker. A relay that has published before keeps everything and tries again.',
  ),
  SINK_QUEUES_CHANGED: terminal(
    'The queues of the topic have changed while the relay was running: lanes move to other queues, and lose the order of their messages there.',
    'Let all readers drain the topic, then start the relay once with --accept-new-lanes.',
  ),
  SINK_CLOSED: terminal(
    'The sink takes no more messages: it was closed, or the other end of the pipe went away.',
    'Nothing to do on shutdown. With stdout: the program that reads it has ended, or the disk that it goes to is full, as the message says. Mend that, then start both again: the relay goes on at its checkpoint.',
  ),
  SINK_FILE: access(
    'The file of the sink cannot be opened, read or written.',
    'Give sink.path a regular file in a folder that exists and that the relay may write to. If it has worked before, look at the disk or the mount: the relay keeps everything and tries again.',
  ),
  SINK_DISK_FULL: retried(
    'The disk or the quota of the file is full.',
    'Make room: the relay keeps everything and tries again. Nothing was lost, the incomplete line was taken back.',
  ),
  // the topic, read
  TOPIC_MISSING: access(
    'The RocketMQ topic that is to be read does not exist.',
    'Correct the name of the topic, or start the relay that publishes to it first: `binlog-relay check` on its side shows how to make the topic.',
  ),
  TOPIC_NOT_FIFO: access(
    'The RocketMQ topic that is to be read does not keep order: its message type is not FIFO.',
    'Read the topic that the relay publishes to; it only takes one that was created with mqadmin updateTopic … -a +message.type=FIFO -o true.',
  ),
  TOPIC_UNAUTHORIZED: access(
    'RocketMQ refused the access key, or the user may not read the topic with this group.',
    'Check accessKey and accessSecret; the user needs Sub on the topic and on the group (mqadmin createAcl).',
  ),
  TOPIC_CA_UNREADABLE: access(
    'The file with the certificate authorities of RocketMQ cannot be used.',
    'Give source.tls.ca (of the reader library tls.ca) a readable PEM file: it is read again at each connection, and one that has read before goes on by itself.',
  ),
  TOPIC_UNREACHABLE: retried(
    'RocketMQ cannot be reached by the reader, or did not answer in time.',
    'Nothing to do if the broker is restarting: a reader that has begun tries again. Otherwise check the endpoint (host:port of the gRPC proxy) and the proxy.',
  ),
  TOPIC_BUSY: retried(
    'RocketMQ answers, but gives no messages at the moment.',
    'Nothing to do if the broker is restarting or has much to do: a reader tries again, and goes on by itself. Otherwise look at what the broker says in the message, and into its log and that of the proxy.',
  ),
  TOPIC_ERROR: unknown(
    'RocketMQ answered a reader with a status that it does not know.',
    'Look at the words of the broker in the message, and in the logs of proxy and broker. A reader that has read before tries again; one that has only begun ends.',
  ),
  GROUP_MISSING: access(
    'The consumer group does not exist.',
    'Create it as an ordered one: mqadmin updateSubGroup -n <name server>:9876 -c <cluster> -g <group> -o true -r 1000000000.',
  ),
  GROUP_NOT_ORDERED: access(
    'The consumer group is not ordered: as soon as an acknowledgement is missing, messages would come out of order.',
    'Make it ordered: mqadmin updateSubGroup -n <name server>:9876 -c <cluster> -g <group> -o true -r 1000000000.',
  ),
  GROUP_GIVES_UP: access(
    'The consumer group gives a message some times only (17 by default); then RocketMQ moves it to the dead-letter queue of the group, and readers miss it.',
    'Let it give messages for as long as it takes: mqadmin updateSubGroup -n <name server>:9876 -c <cluster> -g <group> -o true -r 1000000000.',
  ),
  TOPIC_GAP: terminal(
    'Messages of a lane are missing: its sequence has a gap, or a run of the relay does not begin with its first message.',
    'Nothing was skipped. See that the group is ordered and that nobody else reads with it, and whether the topic still has the messages (the retention of the broker, fileReservedTime); if they are gone, copy the tables again: binlog-relay copy.',
  ),
  MESSAGE_UNREADABLE: terminal(
    'A message of the topic is not what the relay publishes: its body, or what stands on it, does not have the form of docs/message-format.md.',
    'Nothing was skipped. Look at the message: mqadmin queryMsgByOffset -n <name server>:9876 -t <topic> -b <broker> -i <queue> -o <offset>. If another program publishes to the topic, give it one of its own.',
  ),
  MESSAGE_UNKNOWN: terminal(
    'A message has a format, a kind or a mark that this version does not know.',
    'Nothing was skipped. Use a version of the reader that is not older than the relay. Of formats apply and the reader library know canal-json alone (publish.format of the relay).',
  ),
  // the checkpoint
  CHECKPOINT_FOREIGN: config(
    'The checkpoint was made for another destination, another broker, other queues, lanes, ordering or format.',
    'Use another checkpoint.path (with mysql and mysqlx: checkpoint.name). When only queues, lanes or ordering differ and all readers have drained the topic, start once with --accept-new-lanes; when the broker is the same under another address, with --accept-new-endpoint; when only the format differs, with --accept-new-format.',
  ),
  CHECKPOINT_MISSING: terminal(
    'There is no checkpoint in this place.',
    'Name the place that the relay uses (checkpoint.path, or checkpoint.name with mysql and mysqlx); before the first run there is none.',
  ),
  CHECKPOINT_DAMAGED: terminal(
    'There is a checkpoint, but nothing of it is sound.',
    'Restore the folder from a backup; or find a position before the last published change, remove the files and start there with source.start.',
  ),
  CHECKPOINT_NOT_WRITABLE: access(
    'The checkpoint folder cannot be used.',
    'Give checkpoint.path a folder that the relay may read and write, in a folder that exists.',
  ),
  CHECKPOINT_LOCKED: terminal(
    'A relay that is running has this checkpoint.',
    'Stop one of them, or give each a checkpoint.path of its own. Nothing was read, sent or stored.',
  ),
  CHECKPOINT_TAKEN: config(
    'Another relay has taken over this checkpoint while this one was running, so this one has ended: it stores nothing more.',
    'If the other one is meant to run, nothing is to be done: leave this one stopped. Otherwise stop the other one, and give each relay a checkpoint.path (with mysql and mysqlx: checkpoint.name) of its own.',
  ),
  CHECKPOINT_DISK_FAILS: retried(
    'The disk of the checkpoint folder does not answer, or fails in a way that may pass.',
    'Look at the disk or the mount (dmesg, df), and at the limit of open files. The relay tries again, and goes on publishing meanwhile; after a crash it would publish again from the last stored checkpoint.',
  ),
  CHECKPOINT_DISK_FULL: retried(
    'The disk or the quota of the checkpoint folder is full.',
    'Make room: the relay tries again, and goes on publishing meanwhile. After a crash it would publish again from the last stored checkpoint.',
  ),
  CHECKPOINT_STORE_MISSING: config(
    'The package that keeps checkpoints of type mysqlx is not installed.',
    'npm install @mysql/xdevapi@8.0.35 where the relay is installed (its license is GPL-2.0); or keep the checkpoint in a table (checkpoint.type: mysql), or in files (file).',
  ),
  CHECKPOINT_REFUSED: access(
    'The MySQL server that keeps the checkpoint does not let the relay in, or its database or table cannot be used.',
    "Check checkpoint.port, user, password and database (with mysqlx: schema). CREATE DATABASE <database>; GRANT SELECT, INSERT, UPDATE, CREATE ON <database>.* TO '<checkpoint.user>'@'<host>'.",
  ),
  CHECKPOINT_UNREACHABLE: retried(
    'The MySQL server that keeps the checkpoint cannot be reached, or does not store it at the moment.',
    'Nothing to do if the server is restarting: the relay tries again. While it runs it goes on publishing; at its start it waits. Otherwise check checkpoint.host and checkpoint.port.',
  ),
  // the target of apply
  TARGET_UNREACHABLE: retried(
    'The MySQL server that is written to cannot be reached, or the connection to it was lost.',
    'Nothing to do if the server is restarting: nothing is half done, and it goes on alone. Otherwise check target.host and target.port.',
  ),
  TARGET_BUSY: retried(
    'The target does not take the rows at the moment: a deadlock, a lock that is held too long, too many connections.',
    'Look at what the server says in the message. Who holds a lock, and the KILL that frees it: SELECT * FROM sys.innodb_lock_waits; of a lock on the whole table sys.schema_table_lock_waits (before MariaDB 10.6 SHOW ENGINE INNODB STATUS, SHOW PROCESSLIST). It is tried again.',
  ),
  TARGET_READ_ONLY: retried(
    'The target is read-only.',
    'If it is a replica now, point target.host to the new source; otherwise SET GLOBAL read_only = OFF. It is tried again.',
  ),
  TARGET_FULL: retried(
    'The disk of the target is full, or that of its temporary files.',
    'Make room where the table, or the file, is that the message names: nothing is half done, and it is tried again.',
  ),
  TARGET_ACCESS_DENIED: access(
    'The target refused the account.',
    'Check target.user and target.password, and that the account may log in from this host.',
  ),
  TARGET_GRANT_MISSING: access(
    'The account lacks a privilege in the target.',
    'GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER (with create: true also CREATE) on the databases of the copy, and the same with CREATE and ALTER on the database of the ledger.',
  ),
  TARGET_TLS: access(
    'The encrypted connection to the target cannot be made as configured.',
    'Check target.tls: with verify-ca and verify-identity, target.tls.ca must be the authority that signed the certificate of the server.',
  ),
  TARGET_UNSUITABLE: access(
    'The target is of a version, or has a setting, with which rows cannot be written exactly.',
    'Use MySQL 8.0.16 or later, or MariaDB 10.5 or later, with the settings that the message names.',
  ),
  TARGET_ERROR: unknown(
    'The target answered with an error that is not known here.',
    'Look up the number that the message names in the manual of the server, and look into its error log: its own words may hold values of rows and are left out. An apply that runs tries again, and goes on by itself; one that has only begun ends: start it again.',
  ),
  TARGET_TABLE_MISSING: access(
    'A table of the topic is not there in the target.',
    'Make it there, without foreign keys, triggers and UNIQUE keys beside its key; or set create: true and have it copied: binlog-relay copy <database>.<table>. Or exclude it.',
  ),
  TARGET_TABLE_UNFIT: access(
    'A table in the target is not what the messages need: other columns or key, or a UNIQUE key, trigger or foreign key that would change rows.',
    'Do what the message says for each point. Nothing was written meanwhile, and nothing skipped.',
  ),
  VALUE_REFUSED: terminal(
    'The target does not store a row as it is in the message.',
    'Nothing of the transaction was written. Give the column in the target the type and character set that it has in the source, and start again.',
  ),
  ROW_MISSING: retried(
    'A row of a table without a key that is to be changed or deleted is not there, so the copy of the table is not exact.',
    'Copy the table again: binlog-relay copy <database>.<table>. The lane waits, and goes on by itself when the copy begins, which replaces all rows. Or exclude the table.',
  ),
  ROW_NOT_WHOLE: terminal(
    'A message has rows without some of their columns, which cannot be written.',
    'Let the relay publish whole rows (publish.oversize: fail, publish.partialRows: fail). To pass this message, exclude the table (tables.exclude of apply) and start; when apply has come past it, take the table in again, start, and copy it: binlog-relay copy <database>.<table>. A row that was too large must be smaller in the source by then.',
  ),
  STATEMENT_MET: terminal(
    'The topic has come to a statement that apply does not run: statements is `stop`, or it is of a form that is not safe. All rows before it are written, none after it.',
    'Run in the target what the statement changes there, then start once with --statement-done <id>, which the message names.',
  ),
  LEDGER_FENCED: retried(
    'The lane was written by another process, or by a connection that was taken for lost, in the meantime.',
    'Nothing to do if it passes: nothing is written twice. If it comes again and again, stop the other apply that uses the same ledger.',
  ),
  LEDGER_FOREIGN: config(
    'The ledger in the target is of another stream: the relay has lost its checkpoint, or another relay publishes to the topic.',
    'If another relay publishes by mistake, stop it. If the relay was set up again, copy all tables (source.start: copy) and start once with --accept-new-stream.',
  ),
  LEDGER_UNUSABLE: terminal(
    'The ledger in the target is not what was written there.',
    'Nobody but apply may change its tables. Restore them with the copy from the same backup; or start anew: drop the database of the ledger, empty the tables of the copy, start once with --from-here, and have all tables copied: binlog-relay copy.',
  ),
  // verify
  VERIFY_NO_PROGRESS: retried(
    'The target does not say that it has come as far as the source was when it was compared.',
    'See that publish.progress of the relay is on, that relay and apply are running (their /healthz), and that the source of verify is the server that the relay reads, or has the same transactions. verify.patience says how long is waited.',
  ),
  VERIFY_UNHASHABLE: terminal(
    'A server cannot compute the hash of a row: some value is longer than its max_allowed_packet.',
    'SET GLOBAL max_allowed_packet = 1073741824; on source and target, or exclude the table.',
  ),
  VERIFY_UNCONFIGURED: config(
    'The configuration of apply has no section `verify`, which names the source.',
    'Add verify.source with host, user and password of the database that the relay reads: docs/verify.md.',
  ),
  VERIFY_REPAIR_REFUSED: terminal(
    'The relay does not take the copy that would mend the differences.',
    'Do what the message says; of a copy that failed the log of the relay has what to do. verify.relay must name the admin server of the relay that is active. Then repair again; binlog-relay copy --cancel <id> takes a failed copy away.',
  ),
  // the relay itself
  INTERNAL: terminal(
    'The relay met a state that its code rules out.',
    'Start the relay again: it goes on from its checkpoint, and nothing was skipped. This is a defect: report it with the log. If it ends at the same position again, pass the transaction (run --skip) and repair the copies.',
  ),
} as const satisfies Record<string, ErrorCode>;

export type Code = keyof typeof ERROR_CODES;

/** The remedy with the names of the settings in the section of the configuration that they stand in. */
export const remedyIn = (section: string, remedy: string): string => remedy.replaceAll('{section}', section);
