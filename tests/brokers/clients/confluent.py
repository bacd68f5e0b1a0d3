"""librdkafka through confluent-kafka: confluent.py produce|consume BOOTSTRAP TOPIC COUNT LOGIN [TOKEN_FILE]

LOGIN is none, bearer (SASL OAUTHBEARER) or plain (SASL PLAIN, user "token"). With CLIENT_CA over TLS, with CLIENT_CERTIFICATE and
CLIENT_KEY with a certificate. Prints one JSON line: {"count": n} or {"error": "..."}.
"""

import json
import os
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer

PATIENCE = 30.0


def configuration(bootstrap, login, token):
    settings = {"bootstrap.servers": bootstrap}
    # The cause of a refused login comes here and nowhere else.
    settings["error_cb"] = lambda error: errors.append(str(error))
    if login == "bearer":
        settings |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER"}
        settings["oauth_cb"] = lambda _: (token, time.time() + 3000)
    elif login == "plain":
        settings |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN"}
        settings |= {"sasl.username": "token", "sasl.password": token}
    if "CLIENT_CA" in os.environ:
        settings["security.protocol"] = "SSL" if login == "none" else "SASL_SSL"
        settings["ssl.ca.location"] = os.environ["CLIENT_CA"]
    if "CLIENT_CERTIFICATE" in os.environ:
        settings["ssl.certificate.location"] = os.environ["CLIENT_CERTIFICATE"]
        settings["ssl.key.location"] = os.environ["CLIENT_KEY"]
    return settings


def produce(settings, topic, count):
    producer = Producer(settings | {"message.timeout.ms": int(PATIENCE * 1000)})
    done, deadline = [], time.monotonic() + PATIENCE

    def delivered(error, message):
        done.append(error)

    for number in range(count):
        producer.produce(topic, key=str(number), value=f"order {number}", on_delivery=delivered)
        producer.poll(0)
    while len(done) < count and not fatal() and time.monotonic() < deadline:
        producer.flush(0.2)
    failed = [str(error) for error in done if error is not None]
    if failed or len(done) < count:
        raise RuntimeError("; ".join(failed[:1] + errors[:3]) or "not delivered in time")
    return count


def consume(settings, topic, count):
    consumer = Consumer(settings | {"group.id": f"{topic}-librdkafka", "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    seen, deadline = 0, time.monotonic() + PATIENCE
    while seen < count and not fatal() and time.monotonic() < deadline:
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        seen += 1
    if seen == count:
        consumer.close()
    else:
        raise RuntimeError("; ".join(errors[:3]) or f"only {seen} records in time")
    return seen


def fatal():
    return any("_AUTHENTICATION" in error or "_SSL" in error for error in errors)


errors = []
action, bootstrap, topic, count, login = sys.argv[1:6]
token = open(sys.argv[6]).read().strip() if len(sys.argv) > 6 else ""
try:
    run = {"produce": produce, "consume": consume}[action]
    print(json.dumps({"count": run(configuration(bootstrap, login, token), topic, int(count))}))
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}; {'; '.join(errors[:3])}"}))
    sys.exit(1)
