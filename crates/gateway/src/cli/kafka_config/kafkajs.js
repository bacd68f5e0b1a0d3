// Settings of kafkajs for the gate, written by `tidegate kafka-config` for @WHO@ at @PLACE@.
//
//     const { Kafka } = require("kafkajs");
//     const { settings } = require("./tidegate_kafka");
//     const kafka = new Kafka(settings({ clientId: "…" }));
//
// No secret is in here. Each login takes a new token from `tidegate token`, which has to be in the PATH, and needs `tidegate login`
// first.

const { execFile } = require("child_process");
const fs = require("fs");
const { promisify } = require("util");

const BOOTSTRAP = @BOOTSTRAP@;
const GATE = @GATE@;
const TLS = @TLS@;
const CA_FILE = @CA_FILE@;

async function oauthBearerProvider() {
  const { stdout } = await promisify(execFile)("tidegate", ["token", "--gate", GATE], { timeout: 60000 });
  return { value: stdout.trim() };
}

function settings(more = {}) {
  return {
    brokers: BOOTSTRAP.split(","),
    ssl: TLS && CA_FILE ? { ca: [fs.readFileSync(CA_FILE)] } : TLS,
    sasl: { mechanism: "oauthbearer", oauthBearerProvider },
    ...more,
  };
}

module.exports = { settings };
