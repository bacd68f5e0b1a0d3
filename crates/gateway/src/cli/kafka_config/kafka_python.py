"""Settings of kafka-python for the gate, written by `tidegate kafka-config` for @WHO@ at @PLACE@.

    from tidegate_kafka import settings

    producer = KafkaProducer(**settings())
    consumer = KafkaConsumer("topic", **settings(group_id="…"))

No secret is in here. Each login takes a new token from `tidegate token`, which has to be in the PATH, and needs `tidegate login` first.
"""

import subprocess

try:
    from kafka.net.sasl.oauth import AbstractTokenProvider
except ImportError:  # before kafka-python 3
    from kafka.sasl.oauth import AbstractTokenProvider

BOOTSTRAP = @BOOTSTRAP@
GATE = @GATE@
TLS = @TLS@
CA_FILE = @CA_FILE@


class GateTokens(AbstractTokenProvider):
    """A new token for every login."""

    def token(self):
        command = ["tidegate", "token", "--gate", GATE]
        said = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=60)
        return said.stdout.decode().strip()


def settings(**more):
    """The settings, with more of your own."""
    base = {
        "bootstrap_servers": BOOTSTRAP.split(","),
        "security_protocol": "SASL_SSL" if TLS else "SASL_PLAINTEXT",
        "sasl_mechanism": "OAUTHBEARER",
        "sasl_oauth_token_provider": GateTokens(),
    }
    if CA_FILE:
        base["ssl_cafile"] = CA_FILE
    return base | more
