"""Settings of confluent-kafka for the gate, written by `tidegate kafka-config` for @WHO@ at @PLACE@.

    from tidegate_kafka import settings

    producer = Producer(settings())
    consumer = Consumer(settings(**{"group.id": "…"}))

No secret is in here. Each token comes from `tidegate token`, which has to be in the PATH, and needs `tidegate login` first. librdkafka
asks for the first one, and for the next before one ends, while the client is polled: call `poll` often, also on a producer.
"""

import json
import subprocess

BOOTSTRAP = @BOOTSTRAP@
GATE = @GATE@
TLS = @TLS@
CA_FILE = @CA_FILE@


def token(_config):
    """A new token, and when it ends."""
    command = ["tidegate", "token", "--gate", GATE, "--output", "json"]
    said = json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=60).stdout)
    return said["token"], float(said["expires_at"])


def settings(**more):
    """The settings, with more of your own."""
    base = {
        "bootstrap.servers": BOOTSTRAP,
        "security.protocol": "SASL_SSL" if TLS else "SASL_PLAINTEXT",
        "sasl.mechanisms": "OAUTHBEARER",
        "oauth_cb": token,
    }
    if CA_FILE:
        base["ssl.ca.location"] = CA_FILE
    return base | more
