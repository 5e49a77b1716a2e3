"""A YAML file by a description of its keys: every problem with its place, `lake.yaml:3:9: source.topic: …`.

`${NAME}` and `${NAME:-default}` stand for the environment, `$${` for `${` itself, and `file:/path` for what is in a
file where a secret is due, as in the relay's own configuration.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .errors import LakeError

_REFERENCE = re.compile(r"\$\$\{|\$\{([^}]*)\}?")
_WELL_FORMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class Bad(ValueError):
    """A predicate about a value: "is not a port"."""


@dataclass(frozen=True, slots=True)
class Key:
    """`read`: the value of a text, raising Bad. `default`: taken without the key; None with `is_required`."""

    read: Callable[[str], Any]
    default: Any = None
    is_required: bool = False
    is_secret: bool = False
    is_list: bool = False


Keys = Mapping[str, "Key | Keys"]


class _Reader:
    def __init__(self, name: str, env: Mapping[str, str]) -> None:
        self.name = name
        self.env = env
        self.problems: list[tuple[int, int, str]] = []

    def problem(self, node: yaml.Node, path: str, text: str) -> None:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        where = f"{self.name}:{line}:{column}: " + (f"{path}: " if path else "")
        self.problems.append((line, column, where + text))

    def section(self, node: yaml.Node | None, keys: Keys, path: str, at: yaml.Node) -> dict[str, Any]:
        pairs: dict[str, yaml.Node] = {}
        if node is not None and not _is_nothing(node):
            at = node
            if not isinstance(node, yaml.MappingNode):
                self.problem(node, path, f"must be a mapping with the keys {', '.join(keys)}")
                return {}
            for key, value in node.value:
                pairs |= self._key(key, value, keys, path, pairs)
        return {name: self._value(pairs.get(name), key, f"{path}.{name}".lstrip("."), at) for name, key in keys.items()}

    def _key(
        self, key: yaml.Node, value: yaml.Node, keys: Keys, path: str, known: Mapping[str, yaml.Node]
    ) -> dict[str, yaml.Node]:
        name = str(key.value)
        whole = f"{path}.{name}".lstrip(".")
        if name in known:
            self.problem(key, whole, "stands there twice")
        if name in keys:
            return {name: value}
        near = difflib.get_close_matches(name.lower(), [each.lower() for each in keys], 1, 0.6)
        meant = next((each for each in keys if near and each.lower() == near[0]), None)
        hint = "" if meant is None else f" (did you mean {meant}?)"
        self.problem(key, whole, f"unknown key{hint}; allowed here: {', '.join(keys)}")
        return {}

    def _value(self, node: yaml.Node | None, key: Key | Keys, path: str, at: yaml.Node) -> Any:  # noqa: ANN401
        if not isinstance(key, Key):
            return self.section(node, key, path, at)
        if node is None or (_is_nothing(node) and not key.is_list):
            if key.is_required:
                self.problem(at, path, "is missing")
            return key.default
        if not key.is_list:
            return self._scalar(node, key, path)
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node, path, "must be a list")
            return key.default
        return [self._scalar(item, key, f"{path}[{index}]") for index, item in enumerate(node.value)]

    def _scalar(self, node: yaml.Node, key: Key, path: str) -> Any:  # noqa: ANN401
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, path, "must be a single value")
            return None
        try:
            return key.read(self._resolved(node.value, key.is_secret))
        except Bad as error:
            shown = "" if key.is_secret or "${" in node.value else f"'{node.value}' "
            self.problem(node, path, f"{shown}{error}")
            return None

    def _resolved(self, text: str, is_secret: bool) -> str:
        if not is_secret or not text.startswith("file:"):
            return expanded(text, self.env)
        file = expanded(text.removeprefix("file:"), self.env)
        try:
            secret = Path(file).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "no text"
            raise Bad(f"the file {text.removeprefix('file:')} cannot be read ({reason})") from error
        if secret == "":
            raise Bad(f"the file {text.removeprefix('file:')} is empty")
        return secret


def _is_nothing(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def expanded(text: str, env: Mapping[str, str]) -> str:
    """Raises Bad, naming the variable, never a value."""

    def value_of(match: re.Match[str]) -> str:
        if match[0] == "$${":
            return "${"
        reference = _WELL_FORMED.fullmatch(match[0])
        if reference is None:
            raise Bad("holds ${ that is not a reference: write ${NAME} or ${NAME:-default}, or $${ for ${ itself")
        name, fallback = reference[1], reference[2]
        value = env.get(name)
        if value is not None and (value != "" or fallback is None):
            return value
        if fallback is None:
            raise Bad(f"the environment variable {name} is not set: set it, or write ${{{name}:-default}}")
        return fallback

    return _REFERENCE.sub(value_of, text)


def parse_yaml(text: str, name: str, keys: Keys, env: Mapping[str, str]) -> dict[str, Any]:
    """The values by their keys. Raises CONFIG_INVALID with all that is wrong, a line each. `name`: of the file."""
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = name if mark is None else f"{name}:{mark.line + 1}:{mark.column + 1}"
        raise LakeError("CONFIG_INVALID", f"{place}: no YAML: {getattr(error, 'problem', error)}.") from error
    reader = _Reader(name, env)
    start = yaml.ScalarNode("", "", yaml.Mark(name, 0, 0, 0, None, None))
    values = reader.section(node, keys, "", start)
    if reader.problems:
        raise LakeError("CONFIG_INVALID", "\n".join(line for _, _, line in sorted(reader.problems)))
    return values


_DURATION = re.compile(r"(\d+)(ms|s|m|h)")
_SIZE = re.compile(r"(\d+)(B|KB|KiB|MB|MiB|GB|GiB)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
_BYTES = {"B": 1, "KB": 10**3, "KiB": 2**10, "MB": 10**6, "MiB": 2**20, "GB": 10**9, "GiB": 2**30}


def duration(text: str) -> float:
    """Seconds."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise Bad("is not a duration: write a whole number and its unit, such as 500ms, 10s, 2m or 1h")
    return int(match[1]) * _SECONDS[match[2]]


def size(text: str) -> int:
    """Bytes."""
    match = _SIZE.fullmatch(text)
    if match is None:
        raise Bad("is not a size: write a whole number and its unit, such as 256KiB, 64MiB or 1GB")
    return int(match[1]) * _BYTES[match[2]]


def flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise Bad("must be true or false")
    return text == "true"


def one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise Bad(f"must be {', '.join(words[:-1])} or {words[-1]}")
        return text

    return read


def plain(text: str) -> str:
    if text == "":
        raise Bad("is empty")
    return text
