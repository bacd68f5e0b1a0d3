"""Orders in Avro, Protobuf and JSON with the serializers of confluent-kafka: schemas.py SETTINGS

SETTINGS is a JSON file: action (write or read), language (avro, protobuf or json), bootstrap, topic, token (or null, for none), registry
(or null: values are bare Avro or Protobuf, with nothing in front), login, avro (the Avro schema), count. Writing registers the schemas. Reading goes to `count` orders and prints what deserializers make of them: one JSON line,
{"orders": [...]} or {"error": "..."}.
"""

import io
import json
import sys
import time
from decimal import Decimal

import fastavro

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaReference, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

PATIENCE = 40.0
JSON_CUSTOMER = json.dumps(
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "email": {"type": "string"},
            "name": {"type": "string"},
            "phones": {"type": "array", "items": {"$ref": "#/definitions/Phone"}},
        },
        "definitions": {"Phone": {"type": "string", "confluent:tags": ["PHONE"]}},
    }
)
JSON_SCHEMA = json.dumps(
    {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Order",
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "customer": {"$ref": "customer.json"},
            "pan": {"type": "string"},
        },
        "required": ["id"],
    }
)


def order(number):
    customer = {"email": f"ann{number}@example.org", "name": "Ann Smith"}
    return {"id": number, "customer": customer, "pan": "4111111111111111"}


def json_order(number):
    """With what a tag leads to, and with what no schema names."""
    made = order(number)
    made["customer"]["phones"] = ["+1 212 555 0100"]
    return made | {"extra": {"note": "n"}}


def json_schema(client):
    """Order, which refers to Customer by a name that the registry knows."""
    client.register_schema("customer", Schema(JSON_CUSTOMER, "JSON"))
    return Schema(JSON_SCHEMA, "JSON", [SchemaReference("customer.json", "customer", 1)])


def protobuf_classes():
    """Order, which imports Customer from a file of its own, so that the schema has a reference."""
    text = descriptor_pb2.FieldDescriptorProto
    customer = descriptor_pb2.FileDescriptorProto(name="shop/customer.proto", package="shop", syntax="proto3")
    message = customer.message_type.add(name="Customer")
    message.field.add(name="email", number=1, type=text.TYPE_STRING, label=text.LABEL_OPTIONAL)
    message.field.add(name="name", number=2, type=text.TYPE_STRING, label=text.LABEL_OPTIONAL)
    orders = descriptor_pb2.FileDescriptorProto(name="shop/order.proto", package="shop", syntax="proto3")
    orders.dependency.append("shop/customer.proto")
    orders.message_type.add(name="First")
    message = orders.message_type.add(name="Order")
    message.field.add(name="id", number=1, type=text.TYPE_INT64, label=text.LABEL_OPTIONAL)
    message.field.add(
        name="customer", number=2, type=text.TYPE_MESSAGE, label=text.LABEL_OPTIONAL, type_name=".shop.Customer"
    )
    message.field.add(name="pan", number=3, type=text.TYPE_STRING, label=text.LABEL_OPTIONAL)
    pool = descriptor_pool.Default()
    pool.Add(customer)
    pool.Add(orders)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Order"))


def bare_avro(order, _context):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(asked["avro"])), order)
    return out.getvalue()


def of_bare_avro(value, _context):
    data = io.BytesIO(value)
    read = fastavro.schemaless_reader(data, fastavro.parse_schema(json.loads(asked["avro"])), None)
    if data.read():
        raise ValueError("bytes behind the value")
    return read


def serializer(client):
    if asked["language"] == "avro":
        more = {"status": "PAID", "notes": ["a", "b"], "total": Decimal("12.50")}
        if client is None:
            return bare_avro, lambda number: order(number) | more
        return AvroSerializer(client, asked["avro"]), lambda number: order(number) | more
    if asked["language"] == "json":
        return JSONSerializer(json_schema(client), client), json_order
    message = protobuf_classes()
    make = lambda number: json_format.ParseDict(order(number), message())
    if client is None:
        return lambda made, _context: made.SerializeToString(), make
    return ProtobufSerializer(message, client, {"use.deprecated.format": False}), make


def deserializer(client):
    if asked["language"] == "avro":
        read = of_bare_avro if client is None else AvroDeserializer(client)
        return read, lambda value: value | {"total": str(value["total"])}
    if asked["language"] == "json":
        return JSONDeserializer(json_schema(client), schema_registry_client=client), lambda value: value
    message = protobuf_classes()
    if client is None:
        return lambda value, _context: message.FromString(value), json_format.MessageToDict
    return ProtobufDeserializer(message, {"use.deprecated.format": False}), json_format.MessageToDict


def write(configuration, client):
    serialize, make = serializer(client)
    context = SerializationContext(asked["topic"], MessageField.VALUE)
    producer, failed = Producer(configuration), []
    for number in range(asked["count"]):
        value = serialize(make(number), context)
        producer.produce(asked["topic"], value=value, on_delivery=lambda error, _: failed.append(error))
    producer.flush(PATIENCE)
    if len(failed) < asked["count"] or any(failed):
        raise RuntimeError(f"not delivered: {[str(error) for error in failed if error][:1]}")
    return []


def read(configuration, client):
    deserialize, plain = deserializer(client)
    context = SerializationContext(asked["topic"], MessageField.VALUE)
    consumer = Consumer(configuration | {"group.id": "schemas", "auto.offset.reset": "earliest"})
    consumer.assign([TopicPartition(asked["topic"], 0, OFFSET_BEGINNING)])
    orders, deadline = [], time.monotonic() + PATIENCE
    while len(orders) < asked["count"]:
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {len(orders)} orders in time")
        message = consumer.poll(0.2)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        orders.append(plain(deserialize(message.value(), context)))
    consumer.close()
    return orders


with open(sys.argv[1]) as file:
    asked = json.load(file)
settings = {"bootstrap.servers": asked["bootstrap"]}
if asked["token"]:
    settings |= {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER"}
    settings["oauth_cb"] = lambda _: (asked["token"], time.time() + 3000)
try:
    registry = None
    if asked["registry"]:
        registry = SchemaRegistryClient({"url": asked["registry"], "basic.auth.user.info": asked["login"]})
    print(json.dumps({"orders": {"write": write, "read": read}[asked["action"]](settings, registry)}))
except Exception as error:
    print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
    sys.exit(1)
