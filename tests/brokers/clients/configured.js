// kafkajs with what `tidegate kafka-config` wrote: configured.js kafkajs produce|consume TOPIC COUNT SECONDS MODULE
//
// Writes COUNT records, one after the other over SECONDS, or reads COUNT; says on standard error how many there were, and at the end
// one JSON line: {"count": n} or {"error": "..."}.

const { Kafka, logLevel } = require("kafkajs");

const PATIENCE_MS = 60000;
const [client, action, topic, count, seconds, path] = process.argv.slice(2);
const wanted = Number(count);
const { settings } = require(path);
const kafka = new Kafka(settings({ clientId: client, logLevel: logLevel.NOTHING, retry: { retries: 3 } }));

async function produce() {
  const producer = kafka.producer();
  await producer.connect();
  for (let n = 0; n < wanted; n += 1) {
    await producer.send({ topic, messages: [{ value: `order ${n}` }] });
    await new Promise((resolve) => setTimeout(resolve, (Number(seconds) * 1000) / wanted));
  }
  await producer.disconnect();
  return wanted;
}

async function consume() {
  const consumer = kafka.consumer({ groupId: `${topic}-${client}` });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  let seen = 0;
  await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`only ${seen} records in time`)), PATIENCE_MS + Number(seconds) * 1000);
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    consumer.run({
      eachMessage: async () => {
        seen += 1;
        console.error(`seen ${seen}`);
        if (seen === wanted) {
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
