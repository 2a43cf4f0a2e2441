#!/bin/sh
# aiokafka 0.14.0, beside kafka-python 3.0.12, on a listener with SASL OAUTHBEARER.
# Guess: where the broker refuses the token, the client fails to connect, as it does after a wrong password.
# Seen:  the broker tells of a refusal in a challenge, and of the error once the client has answered it with one byte (RFC
#        7628, section 3.2.3). aiokafka takes the challenge for a success. It then reads the broker's answer to its first
#        request, which is the error, as metadata of a cluster without brokers and topics, and waits without a word.
#        kafka-python ends the exchange and fails.
# A stand-in plays the broker below, with the bytes that Apache Kafka 4.3.1 sends.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aiokafka==0.14.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import struct

from aiokafka.abc import AbstractTokenProvider
from aiokafka.conn import create_conn

CHALLENGE = b'{"status":"invalid_token"}'
VERSIONS, HANDSHAKE, AUTHENTICATE = 18, 17, 36


class Token(AbstractTokenProvider):
    async def token(self):
        return "refused"


async def broker(reader, writer):
    sent = []
    while size := await reader.read(4):
        request = await reader.readexactly(struct.unpack(">i", size)[0])
        key, _, correlation = struct.unpack(">hhi", request[:8])
        sent.append(key)
        if key == VERSIONS:
            known = [(VERSIONS, 0, 0), (HANDSHAKE, 1, 1), (AUTHENTICATE, 0, 0)]
            body = struct.pack(">hi", 0, len(known)) + b"".join(struct.pack(">hhh", *each) for each in known)
        elif key == HANDSHAKE:
            body = struct.pack(">hih", 0, 1, 11) + b"OAUTHBEARER"
        else:
            body = struct.pack(">hhi", 0, -1, len(CHALLENGE)) + CHALLENGE
        writer.write(struct.pack(">ii", len(body) + 4, correlation) + body)
    told.set_result(sent)


async def main():
    global told
    told = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(broker, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    connection = await create_conn(
        host,
        port,
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="OAUTHBEARER",
        sasl_oauth_token_provider=Token(),
    )
    connected = connection.connected()
    connection.close()
    return connected, await told


connected, requests = asyncio.run(main())
print("connected after the refusal:", connected, "requests:", requests)
assert connected and requests.count(AUTHENTICATE) == 1, "it answers the challenge now"
PYTHON
