"""What the lander tells Prometheus, in a file for node_exporter's textfile collector, or for whoever reads files."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from .queue_lander import Counts
from .remoting import Queue

_NAME = "binlog_relay_lake_"


def metrics_text(counts: Counts, now: float) -> str:
    lines: list[str] = []

    def metric(name: str, kind: str, help: str, value: float | Mapping[Queue, int] | None) -> None:
        if value is None:
            return
        lines.extend([f"# HELP {_NAME}{name} {help}", f"# TYPE {_NAME}{name} {kind}"])
        if isinstance(value, Mapping):
            lines.extend(
                f'{_NAME}{name}{{broker="{queue.broker}",queue="{queue.id}"}} {each}'
                for queue, each in sorted(value.items())
            )
        else:
            lines.append(f"{_NAME}{name} {value:.15g}")

    newest = counts.newest_ms / 1000
    metric("messages_total", "counter", "Messages read.", counts.messages)
    metric("message_bytes_total", "counter", "Bytes of their bodies.", counts.bytes)
    metric("rows_total", "counter", "Rows landed: changes, statements, marks of copies.", counts.rows)
    metric("repeated_messages_total", "counter", "Messages that came before.", counts.repeated_messages)
    metric("torn_messages_total", "counter", "Messages that the broker had in part only.", counts.torn_messages)
    metric("repeated_changes_total", "counter", "Changes that came before, of a later run.", counts.repeated_changes)
    metric("files_total", "counter", "Files landed.", counts.files)
    metric("file_bytes_total", "counter", "Their bytes.", counts.file_bytes)
    metric("backlog_messages", "gauge", "Messages that the topic has and that were not read.", counts.backlog)
    metric("newest_commit_timestamp_seconds", "gauge", "Commit of the newest change landed.", newest or None)
    metric("landed_timestamp_seconds", "gauge", "When a file was landed last.", counts.landed_at or None)
    metric("waiting", "gauge", "1 while RocketMQ or the target is away.", 1 if counts.problem else 0)
    metric("alive_timestamp_seconds", "gauge", "When this was written.", now)
    return "\n".join(lines) + "\n"


class MetricsFile:
    """Written whole at most every `interval_s`; a failure is told once."""

    def __init__(self, path: str, interval_s: float = 5) -> None:
        self._path = path
        self._interval_s = interval_s
        self._written = float("-inf")

    def write(self, counts: Counts, force: bool = False) -> None:
        """Raises OSError."""
        if not force and time.monotonic() - self._written < self._interval_s:
            return
        self._written = time.monotonic()
        part = f"{self._path}.{os.getpid()}.part"
        with open(part, "w") as file:
            file.write(metrics_text(counts, time.time()))
        os.replace(part, self._path)
