"""The change log in Parquet, merged into current tables by Spark: for spark-submit, or `merge_landed` from a program.

    spark-submit … merge.py hdfs://namenode/landed/orders --catalog lake

Only files that a table has not had yet are read. It may be killed at any time, and started again; one at a time.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from binlog_relay_lake.current_table import WITHOUT_KEY
from binlog_relay_lake.errors import LakeError
from binlog_relay_lake.landed import LandedFile, Piece, file_of, pieces
from binlog_relay_lake.remoting import Queue
from binlog_relay_lake.schema import ZERO_DATES
from binlog_relay_lake.spark_merge import MergeOptions, Merger

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def merge_landed(spark: SparkSession, landed: str, options: MergeOptions, source: str | None = None) -> dict[str, int]:
    """`landed`: the target of the lander, a URL that Spark reads. `source`: what tables say that they were made of, the
    URL unless given. Returns how many changes of each table were merged.

    Raises LakeError: VALUE_UNFIT, KEY_MISSING, KEY_CHANGED, TYPE_CHANGED, MESSAGE_MARKED, TABLE_FOREIGN and
    TARGET_HOLE.
    """
    merger = Merger(spark, source or landed, options)
    states = merger.states()
    files = landed_files(spark, landed)
    starts: dict[Queue, int] = {}
    if states and all(state.tables == merger.selection for state in states.values()):
        for queue in {file.queue for file in files}:
            places = [state.places[str(queue)].offset for state in states.values() if str(queue) in state.places]
            if len(places) == len(states):
                starts[queue] = min(places)
    unread = list(pieces(files, starts))
    if not unread:
        return {}
    reach: dict[str, int] = {}
    for piece in unread:
        queue_name = str(piece.file.queue)
        reach[queue_name] = max(reach.get(queue_name, 0), piece.file.end)
    return merger.merge(_changes_of(spark, unread), reach, states)


def _changes_of(spark: SparkSession, unread: Sequence[Piece]) -> DataFrame:
    whole = [piece.file.path for piece in unread if piece.is_whole]
    parts = [spark.read.parquet(*whole)] if whole else []
    parts += [
        spark.read.parquet(piece.file.path).where(f"offset >= {piece.start}") for piece in unread if not piece.is_whole
    ]
    return reduce(lambda a, b: a.unionByName(b), parts)


def landed_files(spark: SparkSession, landed: str) -> list[LandedFile]:
    """By queue and offset, as the file system of Spark lists them."""
    jvm = spark._jvm
    root = jvm.org.apache.hadoop.fs.Path(landed)
    filesystem = root.getFileSystem(spark._jsc.hadoopConfiguration())

    def paths(folder: object) -> Iterator[str]:
        for status in filesystem.listStatus(folder):
            path = status.getPath()
            if not status.isDirectory():
                yield path.toString()
            elif path.getName().startswith("landed="):
                yield from paths(path)

    return sorted(file for path in paths(root) if (file := file_of(path)) is not None)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("merge.py", description="Merges a landed change log into current tables.")
    parser.add_argument("landed", help="target of the lander, as a URL that Spark reads")
    parser.add_argument("--catalog", default="", help="in front of the databases' names (default: Spark's own catalog)")
    parser.add_argument("--tables", default="*.*", help="patterns, separated by commas (default: all)")
    parser.add_argument("--exclude", default="", help="patterns, separated by commas")
    parser.add_argument("--using", choices=["iceberg", "delta"], default="iceberg")
    parser.add_argument("--zero-dates", choices=ZERO_DATES, default="refuse", help="what becomes of 0000-00-00")
    parser.add_argument("--without-key", choices=WITHOUT_KEY, default="refuse", help="tables without a primary key")
    parser.add_argument("--source", help="what the tables say that they were made of (default: the URL)")
    args = parser.parse_args(arguments)
    options = MergeOptions(
        args.catalog,
        tuple(args.tables.split(",")),
        tuple(part for part in args.exclude.split(",") if part),
        args.using,
        zero_dates=args.zero_dates,
        without_key=args.without_key,
    )
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("binlog-relay-merge").getOrCreate()
    try:
        for table, changes in merge_landed(spark, args.landed, options, args.source).items():
            print(f"{table}: {changes} changes merged", file=sys.stderr)
    except LakeError as error:
        print(str(error), file=sys.stderr)
        return 1
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
