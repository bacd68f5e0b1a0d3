"""kafka-python: kafka_python_client.py produce|consume BOOTSTRAP TOPIC COUNT LOGIN [TOKEN_FILE]

LOGIN is none, bearer (SASL OAUTHBEARER) or plain (SASL PLAIN, user "token"). With CLIENT_CA over TLS, with CLIENT_CERTIFICATE and
CLIENT_KEY with a certificate. Prints one JSON line: {"count": n} or {"error": "..."}.
"""

import json
import logging
import os
import sys

from kafka import KafkaConsumer, KafkaProducer
from kafka.net.sasl.oauth import AbstractTokenProvider

PATIENCE_MS = 30_000
logging.basicConfig(level=os.environ.get("CLIENT_LOG", "WARNING"))


class Provider(AbstractTokenProvider):
    def token(self):
        return token


def configuration(bootstrap, login):
    settings = {"bootstrap_servers": bootstrap.split(",")}
    if login == "bearer":
        settings |= {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "OAUTHBEARER"}
        settings["sasl_oauth_token_provider"] = Provider()
    elif login == "plain":
        settings |= {"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"}
        settings |= {"sasl_plain_username": "token", "sasl_plain_password": token}
    if "CLIENT_CA" in os.environ:
        settings["security_protocol"] = "SSL" if login == "none" else "SASL_SSL"
        settings["ssl_cafile"] = os.environ["CLIENT_CA"]
    if "CLIENT_CERTIFICATE" in os.environ:
        settings |= {"ssl_certfile": os.environ["CLIENT_CERTIFICATE"], "ssl_keyfile": os.environ["CLIENT_KEY"]}
    return settings


def produce(settings, topic, count):
    producer = KafkaProducer(**settings, max_block_ms=PATIENCE_MS)
    sent = [producer.send(topic, key=str(n).encode(), value=f"order {n}".encode()) for n in range(count)]
    for future in sent:
        future.get(timeout=PATIENCE_MS / 1000)
    producer.close()
    return count


def consume(settings, topic, count):
    consumer = KafkaConsumer(
        topic,
        **settings,
        group_id=f"{topic}-kafka-python",
        auto_offset_reset="earliest",
        consumer_timeout_ms=PATIENCE_MS,
    )
    seen = 0
    for _ in consumer:
        seen += 1
        if seen == count:
            consumer.close()
            return seen
    raise RuntimeError(f"only {seen} records in time")


action, bootstrap, topic, count, login = sys.argv[1:6]
token = open(sys.argv[6]).read().strip() if len(sys.argv) > 6 else ""
try:
    run = {"produce": produce, "consume": consume}[action]
    print(json.dumps({"count": run(configuration(bootstrap, login), topic, int(count))}))
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    sys.exit(1)
