// kafkajs: kafkajs_client.js produce|consume BOOTSTRAP TOPIC COUNT LOGIN [TOKEN_FILE]
//
// LOGIN is none, bearer (SASL OAUTHBEARER) or plain (SASL PLAIN, user "token"). Prints one JSON line: {"count": n} or {"error": "..."}.

const fs = require("fs");
const { Kafka, logLevel } = require("kafkajs");

const PATIENCE_MS = 30000;
const [action, bootstrap, topic, count, login, tokenFile] = process.argv.slice(2);
const wanted = Number(count);
const token = tokenFile ? fs.readFileSync(tokenFile, "utf8").trim() : "";

const logins = {
  none: undefined,
  bearer: { mechanism: "oauthbearer", oauthBearerProvider: async () => ({ value: token }) },
  plain: { mechanism: "plain", username: "token", password: token },
};
const kafka = new Kafka({
  clientId: "kafkajs-test",
  brokers: bootstrap.split(","),
  sasl: logins[login],
  ssl: false,
  logLevel: logLevel.NOTHING,
});

async function produce() {
  const producer = kafka.producer();
  await producer.connect();
  const messages = Array.from({ length: wanted }, (_, n) => ({ key: String(n), value: `order ${n}` }));
  await producer.send({ topic, messages });
  await producer.disconnect();
  return wanted;
}

async function consume() {
  const consumer = kafka.consumer({ groupId: `${topic}-kafkajs` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let seen = 0;
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${seen} records in time`)), PATIENCE_MS);
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run({
      eachMessage: async () => {
        seen += 1;
        if (seen === wanted) {
          clearTimeout(timer);
          resolve();
        }
      },
    }).catch(reject);
  });
  await consumer.disconnect();
  return seen;
}

({ produce, consume })[action]().then(
  (done) => {
    console.log(JSON.stringify({ count: done }));
    process.exit(0);
  },
  (error) => {
    console.log(JSON.stringify({ error: `${error.name}: ${error.message}` }));
    process.exit(1);
  },
);
