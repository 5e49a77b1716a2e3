"""`binlog-relay-lake table`: the topic as tables of Iceberg, without a JVM."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .current_table import WITHOUT_KEY
from .errors import LakeError
from .log import Log
from .remoting import Topic
from .schema import ZERO_DATES
from .yaml_file import Bad, Key, Keys, duration, one_of, plain

if TYPE_CHECKING:
    from pyiceberg.catalog import Catalog

    from .table import TableOptions

_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.2, 10.0


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise Bad("is no number above zero")
    return int(text)


#: `catalog`: its name in pyiceberg's own configuration (.pyiceberg.yaml, PYICEBERG_CATALOG__…), which has the address.
KEYS: Keys = {
    "catalog": Key(plain, "default"),
    "namespace": Key(plain, ""),
    "commitRows": Key(_count, 200_000),
    "commitAge": Key(duration, 60.0),
    "zeroDates": Key(one_of(*ZERO_DATES), "refuse"),
    "withoutKey": Key(one_of(*WITHOUT_KEY), "refuse"),
}


@dataclass(frozen=True, slots=True)
class IcebergConfig:
    catalog: str
    namespace: tuple[str, ...]
    commit_rows: int
    commit_age_s: float
    zero_dates: str
    without_key: str

    @classmethod
    def of(cls, values: dict[str, Any]) -> IcebergConfig:
        return cls(
            values["catalog"],
            tuple(part for part in values["namespace"].split(".") if part),
            values["commitRows"],
            values["commitAge"],
            values["zeroDates"],
            values["withoutKey"],
        )

    def options(self, include: tuple[str, ...], exclude: tuple[str, ...]) -> TableOptions:
        from .table import TableOptions

        return TableOptions(
            include, exclude, self.namespace, self.commit_rows, self.commit_age_s, self.zero_dates, self.without_key
        )

    def open_catalog(self) -> Catalog:
        """Raises TARGET_UNUSABLE."""
        try:
            from pyiceberg.catalog import load_catalog

            return load_catalog(self.catalog)
        except ImportError as error:
            raise LakeError(
                "TARGET_UNUSABLE", f"pyiceberg is missing: {error}.", "pip install 'binlog-relay-lake[iceberg]'"
            ) from error
        except Exception as error:  # Whatever a catalog raises: nothing has begun yet.
            raise LakeError(
                "TARGET_UNUSABLE",
                f"The catalog {self.catalog} cannot be opened: {error}.",
                "It is configured as pyiceberg wants it: ~/.pyiceberg.yaml, or PYICEBERG_CATALOG__<NAME>__URI.",
            ) from error


def run_tables(
    topic: Topic, catalog: Catalog, options: TableOptions, stop: threading.Event, until: bool, log: Log
) -> None:
    """Until it is stopped, or with `until` where the topic ends now. What may pass by itself is tried again, once it
    has worked. Raises LakeError."""
    from .table import TableJob

    pause_s = _FIRST_PAUSE_S
    has_worked = False
    while True:
        job = TableJob(topic, catalog, options, log=log)
        try:
            job.run(stop, until)
        except Exception as thrown:
            error = _error_of(thrown)
            has_worked = has_worked or job.counts.messages > 0
            if not error.is_retried or not has_worked:
                raise error from thrown
            log.warn(error.message, code=error.code, remedy=error.remedy)
        else:
            return
        if job.counts.messages > 0:
            pause_s = _FIRST_PAUSE_S
        if stop.wait(pause_s):
            return
        pause_s = min(2 * pause_s, _LAST_PAUSE_S)


def _error_of(thrown: Exception) -> LakeError:
    if isinstance(thrown, LakeError):
        return thrown
    if isinstance(thrown, OSError) or type(thrown).__module__.startswith(("pyiceberg.exceptions", "sqlalchemy")):
        return LakeError("TARGET_FAILED", f"The catalog or its storage: {type(thrown).__name__}: {thrown}.")
    raise thrown
