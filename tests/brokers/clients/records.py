"""Records byte by byte, with librdkafka (confluent-kafka) or kafka-python: records.py SETTINGS

SETTINGS is a JSON file: family, action (write or read), bootstrap, topic, token (or null, for none), records (to write), codec, group
(or null, for none), count (or null). Bytes are base64. Reading goes from the beginning to the record with a header `end`, or to so
many records. Prints one JSON line:
{"records": [...]} or {"error": "..."}.
"""

import base64
import json
import sys
import time

PATIENCE = 40.0


def is_last(records, count):
    return len(records) == count or any(name == "end" for name, _ in records[-1]["headers"])


def encode(data):
    return None if data is None else base64.b64encode(data).decode()


def decode(text):
    return None if text is None else base64.b64decode(text)


def read_record(offset, key, value, headers):
    headers = [[name, encode(data)] for name, data in headers or []]
    return {"offset": offset, "key": encode(key), "value": encode(value), "headers": headers}


def librdkafka(settings):
    from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition

    configuration = {"bootstrap.servers": settings["bootstrap"], "error_cb": lambda error: errors.append(str(error))}
    if settings["token"]:
        configuration |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER"}
        configuration["oauth_cb"] = lambda _: (settings["token"], time.time() + 3000)
    topic = settings["topic"]
    if settings["action"] == "write":
        producer = Producer(configuration | {"compression.type": settings["codec"], "linger.ms": 50})
        done = []
        for record in settings["records"]:
            headers = [(name, decode(data)) for name, data in record["headers"]]
            producer.produce(
                topic,
                partition=0,  # so that all of them wait in one place, and go in one batch
                key=decode(record["key"]),
                value=decode(record["value"]),
                headers=headers or None,
                on_delivery=lambda error, _: done.append(error),
            )
        producer.flush(PATIENCE)
        failed = [str(error) for error in done if error is not None]
        if failed or len(done) < len(settings["records"]):
            raise RuntimeError("; ".join(failed[:1] + errors[:3]) or "not delivered in time")
        return []
    group = settings["group"] or f"{topic}-records"
    consumer = Consumer(configuration | {"group.id": group, "auto.offset.reset": "earliest"})
    if settings["group"]:
        consumer.subscribe([topic])
    else:
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    records, deadline = [], time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        records.append(read_record(message.offset(), message.key(), message.value(), message.headers()))
        if is_last(records, settings["count"]):
            consumer.close()
            return records
    raise RuntimeError("; ".join(errors[:3]) or f"no end after {len(records)} records")


def kafka_python(settings):
    from kafka import KafkaConsumer, TopicPartition
    from kafka.net.sasl.oauth import AbstractTokenProvider

    class Provider(AbstractTokenProvider):
        def token(self):
            return settings["token"]

    consumer = KafkaConsumer(
        bootstrap_servers=settings["bootstrap"].split(","),
        security_protocol="SASL_PLAINTEXT",
        sasl_mechanism="OAUTHBEARER",
        sasl_oauth_token_provider=Provider(),
        auto_offset_reset="earliest",
        consumer_timeout_ms=int(PATIENCE * 1000),
    )
    consumer.assign([TopicPartition(settings["topic"], 0)])
    records = []
    for message in consumer:
        records.append(read_record(message.offset, message.key, message.value, message.headers))
        if is_last(records, settings["count"]):
            return records
    raise RuntimeError(f"no end after {len(records)} records")


errors = []
with open(sys.argv[1]) as file:
    asked = json.load(file)
try:
    run = {"librdkafka": librdkafka, "kafka-python": kafka_python}[asked["family"]]
    print(json.dumps({"records": run(asked)}))
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}; {'; '.join(errors[:3])}"}))
    sys.exit(1)
