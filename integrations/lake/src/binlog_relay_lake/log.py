"""Lines for people or for machines, on stderr: JSON as the relay's, with time, level and msg."""

from __future__ import annotations

import json
import sys
import threading
from datetime import datetime, timezone
from typing import TextIO

LEVELS = ("debug", "info", "warn", "error")


class Log:
    """`format`: `json`, `pretty`, or `auto` for pretty where stderr is a terminal. Threads may share it."""

    def __init__(self, level: str = "info", format: str = "auto", stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._least = LEVELS.index(level)
        self._is_pretty = format == "pretty" or (format == "auto" and self._stream.isatty())
        self._lock = threading.RLock()  # A signal may come while a line is written.

    def debug(self, text: str, **fields: object) -> None:
        self._line("debug", text, fields)

    def info(self, text: str, **fields: object) -> None:
        self._line("info", text, fields)

    def warn(self, text: str, **fields: object) -> None:
        self._line("warn", text, fields)

    def error(self, text: str, **fields: object) -> None:
        self._line("error", text, fields)

    def _line(self, level: str, text: str, fields: dict[str, object]) -> None:
        if LEVELS.index(level) < self._least:
            return
        now = datetime.now(timezone.utc)
        if self._is_pretty:
            more = "".join(f" {name}={value}" for name, value in fields.items() if value != "")
            line = f"{now.astimezone():%H:%M:%S}.{now.microsecond // 1000:03d} {level.upper():5} {text}{more}"
        else:
            time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            line = json.dumps({"level": level, "time": time, "msg": text, **fields}, ensure_ascii=False, default=str)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()
