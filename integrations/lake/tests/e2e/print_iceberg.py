"""Prints the tables of a namespace of pyiceberg's catalog `default`. usage: print_iceberg.py NAMESPACE TABLE…"""

from __future__ import annotations

import sys

from canonical import print_rows
from pyiceberg.catalog import load_catalog

namespace, *tables = sys.argv[1:]
catalog = load_catalog("default")
for table in tables:
    print_rows(table, catalog.load_table((namespace, table)).scan().to_arrow())
