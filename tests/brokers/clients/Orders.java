import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

import org.apache.flink.avro.shaded.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.avro.shaded.org.apache.avro.Conversions;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericData;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericRecord;
import org.apache.flink.formats.avro.registry.confluent.ConfluentRegistryAvroDeserializationSchema;
import org.apache.flink.formats.avro.registry.confluent.ConfluentRegistryAvroSerializationSchema;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Orders in Avro with Flink's serializers for Confluent's registry: Orders.java CLIENT ORDERS SCHEMA
 *
 * CLIENT is a file of Kafka's properties. ORDERS is another: action (write or read), topic, registry, login, count. SCHEMA is the Avro schema.
 * Writing registers it. Reading goes to "count" orders and prints one JSON line, {"orders": [...]}.
 */
public class Orders {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    public static void main(String[] args) throws Exception {
        Properties client = properties(args[0]);
        Properties orders = properties(args[1]);
        Schema schema = new Schema.Parser().parse(Files.readString(Path.of(args[2])));
        Map<String, String> login = Map.of(
                "basic.auth.credentials.source", "USER_INFO", "basic.auth.user.info", orders.getProperty("login"));
        List<Object> read = orders.getProperty("action").equals("write")
                ? write(client, orders, schema, login)
                : read(client, orders, schema, login);
        System.out.println(new ObjectMapper().writeValueAsString(Map.of("orders", read)));
    }

    private static Properties properties(String path) throws Exception {
        Properties properties = new Properties();
        try (var reader = Files.newBufferedReader(Path.of(path))) {
            properties.load(reader);
        }
        return properties;
    }

    private static List<Object> write(Properties client, Properties orders, Schema schema, Map<String, String> login)
            throws Exception {
        String topic = orders.getProperty("topic");
        var serializer = ConfluentRegistryAvroSerializationSchema.forGeneric(
                topic + "-value", schema, orders.getProperty("registry"), login);
        try (var producer = new KafkaProducer<>(client, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int number = 0; number < count(orders); number++) {
                // Waits for each, so that the first that fails is told.
                producer.send(new ProducerRecord<>(topic, serializer.serialize(order(schema, number)))).get();
            }
        }
        return List.of();
    }

    private static GenericRecord order(Schema schema, int number) {
        GenericRecord customer = new GenericData.Record(schema.getField("customer").schema());
        customer.put("email", "ann" + number + "@example.org");
        customer.put("name", "Ann Smith");
        Schema total = schema.getField("total").schema();
        GenericRecord order = new GenericData.Record(schema);
        order.put("id", (long) number);
        order.put("customer", customer);
        order.put("pan", "4111111111111111");
        order.put("status", new GenericData.EnumSymbol(schema.getField("status").schema(), "PAID"));
        order.put("notes", List.of("a", "b"));
        order.put("total", new Conversions.DecimalConversion().toBytes(new BigDecimal("12.50"), total, total.getLogicalType()));
        return order;
    }

    private static List<Object> read(Properties client, Properties orders, Schema schema, Map<String, String> login)
            throws Exception {
        var deserializer = ConfluentRegistryAvroDeserializationSchema.forGeneric(schema, orders.getProperty("registry"), login);
        List<Object> read = new ArrayList<>();
        long end = System.nanoTime() + PATIENCE.toNanos();
        try (var consumer = new KafkaConsumer<>(client, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = List.of(new TopicPartition(orders.getProperty("topic"), 0));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (read.size() < count(orders)) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException("only " + read.size() + " orders in time");
                }
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    read.add(plain(deserializer.deserialize(record.value())));
                }
            }
        }
        return read;
    }

    private static Map<String, Object> plain(GenericRecord order) {
        GenericRecord customer = (GenericRecord) order.get("customer");
        Map<String, Object> who = new LinkedHashMap<>();
        who.put("email", text(customer.get("email")));
        who.put("name", text(customer.get("name")));
        Schema total = order.getSchema().getField("total").schema();
        Map<String, Object> plain = new LinkedHashMap<>();
        plain.put("id", order.get("id"));
        plain.put("customer", who);
        plain.put("pan", text(order.get("pan")));
        plain.put("status", text(order.get("status")));
        plain.put("total", new Conversions.DecimalConversion()
                .fromBytes((ByteBuffer) order.get("total"), total, total.getLogicalType()).toString());
        return plain;
    }

    private static String text(Object value) {
        return value == null ? null : value.toString();
    }

    private static int count(Properties orders) {
        return Integer.parseInt(orders.getProperty("count"));
    }
}
