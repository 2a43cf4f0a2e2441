"""An Apache Kafka with a listener for each way of TLS and SASL, right and wrong."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING, Any

from kafka import KafkaAdminClient
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion
from typing_extensions import override

from stream.runtime.ports import free_port
from stream.up.brokers.apache import ApacheKafka
from tests.support.certificates import HOST, Certificates

if TYPE_CHECKING:
    from pathlib import Path

USER = "shop"
PASSWORD = "a-password-that-nobody-may-read"
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
PROTOCOLS = {
    "SASL": "SASL_SSL",
    "MTLS": "SSL",
    "OAUTH": "SASL_SSL",
    "EXPIRED": "SSL",
    "MISNAMED": "SSL",
    "CLEAR": "SASL_PLAINTEXT",
}
"""The protocols of the listeners. What CLEAR advertises is the port of a `TlsProxy` in front of it."""
LOGIN_MODULES = "org.apache.kafka.common.security"


class SecuredKafka(ApacheKafka):
    """Apache Kafka whose plain listener is there for the tests themselves."""

    certificates: Certificates

    @override
    def argv(self) -> list[str]:
        command = super().argv()
        self.certificates = Certificates.make(self._directory)
        self.ports = {name: free_port() for name in PROTOCOLS}
        self.proxy_port = free_port()
        properties = self._directory / "server.properties"
        with properties.open("a") as file:
            file.write("\n".join([*self._listeners(properties.read_text()), *self._tls(), *self._sasl()]) + "\n")
        return command

    def at(self, listener: str) -> str:
        """Return the address of a listener."""
        return f"{HOST}:{self.ports[listener]}"

    def logins(self, tokens: Path, provider: str = "") -> dict[str, dict[str, str]]:
        """Return the settings of each right way to log in. `tokens` is a file with a token, `provider` the URL of what
        gives such.
        """
        trusting = {"KAFKA_CA_FILE": str(self.certificates.ca)}
        sasl = {**trusting, "KAFKA": self.at("SASL"), "KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_USER": USER}
        known = {f"{name} over TLS": {**sasl, "KAFKA_SASL_MECHANISM": name} for name in MECHANISMS}
        found = {name: {**login, "KAFKA_PASSWORD": PASSWORD} for name, login in known.items()}
        found["a client certificate"] = {
            **trusting,
            "KAFKA": self.at("MTLS"),
            "KAFKA_SECURITY_PROTOCOL": "SSL",
            "KAFKA_CERTIFICATE_FILE": str(self.certificates.client),
            "KAFKA_KEY_FILE": str(self.certificates.client_key),
        }
        found["a token"] = {
            **trusting,
            "KAFKA": self.at("OAUTH"),
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
            "KAFKA_TOKEN_FILE": str(tokens),
        }
        without_file = {key: value for key, value in found["a token"].items() if key != "KAFKA_TOKEN_FILE"}
        client = {"KAFKA_TOKEN_URL": provider, "KAFKA_USER": USER, "KAFKA_PASSWORD": PASSWORD}
        found["a token of a provider"] = without_file | client
        return {name: {f"FRESHLINE_{key}": value for key, value in login.items()} for name, login in found.items()}

    def _listeners(self, before: str) -> list[str]:
        known = dict(line.split("=", 1) for line in before.splitlines() if "=" in line)
        bound = ",".join(f"{name}://{self.at(name)}" for name in PROTOCOLS)
        told = bound.replace(f"CLEAR://{self.at('CLEAR')}", f"CLEAR://{HOST}:{self.proxy_port}")
        protocols = ",".join(map(":".join, PROTOCOLS.items()))
        return [
            f"listeners={known['listeners']},{bound}",
            f"advertised.listeners={known['advertised.listeners']},{told}",
            f"listener.security.protocol.map={known['listener.security.protocol.map']},{protocols}",
        ]

    def _tls(self) -> list[str]:
        files = self.certificates
        stores = {
            "": files.broker,
            "listener.name.expired.": files.expired,
            "listener.name.misnamed.": files.misnamed,
        }
        return [
            *(f"{listener}ssl.keystore.type=PEM" for listener in stores),
            *(f"{listener}ssl.keystore.location={path}" for listener, path in stores.items()),
            "ssl.truststore.type=PEM",
            f"ssl.truststore.location={files.ca}",
            "listener.name.mtls.ssl.client.auth=required",
        ]

    def _sasl(self) -> list[str]:
        by_password = [f"listener.name.{name}." for name in ("sasl", "clear")]
        oauth = f"{LOGIN_MODULES}.oauthbearer.OAuthBearerLoginModule"
        return [
            *(f"{listener}sasl.enabled.mechanisms={','.join(MECHANISMS)}" for listener in by_password),
            *(
                f"{listener}plain.sasl.jaas.config={LOGIN_MODULES}.plain.PlainLoginModule required "
                f'user_{USER}="{PASSWORD}";'
                for listener in by_password
            ),
            *(
                f"{listener}scram-sha-{bits}.sasl.jaas.config={LOGIN_MODULES}.scram.ScramLoginModule required;"
                for listener in by_password
                for bits in (256, 512)
            ),
            "listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER",
            # Tokens without a signature, which are for tests alone.
            f'listener.name.oauth.oauthbearer.sasl.jaas.config={oauth} required unsecuredLoginStringClaim_sub="me";',
        ]

    def add_user(self) -> None:
        """Make the user known to SCRAM."""
        admin = KafkaAdminClient(bootstrap_servers=self.address)
        for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
            # One at a time: the broker refuses two mechanisms of a user in one request.
            admin.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, mechanism, PASSWORD)])
        admin.close()


def token(valid_seconds: float) -> str:
    """Return a token without a signature, which a broker of the tests takes while it is valid."""
    now_s = time.time()
    claims = {"sub": USER, "iat": now_s - 7200, "exp": now_s + valid_seconds}
    return ".".join([*(_encoded(part) for part in ({"alg": "none"}, claims)), ""])


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
