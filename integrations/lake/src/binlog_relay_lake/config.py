"""The configuration of `binlog-relay-lake`, in YAML."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from . import table_command
from .changes import KNOWN_MARKS
from .errors import LakeError
from .log import LEVELS
from .patterns import TableFilter, pattern_problem
from .queue_lander import Rules
from .remoting import DEFAULT_GROUP, Topic
from .target import Target
from .yaml_file import Bad, Key, Keys, duration, flag, one_of, parse_yaml, plain, size

_NAME_SERVERS = re.compile(r"[^\s:;]+:\d+(;[^\s:;]+:\d+)*")
_TOPIC = re.compile(r"[A-Za-z0-9_%-]{1,255}")


def _name_servers(text: str) -> str:
    if _NAME_SERVERS.fullmatch(text) is None:
        raise Bad("is no address of a name server: it is host:port, several are separated by semicolons")
    return text


def _topic_name(text: str) -> str:
    if _TOPIC.fullmatch(text) is None:
        raise Bad("is no name: allowed are letters, digits, _, - and %")
    return text


def _pattern(text: str) -> str:
    problem = pattern_problem(text)
    if problem is not None:
        raise Bad(problem)
    return text


def _memory(text: str) -> int:
    bytes = size(text)
    if bytes < 64 << 20:
        raise Bad("is too little: at least 64MiB")
    return bytes


KEYS: Keys = {
    "source": {
        "nameServer": Key(_name_servers, is_required=True),
        "topic": Key(_topic_name, "order-binlog"),
        "group": Key(_topic_name, DEFAULT_GROUP),
        "accessKey": Key(plain, is_secret=True),
        "accessSecret": Key(plain, is_secret=True),
        "tls": {"enabled": Key(flag, False), "ca": Key(plain)},
        "timeout": Key(duration, 10.0),
    },
    "tables": {
        "include": Key(_pattern, ["*.*"], is_list=True),
        "exclude": Key(_pattern, [], is_list=True),
    },
    "marks": {"accept": Key(one_of(*KNOWN_MARKS), [], is_list=True)},
    "target": Key(plain),
    "start": Key(one_of("earliest", "latest"), "earliest"),
    "roll": {"bytes": Key(size, Rules().bytes), "age": Key(duration, Rules().age_s)},
    "limits": {"memory": Key(_memory, Rules().memory)},
    "log": {"level": Key(one_of(*LEVELS), "info"), "format": Key(one_of("auto", "json", "pretty"), "auto")},
    "metricsFile": Key(plain),
    "iceberg": table_command.KEYS,
}


@dataclass(frozen=True, slots=True)
class Config:
    name_servers: str
    topic: str
    group: str
    access_key: str | None
    access_secret: str | None
    tls: bool | str
    timeout_s: float
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    accepted_marks: frozenset[str]
    target: str | None
    """Of `land`, which cannot do without."""
    start: str
    rules: Rules
    log_level: str
    log_format: str
    metrics_file: str | None
    iceberg: table_command.IcebergConfig

    @property
    def tables(self) -> TableFilter:
        return TableFilter(self.include, self.exclude)

    def with_tables(self, include: tuple[str, ...]) -> Config:
        """Raises CONFIG_INVALID."""
        TableFilter(include)
        return replace(self, include=include)

    def open_target(self) -> Target:
        """Raises CONFIG_INVALID, TARGET_UNUSABLE."""
        if self.target is None:
            raise LakeError("CONFIG_INVALID", "target is missing: where to land, a folder or a URL.")
        return Target(self.target)

    def open_topic(self) -> Topic:
        return Topic(
            self.name_servers,
            self.topic,
            access_key=self.access_key,
            secret_key=self.access_secret,
            tls=self.tls,
            timeout_s=self.timeout_s,
            group=self.group,
        )


def load_config(path: str, env: Mapping[str, str] | None = None) -> Config:
    """Raises CONFIG_INVALID with everything that is wrong, a line each."""
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise LakeError(
            "CONFIG_INVALID", f"{path}: cannot be read ({reason}).", "Name the file with --config."
        ) from error
    return config_of(text, path, os.environ if env is None else env)


def config_of(text: str, name: str, env: Mapping[str, str]) -> Config:
    values = parse_yaml(text, name, KEYS, env)
    source, tls = values["source"], values["source"]["tls"]
    if (source["accessKey"] is None) != (source["accessSecret"] is None):
        raise LakeError("CONFIG_INVALID", f"{name}: source: accessKey and accessSecret go together.")
    if tls["ca"] is not None and not tls["enabled"]:
        raise LakeError("CONFIG_INVALID", f"{name}: source.tls: ca goes with enabled: true.")
    return Config(
        source["nameServer"],
        source["topic"],
        source["group"],
        source["accessKey"],
        source["accessSecret"],
        (tls["ca"] or True) if tls["enabled"] else False,
        source["timeout"],
        tuple(values["tables"]["include"]),
        tuple(values["tables"]["exclude"]),
        frozenset(values["marks"]["accept"]),
        values["target"],
        values["start"],
        Rules(values["roll"]["bytes"], values["roll"]["age"], values["limits"]["memory"]),
        values["log"]["level"],
        values["log"]["format"],
        values["metricsFile"],
        table_command.IcebergConfig.of(values["iceberg"]),
    )
