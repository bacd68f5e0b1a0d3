//! What is refused before it costs memory.

use super::*;
use crate::avro::AvroPlan;

fn why(schema: &str, mask: &Mask) -> String {
    AvroPlan::compile(schema, &[], mask).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn long_names_are_refused_before_they_are_repeated() {
    let fixed = |name: &str, namespace: &str| {
        format!(r#"{{"type": "fixed", "name": "{name}", "namespace": "{namespace}", "size": 1}}"#)
    };
    let record = |field: &str| format!(r#"{{"type": "record", "name": "R", "fields": [{{{field}}}]}}"#);
    let schemas = |bytes: usize| {
        let long = "n".repeat(bytes);
        [
            fixed(&long, "s"),
            fixed("F", &long),
            record(&format!(r#""name": "{long}", "type": "int""#)),
            record(&format!(r#""name": "f", "aliases": ["{long}"], "type": "int""#)),
            record(&format!(r#""name": "f", "confluent:tags": ["{long}"], "type": "int""#)),
            record(&format!(r#""name": "f", "confluent:tags": "{long}", "type": "int""#)),
            format!(r#"{{"type": "enum", "name": "E", "symbols": ["{long}"]}}"#),
        ]
    };
    for schema in schemas(1024) {
        assert_eq!(why(&schema, &Mask::default()), "");
    }
    let unknown = "n".repeat(1025);
    for schema in schemas(1025).into_iter().chain([format!("\"{unknown}\""), format!(r#"{{"type": "{unknown}"}}"#)]) {
        assert!(why(&schema, &Mask::default()).contains("a name of more than 1024 bytes"), "{schema}");
    }
}

#[test]
fn names_in_a_long_namespace_have_an_end() {
    let namespace = "s".repeat(1000);
    let schema = |types: usize| {
        let types: Vec<String> = (0..types).map(|n| format!(r#"{{"type":"fixed","name":"F{n}","size":1}}"#)).collect();
        let field = format!(r#"{{"name": "f", "type": [{}]}}"#, types.join(","));
        format!(r#"{{"type": "record", "name": "R", "namespace": "{namespace}", "fields": [{field}]}}"#)
    };
    assert_eq!(why(&schema(100), &Mask::default()), "");
    assert!(why(&schema(17_000), &Mask::default()).contains("names that are too long for how many there are"));
}

/// Few operations, each with very many fields or branches.
#[test]
fn fields_in_many_places_have_an_end() {
    let fields: Vec<String> = (0..2_000).map(|n| format!(r#"{{"name":"f{n}","type":"int"}}"#)).collect();
    let wide = format!(r#"{{"type": "record", "name": "W", "fields": [{}]}}"#, fields.join(","));
    let places = |count: usize| {
        let mut mask = Mask::default();
        let mut fields = Vec::new();
        for n in 0..count {
            mask.fields.add_path(&Path::parse(&format!("p{n}.none")).unwrap(), ClassId(0)).unwrap();
            let ty = if n == 0 { wide.as_str() } else { "\"W\"" };
            fields.push(format!(r#"{{"name": "p{n}", "type": {ty}}}"#));
        }
        why(&format!(r#"{{"type": "record", "name": "R", "fields": [{}]}}"#, fields.join(",")), &mask)
    };
    assert_eq!(places(20), "");
    assert!(places(255).contains("too many places"));
}
