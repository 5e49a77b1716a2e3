"""A landed change log, brought into HDFS, merged into tables of Iceberg there.

usage: spark_landed.py die|print JARS HDFS LANDED DATABASE TABLE…
die: the first half of the files; dies after the rows of the second table, before its place. print: all files, twice;
prints the tables.
"""

from __future__ import annotations

import os
import sys

from canonical import print_rows
from pyspark.sql import SparkSession
from spark_session import die_before_store, spark_of

from binlog_relay_lake.landed import file_of
from binlog_relay_lake.merge import merge_landed
from binlog_relay_lake.spark_merge import MergeOptions
from binlog_relay_lake.spark_table import SparkTable


def bring(spark: SparkSession, landed: str, to: str, half: bool) -> None:
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(landed) for name in names]
    files = sorted(file for path in paths if (file := file_of(path)) is not None)
    of_queue: dict[object, int] = {}
    for file in files:
        of_queue[file.queue] = of_queue.get(file.queue, 0) + 1
    seen: dict[object, int] = {}
    jvm = spark._jvm
    filesystem = jvm.org.apache.hadoop.fs.Path(to).getFileSystem(spark._jsc.hadoopConfiguration())
    for file in files:
        seen[file.queue] = seen.get(file.queue, 0) + 1
        if half and seen[file.queue] > (of_queue[file.queue] + 1) // 2:
            continue
        target = f"{to}/{os.path.relpath(file.path, landed)}"
        filesystem.mkdirs(jvm.org.apache.hadoop.fs.Path(os.path.dirname(target)))
        source = jvm.org.apache.hadoop.fs.Path(f"file://{file.path}")
        filesystem.copyFromLocalFile(False, True, source, jvm.org.apache.hadoop.fs.Path(target))


def main(mode: str, jars: str, hdfs: str, landed: str, database: str, *tables: str) -> None:
    spark = spark_of(jars, f"{hdfs}/warehouse")
    bring(spark, landed, f"{hdfs}/landed", half=mode == "die")
    options = MergeOptions("lake", tables=(f"{database}.*",), without_key="skip")
    if mode == "die":
        die_before_store(SparkTable, 2)
    first = merge_landed(spark, f"{hdfs}/landed", options)
    second = merge_landed(spark, f"{hdfs}/landed", options)
    print(f"merged {first}, then {second}", file=sys.stderr)
    for table in tables:
        print_rows(table, spark.table(f"lake.{database}.{table}").toArrow())
    if second:
        raise SystemExit("what was merged was merged again")


main(*sys.argv[1:])
