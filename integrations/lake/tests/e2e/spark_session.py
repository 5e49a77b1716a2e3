"""Spark in this process, with an Iceberg catalog `lake` in a folder or in HDFS."""

from __future__ import annotations

import itertools
import os

from pyspark.sql import SparkSession


def spark_of(jars: str, warehouse: str) -> SparkSession:
    settings = {
        "spark.driver.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        # A worker that takes long to start, on a machine with much to do, is no failure.
        "spark.python.authenticate.socketTimeout": "300s",
        "spark.sql.warehouse.dir": f"{warehouse}/spark",
        "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1",
        "spark.jars": f"{jars}/iceberg-spark-runtime-4.0_2.13-1.10.1.jar",
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.lake.type": "hadoop",
        "spark.sql.catalog.lake.warehouse": warehouse,
    }
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def die_before_store(table: type, count: int) -> None:
    """Ends this process, and Spark with it, where a table's place would be stored for the `count`th time."""
    store = table.store
    calls = itertools.count(1)

    def dying(self: object, *args: object) -> None:
        if next(calls) == count:
            os._exit(9)
        store(self, *args)

    table.store = dying
