//! Payloads are written and read again with apache-avro: what we write has to be good for others.

mod bounds;
mod earlier;
mod property;

use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum, to_avro_datum};

use super::*;
use crate::detect::Detector;
use crate::fields::Path;
use crate::framed::put_long;
use crate::plan::Class;
use crate::transform::{Bucket, ClassKey, Transform};

/// What is looked for: a mask and its classes.
#[derive(Default)]
struct Wanted {
    mask: Mask,
    classes: Vec<Class>,
}

impl Wanted {
    fn class(&mut self, transform: Option<Transform>) -> ClassId {
        self.classes.push(Class { name: "a class".into(), mask: transform });
        ClassId(u16::try_from(self.classes.len() - 1).unwrap())
    }

    fn path(mut self, path: &str, transform: impl Into<Option<Transform>>) -> Wanted {
        let class = self.class(transform.into());
        self.mask.fields.add_path(&Path::parse(path).unwrap(), class).unwrap();
        self
    }

    fn name(mut self, name: &str, transform: impl Into<Option<Transform>>) -> Wanted {
        let class = self.class(transform.into());
        self.mask.fields.add_name(name, class);
        self
    }

    fn tag(mut self, tag: &str, transform: Transform) -> Wanted {
        let class = self.class(Some(transform));
        self.mask.tags.push((tag.into(), class));
        self
    }

    fn content(mut self, detector: Detector, transform: Transform) -> Wanted {
        let class = self.class(Some(transform));
        self.mask.content.push((detector, class));
        self
    }

    fn plan(&self, schema: &str) -> AvroPlan {
        AvroPlan::compile(schema, &[], &self.mask).unwrap()
    }

    /// What comes of a payload: the new bytes, or the old ones where nothing changed, or none where the record goes.
    fn run(&self, plan: &AvroPlan, payload: &[u8]) -> Result<(Option<Vec<u8>>, Found), Unmaskable> {
        let scope = Scope { classes: &self.classes, mask: &self.mask, subject: b"subject" };
        let mut found = Found::default();
        // What stands in front is somebody else's, and stays.
        let mut out = b"front".to_vec();
        let result = plan.rewrite(&scope, payload, &mut out, &mut found);
        let new = out.strip_prefix(b"front").unwrap();
        assert!(new.is_empty() || result == Ok(Rewritten::Changed), "nothing may be left behind by {result:?}");
        Ok(match result? {
            Rewritten::Same => (Some(payload.to_vec()), found),
            Rewritten::Changed => (Some(new.to_vec()), found),
            Rewritten::DropRecord => (None, found),
        })
    }

    /// Writes, rewrites and reads a value.
    fn through(&self, schema: &str, value: Value) -> Value {
        let parsed = Schema::parse_str(schema).unwrap();
        let payload = to_avro_datum(&parsed, value).unwrap();
        let (new, _) = self.run(&self.plan(schema), &payload).unwrap();
        decode(&parsed, &new.expect("the record stays"))
    }
}

fn decode(schema: &Schema, bytes: &[u8]) -> Value {
    let mut rest = bytes;
    let value = from_avro_datum(schema, &mut rest, None).unwrap();
    assert!(rest.is_empty(), "bytes are left over");
    value
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn record(fields: &[(&str, Value)]) -> Value {
    Value::Record(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect())
}

fn branch(at: u32, value: Value) -> Value {
    Value::Union(at, Box::new(value))
}

fn token() -> Transform {
    Transform::Token { key: ClassKey::new("k", &[7; 32]), prefix: "t_".into() }
}

/// A record of fields, each written as `name: type`.
fn schema(fields: &[(&str, &str)]) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(name, ty)| format!(r#"{{"name": "{name}", "type": {ty}}}"#)).collect();
    format!(r#"{{"type": "record", "name": "Top", "fields": [{}]}}"#, fields.join(", "))
}

/// Row 25.
#[test]
fn a_field_renamed_keeps_the_class_that_its_alias_has() {
    let schema = r#"{"type": "record", "name": "Top", "fields": [
        {"name": "reach", "aliases": ["email"], "type": "string"},
        {"name": "buyer", "aliases": ["x", "customer"], "type":
            {"type": "record", "name": "Buyer", "fields": [{"name": "call", "aliases": ["phone"], "type": "string"}]}}]}"#;
    let wanted = Wanted::default().path("customer.phone", Transform::Redact).name("email", Transform::Redact);
    let value = record(&[("reach", text("ann@example.org")), ("buyer", record(&[("call", text("+371 1"))]))]);
    let masked = record(&[("reach", text("***")), ("buyer", record(&[("call", text("***"))]))]);
    assert_eq!(wanted.through(schema, value), masked);
}

/// Row 27.
#[test]
fn each_branch_of_a_union_has_its_own_plan_in_whatever_order_they_stand() {
    let person = r#"{"type": "record", "name": "Person", "fields": [
        {"name": "id", "type": "string"}, {"name": "email", "type": "string"}]}"#;
    let batch = r#"{"type": "record", "name": "Batch", "fields": [
        {"name": "email", "type": {"type": "array", "items": "string"}}, {"name": "id", "type": "string"}]}"#;
    let wanted = Wanted::default().path("who.email", Transform::Redact);
    for (order, [person_at, batch_at]) in
        [(format!("[{person}, \"null\", {batch}]"), [0, 2]), (format!("[{batch}, {person}]"), [1, 0])]
    {
        let schema = schema(&[("who", &order)]);
        let one = |email: &str| record(&[("id", text("7")), ("email", text(email))]);
        let all = |emails: &[&str]| {
            record(&[("email", Value::Array(emails.iter().map(|e| text(e)).collect())), ("id", text("7"))])
        };
        let through = |value| wanted.through(&schema, record(&[("who", value)]));
        assert_eq!(through(branch(person_at, one("ann@x"))), record(&[("who", branch(person_at, one("***")))]));
        assert_eq!(
            through(branch(batch_at, all(&["ann@x", "bob@x"]))),
            record(&[("who", branch(batch_at, all(&["***", "***"])))])
        );
    }
}

/// Row 28.
#[test]
fn keys_of_maps_that_say_who_it_is_are_masked_and_stay_distinct() {
    let schema = schema(&[("visits", r#"{"type": "map", "values": "int"}"#)]);
    let visits = |pairs: &[(&str, i32)]| {
        record(&[("visits", Value::Map(pairs.iter().map(|(k, n)| ((*k).to_owned(), Value::Int(*n))).collect()))])
    };
    let value = visits(&[("ann@example.org", 1), ("bob@example.org", 2), ("Lobby", 3)]);
    for path in ["visits.@key", "*.@key"] {
        let Value::Record(fields) = Wanted::default().path(path, Transform::Redact).through(&schema, value.clone())
        else {
            panic!()
        };
        let Value::Map(map) = &fields[0].1 else { panic!() };
        let mut keys: Vec<&str> = map.keys().map(String::as_str).collect();
        keys.sort_unstable();
        assert_eq!(keys, ["***1", "***2", "***3"]);
        let mut values: Vec<&Value> = map.values().collect();
        values.sort_by_key(|value| format!("{value:?}"));
        assert_eq!(values, [&Value::Int(1), &Value::Int(2), &Value::Int(3)]);
    }
    let tokens = Wanted::default().path("visits.@key", token()).through(&schema, value.clone());
    assert_eq!(tokens, Wanted::default().path("visits.@key", token()).through(&schema, value.clone()));
    assert!(format!("{tokens:?}").matches("t_k_").count() == 3 && !format!("{tokens:?}").contains('@'));

    let found = Wanted::default().content(Detector::Email, Transform::Redact).through(&schema, value.clone());
    let text = format!("{found:?}");
    assert!(text.contains("***1") && text.contains("***2") && text.contains("Lobby") && !text.contains('@'));

    let any = Wanted::default().path("visits.*", Transform::Redact).through(&schema, value.clone());
    assert_eq!(any, visits(&[("ann@example.org", 0), ("bob@example.org", 0), ("Lobby", 0)]), "values only");
    let one = Wanted::default().path("visits.LOBBY", Transform::Redact).through(&schema, value.clone());
    assert_eq!(one, visits(&[("ann@example.org", 1), ("bob@example.org", 2), ("Lobby", 0)]));
    let all = Wanted::default().name("visits", Transform::Redact).through(&schema, value);
    assert_eq!(all, visits(&[]), "the keys are of its class too");
}

/// Row 37.
#[test]
fn records_left_over_from_an_old_schema_are_masked_by_the_schema_they_were_written_with() {
    let old = schema(&[("email", "\"string\""), ("id", "\"long\"")]);
    let new = schema(&[("id", "\"long\""), ("contact", r#"["null", "string"], "aliases": ["email"]"#)]);
    let wanted = Wanted::default().path("email", Transform::Redact);
    let first = record(&[("email", text("ann@example.org")), ("id", Value::Long(1))]);
    let last = record(&[("id", Value::Long(1)), ("contact", branch(1, text("ann@example.org")))]);
    assert_eq!(wanted.through(&old, first.clone()), record(&[("email", text("***")), ("id", Value::Long(1))]));
    assert_eq!(wanted.through(&new, last), record(&[("id", Value::Long(1)), ("contact", branch(1, text("***")))]));
    let payload = to_avro_datum(&Schema::parse_str(&old).unwrap(), first).unwrap();
    assert!(wanted.run(&wanted.plan(&new), &payload).is_err(), "the other schema does not fit");
}

#[test]
fn tags_give_classes_to_fields_to_types_and_to_primitive_types() {
    let schema = r#"{"type": "record", "name": "Top", "fields": [
        {"name": "a", "type": "string", "confluent:tags": ["OTHER", "PII"]},
        {"name": "b", "type": {"type": "string", "confluent:tags": ["PII"]}},
        {"name": "c", "type": ["null", {"type": "record", "name": "Person", "confluent:tags": ["PII"], "fields": [
            {"name": "name", "type": "string"}]}]},
        {"name": "d", "type": "Person"},
        {"name": "e", "type": "string", "confluent:tags": ["OTHER"]}]}"#;
    let person = |name: &str| record(&[("name", text(name))]);
    let value = |hidden: &str| {
        let who = branch(1, person(hidden));
        record(&[("a", text(hidden)), ("b", text(hidden)), ("c", who), ("d", person(hidden)), ("e", text("seen"))])
    };
    assert_eq!(Wanted::default().tag("PII", Transform::Redact).through(schema, value("Ann")), value("***"));
    let Value::Record(fields) = Wanted::default().tag("PII", Transform::Null).through(schema, value("Ann")) else {
        panic!()
    };
    assert_eq!(fields[2].1, branch(0, Value::Null), "there is null in its union");
    assert_eq!(fields[3].1, person("***"), "there is none");
}

#[test]
fn schemas_are_read_with_those_that_they_refer_to() {
    let top = r#"{"type": "record", "name": "Top", "namespace": "shop", "fields": [
        {"name": "a", "type": "Person"}, {"name": "b", "type": "other.Id"}]}"#;
    let person = r#"{"type": "record", "name": "shop.Person", "fields": [{"name": "email", "type": "other.Id"}]}"#;
    let id = r#"{"type": "fixed", "name": "Id", "namespace": "other", "size": 2}"#;
    let references = [("person".to_owned(), person.to_owned()), ("id".to_owned(), id.to_owned())];
    let wanted = Wanted::default().name("email", Transform::Redact);
    let plan = AvroPlan::compile(top, &references, &wanted.mask).unwrap();
    assert_eq!(wanted.run(&plan, b"abcd").unwrap().0.unwrap(), b"\0\0cd");
    assert!(AvroPlan::compile(top, &references[..1], &wanted.mask).is_err(), "one is missing");
}

#[test]
fn every_type_keeps_its_shape() {
    let cases: &[(&str, Value, Value)] = &[
        ("\"int\"", Value::Int(-7), Value::Int(0)),
        ("\"long\"", Value::Long(1 << 40), Value::Long(0)),
        ("\"float\"", Value::Float(7.5), Value::Float(0.0)),
        ("\"double\"", Value::Double(7.5), Value::Double(0.0)),
        ("\"boolean\"", Value::Boolean(true), Value::Boolean(false)),
        ("\"bytes\"", Value::Bytes(b"Ann".to_vec()), Value::Bytes(vec![])),
        (r#"{"type": "fixed", "name": "F", "size": 3}"#, Value::Fixed(3, b"Ann".to_vec()), Value::Fixed(3, vec![0; 3])),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A", "B", "C"], "default": "B"}"#,
            Value::Enum(2, "C".to_owned()),
            Value::Enum(1, "B".to_owned()),
        ),
        (
            r#"{"type": "enum", "name": "E", "symbols": ["A", "B"]}"#,
            Value::Enum(1, "B".to_owned()),
            Value::Enum(0, "A".to_owned()),
        ),
        (r#"{"type": "int", "logicalType": "date"}"#, Value::Date(400), Value::Date(0)),
        (
            r#"{"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 2}"#,
            Value::Decimal(vec![1, 2, 3].into()),
            Value::Decimal(vec![0].into()),
        ),
    ];
    for (ty, value, masked) in cases {
        let schema = schema(&[("before", "\"string\""), ("x", ty), ("after", "\"string\"")]);
        let whole = |x: &Value| record(&[("before", text("b")), ("x", x.clone()), ("after", text("a"))]);
        for transform in [Transform::Redact, Transform::Null, Transform::DropField] {
            assert_eq!(Wanted::default().path("x", transform).through(&schema, whole(value)), whole(masked), "{ty}");
        }
    }
}

#[test]
fn dates_count_in_what_the_schema_says() {
    let wanted = Wanted::default().name("born", Transform::Bucket(Bucket::Year(None)));
    let through = |ty: &str, value| {
        let ty = format!(r#"{{"type": {ty}}}"#);
        let Value::Record(fields) = wanted.through(&schema(&[("born", &ty)]), record(&[("born", value)])) else {
            panic!()
        };
        fields[0].1.clone()
    };
    assert_eq!(through(r#""int", "logicalType": "date""#, Value::Date(400)), Value::Date(365));
    let day = 86_400_000;
    assert_eq!(
        through(r#""long", "logicalType": "timestamp-millis""#, Value::TimestampMillis(400 * day + 5)),
        Value::TimestampMillis(365 * day)
    );
    assert_eq!(
        through(r#""long", "logicalType": "local-timestamp-micros""#, Value::LocalTimestampMicros(400_000 * day)),
        Value::LocalTimestampMicros(365_000 * day)
    );
    assert_eq!(through("\"long\"", Value::Long(400)), Value::Long(0), "it is not said what this counts in");
}

#[test]
fn numbers_of_logical_types_stay_within_them() {
    let wanted = Wanted::default().name("x", Transform::Integer(ClassKey::new("k", &[1; 32])));
    for n in 0..50 {
        let time = schema(&[("x", r#"{"type": "int", "logicalType": "time-millis"}"#)]);
        let Value::Record(fields) = wanted.through(&time, record(&[("x", Value::TimeMillis(n))])) else { panic!() };
        let Value::TimeMillis(time) = fields[0].1 else { panic!() };
        assert!((0..86_400_000).contains(&time));
        let date = schema(&[("x", r#"{"type": "int", "logicalType": "date"}"#)]);
        let Value::Record(fields) = wanted.through(&date, record(&[("x", Value::Date(n))])) else { panic!() };
        let Value::Date(date) = fields[0].1 else { panic!() };
        assert!((0..=2_932_896).contains(&date), "beyond the year 9999");
    }
}

#[test]
fn texts_that_have_to_be_uuids_stay_uuids() {
    let schema = schema(&[("id", r#"{"type": "string", "logicalType": "uuid"}"#)]);
    let id = "c0ffee00-1234-4567-89ab-0123456789ab";
    let mut payload = vec![72];
    payload.extend(id.as_bytes());
    let through = |transform| {
        let wanted = Wanted::default().path("id", transform);
        let (new, _) = wanted.run(&wanted.plan(&schema), &payload).unwrap();
        // The library takes nothing but UUIDs here.
        format!("{:?}", decode(&Schema::parse_str(&schema).unwrap(), &new.unwrap()))
    };
    assert!(through(Transform::Redact).contains("00000000-0000-0000-0000-000000000000"));
    assert_eq!(through(token()), through(token()));
    assert!(!through(token()).contains("00000000-0000") && !through(token()).contains("c0ffee"));
}

#[test]
fn nullable_values_become_null_and_records_go_where_the_class_says_so() {
    let schema = schema(&[("a", r#"["string", "null"]"#), ("b", "\"string\"")]);
    let value = |a| record(&[("a", a), ("b", text("b"))]);
    let some = value(branch(0, text("Ann")));
    let none = value(branch(1, Value::Null));
    for transform in [Transform::Null, Transform::DropField] {
        assert_eq!(Wanted::default().path("a", transform).through(&schema, some.clone()), none);
    }
    let parsed = Schema::parse_str(&schema).unwrap();
    let wanted = Wanted::default().path("a", Transform::DropRecord);
    let payload = to_avro_datum(&parsed, some).unwrap();
    let plan = wanted.plan(&schema);
    assert_eq!(wanted.run(&plan, &payload).unwrap().0, None);
    assert!(wanted.run(&plan, &payload[..payload.len() - 1]).is_err(), "it is read to its end all the same");
    let payload = to_avro_datum(&parsed, none).unwrap();
    assert_eq!(wanted.run(&plan, &payload).unwrap().0, Some(payload), "null is no value of the class");
}

#[test]
fn lists_and_maps_of_a_class_are_masked_as_a_whole() {
    let schema = schema(&[("x", r#"{"type": "array", "items": {"type": "map", "values": "string"}}"#)]);
    let map = Value::Map([("who".to_owned(), text("Ann"))].into());
    let whole = |maps: &[Value]| record(&[("x", Value::Array(maps.to_vec()))]);
    let empty = Value::Map([].into());
    let value = whole(&[map.clone(), map]);
    let through = |transform| Wanted::default().path("x", transform).through(&schema, value.clone());
    assert_eq!(through(Transform::Redact), whole(&[empty.clone(), empty]));
    assert_eq!(through(Transform::DropField), whole(&[]));
    let wanted = Wanted::default().path("x", Transform::DropRecord);
    let parsed = Schema::parse_str(&schema).unwrap();
    let run = |value| wanted.run(&wanted.plan(&schema), &to_avro_datum(&parsed, value).unwrap()).unwrap().0;
    assert_eq!(run(value.clone()), None);
    assert!(run(whole(&[])).is_some());
}

#[test]
fn clear_classes_are_counted_and_hide_no_masked_ones_below_them() {
    let person = r#"{"type": "record", "name": "P", "fields": [
        {"name": "email", "type": "string"}, {"name": "city", "type": "string"}]}"#;
    let schema = schema(&[("person", person)]);
    let wanted = Wanted::default().path("person", None).path("person.email", Transform::Redact);
    let value = |email: &str| record(&[("person", record(&[("email", text(email)), ("city", text("Riga"))]))]);
    let parsed = Schema::parse_str(&schema).unwrap();
    let payload = to_avro_datum(&parsed, value("ann@example.org")).unwrap();
    let (new, found) = wanted.run(&wanted.plan(&schema), &payload).unwrap();
    assert_eq!(decode(&parsed, &new.unwrap()), value("***"));
    assert_eq!(found.classes().collect::<Vec<_>>(), [(ClassId(0), 0, 1), (ClassId(1), 1, 0)]);
}

#[test]
fn content_is_found_in_texts_bytes_and_long_numbers() {
    let schema = schema(&[("a", "\"string\""), ("b", "\"bytes\""), ("c", "\"long\""), ("d", "\"long\"")]);
    let value = |a: &str, b: &str, c| {
        let b = Value::Bytes(b.as_bytes().to_vec());
        record(&[("a", text(a)), ("b", b), ("c", Value::Long(c)), ("d", Value::Long(42))])
    };
    let wanted = Wanted::default()
        .content(Detector::Email, Transform::Email { keep_domain: true })
        .content(Detector::Card, Transform::KeepLast(4));
    let before = value("write to ann@example.org today", "bob@example.org", 4_111_111_111_111_111);
    let after = value("write to ***@example.org today", "***@example.org", 0);
    assert_eq!(wanted.through(&schema, before), after);
    let clear = value("nothing here", "nor here", 1_234);
    assert_eq!(wanted.through(&schema, clear.clone()), clear);
}

#[test]
fn cards_are_found_in_numbers_with_a_fraction() {
    let schema = schema(&[("a", "\"double\"")]);
    let wanted = Wanted::default().content(Detector::Card, Transform::KeepLast(4));
    for (value, masked) in [(4_111_111_111_111_111.0, 0.0), (4_111_111_111_111_112.0, 4_111_111_111_111_112.0)] {
        let record = |value| record(&[("a", Value::Double(value))]);
        assert_eq!(wanted.through(&schema, record(value)), record(masked));
    }
}

#[test]
fn names_count_in_json_that_is_a_text() {
    let schema = schema(&[("payload", "\"string\"")]);
    let wanted = Wanted::default().name("ssn", Transform::Redact);
    let value = |json: &str| record(&[("payload", text(json))]);
    assert_eq!(wanted.through(&schema, value(r#"{"a":[{"SSN":"078-05-1120"}]}"#)), value(r#"{"a":[{"SSN":"***"}]}"#));
    let clear = value(r#"{"a":"ssn"}"#);
    assert_eq!(wanted.through(&schema, clear.clone()), clear);
}

#[test]
fn names_count_in_json_that_is_bytes() {
    let json = br#"{"ssn":"078-05-1120"}"#;
    let schema = schema(&[("b", "\"bytes\""), ("f", r#"{"type": "fixed", "name": "F", "size": 21}"#)]);
    let wanted = Wanted::default().name("ssn", Transform::Redact);
    let value = record(&[("b", Value::Bytes(json.to_vec())), ("f", Value::Fixed(json.len(), json.to_vec()))]);
    let masked = br#"{"ssn":"***"}"#;
    assert_eq!(
        wanted.through(&schema, value),
        record(&[("b", Value::Bytes(masked.to_vec())), ("f", Value::Fixed(json.len(), vec![0; json.len()]))])
    );
}

/// What is no text as a whole may hold one all the same.
#[test]
fn content_is_found_in_bytes_that_are_no_text() {
    let schema = schema(&[("b", r#""bytes""#)]);
    let wanted = Wanted::default().content(Detector::Email, Transform::Email { keep_domain: true });
    let utf16: Vec<u8> = "ann@example.org".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for hidden in [&b"\xff ann@example.org"[..], &utf16] {
        let masked = wanted.through(&schema, record(&[("b", Value::Bytes(hidden.to_vec()))]));
        assert_eq!(masked, record(&[("b", Value::Bytes(b"***".to_vec()))]));
    }
    let packed = record(&[("b", Value::Bytes(b"\x1f\x8b\x08\x00 packed".to_vec()))]);
    let plan = wanted.plan(&schema);
    let payload = to_avro_datum(&Schema::parse_str(&schema).unwrap(), packed).unwrap();
    assert_eq!(wanted.run(&plan, &payload).unwrap_err().why, "compressed data");
}

#[test]
fn types_that_hold_themselves_are_walked_as_deep_as_is_sane() {
    let schema = r#"{"type": "record", "name": "Node", "fields": [
        {"name": "secret", "type": "string"}, {"name": "next", "type": ["null", "Node"]}]}"#;
    let wanted = Wanted::default().path("next.next.secret", Transform::Redact);
    let node = |secret: &str, next| record(&[("secret", text(secret)), ("next", next)]);
    let list = |third: &str| {
        let fourth = branch(1, node("4", branch(0, Value::Null)));
        node("1", branch(1, node("2", branch(1, node(third, fourth)))))
    };
    assert_eq!(wanted.through(schema, list("3")), list("***"));
    let deep = |levels: usize| {
        let mut payload = [2, b'x', 2].repeat(levels - 1);
        payload.extend([2, b'x', 0]);
        payload
    };
    for wanted in [wanted, Wanted::default().name("secret", Transform::Redact)] {
        let plan = wanted.plan(schema);
        assert!(wanted.run(&plan, &deep(128)).is_ok());
        assert_eq!(wanted.run(&plan, &deep(129)).unwrap_err().why, "nested too deep");
        assert!(wanted.run(&plan, &deep(1_000_000)).is_err());
    }
}

#[test]
fn sizes_of_blocks_are_those_of_what_was_written() {
    let schema = schema(&[("x", r#"{"type": "array", "items": "string"}"#), ("after", "\"int\"")]);
    // Two blocks with sizes, the second of 70 texts, so that its size takes fewer bytes afterwards.
    let mut block = vec![1, 16, 14];
    block.extend(b"ann@x.y");
    let long = [[18].as_slice(), b"bob@x.org"].concat().repeat(70);
    put_long(&mut block, -70);
    put_long(&mut block, 700);
    block.extend(&long);
    block.extend([0, 8]);
    let wanted = Wanted::default().path("x", Transform::Redact);
    let plan = wanted.plan(&schema);
    let (new, _) = wanted.run(&plan, &block).unwrap();
    let mut expected = vec![1, 8, 6];
    expected.extend(b"***");
    put_long(&mut expected, -70);
    put_long(&mut expected, 280);
    expected.extend([[6].as_slice(), b"***"].concat().repeat(70));
    expected.extend([0, 8]);
    assert_eq!(new.unwrap(), expected);
    for (lie, what) in [([1, 14, 14], "less"), ([1, 18, 14], "more"), ([1, 1, 14], "below 0")] {
        let mut lying = block.clone();
        lying.splice(..3, lie);
        assert!(wanted.run(&plan, &lying).is_err(), "{what}");
        let nothing = Wanted::default().name("other", Transform::Redact);
        assert!(nothing.run(&nothing.plan(&schema), &lying).is_err(), "{what}, skipped");
    }
}

#[test]
fn hostile_payloads_are_refused() {
    let ty = r#"["null", "string", "int", "boolean", {"type": "enum", "name": "E", "symbols": ["A"]},
        {"type": "array", "items": "string"}, "bytes", {"type": "map", "values": "null"}]"#;
    let schema = schema(&[("a", ty)]);
    let huge = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let least = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    let cases: &[(&str, &[&[u8]])] = &[
        ("nothing", &[]),
        ("a branch too many", &[&[16]]),
        ("a branch below 0", &[&[1]]),
        ("a long branch", &[&[0x82, 0x80, 0x80, 0x80, 0x80, 0], &[0]]),
        ("bytes after the end", &[&[0, 0]]),
        ("text beyond the input", &[&[2, 10], b"Ann"]),
        ("text of a length below 0", &[&[2, 1]]),
        ("text longer than memory", &[&[2], &huge]),
        ("text that is not UTF-8", &[&[2, 4, 0xc3, 0x28]]),
        ("an int over 32 bits", &[&[4, 0x80, 0x80, 0x80, 0x80, 0x10]]),
        ("a varint without an end", &[&[4], &[0x80; 20]]),
        ("a truth value of 2", &[&[6, 2]]),
        ("a symbol too many", &[&[8, 2]]),
        ("a symbol below 0", &[&[8, 1]]),
        ("more items than bytes", &[&[10], &huge, b"abc"]),
        ("the least of all counts", &[&[10], &least, &[2, 0, 0]]),
        ("a map that does not end", &[&[14, 2, 2, b'k']]),
    ];
    for wanted in [Wanted::default().path("a", Transform::Redact), Wanted::default().path("b", Transform::Redact)] {
        let plan = wanted.plan(&schema);
        for (what, parts) in cases {
            assert!(wanted.run(&plan, &parts.concat()).is_err(), "{what}");
        }
    }
}

#[test]
fn what_takes_no_bytes_takes_no_time_either() {
    let nothing = r#"{"type": "array", "items": {"type": "record", "name": "Nothing", "fields": [
        {"name": "a", "type": "null"}, {"name": "b", "type": {"type": "fixed", "name": "F", "size": 0}}]}}"#;
    let schema = schema(&[("x", nothing)]);
    let mut payload = vec![];
    put_long(&mut payload, i64::MAX);
    payload.push(0);
    for wanted in [Wanted::default().path("x", Transform::Redact), Wanted::default().path("y", Transform::Redact)] {
        assert_eq!(wanted.run(&wanted.plan(&schema), &payload).unwrap().0.unwrap(), payload);
    }
}

#[test]
fn no_byte_changed_lets_a_masked_value_through() {
    let fields = [
        ("id", "\"long\""),
        ("note", "\"string\""),
        ("secret", r#"["null", "string"]"#),
        ("more", r#"{"type": "array", "items": "string"}"#),
        ("labels", r#"{"type": "map", "values": "string"}"#),
    ];
    let schema = schema(&fields);
    let wanted = Wanted::default().name("secret", token());
    let plan = wanted.plan(&schema);
    let value = record(&[
        ("id", Value::Long(12_345)),
        ("note", text("a note")),
        ("secret", branch(1, text("the-secret-itself"))),
        ("more", Value::Array(vec![text("one"), text("two")])),
        ("labels", Value::Map([("secret".to_owned(), text("the-secret-itself"))].into())),
    ]);
    let payload = to_avro_datum(&Schema::parse_str(&schema).unwrap(), value).unwrap();
    let mut read = 0;
    for at in 0..payload.len() {
        for byte in 0..=u8::MAX {
            let mut hostile = payload.clone();
            hostile[at] = byte;
            // The key of the map is what says that its value is secret.
            let key = payload.len() - 26..payload.len() - 19;
            if key.contains(&at) && byte != payload[at] {
                continue;
            }
            if let Ok((Some(new), _)) = wanted.run(&plan, &hostile) {
                read += 1;
                assert!(!new.windows(17).any(|part| part == b"the-secret-itself"), "byte {at} made {byte}");
            }
        }
        assert!(wanted.run(&plan, &payload[..at]).is_err(), "cut at {at}");
    }
    assert!(read > payload.len(), "most of it has to be read for this to say anything: {read}");
}

#[test]
fn schemas_that_can_be_read_in_two_ways_are_refused() {
    for (what, schema) in [
        ("no JSON", "{"),
        ("no type", r#"{"name": "x"}"#),
        ("not known", r#""Person""#),
        ("a name twice in an object", r#"{"type": "string", "type": "bytes"}"#),
        ("a union in a union", r#"["null", ["string"]]"#),
        ("a primitive type's name", r#"{"type": "fixed", "name": "string", "size": 1}"#),
        (
            "one name for two types",
            r#"[{"type": "fixed", "name": "F", "size": 1}, {"type": "fixed", "name": "F", "size": 2}]"#,
        ),
        (
            "either of two types",
            r#"[{"type": "fixed", "name": "F", "size": 1}, {"type": "record", "name": "a.R", "fields": [
                {"name": "f", "type": "F"}, {"name": "g", "type": {"type": "fixed", "name": "F", "size": 2}}]}]"#,
        ),
        ("no symbol", r#"{"type": "enum", "name": "E", "symbols": ["A"], "default": "B"}"#),
        ("tags that are none", r#"{"type": "string", "confluent:tags": 7}"#),
        ("a size that is none", r#"{"type": "fixed", "name": "F", "size": -1}"#),
    ] {
        assert!(AvroPlan::compile(schema, &[], &Mask::default()).is_err(), "{what}");
    }
    let deep = format!("{}\"int\"{}", r#"{"type": "array", "items": "#.repeat(10_000), "}".repeat(10_000));
    assert!(AvroPlan::compile(&deep, &[], &Mask::default()).is_err());
}

#[test]
fn schemas_made_to_multiply_are_refused_and_long_chains_are_not() {
    // Each type holds the next by name, so that no text is nested.
    let chain: Vec<String> = (0..5_000)
        .map(|n| {
            let next = if n == 0 { "\"string\"".to_owned() } else { format!("\"T{}\"", n - 1) };
            format!(r#"{{"type": "record", "name": "T{n}", "fields": [{{"name": "f", "type": {next}}}]}}"#)
        })
        .collect();
    let wanted = Wanted::default().name("f", Transform::Redact);
    let schema = format!("[{}]", chain.join(", "));
    assert!(wanted.run(&wanted.plan(&schema), &[2, 2, b'x']).unwrap().0.unwrap().ends_with(b"***"));

    // Fields of classes in any order, in any order again below: the orders multiply.
    let mut wanted = Wanted::default();
    let names: Vec<String> = (0..12).map(|n| format!("f{n}")).collect();
    for name in &names {
        wanted = wanted.name(name, None);
    }
    let fields: Vec<String> =
        names.iter().map(|name| format!(r#"{{"name": "{name}", "type": ["null", "T"]}}"#)).collect();
    let schema = format!(r#"{{"type": "record", "name": "T", "fields": [{}]}}"#, fields.join(", "));
    assert!(AvroPlan::compile(&schema, &[], &wanted.mask).is_err());
}
