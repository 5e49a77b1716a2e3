"""The topic merged into current tables of Iceberg, batch by batch, by Spark Structured Streaming.

    export BINLOG_RELAY_NAME_SERVER=rocketmq.example:9876 BINLOG_RELAY_TOPIC=order-binlog
    spark-submit --packages org.apache.iceberg:iceberg-spark-runtime-4.0_2.13:1.10.1 \
      --conf spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions \
      --conf spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog \
      --conf spark.sql.catalog.lake.type=hadoop --conf spark.sql.catalog.lake.warehouse=hdfs://namenode/warehouse \
      examples/spark_stream.py 'shop.*' hdfs://namenode/checkpoints/shop            # latest: end where the topic ends
"""

from __future__ import annotations

import os
import sys

from pyspark.sql import DataFrame, SparkSession

from binlog_relay_lake.spark_merge import MergeOptions, Merger
from binlog_relay_lake.spark_source import BinlogRelaySource

tables, checkpoint, *until = sys.argv[1:]
topic = os.environ["BINLOG_RELAY_TOPIC"]

spark = SparkSession.builder.appName("binlog-relay-stream").getOrCreate()
spark.dataSource.register(BinlogRelaySource)
options = MergeOptions("lake", (tables,), without_key="skip", has_repeats=True)


def merge(changes: DataFrame, batch: int) -> None:
    changes = changes.persist()
    try:
        # Each batch has a session of its own.
        merged = Merger(changes.sparkSession, topic, options).merge(changes)
        print(f"batch {batch}: {merged}", file=sys.stderr)
    finally:
        changes.unpersist()


stream = (
    spark.readStream.format("binlog-relay")
    .options(nameServer=os.environ["BINLOG_RELAY_NAME_SERVER"], topic=topic, tables=tables)
    .option("group", os.environ.get("BINLOG_RELAY_GROUP", "binlog-relay-lake"))
    .load()
    .writeStream.foreachBatch(merge)
    .option("checkpointLocation", checkpoint)
)
stream = stream.trigger(availableNow=True) if until else stream.trigger(processingTime="30 seconds")
stream.start().awaitTermination()
