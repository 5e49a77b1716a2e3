"""The topic of a binlog-relay, read from Python: a client, changes, and a change log in Parquet."""

from .errors import LakeError

__all__ = ["LakeError"]
