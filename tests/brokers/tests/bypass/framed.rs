//! The tricks with records that name a schema: which they name, what it says, and what its bytes leave open.

use tidegate_brokers::records::Record;

use super::rows::Expected::{Known, Masked, Withheld};
use super::rows::Topic::Framed;
use super::rows::{Rows, Secret};

/// The subject of the topic's values.
const VALUES: &str = "rows-framed-value";

/// A schema in the registry.
pub(crate) struct Schema {
    name: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) language: &'static str,
    pub(crate) text: &'static str,
}

impl Schema {
    const fn of(name: &'static str, text: &'static str) -> Schema {
        Schema { name, subject: VALUES, language: "AVRO", text }
    }

    const fn under(self, subject: &'static str) -> Schema {
        Schema { subject, ..self }
    }

    const fn in_language(self, language: &'static str) -> Schema {
        Schema { language, ..self }
    }
}

/// All schemas, in the order in which they are registered: a schema's number is its place and 1. Of the topic's values those in another
/// language than Avro are the versions 13 to 15, and one that cannot be read comes last.
pub(crate) const SCHEMAS: [Schema; 18] = [
    Schema::of("plain", r#"{"type": "record", "name": "Plain", "fields": [{"name": "note", "type": "string"}]}"#),
    Schema::of(
        "first",
        r#"{"type": "record", "name": "First", "fields": [{"name": "nick", "type": "string", "confluent:tags": ["PII"]}]}"#,
    ),
    Schema::of(
        "second",
        r#"{"type": "record", "name": "First", "fields": [{"name": "id", "type": "long"},
           {"name": "nick", "type": ["null", "string"], "default": null, "confluent:tags": ["PII"]}]}"#,
    ),
    Schema::of(
        "elsewhere",
        r#"{"type": "record", "name": "Elsewhere", "fields": [{"name": "nick", "type": "string"}]}"#,
    )
    .under("elsewhere-value"),
    Schema::of("key", r#"{"type": "record", "name": "Key", "fields": [{"name": "email", "type": "string"}]}"#)
        .under("rows-framed-key"),
    Schema::of(
        "alias",
        r#"{"type": "record", "name": "Renamed", "fields": [{"name": "reach", "aliases": ["email"], "type": "string"}]}"#,
    ),
    Schema::of(
        "alias on a path",
        r#"{"type": "record", "name": "Moved", "fields": [{"name": "buyer", "aliases": ["customer"], "type":
           {"type": "record", "name": "Buyer", "fields": [{"name": "called", "aliases": ["alias"], "type": "string"}]}}]}"#,
    ),
    Schema::of(
        "more",
        r#"{"type": "record", "name": "First", "fields": [
           {"name": "nick", "type": "string", "confluent:tags": ["PII"]},
           {"name": "email", "type": ["null", "string"], "default": null},
           {"name": "extra", "type": ["null", "string", "bytes", "long"], "default": null}]}"#,
    ),
    Schema::of(
        "union",
        r#"{"type": "record", "name": "Union", "fields": [{"name": "customer", "type": ["null",
           {"type": "record", "name": "Person", "fields": [{"name": "id", "type": "string"}, {"name": "alias", "type": "string"}]},
           {"type": "record", "name": "Shop", "fields": [{"name": "alias", "type": {"type": "array", "items": "string"}},
           {"name": "id", "type": "string"}]}]}]}"#,
    ),
    Schema::of(
        "union in another order",
        r#"{"type": "record", "name": "Union", "fields": [{"name": "customer", "type": [
           {"type": "record", "name": "Shop", "fields": [{"name": "alias", "type": {"type": "array", "items": "string"}},
           {"name": "id", "type": "string"}]},
           {"type": "record", "name": "Person", "fields": [{"name": "id", "type": "string"}, {"name": "alias", "type": "string"}]},
           "null"]}]}"#,
    ),
    Schema::of(
        "maps",
        r#"{"type": "record", "name": "Maps", "fields": [{"name": "people", "type": {"type": "map", "values": "string"}},
           {"name": "others", "type": {"type": "map", "values": "string"}}]}"#,
    ),
    Schema::of("untagged", r#"{"type": "record", "name": "Untagged", "fields": [{"name": "word", "type": "string"}]}"#),
    Schema::of(
        "tagged",
        r#"{"type": "record", "name": "Tagged", "fields": [
           {"name": "id", "type": "int"}, {"name": "nick", "type": "string", "confluent:tags": ["PII"]}]}"#,
    ),
    Schema::of(
        "tag removed",
        r#"{"type": "record", "name": "Tagged", "fields": [
           {"name": "id", "type": "int"}, {"name": "nick", "type": "string"}]}"#,
    ),
    Schema::of(
        "json",
        r#"{"title": "Nick", "type": "object", "properties": {"nick": {"type": "string", "confluent:tags": ["PII"]}}}"#,
    )
    .in_language("JSON"),
    Schema::of(
        "protobuf",
        r#"syntax = "proto3";
           package rows;
           import "confluent/meta.proto";
           import "google/protobuf/any.proto";
           message Person {
             int64 id = 1;
             string nick = 2 [(confluent.field_meta).tags = "PII"];
             Address address = 3;
             google.protobuf.Any any = 4;
             bytes raw = 5;
             map<string, string> people = 6;
             repeated string email = 7;
           }
           message Address { string street = 1; string email = 2; }
           message Note { string text = 2; }"#,
    )
    .in_language("PROTOBUF"),
    Schema::of(
        "no any",
        r#"syntax = "proto3"; message Person { Address address = 3; } message Address { string street = 1; string email = 2; }"#,
    )
    .in_language("PROTOBUF"),
    Schema::of("broken", r#"{"type": "record", "name": "Broken"#),
];

/// The number of a schema.
fn number(name: &str) -> u32 {
    let place = SCHEMAS.iter().position(|schema| schema.name == name).expect("there is such a schema");
    u32::try_from(place + 1).expect("they are few")
}

/// A payload behind the number of its schema.
fn framed(number: u32, payload: &[u8]) -> Vec<u8> {
    [&[0][..], &number.to_be_bytes(), payload].concat()
}

fn named(schema: &str, payload: impl AsRef<[u8]>) -> Vec<u8> {
    framed(number(schema), payload.as_ref())
}

/// A record that nothing is wrong with.
pub(crate) fn good(place: usize) -> Record {
    Record::of(named("plain", text(&format!("plain {place}"))))
}

/// Avro: a text or bytes.
fn text(text: &str) -> Vec<u8> {
    [&long(signed(text.len()))[..], text.as_bytes()].concat()
}

/// Avro: a whole number, or the branch of a union.
fn long(number: i64) -> Vec<u8> {
    varint((number << 1 ^ number >> 63).cast_unsigned())
}

/// As few bytes as there can be.
fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
    bytes
}

fn signed(length: usize) -> i64 {
    i64::try_from(length).expect("it is short")
}

/// Protobuf: a field of bytes.
fn field(place: u64, bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    [&varint(place << 3 | 2)[..], &varint(bytes.len() as u64), bytes].concat()
}

/// Protobuf: a number.
fn count(place: u64, number: u64) -> Vec<u8> {
    [varint(place << 3), varint(number)].concat()
}

/// The first message of the Protobuf schema.
fn person(fields: impl AsRef<[u8]>) -> Vec<u8> {
    message(&[0], fields)
}

/// The message that these bytes say.
fn message(indexes: &[u8], fields: impl AsRef<[u8]>) -> Vec<u8> {
    named("protobuf", [indexes, fields.as_ref()].concat())
}

/// All rows, in order.
pub(super) fn add(rows: &mut Rows) {
    numbers(rows);
    versions(rows);
    unions_and_maps(rows);
    wire(rows);
    within(rows);
    keys(rows);
}

fn row(rows: &mut Rows, row: (u32, &'static str), expected: super::rows::Expected, make: impl Fn(&Secret) -> Vec<u8>) {
    rows.add(row, Framed, expected, |secret| Record::of(make(secret)));
}

fn numbers(rows: &mut Rows) {
    row(rows, (23, "JSON without a number"), Withheld, |s| format!(r#"{{"nick":"{}"}}"#, s.word).into());
    row(rows, (23, "Avro without its number"), Withheld, |s| text(&s.word));
    row(rows, (23, "another language than the schema's"), Withheld, |s| {
        named("first", format!(r#"{{"nick":"{}"}}"#, s.word))
    });
    for (trick, schema) in [
        ("the number of another topic's schema", "elsewhere"),
        ("the number of the keys' schema", "key"),
        ("the number of a schema that cannot be read", "broken"),
        ("the number of a schema that does not fit", "second"),
    ] {
        row(rows, (24, trick), Withheld, |s| named(schema, text(&s.word)));
    }
    for (trick, number) in
        [("a number of no schema", 4_000_000), ("a number below zero", u32::MAX), ("the number 0", 0)]
    {
        row(rows, (24, trick), Withheld, |s| framed(number, &text(&s.word)));
    }
    row(rows, (24, "a JSON Schema"), Masked, |s| named("json", format!(r#"{{"nick":"{}"}}"#, s.word)));
    row(rows, (26, "a field that a JSON Schema does not name"), Masked, |s| {
        named("json", format!(r#"{{"nick":"none","nickname":"{}"}}"#, s.word))
    });
    row(rows, (24, "a long number, as of newer clients"), Withheld, |s| [&[1][..], &[7; 16], &text(&s.word)].concat());
    row(rows, (24, "the head of another registry"), Withheld, |s| [&[3, 0][..], &[7; 16], &text(&s.word)].concat());
    rows.add((24, "a number in a header"), Framed, Withheld, |secret| {
        Record::of(text(&secret.word)).header("__value_schema_id", [&[1][..], &[7; 16]].concat())
    });
    row(rows, (22, "more after the end, with a schema"), Withheld, |s| {
        named("first", [text("none"), text(&s.word)].concat())
    });
}

fn versions(rows: &mut Rows) {
    row(rows, (24, "the right number"), Masked, |s| named("first", text(&s.word)));
    row(rows, (25, "a field renamed, whose alias keeps the name"), Masked, |s| named("alias", text(&s.word)));
    row(rows, (25, "fields renamed on a path"), Masked, |s| named("alias on a path", text(&s.word)));
    row(rows, (25, "a later version without the tag"), Masked, |s| {
        named("tag removed", [long(1), text(&s.word)].concat())
    });
    row(rows, (25, "the version before it"), Masked, |s| named("tagged", [long(1), text(&s.word)].concat()));
    row(rows, (26, "a new field, known by its name"), Masked, |s| {
        named("more", [text("none"), long(1), text(&s.word), long(0)].concat())
    });
    let extra = |branch, value: Vec<u8>| named("more", [text("none"), long(0), long(branch), value].concat());
    row(rows, (26, "a new field with an address"), Masked, |s| extra(1, text(&format!("to {}", s.mail))));
    row(rows, (26, "a new field of bytes with an address"), Masked, |s| extra(2, text(&format!("to {}", s.mail))));
    row(rows, (26, "a new field with a card as a number"), Masked, |s| extra(3, long(s.card.parse().expect("digits"))));
    row(rows, (26, "a new field with JSON in a text"), Masked, |s| {
        extra(1, text(&format!(r#"{{"email":"{}"}}"#, s.word)))
    });
    let clear = Known("a field that has neither a tag, nor a name or content that is looked for");
    row(rows, (26, "a new field of which nothing is said"), clear, |s| named("untagged", text(&s.word)));
    row(rows, (37, "a record left from the first version"), Masked, |s| named("first", text(&s.word)));
    row(rows, (37, "a record of the second version beside it"), Masked, |s| {
        named("second", [long(1), long(1), text(&s.word)].concat())
    });
}

fn unions_and_maps(rows: &mut Rows) {
    for (schema, person, shop) in [("union", 1, 2), ("union in another order", 1, 0)] {
        row(rows, (27, "one branch of a union"), Masked, |s| {
            named(schema, [long(person), text("1"), text(&s.word)].concat())
        });
        row(rows, (27, "a branch with another record of the same names"), Masked, |s| {
            named(schema, [long(shop), long(1), text(&s.word), long(0), text("1")].concat())
        });
        row(rows, (27, "a branch that there is not"), Withheld, |s| {
            named(schema, [long(3), text("1"), text(&s.word)].concat())
        });
    }
    let entry = |key: &str, value: &str| [long(1), text(key), text(value), long(0)].concat();
    row(rows, (28, "a key of a map"), Masked, |s| named("maps", [entry(&s.word, "x"), long(0)].concat()));
    row(rows, (28, "an address as a key of a map"), Masked, |s| named("maps", [long(0), entry(&s.mail, "x")].concat()));
    row(rows, (28, "a value by its key"), Masked, |s| named("maps", [long(0), entry("email", &s.word)].concat()));
    row(rows, (28, "a block of a map with a wrong size"), Withheld, |s| {
        let entry = [text("email"), text(&s.word)].concat();
        named("maps", [long(0), long(-1), long(signed(entry.len()) - 2), entry, long(0)].concat())
    });
}

fn wire(rows: &mut Rows) {
    row(rows, (29, "a field twice"), Masked, |s| person([field(2, "none"), field(2, &s.word)].concat()));
    let parts = |word: &str| [field(3, field(1, "street")), field(3, field(2, word))].concat();
    row(rows, (29, "a message in two parts"), Masked, |s| named("no any", [vec![0], parts(&s.word)].concat()));
    row(rows, (29, "a message in two parts, where one could be an Any"), Withheld, |s| person(parts(&s.word)));
    row(rows, (29, "a number of no field"), Masked, |s| person(field(99, &s.word)));
    row(rows, (29, "a number of no field, with a card"), Masked, |s| {
        person(count(99, s.card.parse().expect("digits")))
    });
    row(rows, (29, "a number of no field, within"), Masked, |s| person(field(3, field(99, &s.word))));
    row(rows, (29, "a group"), Withheld, |s| {
        person([varint(99 << 3 | 3), field(2, &s.word), varint(99 << 3 | 4)].concat())
    });
    row(rows, (29, "the field number 0"), Withheld, |s| person(field(0, &s.word)));
    row(rows, (29, "a field of another wire type"), Withheld, |s| person([field(1, "x"), field(2, &s.word)].concat()));
    row(rows, (29, "a field's number in more bytes"), Masked, |s| {
        person([&[0x92, 0x80, 0x00][..], &field(2, &s.word)[1..]].concat())
    });
    row(rows, (29, "a length in more bytes"), Masked, |s| {
        person([&[0x12, varint(s.word.len() as u64)[0] | 0x80, 0x00][..], s.word.as_bytes()].concat())
    });
    row(rows, (29, "a number over 64 bits"), Withheld, |s| {
        person([&[0x08][..], &[0xff; 9], &[0x02], &field(2, &s.word)].concat())
    });
    row(rows, (29, "an entry of a map with two keys"), Withheld, |s| {
        person(field(6, [field(1, "x"), field(1, "email"), field(2, &s.word)].concat()))
    });
    row(rows, (29, "an entry whose key comes last"), Masked, |s| {
        person(field(6, [field(2, &s.word), field(1, "email")].concat()))
    });
    row(rows, (29, "a message that is cut off"), Withheld, |s| {
        let whole = person([field(2, &s.word), field(3, "street")].concat());
        whole[..whole.len() - 1].to_vec()
    });
}

fn within(rows: &mut Rows) {
    let any = |of: &str, value: Vec<u8>| person(field(4, [field(1, of), field(2, value)].concat()));
    row(rows, (30, "an Any of a known message"), Masked, |s| any("x.example/rows.Address", field(2, &s.word)));
    row(rows, (30, "an Any of the message itself"), Masked, |s| any("x.example/rows.Person", field(2, &s.word)));
    row(rows, (30, "an Any of an unknown message"), Masked, |s| any("x.example/rows.Nobody", field(2, &s.word)));
    row(rows, (30, "an Any without a type"), Masked, |s| any("", field(2, &s.word)));
    row(rows, (30, "an Any that says two types"), Withheld, |s| {
        let types = [field(1, "x.example/rows.Note"), field(1, "x.example/rows.Person")].concat();
        person(field(4, [types, field(2, field(2, &s.word))].concat()))
    });
    row(rows, (30, "a message in bytes, with an address"), Masked, |s| person(field(5, field(2, &s.mail))));
    row(rows, (30, "JSON in bytes"), Masked, |s| person(field(5, format!(r#"{{"email":"{}"}}"#, s.word))));
    row(rows, (30, "a message that the schema has not"), Withheld, |s| message(&[2, 14], field(2, &s.word)));
    row(rows, (30, "a message in a message that has none"), Withheld, |s| message(&[4, 0, 0], field(2, &s.word)));
    row(rows, (30, "more messages than there are bytes"), Withheld, |s| message(&[0x7e], field(2, &s.word)));
    let other = Known("A Protobuf payload says itself which message of its schema it is");
    row(rows, (30, "another message of the schema"), other, |s| message(&[2, 4], field(2, &s.word)));
}

fn keys(rows: &mut Rows) {
    let keyed = |rows: &mut Rows, trick, expected, schema: &str| {
        rows.add((31, trick), Framed, expected, |secret| {
            Record::of(named("plain", text("x"))).keyed(named(schema, text(&secret.word)))
        });
    };
    keyed(rows, "a key with a schema", Masked, "key");
    keyed(rows, "a key that names the values' schema", Withheld, "plain");
}
