"""Clients with what `tidegate kafka-config` wrote: configured.py CLIENT produce|consume TOPIC COUNT SECONDS FILE

CLIENT is librdkafka (FILE has properties), confluent-python or kafka-python (FILE is a module). Writes COUNT records, one after the
other over SECONDS, or reads COUNT; says on standard error how many there were, and at the end one JSON line: {"count": n} or
{"error": "..."}.
"""

import importlib.util
import json
import logging
import os
import sys
import time

PATIENCE = 60.0
logging.basicConfig(level=os.environ.get("CLIENT_LOG", "WARNING"))


def module():
    spec = importlib.util.spec_from_file_location("tidegate_kafka", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def properties():
    lines = [line.strip() for line in open(path) if line.strip() and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def seen(number):
    print(f"seen {number}", file=sys.stderr, flush=True)


class Librdkafka:
    def __init__(self):
        self.errors = []
        more = {"error_cb": lambda error: self.errors.append(str(error))}
        self.settings = properties() | more if client == "librdkafka" else module().settings(**more)

    def check(self):
        if any("_AUTHENTICATION" in error for error in self.errors):
            raise RuntimeError("; ".join(self.errors[:3]))

    def produce(self):
        from confluent_kafka import Producer

        failed = []
        producer = Producer(self.settings | {"message.timeout.ms": int(PATIENCE * 1000)})
        for number in range(count):
            producer.produce(topic, value=f"order {number}", on_delivery=lambda error, _: error and failed.append(str(error)))
            left = producer.flush(PATIENCE)
            self.check()
            if left or failed:
                raise RuntimeError("; ".join(failed[:1] + self.errors[:3]) or "not delivered in time")
            end = time.monotonic() + pause
            while time.monotonic() < end:
                producer.poll(0.05)
        return count

    def consume(self):
        from confluent_kafka import Consumer, KafkaException

        consumer = Consumer(self.settings | {"group.id": f"{topic}-{client}", "auto.offset.reset": "earliest"})
        consumer.subscribe([topic])
        number, deadline = 0, time.monotonic() + PATIENCE + seconds
        while number < count and time.monotonic() < deadline:
            message = consumer.poll(0.2)
            self.check()
            if message is None:
                continue
            if message.error():
                raise KafkaException(message.error())
            number += 1
            seen(number)
        if number < count:
            raise RuntimeError("; ".join(self.errors[:3]) or f"only {number} records in time")
        consumer.close()
        return number


class KafkaPython:
    def __init__(self):
        self.settings = module().settings

    def produce(self):
        from kafka import KafkaProducer

        producer = KafkaProducer(**self.settings(max_block_ms=int(PATIENCE * 1000)))
        for number in range(count):
            producer.send(topic, value=f"order {number}".encode()).get(timeout=PATIENCE)
            time.sleep(pause)
        producer.close()
        return count

    def consume(self):
        from kafka import KafkaConsumer

        more = {"group_id": f"{topic}-{client}", "auto_offset_reset": "earliest"}
        consumer = KafkaConsumer(topic, **self.settings(consumer_timeout_ms=int(PATIENCE + seconds) * 1000, **more))
        for number, _ in enumerate(consumer, 1):
            seen(number)
            if number == count:
                consumer.close()
                return number
        raise RuntimeError("not all records in time")


client, action, topic, count, seconds, path = sys.argv[1:7]
count, seconds = int(count), int(seconds)
pause = seconds / count
try:
    family = KafkaPython() if client == "kafka-python" else Librdkafka()
    print(json.dumps({"count": {"produce": family.produce, "consume": family.consume}[action]()}), flush=True)
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
    os._exit(1)
os._exit(0)
