#!/bin/bash
# Makes the account of apply, with the rights that docs/apply.md names. Run once by the entry point of the mysql image, on an empty data folder.
set -eo pipefail

quoted=${APPLY_MYSQL_PASSWORD//\\/\\\\}
quoted=${quoted//\'/\\\'}
MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql --protocol=socket --user=root << SQL
CREATE USER 'apply'@'%' IDENTIFIED BY '$quoted';
GRANT SELECT, INSERT, UPDATE, DELETE, TRIGGER, CREATE ON orders.* TO 'apply'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON binlog_relay.* TO 'apply'@'%';
SQL
