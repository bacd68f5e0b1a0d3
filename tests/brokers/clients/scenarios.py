"""What applications do with librdkafka (confluent-kafka), one story per run: scenarios.py STORY SETTINGS

SETTINGS is a JSON file: bootstrap, topic, token_file, and what the story needs. The token file is read anew for every login. Prints
one JSON line: what was seen, or {"error": "..."}. Everything that librdkafka logs goes to standard error.
"""

import json
import sys
import time
import uuid

from confluent_kafka import Consumer, KafkaException, Producer

PATIENCE = 60.0
errors = []


def token(_):
    """The token and when it ends, read without its signature: that is the gate's matter."""
    import base64

    text = open(given["token_file"]).read().strip()
    payload = text.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return text, claims["exp"]


def settings(**more):
    base = {
        "bootstrap.servers": given["bootstrap"],
        "security.protocol": "SASL_SSL" if "ca" in given else "SASL_PLAINTEXT",
        "sasl.mechanism": "OAUTHBEARER",
        "oauth_cb": token,
        "error_cb": lambda error: errors.append(str(error)),
        "debug": given.get("debug", ""),
    }
    if "ca" in given:
        base["ssl.ca.location"] = given["ca"]
    return {key: value for key, value in (base | more).items() if value != ""}


def consumer(**more):
    base = {"auto.offset.reset": "earliest", "enable.auto.commit": False, "group.id": given.get("group", str(uuid.uuid4()))}
    return Consumer(settings(**(base | more)))


def patience():
    return time.monotonic() + PATIENCE


def send(producer, topic, values):
    """Writes and waits for every answer; what failed, by value."""
    failed = {}

    def delivered(error, message):
        if error is not None:
            failed[message.value().decode()] = error.name()

    for value in values:
        # The key spreads them over the partitions.
        producer.produce(topic, key=value, value=value, on_delivery=delivered)
        producer.poll(0)
    if producer.flush(PATIENCE) > 0:
        raise RuntimeError(f"not delivered in time: {errors[:3]}")
    return failed


def drain(member, count):
    """The next values, as many as `count`."""
    seen, deadline = [], patience()
    while len(seen) < count and time.monotonic() < deadline:
        message = member.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        seen.append(message.value().decode())
    return seen


def transactions():
    """Commits, aborts, and moves records from one topic to another with their offsets in the transaction."""
    topic = given["topic"]
    producer = Producer(settings(**{"transactional.id": given["transactional_id"]}))
    producer.init_transactions(PATIENCE)
    for verdict in ["committed", "aborted", "committed-too"]:
        producer.begin_transaction()
        send(producer, topic, [f"{verdict} {number}" for number in range(10)])
        if verdict == "aborted":
            producer.abort_transaction(PATIENCE)
        else:
            producer.commit_transaction(PATIENCE)
    source = consumer(**{"isolation.level": "read_committed", "group.id": f"{topic}-mover"})
    source.subscribe([topic])
    moved = drain(source, 20)
    producer.begin_transaction()
    send(producer, given["second"], moved)
    producer.send_offsets_to_transaction(
        source.position(source.assignment()), source.consumer_group_metadata(), PATIENCE
    )
    producer.commit_transaction(PATIENCE)
    committed = source.committed(source.assignment(), PATIENCE)
    source.close()
    return {"moved": sorted(moved), "committed": sum(max(0, position.offset) for position in committed)}


def read():
    """Reads `count` values under the given isolation level, and notices when there are more."""
    member = consumer(**{"isolation.level": given.get("isolation", "read_committed")})
    member.subscribe([given["topic"]])
    seen = drain(member, given["count"])
    extra = member.poll(1.0)
    member.close()
    return {"seen": sorted(seen), "more": extra is not None and not extra.error()}


def write():
    """Writes `count` values with the given codec, as large batches."""
    more = {"compression.type": given.get("codec", "none"), "linger.ms": 50, "enable.idempotence": True}
    failed = send(Producer(settings(**more)), given["topic"], [f"value {n} " + "x" * 50 for n in range(given["count"])])
    return {"failed": failed}


def two_names():
    """Writes to two names from one idempotent producer, one after the other."""
    producer = Producer(settings(**{"enable.idempotence": True}))
    return {name: send(producer, given[name], [f"{name} {number}" for number in range(5)]) for name in ["topic", "second"]}


def partly():
    """Writes to two topics at once, of which the caller may write one; then reads both."""
    producer = Producer(settings(**{"linger.ms": 200, "enable.idempotence": False}))
    outcomes = {}

    def delivered(error, message):
        outcomes.setdefault(message.topic(), set()).add("ok" if error is None else error.name())

    for topic in [given["topic"], given["second"]]:
        producer.produce(topic, value="x", on_delivery=delivered)
    producer.flush(PATIENCE)
    member = consumer()
    member.subscribe([given["topic"], given["second"]])
    seen, refused, deadline = [], [], patience()
    while not (seen and refused) and time.monotonic() < deadline:
        message = member.poll(0.2)
        if message is not None and message.error():
            refused.append(f"{message.error().name()} {message.topic()}")
        elif message is not None:
            seen.append(message.topic())
    member.close()
    return {"outcomes": {topic: sorted(words) for topic, words in outcomes.items()}, "seen": seen, "refused": refused}


def rebalance():
    """Two members share a topic's partitions, one leaves, the other goes on where both had committed."""
    topic, shares = given["topic"], []
    members = [consumer(), consumer()]
    seen, deadline = [], patience()
    for member in members:
        member.subscribe([topic])

    def turn(alive):
        for member in alive:
            message = member.poll(0.05)
            if message is not None and message.error() is None:
                seen.append(message.value().decode())

    quiet = 0
    while quiet < 20 and time.monotonic() < deadline:
        before = len(seen)
        turn(members)
        shares = [len(member.assignment()) for member in members]
        # Both have what is theirs to read once nothing comes any more: who joins later reads again what nobody committed.
        done = shares == [2, 2] and len(set(seen)) == given["count"] and len(seen) == before
        quiet = quiet + 1 if done else 0
    for member in members:
        member.commit(asynchronous=False)
    members[0].close()
    while len(members[1].assignment()) < 4 and time.monotonic() < deadline:
        turn(members[1:])
    alone = len(members[1].assignment())
    members[1].close()
    resumed = consumer()
    resumed.subscribe([topic])
    while not resumed.assignment() and time.monotonic() < deadline:
        message = resumed.poll(0.1)
        if message is not None and message.error() is None:
            seen.append("again " + message.value().decode())
    again = resumed.poll(2.0)
    resumed.close()
    return {"shares": shares, "alone": alone, "values": len(set(seen)), "again": again is not None}


def steady():
    """Writes a value at a time for `seconds`, and counts what went wrong."""
    producer = Producer(settings(**{"enable.idempotence": True}))
    failed, count, end = {}, 0, time.monotonic() + given["seconds"]
    while time.monotonic() < end:
        failed |= send(producer, given["topic"], [f"tick {count}"])
        count += 1
        time.sleep(0.05)
    return {"count": count, "failed": failed, "errors": errors}


def brokers():
    """What the metadata says of brokers and topics."""
    producer = Producer(settings())
    # The login's callback runs in here.
    producer.poll(0)
    metadata = producer.list_topics(timeout=PATIENCE)
    return {
        "brokers": sorted(f"{broker.host}:{broker.port}" for broker in metadata.brokers.values()),
        "topics": sorted(metadata.topics),
    }


stories = [transactions, read, write, two_names, partly, rebalance, steady, brokers]
given = json.load(open(sys.argv[2]))
try:
    story = {story.__name__: story for story in stories}[sys.argv[1]]
    print(json.dumps(story()))
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}; {'; '.join(errors[:3])}"}))
    sys.exit(1)
