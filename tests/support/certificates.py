"""Certificates that a test makes: right ones, expired ones, and those of other hosts and other CAs."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, NamedTuple

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

if TYPE_CHECKING:
    from pathlib import Path

HOST = "127.0.0.1"


class Certificates(NamedTuple):
    """Files in PEM."""

    ca: Path
    other_ca: Path
    """A CA that has signed none of the certificates here."""
    broker: Path
    """The certificate and key of a server; those that follow have their keys in the same file, too."""
    expired: Path
    misnamed: Path
    """A broker's certificate for another host."""
    client: Path
    client_key: Path
    expired_client: Path
    stranger: Path
    """The certificate and key of a client whom the other CA vouches for."""

    @classmethod
    def make(cls, directory: Path) -> Certificates:
        ca, other = trustme.CA(), trustme.CA()
        past = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        made = cls(*(directory / f"{name}.pem" for name in cls._fields))
        ca.cert_pem.write_to_path(made.ca)
        other.cert_pem.write_to_path(made.other_ca)
        for path, issued in (
            (made.broker, ca.issue_cert(HOST, "localhost")),
            (made.expired, ca.issue_cert(HOST, not_after=past)),
            (made.misnamed, ca.issue_cert("elsewhere.example")),
            (made.expired_client, ca.issue_cert("client.example", not_after=past)),
            (made.stranger, other.issue_cert("client.example")),
        ):
            path.write_bytes(key_of(issued) + issued.cert_chain_pems[0].bytes())
        client = ca.issue_cert("client.example")
        client.cert_chain_pems[0].write_to_path(made.client)
        made.client_key.write_bytes(key_of(client))
        return made


def key_of(issued: trustme.LeafCert) -> bytes:
    """Return the key in PKCS #8, the one form that Apache Kafka reads."""
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
