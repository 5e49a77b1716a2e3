#!/bin/bash
# Makes the account of the relay. SELECT on orders for the copy of the rows that are there; REFERENCES lets `check` see the structure of all tables, and no row. Run once by the entry point of the mysql image, on an empty data folder.
set -eo pipefail

quoted=${RELAY_MYSQL_PASSWORD//\\/\\\\}
quoted=${quoted//\'/\\\'}
MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql --protocol=socket --user=root << SQL
CREATE USER 'relay'@'%' IDENTIFIED BY '$quoted';
GRANT REPLICATION SLAVE, REPLICATION CLIENT, REFERENCES ON *.* TO 'relay'@'%';
GRANT SELECT ON orders.* TO 'relay'@'%';
SQL
