"""Commands a meter straight over Kafka: a plain client, the released schemas, nothing else. See README.md."""

import argparse
import io
import json
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from fastavro import parse_schema, schemaless_reader, schemaless_writer
from fastavro.schema import fingerprint, to_parsing_canonical_form

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas" / "avro"
REQUESTS = {"SynchronizeTime": {"time_zone": "Europe/Amsterdam"}, "GetActualMeterReads": {}}


def schemas(folder: str) -> dict:
    """The released schemas of one record, by the 10 octets that begin its messages: C3 01 and the fingerprint."""
    released = [json.loads(path.read_text()) for path in sorted((SCHEMAS / folder).glob("*.avsc"))]
    digests = ["c301" + fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO") for schema in released]
    return {bytes.fromhex(digest): parse_schema(one, {}) for digest, one in zip(digests, released, strict=True)}


def send(options: argparse.Namespace) -> dict:
    """Sends one command and returns its header; organisation and correlation uid name it, a repeat has the same."""
    now = datetime.now(UTC)
    stamp = now.strftime("%Y%m%d%H%M%S") + f"{now.microsecond // 1000:03}"
    header = {
        "correlation_uid": f"{options.organisation}|||{options.device}|||{stamp}|||{uuid.uuid4()}",
        "submission_id": str(uuid.uuid4()),
        "device_identification": options.device,
        "organisation": options.organisation,
        "user": "upstream-example",
        "application": "upstream-example",
        "created_at": now,
        "expires_at": now + timedelta(hours=1),
    }
    record, topic = f"{options.operation}Command", f"{options.prefix}.upstream-commands"
    start, schema = list(schemas(f"commands/{record}").items())[-1]
    body = io.BytesIO(start)
    body.seek(len(start))
    schemaless_writer(body, schema, {"header": header, "request": REQUESTS[options.operation]})
    event = {"ce_specversion": "1.0", "ce_id": header["submission_id"], "ce_type": record}
    event |= {"ce_source": "/upstream-example", "ce_time": now.isoformat()}
    errors: list = []
    producer = Producer({"bootstrap.servers": options.bootstrap, "on_delivery": lambda error, _: errors.append(error)})
    producer.produce(topic, body.getvalue(), options.device, headers=event)
    if producer.flush(options.timeout) or errors != [None]:
        sys.exit(f"{topic} did not take the command: {errors or 'no answer'}")
    return header


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bootstrap", default="127.0.0.1:9092", help="host:port of a broker")
    parser.add_argument("--prefix", default="meterstream", help="of the topics")
    parser.add_argument("--organisation", required=True, help="registered as `trusted` to send commands over Kafka")
    parser.add_argument("--device", required=True, help="device identification")
    parser.add_argument("--operation", choices=sorted(REQUESTS), default="GetActualMeterReads")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds")
    options = parser.parse_args()
    readable = schemas("command-states/CommandState") | schemas(f"results/{options.operation}Result")
    consumer = Consumer({"bootstrap.servers": options.bootstrap, "group.id": "none", "enable.auto.commit": False})
    places = []  # every partition from its present end, before anything is sent; in no group
    for topic in (f"{options.prefix}.command-states", f"{options.prefix}.results"):
        for partition in consumer.list_topics(topic, timeout=options.timeout).topics[topic].partitions:
            _, end = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=options.timeout)
            places.append(TopicPartition(topic, partition, end))
    consumer.assign(places)
    sent, result, told, deadline = send(options), None, set(), time.monotonic() + options.timeout
    print("sent", sent["correlation_uid"])
    while (left := deadline - time.monotonic()) > 0:
        found = consumer.poll(left)
        if found is None or found.error() or found.value()[:10] not in readable:
            continue
        record = schemaless_reader(io.BytesIO(found.value()[10:]), readable[found.value()[:10]], None)
        event = dict(found.headers())["ce_id"]  # the platform may send an event again, with the same id
        if event in told or any(record["header"][part] != sent[part] for part in ("organisation", "correlation_uid")):
            continue
        told.add(event)
        if "state" in record:
            print("state", record["state"], record["error"] or "")
        else:  # states lie on another topic, so some may still be on their way
            result, deadline = record, min(deadline, time.monotonic() + 0.5)
    if result is None:
        sys.exit(f"no result within {options.timeout:g} s")
    print("result", result["status"], json.dumps(result["response"] or result["error"], default=str, indent=2))
    return 0 if result["status"] == "ok" else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KafkaException as error:
        sys.exit(f"Kafka: {error}")
