"""examples/spark_stream.py, to where the topic ends.

usage: spark_streamed.py die|print JARS FOLDER DATABASE TABLE…
die: it dies after the rows of the second table, before its place. print: prints the tables.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from canonical import print_rows
from spark_session import die_before_store, spark_of

from binlog_relay_lake.spark_table import SparkTable


def main(mode: str, jars: str, folder: str, database: str, *tables: str) -> None:
    spark = spark_of(jars, f"{folder}/warehouse")
    if mode == "die":
        die_before_store(SparkTable, 2)
    example = Path(__file__).parents[2] / "examples" / "spark_stream.py"
    sys.argv = [str(example), f"{database}.*", f"{folder}/checkpoint", "latest"]
    runpy.run_path(str(example), run_name="__main__")
    for table in tables:
        print_rows(table, spark.table(f"lake.{database}.{table}").toArrow())


main(*sys.argv[1:])
