// Reads records byte by byte with kafkajs: records.js SETTINGS; see records.py.

const fs = require("fs");
const { Kafka, logLevel } = require("kafkajs");

const PATIENCE_MS = 40000;
const asked = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const kafka = new Kafka({
  clientId: "kafkajs-records",
  brokers: asked.bootstrap.split(","),
  sasl: { mechanism: "oauthbearer", oauthBearerProvider: async () => ({ value: asked.token }) },
  ssl: false,
  logLevel: logLevel.NOTHING,
});

const encode = (bytes) => (bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString("base64"));
const headersOf = (headers) =>
  Object.entries(headers || {}).flatMap(([name, data]) => [data].flat().map((one) => [name, encode(one)]));

async function read() {
  const consumer = kafka.consumer({ groupId: asked.group });
  await consumer.connect();
  await consumer.subscribe({ topics: [asked.topic], fromBeginning: true });
  const records = [];
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no end after ${records.length} records`)), PATIENCE_MS);
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run({
      eachMessage: async ({ message: { offset, key, value, headers } }) => {
        records.push({ offset: Number(offset), key: encode(key), value: encode(value), headers: headersOf(headers) });
        if (headers && "end" in headers) {
          clearTimeout(timer);
          resolve();
        }
      },
    }).catch(reject);
  });
  await consumer.disconnect();
  return records;
}

read().then(
  (records) => {
    console.log(JSON.stringify({ records }));
    process.exit(0);
  },
  (error) => {
    console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }));
    process.exit(1);
  },
);
