//! The rewriter against serde_json: what is taken, and what comes out.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

const NAMES: [&str; 6] = ["email", "EMail", "customer", "pan", "card", "x\"\\/\u{e9}"];

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z \\\\\"/{}\\[\\]\n\u{1}\u{e9}\u{1f600}]{0,24}",
        Just("{\"email\":\"x\"}".to_owned()),
        Just("ann@example.org".to_owned()),
        Just("4111111111111111".to_owned()),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // serde_json is not exact with all floats; with these it is.
        any::<i32>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        texts().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 60, 6, |inner| {
        let name = prop_oneof![prop::sample::select(&NAMES[..]).prop_map(str::to_owned), texts()];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

/// As people and programs write: with or without white space, with or without needless escapes.
fn written(value: &Value, pretty: bool, escaped: bool) -> String {
    let text = if pretty { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) }.unwrap();
    if escaped { text.replace("m", "\\u006d").replace('/', "\\/") } else { text }
}

/// The same edit on a tree.
fn edited(value: &mut Value, masked: bool) {
    match value {
        Value::Object(_) if masked => *value = serde_json::json!({}),
        Value::Object(fields) => {
            for (name, value) in fields {
                edited(value, name.to_lowercase() == "email" || name == "pan");
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(|element| edited(element, masked)),
        Value::String(text) if masked => *text = REDACTED.to_owned(),
        Value::String(text) if *text == "{\"email\":\"x\"}" => *text = "{\"email\":\"***\"}".to_owned(),
        Value::Number(number) if masked => *value = if number.is_i64() { 0.into() } else { 0.0.into() },
        Value::Bool(truth) if masked => *truth = false,
        _ => {}
    }
}

fn has_nul_in_a_name(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || has_nul_in_a_name(value)),
        Value::Array(elements) => elements.iter().any(has_nul_in_a_name),
        _ => false,
    }
}

/// What serde_json takes and we do, but for NUL in names.
fn taken_alike(input: &[u8], mask: &Mask) -> Result<(), TestCaseError> {
    let classes = classes(Transform::Redact, Transform::DropField);
    let scope = Scope { classes: &classes, mask, subject: b"" };
    let mut out = Vec::new();
    let ours = rewrite(&scope, input, &mut out, &mut Found::default());
    let theirs = serde_json::from_slice::<Value>(input);
    let wanted = theirs.as_ref().is_ok_and(|value| !has_nul_in_a_name(value));
    prop_assert_eq!(ours.is_ok(), wanted, "{:?} {:?} {}", ours, theirs, String::from_utf8_lossy(input));
    if ours == Ok(Rewritten::Changed) {
        prop_assert!(serde_json::from_slice::<Value>(&out).is_ok(), "{}", String::from_utf8_lossy(&out));
    } else {
        prop_assert!(out.is_empty());
    }
    Ok(())
}

fn masks() -> [Mask; 3] {
    [by_path(), by_name(), by_content()]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn trees_edited_and_texts_rewritten_are_the_same(value in values(), pretty: bool, escaped: bool) {
        let mut wanted = value.clone();
        edited(&mut wanted, false);
        let input = written(&value, pretty, escaped);
        let classes = classes(Transform::Redact, Transform::Redact);
        let (result, output, _) = rewritten(&classes, &by_name(), &input);
        let output = if result.unwrap() == Rewritten::Same { input } else { output };
        prop_assert_eq!(serde_json::from_str::<Value>(&output).unwrap(), wanted);
    }

    #[test]
    fn mutated_texts_are_taken_or_refused_as_serde_json_does(
        value in values(),
        pretty: bool,
        escaped: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..3, mutation()), 1..4),
    ) {
        let mut input = written(&value, pretty, escaped).into_bytes();
        for (at, how, bytes) in changes {
            let at = at.index(input.len() + 1);
            let end = (at + usize::from(how)).min(input.len());
            input.splice(at..end, bytes);
        }
        for mask in masks() {
            taken_alike(&input, &mask)?;
        }
    }

    #[test]
    fn any_pieces_of_json_are_taken_or_refused_as_serde_json_does(pieces in prop::collection::vec(mutation(), 0..12)) {
        for mask in masks() {
            taken_alike(&pieces.concat(), &mask)?;
        }
    }

    #[test]
    fn any_numbers_are_taken_or_refused_as_serde_json_does(number in "-?[0-9]{0,3}[.eE+-]?[0-9]{0,20}[.eE+-]{0,2}[0-9]{0,3}") {
        for mask in masks() {
            taken_alike(format!("[{number}]").as_bytes(), &mask)?;
        }
    }
}

/// Pieces that make texts good, bad, or different.
fn mutation() -> impl Strategy<Value = Vec<u8>> {
    let pieces: [&[u8]; 44] = [
        b"",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\\",
        b"\\\"",
        b"\\u",
        b"\\u0000",
        b"\\u0041",
        b"\\ud83d",
        b"\\ude00",
        b"\\n",
        b"\\x",
        b" ",
        b"\n",
        b"\t",
        b"\0",
        b"\x0b",
        b"\x7f",
        b"\xff",
        b"\xc3",
        b"\xc3\xa9",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"0",
        b"-",
        b"1",
        b".5",
        b"e9",
        b"E+",
        b"e400",
        b"true",
        b"nul",
        b"null",
        b"NaN",
        b"//",
        b"'",
        b"\"email\":",
        b"\"x\":1,",
        b"{\"pan\":[]}",
    ];
    prop_oneof![
        4 => prop::sample::select(pieces.map(<[u8]>::to_vec).to_vec()),
        1 => any::<u8>().prop_map(|byte| vec![byte]),
    ]
}
