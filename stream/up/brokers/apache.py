"""One node of Apache Kafka (broker and KRaft controller in one process) from the jars of `KAFKA_HOME/libs`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Self

from schemas.errors import Misconfigured
from stream.runtime.ports import free_port
from stream.up.last_words import last_said

JAVA_VERSION_MIN = 17
FORMAT_SECONDS_MAX = 60.0
CLUSTER_ID = "RnJlc2hsaW5lTG9jYWxOb2"
"""22 characters of base64, as Kafka requires. It must be the same each time this directory is used."""

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={log_dir}
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
metadata.max.idle.interval.ms=10000
"""
"""The configuration of the node.

After a SIGKILL the controller refuses the restarted broker until the session of the killed one has expired. The session
timeout is 9 s by default, and 2 s here. By default an idle controller writes twice a second that it is alive. Nobody
follows this controller, and these writes take a quarter of the processor time of an idle broker, so it writes every ten
seconds.
"""

LOGGING = """\
appenders=console
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %c{1}: %m%n
rootLogger.level=WARN
rootLogger.appenderRefs=console
rootLogger.appenderRef.console.ref=console
"""


class ApacheKafka:
    """Apache Kafka on this machine. Its log is in `directory`, and does not depend on the port."""

    name = "Apache Kafka"
    has_durable_log = True
    memory_bytes_max = None
    fetch_seconds_max = None
    start_seconds_max = 60.0

    def __init__(self, directory: Path, port: int, *, home: Path, java: Path) -> None:
        self.address = f"127.0.0.1:{port}"
        self._port = port
        self._directory = directory.resolve()
        self._home = home
        self._java = java

    @classmethod
    def of_environment(cls, directory: Path, port: int) -> Self:
        """Return a broker with the jars of KAFKA_HOME and the java of JAVA_HOME or PATH.

        Raises Misconfigured if one of them is missing or too old.
        """
        return cls(directory, port, home=_kafka_home(), java=_java())

    def argv(self) -> list[str]:
        """Return the command line of the broker, and format its directory the first time.

        Raises Misconfigured if the directory cannot be formatted.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        properties = self._directory / "server.properties"
        properties.write_text(
            PROPERTIES.format(port=self._port, controller_port=free_port(), log_dir=self._directory / "log")
        )
        (self._directory / "log4j2.properties").write_text(LOGGING)
        if not (self._directory / "log" / "meta.properties").exists():
            self._format(properties)
        return [*self._java_command("-Xms128m", "-Xmx512m"), "kafka.Kafka", str(properties)]

    def _java_command(self, *options: str) -> list[str]:
        return [
            str(self._java),
            *options,
            *("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
            f"-Dlog4j2.configurationFile={self._directory / 'log4j2.properties'}",
            *("-cp", str(self._home / "libs" / "*")),
        ]

    def _format(self, properties: Path) -> None:
        command = [*self._java_command(), "kafka.tools.StorageTool", "format", "--ignore-formatted"]
        done = subprocess.run(
            [*command, "--config", str(properties), "--cluster-id", CLUSTER_ID],
            capture_output=True,
            text=True,
            timeout=FORMAT_SECONDS_MAX,
        )
        if done.returncode:
            reason = last_said(done.stderr or done.stdout) or "no reason given"
            raise Misconfigured(f"Apache Kafka cannot format {self._directory}: {reason}")


def _kafka_home() -> Path:
    name = os.environ.get("KAFKA_HOME")
    if not name:
        raise Misconfigured("--broker kafka needs KAFKA_HOME: unpack Apache Kafka 4 and set it to that folder")
    home = Path(name).resolve()
    if not any((home / "libs").glob("kafka_*.jar")):
        raise Misconfigured(f"KAFKA_HOME={name} has no Kafka in libs/*.jar: set it to an unpacked Apache Kafka 4")
    return home


def _java() -> Path:
    java_home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(java_home) / "bin")) if java_home else shutil.which("java")
    if not found:
        raise Misconfigured(f"--broker kafka needs Java {JAVA_VERSION_MIN} or later: there is no `java` on the PATH")
    version = java_version(subprocess.run([found, "-version"], capture_output=True, text=True).stderr)
    if version < JAVA_VERSION_MIN:
        raise Misconfigured(f"--broker kafka needs Java {JAVA_VERSION_MIN} or later: {found} is {version or 'unknown'}")
    return Path(found)


def java_version(printed: str) -> int:
    """Return the feature release in the output of `java -version`, 8 for "1.8.0_292"; 0 if there is none."""
    match = re.search(r'version "(?:1\.)?(\d+)', printed)
    return int(match[1]) if match else 0
