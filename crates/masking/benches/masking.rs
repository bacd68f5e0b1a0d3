//! How fast records are rewritten: `cargo bench -p tidegate-masking --bench masking -- [words]`.
//!
//! Only ways whose names hold one of the words are measured, if there are any words.
//! Every way has its turn in each round, so that a machine that slows down slows all of them. Printed are megabytes of input a second
//! and, for the ways that stand in one block, how many times as fast as the slowest of it: by the best round, which is what the
//! machine can do, and by the median of the rounds, which is what it does beside all else that it has to do.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use serde_json::Value;
use tidegate_masking::fields::Path;
use tidegate_masking::{Class, ClassId, Fields, Found, Mask, Scope, Transform, json};

const ROUNDS: usize = 101;
const RECORDS: usize = 500;

/// A way to do the work: its name, and the work itself for one record.
struct Way<'a> {
    name: &'a str,
    work: Work<'a>,
}

/// Takes a record, gives how much it wrote or read; 0 says that it failed.
type Work<'a> = Box<dyn FnMut(&[u8]) -> usize + 'a>;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let orders: Vec<Vec<u8>> = (0..RECORDS).map(|number| order(number).into_bytes()).collect();
    let classes = [class("email", Transform::Redact), class("card", Transform::KeepLast(4))];
    let mut paths = Fields::default();
    paths.add_path(&Path::parse("customer.email")?, ClassId(0))?;
    paths.add_path(&Path::parse("payment.card.pan")?, ClassId(1))?;
    let by_path = Mask { fields: paths, ..Mask::default() };
    let mut by_name = Mask::default();
    for (name, class) in [("email", 0), ("pan", 1), ("ssn", 1), ("iban", 1), ("phone", 0)] {
        by_name.fields.add_name(name, ClassId(class));
    }
    compare(
        "JSON, 2 fields of a nested order of about 1 KiB",
        &orders,
        vec![
            rewriting("json::rewrite, by path", &classes, &by_path),
            rewriting("json::rewrite, by 5 names at any depth", &classes, &by_name),
            Way { name: "serde_json IgnoredAny (reads only)", work: Box::new(ignored) },
            Way { name: "serde_json Value (read, edit, write)", work: Box::new(edited) },
        ],
    )
}

fn class(name: &str, transform: Transform) -> Class {
    Class { name: name.into(), mask: Some(transform) }
}

fn rewriting<'a>(name: &'a str, classes: &'a [Class], mask: &'a Mask) -> Way<'a> {
    let scope = Scope { classes, mask, subject: b"key" };
    let mut out = Vec::new();
    let work = move |record: &[u8]| {
        out.clear();
        let mut found = Found::default();
        let rewritten = json::rewrite(&scope, record, &mut out, &mut found);
        usize::from(rewritten.is_ok()) * out.len()
    };
    Way { name, work: Box::new(work) }
}

fn ignored(record: &[u8]) -> usize {
    usize::from(serde_json::from_slice::<serde::de::IgnoredAny>(record).is_ok())
}

fn edited(record: &[u8]) -> usize {
    let Ok(mut value) = serde_json::from_slice::<Value>(record) else { return 0 };
    if let Some(email) = value.pointer_mut("/customer/email") {
        *email = Value::from("***");
    }
    if let Some(pan) = value.pointer_mut("/payment/card/pan") {
        let digits = pan.as_str().unwrap_or_default();
        let last = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
        *pan = Value::from(format!("************{last}"));
    }
    serde_json::to_vec(&value).map_or(0, |bytes| bytes.len())
}

/// Measures ways against each other.
fn compare(what: &str, records: &[Vec<u8>], mut ways: Vec<Way<'_>>) -> Result<(), Box<dyn std::error::Error>> {
    // cargo adds words of its own, which begin with dashes
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    ways.retain(|way| wanted.is_empty() || wanted.iter().any(|word| way.name.contains(word.as_str())));
    let bytes: usize = records.iter().map(Vec::len).sum();
    let mut took = vec![Vec::new(); ways.len()];
    for _round in 0..ROUNDS {
        for (way, took) in ways.iter_mut().zip(&mut took) {
            let begun = Instant::now();
            for record in records {
                if black_box((way.work)(black_box(record))) == 0 {
                    return Err(format!("{} refuses a record", way.name).into());
                }
            }
            took.push(begun.elapsed().as_secs_f64());
        }
    }
    let speed = |seconds: f64| bytes as f64 / seconds / 1e6;
    let best: Vec<f64> = took.iter().map(|took| speed(took.iter().copied().fold(f64::INFINITY, f64::min))).collect();
    let medians: Vec<f64> = took.into_iter().map(|took| speed(median(took))).collect();
    let slowest = |speeds: &[f64]| speeds.iter().copied().fold(f64::INFINITY, f64::min);
    let (slowest_best, slowest_median) = (slowest(&best), slowest(&medians));
    let mut out = std::io::stdout();
    writeln!(out, "{what} ({} bytes a record)", bytes / records.len().max(1))?;
    for ((way, best), median) in ways.iter().zip(&best).zip(&medians) {
        let (times_best, times_median) = (best / slowest_best, median / slowest_median);
        let name = way.name;
        writeln!(
            out,
            "  {name:<42} best {best:>6.0} MB/s {times_best:>6.2}x   median {median:>6.0} MB/s {times_median:>6.2}x"
        )?;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// An order as shops send them.
fn order(number: usize) -> String {
    let items: Vec<String> = (0..3)
        .map(|item| {
            format!(
                r#"{{"sku":"SKU-{:06}","title":"Espresso machine, stainless steel","quantity":{},"unitPrice":{}.95,"taxRate":0.19,"tags":["kitchen","gift"]}}"#,
                number * 7 + item,
                item + 1,
                number % 300 + 20
            )
        })
        .collect();
    format!(
        concat!(
            r#"{{"orderId":"ord-{n:010}","createdAt":"2026-03-05T12:{m:02}:07.123Z","version":3,"channel":"web","#,
            r#""customer":{{"id":{id},"name":"Ann Example","email":"ann.{n}@example.org","phone":"+49 30 901820","#,
            r#""address":{{"street":"Karl-Marx-Allee 1","city":"Berlin","zip":"10178","country":"DE"}},"loyalty":true}},"#,
            r#""payment":{{"method":"card","card":{{"pan":"4111111111111111","expiry":"2029-11","holder":"A EXAMPLE"}},"#,
            r#""amount":{amount}.35,"currency":"EUR","captured":false,"fees":null}},"#,
            r#""items":[{items}],"shipping":{{"carrier":"DHL","service":"express","weightGrams":4200,"tracking":null}},"#,
            r#""notes":"leave it with the neighbour, please"}}"#
        ),
        n = number,
        m = number % 60,
        id = number + 100_000,
        amount = number % 900 + 100,
        items = items.join(",")
    )
}
