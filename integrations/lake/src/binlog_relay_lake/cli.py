"""The command line: one line of usage a command, exit codes as the relay's (docs/operations.md)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from .check import check
from .config import Config, load_config
from .errors import LakeError
from .lander import Lander
from .log import Log
from .metrics import MetricsFile
from .table_command import run_tables

OK, FAILED, CONFIGURATION = 0, 1, 78
_PROGRESS_S = 10


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    log = Log()
    try:
        config = load_config(args.config)
        log = Log(config.log_level, config.log_format)
        if args.tables:
            config = config.with_tables(tuple(args.tables.split(",")))
        return args.run(config, args, log)
    except LakeError as error:
        _tell(log, error)
        return CONFIGURATION if error.is_configuration else FAILED


class _Arguments(argparse.ArgumentParser):
    """Words that are none of it are a configuration that no second start mends."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(CONFIGURATION, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Arguments("binlog-relay-lake", description="The topic of a binlog-relay in a data lake.")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.add_argument("--config", default="lake.yaml", help="the YAML file (default: lake.yaml)")
        added.add_argument("--tables", help="instead of tables.include: patterns, separated by commas")
        return added

    land = command("land", "Lands the topic as a change log in Parquet, until it is stopped.")
    land.add_argument("--until", choices=["latest"], help="end where the topic ends now")
    land.set_defaults(run=run_land)
    checks = command("check", "Looks whether everything that land needs is there; lands nothing.")
    checks.set_defaults(run=run_check)
    table = command("table", "Makes tables of Iceberg of the topic that equal MySQL's, until it is stopped.")
    table.add_argument("--until", choices=["latest"], help="end where the topic ends now")
    table.set_defaults(run=run_table)
    return parser


def run_check(config: Config, _: argparse.Namespace, log: Log) -> int:
    try:
        check(config, print)
    except LakeError as error:
        _tell(log, error)
        return CONFIGURATION if error.is_configuration or error.is_retried else FAILED
    return OK


def run_land(config: Config, args: argparse.Namespace, log: Log) -> int:
    stop = threading.Event()
    _stop_at_signals(stop, log)
    with config.open_topic() as topic:
        lander = Lander(
            topic,
            config.open_target(),
            tables=config.tables,
            accepted_marks=config.accepted_marks,
            start=config.start,
            rules=config.rules,
            log=log,
            stop=stop,
        )
        watch = _Watch(lander, config.metrics_file, log)
        log.info("landing", topic=config.topic, target=config.target, until=args.until or "stopped")
        try:
            lander.run(args.until == "latest", watch.look)
        except LakeError as error:
            _tell(log, error)
            is_beginning = not lander.has_started
            return CONFIGURATION if error.is_configuration or (error.is_retried and is_beginning) else FAILED
        finally:
            watch.end()
    return OK


def run_table(config: Config, args: argparse.Namespace, log: Log) -> int:
    stop = threading.Event()
    _stop_at_signals(stop, log)
    options = config.iceberg.options(config.include, config.exclude)
    with config.open_topic() as topic:
        try:
            run_tables(topic, config.iceberg.open_catalog(), options, stop, args.until == "latest", log)
        except LakeError as error:
            _tell(log, error)
            # What may pass by itself ends it only before it has worked.
            return CONFIGURATION if error.is_configuration or error.is_retried else FAILED
    return OK


class _Watch:
    """Tells how far it is: a line every ten seconds in which something was read, and the file of metrics."""

    def __init__(self, lander: Lander, metrics_file: str | None, log: Log) -> None:
        self._lander = lander
        self._file = None if metrics_file is None else MetricsFile(metrics_file)
        self._log = log
        self._told_at = time.monotonic()
        self._told_messages = 0
        self._has_failed = False

    def look(self) -> None:
        self._write_metrics(force=False)
        counts = self._lander.counts
        now = time.monotonic()
        if now - self._told_at >= _PROGRESS_S and counts.messages > self._told_messages:
            self._tell("progress", now)

    def end(self) -> None:
        self._write_metrics(force=True)
        if self._lander.has_started:
            self._tell("ended", time.monotonic())

    def _tell(self, what: str, now: float) -> None:
        counts = self._lander.counts
        per_second = (counts.messages - self._told_messages) / max(now - self._told_at, 0.001)
        self._told_at, self._told_messages = now, counts.messages
        self._log.info(
            what,
            messages=counts.messages,
            messages_per_second=round(per_second, 1),
            rows=counts.rows,
            repeated_messages=counts.repeated_messages,
            repeated_changes=counts.repeated_changes,
            files=counts.files,
            backlog=sum(counts.backlog.values()),
        )

    def _write_metrics(self, force: bool) -> None:
        if self._file is None:
            return
        try:
            self._file.write(self._lander.counts, force)
        except OSError as error:
            if not self._has_failed:
                self._log.warn("the file of metrics cannot be written", error=str(error))
            self._has_failed = True


def _stop_at_signals(stop: threading.Event, log: Log) -> None:
    def on_signal(number: int, _: FrameType | None) -> None:
        if stop.is_set():
            sys.stderr.flush()
            # As a shell has it; what is not landed is read again.
            os._exit(128 + number)
        log.info("stopping", signal=signal.Signals(number).name)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)


def _tell(log: Log, error: LakeError) -> None:
    log.error(error.message, code=error.code, remedy=error.remedy)


if __name__ == "__main__":
    sys.exit(main())
