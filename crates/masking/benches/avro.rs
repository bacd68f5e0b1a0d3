//! How long it takes to mask two fields of an Avro record of about 1 KiB, as one line of JSON: `cargo bench -p tidegate-masking --bench
//! avro -- [records] [turns]`.
//!
//! The other of the pair decodes with apache-avro, changes the two values and encodes again; the two take turns. Times are nanoseconds a
//! record, MB are millions of bytes; each is the median of its turns. Both results are compared first.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use apache_avro::types::Value;
use apache_avro::{Schema, from_avro_datum, to_avro_datum};
use tidegate_masking::fields::Path;
use tidegate_masking::{AvroPlan, Class, ClassId, Fields, Found, Mask, Scope, Transform};

const SCHEMA: &str = r#"{"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "string"},
    {"name": "placed", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["NEW", "PAID", "SENT"]}},
    {"name": "customer", "type": {"type": "record", "name": "Customer", "fields": [
        {"name": "id", "type": "long"},
        {"name": "name", "type": "string"},
        {"name": "email", "type": ["null", "string"], "default": null},
        {"name": "address", "type": {"type": "record", "name": "Address", "fields": [
            {"name": "street", "type": "string"}, {"name": "city", "type": "string"}, {"name": "zip", "type": "string"},
            {"name": "country", "type": "string"}]}},
        {"name": "since", "type": {"type": "int", "logicalType": "date"}}]}},
    {"name": "items", "type": {"type": "array", "items": {"type": "record", "name": "Item", "fields": [
        {"name": "sku", "type": "string"}, {"name": "title", "type": "string"}, {"name": "quantity", "type": "int"},
        {"name": "price", "type": "double"}]}}},
    {"name": "payment", "type": {"type": "record", "name": "Payment", "fields": [
        {"name": "card", "type": {"type": "record", "name": "Card", "fields": [
            {"name": "pan", "type": "string"}, {"name": "expires", "type": "string"}]}},
        {"name": "amount", "type": "double"}, {"name": "captured", "type": "boolean"}]}},
    {"name": "labels", "type": {"type": "map", "values": "string"}},
    {"name": "note", "type": ["null", "string"], "default": null}]}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo adds words of its own
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let mut next = |default| numbers.next().unwrap_or(default).max(1);
    let (records, turns) = (next(20_000), next(9));
    let schema = Schema::parse_str(SCHEMA)?;
    let payloads: Vec<Vec<u8>> = (0..64).map(|n| to_avro_datum(&schema, order(n))).collect::<Result<_, _>>()?;
    let bytes = payloads.iter().map(Vec::len).sum::<usize>() as f64 / payloads.len() as f64;

    let mut fields = Fields::default();
    fields.add_path(&Path::parse("customer.email")?, ClassId(0))?;
    fields.add_path(&Path::parse("payment.card.pan")?, ClassId(1))?;
    let mask = Mask { fields, ..Mask::default() };
    let class = |name: &str, mask| Class { name: name.into(), mask: Some(mask) };
    let classes = [class("PII.email", Transform::Redact), class("PCI.card", Transform::KeepLast(4))];
    let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
    let plan = AvroPlan::compile(SCHEMA, &[], &mask)?;

    let mut out = Vec::with_capacity(64 << 10);
    let mut found = Found::default();
    for payload in &payloads {
        out.clear();
        plan.rewrite(&scope, payload, &mut out, &mut found)?;
        // Decoded, since the library writes a map's pairs in whatever order.
        let read = |bytes: &[u8]| from_avro_datum(&schema, &mut &*bytes, None);
        if read(&out)? != read(&by_library(&schema, payload)?)? {
            return Err("the two do not write the same".into());
        }
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..turns {
        let begun = Instant::now();
        for payload in payloads.iter().cycle().take(records) {
            out.clear();
            black_box(plan.rewrite(&scope, black_box(payload), &mut out, &mut found)?);
        }
        ours.push(begun.elapsed().as_nanos() as f64 / records as f64);
        let fewer = records.div_ceil(20);
        let begun = Instant::now();
        for payload in payloads.iter().cycle().take(fewer) {
            black_box(by_library(&schema, black_box(payload))?);
        }
        theirs.push(begun.elapsed().as_nanos() as f64 / fewer as f64);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let line = serde_json::json!({
        "bytes": bytes, "records": records, "turns": turns,
        "ours": ours, "ours_mb_per_s": bytes * 1_000.0 / ours,
        "library": theirs, "library_mb_per_s": bytes * 1_000.0 / theirs, "ratio": theirs / ours,
    });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn by_library(schema: &Schema, payload: &[u8]) -> Result<Vec<u8>, apache_avro::Error> {
    let mut value = from_avro_datum(schema, &mut &*payload, None)?;
    if let Some(Value::Union(_, email)) = at(&mut value, &["customer", "email"]) {
        **email = Value::String("***".to_owned());
    }
    if let Some(Value::String(pan)) = at(&mut value, &["payment", "card", "pan"]) {
        let stars = pan.chars().count().saturating_sub(4);
        *pan = pan.chars().enumerate().map(|(place, c)| if place < stars { '*' } else { c }).collect();
    }
    to_avro_datum(schema, value)
}

fn at<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Value> {
    let Some((name, rest)) = path.split_first() else { return Some(value) };
    let Value::Record(fields) = value else { return None };
    at(&mut fields.iter_mut().find(|(field, _)| field == name)?.1, rest)
}

fn order(n: u8) -> Value {
    let text = |text: &str| Value::String(text.to_owned());
    let record = |fields: Vec<(&str, Value)>| {
        Value::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    };
    let item = |place: u8| {
        record(vec![
            ("sku", Value::String(format!("SKU-{n:03}-{place:03}"))),
            ("title", text("A lamp for the desk, black, with a long arm and two joints")),
            ("quantity", Value::Int(i32::from(place) + 1)),
            ("price", Value::Double(19.99)),
        ])
    };
    let address = record(vec![
        ("street", text("12 Long Street, third floor, back door")),
        ("city", text("Riga")),
        ("zip", text("LV-1010")),
        ("country", text("Latvia")),
    ]);
    let customer = record(vec![
        ("id", Value::Long(1_000_000 + i64::from(n))),
        ("name", text("Ann Example")),
        ("email", Value::Union(1, Box::new(Value::String(format!("ann.example.{n}@example.org"))))),
        ("address", address),
        ("since", Value::Date(18_000 + i32::from(n))),
    ]);
    let card = record(vec![("pan", text("4111111111111111")), ("expires", text("2031-07"))]);
    let labels = ["channel", "campaign", "device", "store"].map(|name| (name.to_owned(), text("something-of-a-label")));
    record(vec![
        ("id", Value::String(format!("00112233-4455-4677-8899-aabbccdde{n:03}"))),
        ("placed", Value::TimestampMillis(1_790_000_000_000 + i64::from(n))),
        ("state", Value::Enum(1, "PAID".to_owned())),
        ("customer", customer),
        ("items", Value::Array((0..8).map(item).collect())),
        (
            "payment",
            record(vec![("card", card), ("amount", Value::Double(119.94)), ("captured", Value::Boolean(true))]),
        ),
        ("labels", Value::Map(labels.into())),
        ("note", Value::Union(1, Box::new(text("Leave it with the neighbour if nobody opens the door, please.")))),
    ])
}
