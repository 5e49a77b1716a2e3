"""Makes the tables as `binlog-relay-lake table --until latest` does, and dies just before a commit.

usage: table_killed.py CONFIG COMMIT   (from 1)
"""

from __future__ import annotations

import os
import sys
import threading

from binlog_relay_lake.config import load_config
from binlog_relay_lake.table import TableJob


def main(config_path: str, commit: str) -> None:
    config = load_config(config_path)

    def before_commit(number: int) -> None:
        if number == int(commit):
            os._exit(9)

    with config.open_topic() as topic:
        options = config.iceberg.options(config.include, config.exclude)
        job = TableJob(topic, config.iceberg.open_catalog(), options, before_commit=before_commit)
        job.run(threading.Event(), until_end=True)


main(*sys.argv[1:])
