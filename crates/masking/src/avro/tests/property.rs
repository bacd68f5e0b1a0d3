//! Schemas and values made at random, against masking of the decoded value.

use std::collections::HashMap;

use apache_avro::types::Value;
use apache_avro::{Schema, to_avro_datum};
use proptest::prelude::*;

use super::{Wanted, decode};
use crate::framed::put_long;
use crate::transform::Transform;

/// Masked wherever it stands.
const NAME: &str = "secret";
/// Masked where this leads.
const PATH: [&str; 2] = ["a", "b"];
const NAMES: [&str; 6] = ["a", "b", "c", "secret", "d", "e"];

#[derive(Clone, Debug)]
enum Type {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    Text,
    Fixed(usize),
    Enum(usize),
    Array(Box<Type>),
    Map(Box<Type>),
    Union(Vec<Type>),
    /// Fields have the names from a place in [`NAMES`] on.
    Record(usize, Vec<Type>),
}

fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Boolean),
        Just(Type::Int),
        Just(Type::Long),
        Just(Type::Float),
        Just(Type::Double),
        Just(Type::Bytes),
        Just(Type::Text),
        (1_usize..9).prop_map(Type::Fixed),
        (1_usize..5).prop_map(Type::Enum),
    ];
    let plain = leaf.prop_recursive(4, 40, 6, |inner| {
        let field = prop_oneof![
            4 => inner.clone(),
            1 => Just(Type::Null),
            2 => (inner.clone(), any::<bool>()).prop_map(|(ty, first)| {
                Type::Union(if first { vec![Type::Null, ty] } else { vec![ty, Type::Null] })
            }),
        ];
        let record = (0..NAMES.len(), proptest::collection::vec(field.clone(), 0..6))
            .prop_map(|(at, fields)| Type::Record(at, fields));
        let records = proptest::collection::vec(record.clone(), 1..4);
        prop_oneof![
            3 => record,
            1 => field.clone().prop_map(|items| Type::Array(Box::new(items))),
            1 => field.prop_map(|values| Type::Map(Box::new(values))),
            1 => records.prop_map(|all| Type::Array(Box::new(Type::Union(all)))),
        ]
    });
    (0..NAMES.len(), proptest::collection::vec(plain, 1..6)).prop_map(|(at, fields)| Type::Record(at, fields))
}

fn field(at: usize, place: usize) -> &'static str {
    NAMES[(at + place) % NAMES.len()]
}

/// The schema's text; `number` makes names of types.
fn json(ty: &Type, number: &mut usize) -> String {
    *number += 1;
    let name = format!("T{number}");
    match ty {
        Type::Null => "\"null\"".to_owned(),
        Type::Boolean => "\"boolean\"".to_owned(),
        Type::Int => "\"int\"".to_owned(),
        Type::Long => "\"long\"".to_owned(),
        Type::Float => "\"float\"".to_owned(),
        Type::Double => "\"double\"".to_owned(),
        Type::Bytes => "\"bytes\"".to_owned(),
        Type::Text => "\"string\"".to_owned(),
        Type::Fixed(size) => format!(r#"{{"type": "fixed", "name": "{name}", "size": {size}}}"#),
        Type::Enum(symbols) => {
            let symbols: Vec<String> = (0..*symbols).map(|n| format!("\"S{n}\"")).collect();
            format!(r#"{{"type": "enum", "name": "{name}", "symbols": [{}]}}"#, symbols.join(", "))
        }
        Type::Array(items) => format!(r#"{{"type": "array", "items": {}}}"#, json(items, number)),
        Type::Map(values) => format!(r#"{{"type": "map", "values": {}}}"#, json(values, number)),
        Type::Union(all) => {
            let all: Vec<String> = all.iter().map(|ty| json(ty, number)).collect();
            format!("[{}]", all.join(", "))
        }
        Type::Record(at, types) => {
            let fields = types
                .iter()
                .enumerate()
                .map(|(place, ty)| format!(r#"{{"name": "{}", "type": {}}}"#, field(*at, place), json(ty, number)));
            let fields: Vec<String> = fields.collect();
            format!(r#"{{"type": "record", "name": "{name}", "fields": [{}]}}"#, fields.join(", "))
        }
    }
}

/// Choices, from bytes; 0 once they are used up.
struct Choices<'a>(std::slice::Iter<'a, u8>);

impl Choices<'_> {
    fn next(&mut self) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0))
    }

    fn long(&mut self) -> i64 {
        (0..1 + self.next() % 8).fold(0, |n, _| n << 8 | i64::try_from(self.next()).unwrap()) * [1, -1][self.next() % 2]
    }
}

fn value(ty: &Type, choices: &mut Choices<'_>) -> Value {
    let some = |choices: &mut Choices<'_>| ["Ann", "", "ann@example.org", "\u{101}\u{1f600}"][choices.next() % 4];
    match ty {
        Type::Null => Value::Null,
        Type::Boolean => Value::Boolean(choices.next() % 2 == 1),
        Type::Int => Value::Int(i32::try_from(choices.long() % (1 << 31)).unwrap()),
        Type::Long => Value::Long(choices.long()),
        Type::Float => Value::Float(choices.long() as f32),
        Type::Double => Value::Double(choices.long() as f64),
        Type::Bytes => Value::Bytes(some(choices).as_bytes().to_vec()),
        Type::Text => Value::String(some(choices).to_owned()),
        Type::Fixed(size) => Value::Fixed(*size, vec![b'x'; *size]),
        Type::Enum(symbols) => {
            let at = choices.next() % symbols;
            Value::Enum(u32::try_from(at).unwrap(), format!("S{at}"))
        }
        Type::Array(items) => Value::Array((0..choices.next() % 4).map(|_| value(items, choices)).collect()),
        Type::Map(values) => {
            let count = choices.next() % 4;
            Value::Map((0..count).map(|n| (field(n, choices.next() % 6).to_owned(), value(values, choices))).collect())
        }
        Type::Union(all) => {
            let at = choices.next() % all.len();
            Value::Union(u32::try_from(at).unwrap(), Box::new(value(&all[at], choices)))
        }
        Type::Record(at, types) => {
            let fields = types.iter().enumerate();
            Value::Record(fields.map(|(n, ty)| (field(*at, n).to_owned(), value(ty, choices))).collect())
        }
    }
}

/// How far along the path a value stands, and whether it is of the class.
#[derive(Clone, Copy)]
struct At {
    path: Option<usize>,
    covered: bool,
}

impl At {
    fn step(self, name: &str) -> At {
        let along = self.path.filter(|at| PATH[*at] == name).map(|at| at + 1);
        At {
            path: along.filter(|at| *at < PATH.len()),
            covered: self.covered || name == NAME || along == Some(PATH.len()),
        }
    }
}

/// Masks a decoded value: with null where there is null, if `null` says so, else with what says nothing.
fn masked(value: &Value, ty: &Type, at: At, null: bool) -> Value {
    match (value, ty) {
        (Value::Record(fields), Type::Record(_, types)) => {
            let each =
                |((name, value), ty): (&(String, Value), &Type)| (name.clone(), masked(value, ty, at.step(name), null));
            Value::Record(fields.iter().zip(types).map(each).collect())
        }
        (Value::Array(_), _) if at.covered && null => Value::Array(vec![]),
        (Value::Array(items), Type::Array(ty)) => {
            Value::Array(items.iter().map(|item| masked(item, ty, at, null)).collect())
        }
        (Value::Map(_), _) if at.covered => Value::Map(HashMap::new()),
        (Value::Map(map), Type::Map(ty)) => {
            let each = |(key, value): (&String, &Value)| (key.clone(), masked(value, ty, at.step(key), null));
            Value::Map(map.iter().map(each).collect())
        }
        (Value::Union(branch, value), Type::Union(all)) => {
            let nothing = all.iter().position(|ty| matches!(ty, Type::Null));
            match nothing {
                Some(nothing) if at.covered && null => {
                    Value::Union(u32::try_from(nothing).unwrap(), Box::new(Value::Null))
                }
                _ => Value::Union(*branch, Box::new(masked(value, &all[*branch as usize], at, null))),
            }
        }
        _ if !at.covered => value.clone(),
        (Value::Boolean(_), _) => Value::Boolean(false),
        (Value::Int(_), _) => Value::Int(0),
        (Value::Long(_), _) => Value::Long(0),
        (Value::Float(_), _) => Value::Float(0.0),
        (Value::Double(_), _) => Value::Double(0.0),
        (Value::Bytes(_), _) => Value::Bytes(vec![]),
        (Value::String(_), _) => Value::String("***".to_owned()),
        (Value::Fixed(size, _), _) => Value::Fixed(*size, vec![0; *size]),
        (Value::Enum(..), _) => Value::Enum(0, "S0".to_owned()),
        _ => value.clone(),
    }
}

/// Writes lists and maps in blocks of any kind; apache-avro writes but one kind.
fn encode(value: &Value, ty: &Type, choices: &mut Choices<'_>, out: &mut Vec<u8>) {
    let mut blocks = |items: Vec<Vec<u8>>, choices: &mut Choices<'_>| {
        let mut rest = &items[..];
        while !rest.is_empty() {
            let (block, more) = rest.split_at(1 + choices.next() % rest.len());
            let bytes = block.concat();
            let count = i64::try_from(block.len()).unwrap();
            if choices.next().is_multiple_of(2) {
                put_long(out, count);
            } else {
                put_long(out, -count);
                put_long(out, i64::try_from(bytes.len()).unwrap());
            }
            out.extend(bytes);
            rest = more;
        }
        out.push(0);
    };
    match (value, ty) {
        (Value::Array(items), Type::Array(ty)) => {
            let mut encoded = vec![];
            for item in items {
                encoded.push(vec![]);
                encode(item, ty, choices, encoded.last_mut().unwrap());
            }
            blocks(encoded, choices);
        }
        (Value::Map(map), Type::Map(ty)) => {
            let mut encoded = vec![];
            for (key, item) in map {
                let mut pair = vec![];
                put_long(&mut pair, i64::try_from(key.len()).unwrap());
                pair.extend(key.as_bytes());
                encode(item, ty, choices, &mut pair);
                encoded.push(pair);
            }
            blocks(encoded, choices);
        }
        (Value::Union(branch, value), Type::Union(all)) => {
            put_long(out, i64::from(*branch));
            encode(value, &all[*branch as usize], choices, out);
        }
        (Value::Record(fields), Type::Record(_, types)) => {
            for ((_, value), ty) in fields.iter().zip(types) {
                encode(value, ty, choices, out);
            }
        }
        (leaf, ty) => {
            let schema = Schema::parse_str(&json(ty, &mut 0)).unwrap();
            out.extend(to_avro_datum(&schema, leaf.clone()).unwrap());
        }
    }
}

proptest! {
    #[test]
    fn payloads_are_masked_as_their_decoded_values_are(
        ty in types(), seed in proptest::collection::vec(any::<u8>(), 0..200), null in any::<bool>(), flip in any::<(u16, u8)>(),
    ) {
        let text = json(&ty, &mut 0);
        let schema = Schema::parse_str(&text).unwrap();
        let mut choices = Choices(seed.iter());
        let value = value(&ty, &mut choices);
        let expected = masked(&value, &ty, At { path: Some(0), covered: false }, null);
        let transform = || if null { Transform::Null } else { Transform::Redact };
        let wanted = Wanted::default().name(NAME, transform()).path(&PATH.join("."), transform());
        let plan = wanted.plan(&text);
        let mut blocks = vec![];
        encode(&value, &ty, &mut choices, &mut blocks);
        prop_assert_eq!(&decode(&schema, &blocks), &value);
        for payload in [to_avro_datum(&schema, value.clone()).unwrap(), blocks] {
            let (new, _) = wanted.run(&plan, &payload).unwrap();
            prop_assert_eq!(&decode(&schema, &new.unwrap()), &expected);
            for end in 0..payload.len() {
                prop_assert!(wanted.run(&plan, &payload[..end]).is_err());
            }
            let mut longer = payload.clone();
            longer.push(flip.1);
            prop_assert!(wanted.run(&plan, &longer).is_err());
            // Whatever comes of it, it comes.
            let mut hostile = payload;
            if !hostile.is_empty() {
                let at = usize::from(flip.0) % hostile.len();
                hostile[at] = flip.1;
                let _any = wanted.run(&plan, &hostile);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(ty in types(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let wanted = Wanted::default().name(NAME, Transform::Redact);
        let _any = wanted.run(&wanted.plan(&json(&ty, &mut 0)), &bytes);
    }
}
