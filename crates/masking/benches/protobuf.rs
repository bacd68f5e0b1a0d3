//! How fast Protobuf payloads are rewritten, as one line of JSON: `cargo bench -p tidegate-masking --bench protobuf`.
//!
//! A record of about 1 KiB with two masked fields, one of them nested, rewritten by the walk and by the way of a reflecting library
//! (decode, change, encode), which takes its turns between ours. What both make is compared first.

use std::hint::black_box;
use std::io::Write as _;
use std::time::{Duration, Instant};

use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};
use tidegate_masking::fields::Path;
use tidegate_masking::transform::REDACTED;
use tidegate_masking::{Class, ClassId, Found, Mask, ProtobufPlan, Rewritten, Scope, Transform};

const TURNS: usize = 7;
const ROUNDS: u32 = 200_000;
const LIBRARY_ROUNDS: u32 = 20_000;
const SCHEMA: &str = "syntax = 'proto3';
message Order {
  string id = 1; int64 created = 2; Customer customer = 3; Payment payment = 4; repeated Item items = 5; string note = 6;
  repeated string labels = 7;
}
message Customer { string name = 1; string email = 2; Address address = 3; }
message Address { string street = 1; string city = 2; string country = 3; }
message Payment { Card card = 1; double amount = 2; string currency = 3; }
message Card { string pan = 1; int32 month = 2; int32 year = 3; }
message Item { string sku = 1; string title = 2; int32 quantity = 3; double price = 4; bool gift = 5; }";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut mask = Mask::default();
    for path in ["customer.email", "payment.card.pan"] {
        mask.fields.add_path(&Path::parse(path)?, ClassId(0))?;
    }
    let classes = [Class { name: "PII".into(), mask: Some(Transform::Redact) }];
    let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
    let begun = Instant::now();
    let plan = ProtobufPlan::compile(SCHEMA, &[], &[], &mask)?;
    let compile = begun.elapsed();
    let descriptor = descriptor()?;
    let input = DynamicMessage::parse_text_format(descriptor.clone(), &record())?.encode_to_vec();

    let mut out = Vec::new();
    let rewritten = plan.rewrite(&scope, &input, &mut out, &mut Found::default())?;
    if rewritten != Rewritten::Changed || out != edited(&descriptor, &input)? {
        return Err("the walk and the library do not come to the same".into());
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            out.clear();
            let _changed = black_box(plan.rewrite(&scope, black_box(&input), &mut out, &mut Found::default())?);
        }
        ours.push(each(begun.elapsed(), ROUNDS));
        let begun = Instant::now();
        for _ in 0..LIBRARY_ROUNDS {
            black_box(edited(&descriptor, black_box(&input))?);
        }
        theirs.push(each(begun.elapsed(), LIBRARY_ROUNDS));
    }
    let (ours, theirs) = (median(ours), median(theirs));
    let speed = |nanoseconds: f64| input.len() as f64 * 1_000.0 / nanoseconds;
    let line = format!(
        "{{\"bytes\":{},\"compile_us\":{},\"walk_ns\":{ours:.0},\"walk_mb_s\":{:.0},\"library_ns\":{theirs:.0},\"library_mb_s\":{:.0},\"ratio\":{:.1}}}",
        input.len(),
        compile.as_micros(),
        speed(ours),
        speed(theirs),
        theirs / ours
    );
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

fn descriptor() -> Result<MessageDescriptor, Box<dyn std::error::Error>> {
    struct Schema;
    impl protox::file::FileResolver for Schema {
        fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
            protox::file::File::from_source(name, SCHEMA)
        }
    }
    let mut compiler = protox::Compiler::with_file_resolver(Schema);
    compiler.open_file("order.proto")?;
    Ok(compiler.descriptor_pool().get_message_by_name("Order").ok_or("no message")?)
}

fn record() -> String {
    let item = |n: usize| {
        format!(
            "{{sku:'SKU-{n:06}',title:'A thing of some kind, number {n}, in a box',quantity:{n},price:19.99,gift:true}}"
        )
    };
    let items: Vec<String> = (1..=12).map(item).collect();
    format!(
        "id:'order-0000123456',created:1750000000000,note:'leave it at the door, ring twice and mind the dog of the neighbours',\
         customer{{name:'Ann Example',email:'ann@example.org',address{{street:'1 Long Road',city:'Example',country:'NO'}}}},\
         payment{{card{{pan:'4111111111111111',month:7,year:2031}},amount:199.9,currency:'NOK'}},\
         labels:['web','express','new customer'],items:[{}]",
        items.join(",")
    )
}

fn edited(descriptor: &MessageDescriptor, input: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut message = DynamicMessage::decode(descriptor.clone(), input)?;
    set(&mut message, &["customer"], "email")?;
    set(&mut message, &["payment", "card"], "pan")?;
    Ok(message.encode_to_vec())
}

fn set(message: &mut DynamicMessage, path: &[&str], name: &str) -> Result<(), Box<dyn std::error::Error>> {
    match path.split_first() {
        None => message.set_field_by_name(name, Value::String(REDACTED.to_owned())),
        Some((first, rest)) => {
            let inner = message.get_field_by_name_mut(first).and_then(Value::as_message_mut);
            set(inner.ok_or("no such message")?, rest, name)?;
        }
    }
    Ok(())
}

fn each(all: Duration, count: u32) -> f64 {
    all.as_nanos() as f64 / f64::from(count)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
