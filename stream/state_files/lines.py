"""The lines of the files that hold the item state: a header, and a JSON line for each record."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from schemas.errors import InvalidStateLine
from stream.kafka.partitions import Partition
from stream.kafka.topics import KEPT
from stream.state_files.records import StateRecord


class FileKind(NamedTuple):
    """A kind of file: its name and the version of its format stand in its first line."""

    name: str
    version: int

    def header_line(self, partitions: int) -> bytes:
        """Return the first line of a file, with the number of partitions of the log that it is written from."""
        header = {"freshline": self.name, "version": self.version, "partitions": partitions}
        return orjson.dumps(header, option=orjson.OPT_APPEND_NEWLINE)

    def partitions_in(self, line: bytes) -> int:
        """Return the number of partitions in the first line of a file.

        Raises InvalidStateLine if the line is not the first line of a file of this kind and version.
        """
        try:
            header = orjson.loads(line)
        except orjson.JSONDecodeError:
            header = {}
        if not isinstance(header, dict) or header.get("freshline") != self.name:
            raise InvalidStateLine(f"no {self.name} of Freshline: its first line should say so")
        if (version := header.get("version")) != self.version:
            raise InvalidStateLine(f"{self.name} of version {version}, this Freshline knows {self.version}")
        if not isinstance(partitions := header.get("partitions"), int):
            raise InvalidStateLine(f"{self.name} without its number of partitions: its first line should say it")
        return partitions


def encode_line(record: StateRecord) -> bytes:
    """Return the record as a JSON line, its value as JSON in it.

    Raises InvalidStateLine if its key is not text or its value is not JSON.
    """
    try:
        fields = {
            "topic": record.partition.topic,
            "partition": record.partition.number,
            "key": record.key.decode(),
            "value": orjson.loads(record.value),
        }
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise InvalidStateLine(f"a record of {record.partition.topic} is not ours, it is no JSON: {error}") from error
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def decode_line(line: bytes) -> StateRecord:
    """Return the record in a line of `encode_line`. Raises InvalidStateLine for any other line."""
    try:
        fields: dict[str, Any] = orjson.loads(line)
        partition = Partition(fields["topic"], fields["partition"])
        record = StateRecord(partition, fields["key"].encode(), orjson.dumps(fields["value"]))
    except KeyError as error:
        raise InvalidStateLine(f"not a record of an item's state: it has no {error}") from error
    except (orjson.JSONDecodeError, TypeError, AttributeError) as error:
        raise InvalidStateLine(f"not a record of an item's state: {error}") from error
    if partition.topic not in KEPT or not isinstance(partition.number, int):
        raise InvalidStateLine(f"not a record of {' or '.join(KEPT)}")
    return record
