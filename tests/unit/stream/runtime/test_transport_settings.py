"""Settings of the transport that do not fit each other are refused in one line that names one, without a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Misconfigured
from stream.kafka.cluster import cluster_of
from stream.runtime.settings import Settings, read_settings

SECRET = "nobody-may-read-this"
SCRAM = {
    "kafka_security_protocol": "SASL_SSL",
    "kafka_sasl_mechanism": "SCRAM-SHA-512",
    "kafka_user": "shop",
    "kafka_password": SECRET,
}
OAUTH = {"kafka_security_protocol": "SASL_SSL", "kafka_sasl_mechanism": "OAUTHBEARER"}
FROM_URL = {"kafka_token_url": "https://id.example/token", "kafka_user": "shop", "kafka_password": SECRET}


@pytest.mark.parametrize(
    "fitting",
    [
        {},
        SCRAM,
        SCRAM | {"kafka_security_protocol": "SASL_PLAINTEXT"},
        {"kafka_security_protocol": "SSL", "kafka_certificate_file": "c.pem", "kafka_key_password": SECRET},
        OAUTH | {"kafka_token_file": "token"},
        OAUTH | FROM_URL | {"kafka_token_scope": "kafka"},
        {"qdrant_url": "https://q:6333", "qdrant_api_key": SECRET, "qdrant_ca_file": "ca.pem"},
        {"qdrant_url": "https://q:6333", "qdrant_grpc_port": "6334"},
    ],
)
def test_settings_that_fit_are_taken(fitting: dict[str, str]) -> None:
    read_settings(**fitting)


@pytest.mark.parametrize(
    ("misfit", "named", "reason"),
    [
        (SCRAM | {"kafka_sasl_mechanism": None}, "KAFKA_SASL_MECHANISM", "SASL_SSL needs one"),
        (SCRAM | {"kafka_security_protocol": "SSL"}, "KAFKA_SASL_MECHANISM", "it has no effect without"),
        (SCRAM | {"kafka_user": None}, "KAFKA_USER", "SCRAM-SHA-512 needs FRESHLINE_KAFKA_USER"),
        (SCRAM | {"kafka_password": None}, "KAFKA_PASSWORD", "or FRESHLINE_KAFKA_PASSWORD_FILE, and it is not set"),
        (SCRAM | {"kafka_password_file": "p"}, "KAFKA_PASSWORD", "and both are set"),
        (SCRAM | {"kafka_token_file": "t"}, "KAFKA_TOKEN_FILE", "without FRESHLINE_KAFKA_SASL_MECHANISM=OAUTHBEARER"),
        (OAUTH, "KAFKA_TOKEN_FILE", "OAUTHBEARER needs"),
        (OAUTH | FROM_URL | {"kafka_token_file": "t"}, "KAFKA_TOKEN_FILE", "and both are set"),
        (OAUTH | {"kafka_token_file": "t", "kafka_password": SECRET}, "KAFKA_PASSWORD", "it has no effect"),
        (OAUTH | FROM_URL | {"kafka_user": None}, "KAFKA_USER", "FRESHLINE_KAFKA_TOKEN_URL needs"),
        ({"kafka_password": SECRET}, "KAFKA_PASSWORD", "it has no effect"),
        ({"kafka_ca_file": "ca.pem"}, "KAFKA_CA_FILE", "SECURITY_PROTOCOL=SSL or SASL_SSL"),
        (SCRAM | {"kafka_key_file": "k.pem"}, "KAFKA_KEY_FILE", "without FRESHLINE_KAFKA_CERTIFICATE_FILE"),
        ({"qdrant_api_key": SECRET}, "QDRANT_API_KEY", "without FRESHLINE_QDRANT_URL"),
        ({"qdrant_grpc_port": "6334"}, "QDRANT_GRPC_PORT", "without FRESHLINE_QDRANT_URL"),
        ({"qdrant_url": "http://q", "qdrant_grpc_port": "70000"}, "QDRANT_GRPC_PORT", "65535"),
        ({"qdrant_url": "http://q", "qdrant_ca_file": "c"}, "QDRANT_CA_FILE", "without FRESHLINE_QDRANT_URL=https:"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(misfit: dict[str, str], named: str, reason: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_settings(**misfit)
    line = str(refused.value)
    assert line.startswith(f"FRESHLINE_{named}: ") and reason in line
    assert "\n" not in line and SECRET not in line


def test_no_text_of_the_settings_has_a_secret() -> None:
    settings = read_settings(**SCRAM, qdrant_url="http://127.0.0.1:1", qdrant_api_key=SECRET)
    kafka = cluster_of(settings.model_copy(update={"kafka_security_protocol": "SASL_PLAINTEXT"}))
    texts = [repr(settings), str(settings), settings.model_dump_json(), repr(kafka), repr(kafka.security)]
    assert kafka.for_aiokafka["sasl_plain_password"] == SECRET
    assert not any(SECRET in text for text in texts)


VALUES = {
    "kafka_security_protocol": st.sampled_from(["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
    "kafka_sasl_mechanism": st.sampled_from(["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"]),
    "qdrant_url": st.sampled_from(["http://q", "https://q"]),
    **{
        name: st.just(SECRET)
        for name in Settings.model_fields
        if name.startswith(("kafka_user", "kafka_pass", "kafka_tok", "kafka_ca", "kafka_cert", "kafka_key", "qdrant_a"))
    },
}


@given(st.fixed_dictionaries({}, optional=VALUES))
def test_any_settings_are_taken_or_refused_by_the_name_of_one(fields: dict[str, str]) -> None:
    try:
        read_settings(**fields)
    except Misconfigured as error:
        name = str(error).partition(":")[0].removeprefix("FRESHLINE_").lower()
        assert name in Settings.model_fields and SECRET not in str(error)
