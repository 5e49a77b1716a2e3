"""Patterns of tables, as the relay's `tables.include`: `database.table`, with `*` and `?`, or names in backticks."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .errors import LakeError

_PART = re.compile(r"`(?:[^`]|``)*`|[^.`]*")
Pattern = tuple[re.Pattern[str], re.Pattern[str]]
_FOREIGN = re.compile(r"[^\w$*?-]")


class TableFilter:
    """Names are compared exactly, as the messages have them. Raises CONFIG_INVALID for what is no pattern."""

    def __init__(self, include: Iterable[str] = ("*.*",), exclude: Iterable[str] = ()) -> None:
        self._included = [parse_pattern(pattern) for pattern in include]
        self._excluded = [parse_pattern(pattern) for pattern in exclude]
        self._loosely = [parse_pattern(pattern, re.IGNORECASE) for pattern in include]
        self.includes = lru_cache(maxsize=10_000)(self._includes)

    def _includes(self, database: str, table: str) -> bool:
        return _is_of(self._included, database, table) and not _is_of(self._excluded, database, table)

    def may_include(self, database: str, table: str | None) -> bool:
        """For names as a statement has them, in which case does not matter. `table`: None for all of a database."""
        if table is None:
            return any(pattern.fullmatch(database) for pattern, _ in self._loosely)
        return _is_of(self._loosely, database, table) and not _is_of(self._excluded, database, table)


def _is_of(patterns: list[Pattern], database: str, table: str) -> bool:
    return any(d.fullmatch(database) and t.fullmatch(table) for d, t in patterns)


def parse_pattern(pattern: str, flags: int = 0) -> Pattern:
    problem = pattern_problem(pattern)
    if problem is not None:
        raise LakeError("CONFIG_INVALID", f"The table pattern '{pattern}' {problem}.")
    database, table = _parts(pattern) or ("", "")
    return _regex(database, flags), _regex(table, flags)


def pattern_problem(pattern: str) -> str | None:
    """A predicate, such as "has an empty name"; None for a pattern."""
    parts = _parts(pattern)
    if parts is None:
        return "has backticks that do not fit: a name is either wholly in backticks or not at all"
    for part in parts:
        name = _name(part)
        if name == "":
            return "has an empty name"
        if len(name if part.startswith("`") else name.replace("*", "")) > 64:
            return "can never match: a name in MySQL has at most 64 characters"
        if part.startswith("`"):
            continue
        if "%" in part:
            return "holds %: the wildcard for any characters is *"
        if (foreign := _FOREIGN.search(part)) is not None:
            return f"holds '{foreign[0]}': a name with such a character is written in backticks"
    if len(parts) != 2:
        return "must have the form database.table; a dot inside a name is written in backticks"
    return None


def _parts(pattern: str) -> list[str] | None:
    parts: list[str] = []
    at = 0
    while True:
        match = _PART.match(pattern, at)
        part = "" if match is None else match[0]
        parts.append(part)
        at += len(part)
        if at == len(pattern):
            return parts
        if pattern[at] != ".":
            return None
        at += 1


def _name(part: str) -> str:
    return part[1:-1].replace("``", "`") if part.startswith("`") else part


def _regex(part: str, flags: int) -> re.Pattern[str]:
    if part.startswith("`"):
        return re.compile(re.escape(_name(part)), re.DOTALL | flags)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(character, re.escape(character)) for character in part), re.DOTALL | flags)


ALL_TABLES = TableFilter()
