//! What tags lead to, by tables of schemas and values, and what conforms; what a schema can be made to cost.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::*;
use crate::detect::Detector;
use crate::fields::Path;
use crate::plan::{Class, ClassId, Unknown};
use crate::transform::Transform;

mod bounds;
mod earlier;

/// The class 0 of the tag `PII` is redacted, 1 of `OPEN` is clear, and 2 of `DROP` leaves its field out.
struct Asked {
    mask: Mask,
    classes: Vec<Class>,
}

fn asked(unknown: Unknown) -> Asked {
    let class = |mask| Class { name: "c".into(), mask };
    let classes = vec![class(Some(Transform::Redact)), class(None), class(Some(Transform::DropField))];
    let tags = vec![("PII".into(), ClassId(0)), ("open".into(), ClassId(1)), ("DROP".into(), ClassId(2))];
    Asked { mask: Mask { tags, unknown, ..Mask::default() }, classes }
}

impl Asked {
    fn plan(&self, schema: &str, references: &[(&str, Value)]) -> Result<JsonPlan, SchemaError> {
        let references: Vec<_> = references.iter().map(|(name, text)| ((*name).to_owned(), text.to_string())).collect();
        JsonPlan::compile(schema, &references, &self.mask)
    }

    fn run(&self, plan: &JsonPlan, value: &str) -> Result<String, Disagrees> {
        let scope = Scope { classes: &self.classes, mask: &self.mask, subject: b"" };
        let (mut out, mut found) = (b"before".to_vec(), Found::default());
        let rewritten = plan.rewrite(&scope, value.as_bytes(), &mut out, &mut found)?;
        let out = String::from_utf8(out).unwrap();
        let new = out.strip_prefix("before").unwrap();
        assert_eq!(rewritten == Rewritten::Same, new.is_empty());
        Ok(if rewritten == Rewritten::Same { value.to_owned() } else { new.to_owned() })
    }
}

/// What is left of a value under a schema and its references, where fields that it does not name pass.
fn masked_by(schema: &Value, references: &[(&str, Value)], value: &str) -> String {
    let asked = asked(Unknown::Pass);
    asked.run(&asked.plan(&schema.to_string(), references).unwrap(), value).unwrap()
}

fn pii() -> Value {
    json!({"type": "string", "confluent:tags": ["PII"]})
}

/// Of each schema and value, what is left where fields that it does not name pass.
fn every(table: &[(Value, &str, &str)]) {
    for (schema, value, wanted) in table {
        assert_eq!(masked_by(schema, &[], value), *wanted, "{schema}");
    }
}

#[test]
fn tags_lead_to_fields_and_what_is_in_them() {
    every(&[
        (json!({"properties": {"a": pii(), "b": {}}}), r#"{"a":"x","b":"y"}"#, r#"{"a":"***","b":"y"}"#),
        (json!({"properties": {"a": {"confluent:tags": "pii"}}}), r#"{"a":7,"b":7}"#, r#"{"a":0,"b":7}"#),
        (
            json!({"properties": {"a": {"properties": {"b": pii()}}}}),
            r#"{"a":{"b":"x"},"b":"y"}"#,
            r#"{"a":{"b":"***"},"b":"y"}"#,
        ),
        (
            json!({"properties": {"a": {"confluent:tags": ["PII"], "properties": {"b": {}}}}}),
            r#"{"a":{"b":"x"}}"#,
            r#"{"a":{}}"#,
        ),
        (json!({"confluent:tags": ["PII"]}), r#"{"b":"x"}"#, "{}"),
        (json!({"confluent:tags": ["PII"]}), r#" ["x"]"#, r#" ["***"]"#),
        (json!({"properties": {"a": {"items": pii()}}}), r#"{"a":["x",["y"],7]}"#, r#"{"a":["***",["***"],0]}"#),
    ]);
}

/// What is read is not checked, so that whoever writes could leave the brackets out.
#[test]
fn one_value_in_the_place_of_a_list_is_what_its_elements_are() {
    let list = |items: Value| json!({"properties": {"a": {"type": "array", "items": items}, "b": {}}});
    every(&[
        (list(pii()), r#"{"a":"x","b":"y"}"#, r#"{"a":"***","b":"y"}"#),
        (list(json!({"items": pii()})), r#"{"a":"x","b":"y"}"#, r#"{"a":"***","b":"y"}"#),
        (list(json!({"properties": {"c": pii()}})), r#"{"a":{"c":"x","d":"y"}}"#, r#"{"a":{"c":"***","d":"y"}}"#),
        (json!({"items": pii()}), r#""x""#, r#""***""#),
        (json!({"properties": {"a": {"contains": pii()}}}), r#"{"a":"x"}"#, r#"{"a":"***"}"#),
        (json!({"properties": {"a": {"prefixItems": [{}, pii()]}}}), r#"{"a":"x"}"#, r#"{"a":"***"}"#),
        (json!({"properties": {"a": {"prefixItems": [{}, pii()]}}}), r#"{"a":["x","x"]}"#, r#"{"a":["x","***"]}"#),
    ]);
}

#[test]
fn tags_lead_to_elements() {
    every(&[
        (json!({"items": [{}, pii()]}), r#"["a","b","c"]"#, r#"["a","***","c"]"#),
        (json!({"items": [{}, {}], "additionalItems": pii()}), r#"["a","b","c","d"]"#, r#"["a","b","***","***"]"#),
        (json!({"prefixItems": [pii(), {}], "items": pii()}), r#"["a","b","c"]"#, r#"["***","b","***"]"#),
        (json!({"prefixItems": [pii()], "unevaluatedItems": pii()}), r#"["a","b"]"#, r#"["***","***"]"#),
        (json!({"prefixItems": [{"items": pii()}]}), r#"[["a"],["b"]]"#, r#"[["***"],["b"]]"#),
        (json!({"contains": pii()}), r#"["a"]"#, r#"["***"]"#),
        (json!({"items": {"properties": {"a": pii()}}}), r#"[{"a":"x"},{"a":"y"}]"#, r#"[{"a":"***"},{"a":"***"}]"#),
        (json!({"properties": {"a": pii()}}), r#"[{"a":"x"}]"#, r#"[{"a":"***"}]"#),
    ]);
}

#[test]
fn tags_lead_to_fields_by_patterns_and_to_others() {
    every(&[
        (json!({"patternProperties": {"^x-": pii()}}), r#"{"x-a":"x","a":"y"}"#, r#"{"x-a":"***","a":"y"}"#),
        (
            json!({"properties": {"x-b": {}}, "patternProperties": {"^x-": pii(), "b$": {}}}),
            r#"{"x-b":"x","ab":"y","x":"z"}"#,
            r#"{"x-b":"***","ab":"y","x":"z"}"#,
        ),
        (
            json!({"properties": {"a": {}}, "patternProperties": {"^b\\d$": {}}, "additionalProperties": pii()}),
            r#"{"a":"x","b1":"y","c":"z","b٣":"w"}"#,
            r#"{"a":"x","b1":"y","c":"***","b٣":"***"}"#,
        ),
        (
            json!({"properties": {"a": {}}, "unevaluatedProperties": pii()}),
            r#"{"a":"x","b":"y"}"#,
            r#"{"a":"x","b":"***"}"#,
        ),
    ]);
}

#[test]
fn tags_lead_to_fields_by_references() {
    every(&[
        (
            json!({"properties": {"a": {"$ref": "#/definitions/P"}}, "definitions": {"P": pii()}}),
            r#"{"a":"x"}"#,
            r#"{"a":"***"}"#,
        ),
        (
            json!({"properties": {"a": {"$ref": "#/$defs/a~1b%20c"}}, "$defs": {"a/b c": pii()}}),
            r#"{"a":"x"}"#,
            r#"{"a":"***"}"#,
        ),
        (
            json!({"properties": {"a": {"$ref": "#/$defs/P", "confluent:tags": ["PII"]}}, "$defs": {"P": {}}}),
            r#"{"a":"x"}"#,
            r#"{"a":"***"}"#,
        ),
        (
            json!({"properties": {"a": {"$ref": "#P"}}, "$defs": {"P": {"$anchor": "P", "confluent:tags": ["PII"]}}}),
            r#"{"a":"x"}"#,
            r#"{"a":"***"}"#,
        ),
        (
            json!({"properties": {"a": {"$ref": "#P"}}, "definitions": {"P": {"$id": "#P", "confluent:tags": ["PII"]}}}),
            r#"{"a":"x"}"#,
            r#"{"a":"***"}"#,
        ),
        (
            json!({"properties": {"a": {"$ref": "#/components/schemas/P"}}, "components": {"schemas": {"P": pii()}}}),
            r#"{"a":"x"}"#,
            r#"{"a":"***"}"#,
        ),
        (
            json!({"$id": "http://a.example/b.json", "properties": {"a": {"$ref": "c.json#/$defs/P"}, "b": {"$ref": "#/$defs/P"}},
                "$defs": {"P": {}, "C": {"$id": "c.json", "$defs": {"P": pii()}}}}),
            r#"{"a":"x","b":"y"}"#,
            r#"{"a":"***","b":"y"}"#,
        ),
    ]);
}

#[test]
fn tags_in_any_branch_count() {
    every(&[
        (
            json!({"allOf": [{"properties": {"a": pii()}}, {"properties": {"b": {}}}]}),
            r#"{"a":"x","b":"y"}"#,
            r#"{"a":"***","b":"y"}"#,
        ),
        (json!({"properties": {"a": {"anyOf": [{"type": "null"}, pii()]}}}), r#"{"a":"x"}"#, r#"{"a":"***"}"#),
        (
            json!({"properties": {"a": {"oneOf": [{"type": "object", "properties": {"b": pii()}}, {"type": "string"}]}}}),
            r#"{"a":{"b":"x"}}"#,
            r#"{"a":{"b":"***"}}"#,
        ),
        (
            json!({"if": {"properties": {"a": pii()}}, "then": {"properties": {"b": pii()}}, "else": {"properties": {"c": pii()}}}),
            r#"{"a":"x","b":"y","c":"z","d":"w"}"#,
            r#"{"a":"***","b":"***","c":"***","d":"w"}"#,
        ),
        (json!({"dependentSchemas": {"b": {"properties": {"a": pii()}}}}), r#"{"a":"x"}"#, r#"{"a":"***"}"#),
        (json!({"dependencies": {"b": ["c"], "c": {"properties": {"a": pii()}}}}), r#"{"a":"x"}"#, r#"{"a":"***"}"#),
    ]);
}

#[test]
fn names_that_look_alike_and_several_classes() {
    every(&[
        // What looks like a tagged name is masked, and a name is a name even when another looks like it.
        (
            json!({"properties": {"email": pii()}}),
            r#"{"Email":"x","ｅMAIL":"y","e-mail":"z"}"#,
            r#"{"Email":"***","ｅMAIL":"***","e-mail":"z"}"#,
        ),
        (
            json!({"properties": {"ID": pii(), "id": {}}}),
            r#"{"id":"x","ID":"y","Id":"z"}"#,
            r#"{"id":"x","ID":"***","Id":"***"}"#,
        ),
        (
            json!({"properties": {"id": {}}, "additionalProperties": pii()}),
            r#"{"id":"x","Id":"y"}"#,
            r#"{"id":"x","Id":"***"}"#,
        ),
        // Of two classes the masked one counts.
        (json!({"properties": {"a": {"confluent:tags": ["OPEN", "PII"]}}}), r#"{"a":"x"}"#, r#"{"a":"***"}"#),
        (
            json!({"properties": {"a": {"confluent:tags": ["OPEN"], "properties": {"b": pii()}}}}),
            r#"{"a":{"b":"x","c":"y"}}"#,
            r#"{"a":{"b":"***","c":"y"}}"#,
        ),
        (json!({"properties": {"a": {"confluent:tags": ["DROP"]}}}), r#"{"a":"x","b":"y"}"#, r#"{"b":"y"}"#),
        (json!({"properties": {"a": {"items": {"confluent:tags": ["DROP"]}}}}), r#"{"a":["x"]}"#, r#"{"a":[null]}"#),
        (json!({"properties": {"a": {"confluent:tags": ["other"]}}}), r#"{"a":"x"}"#, r#"{"a":"x"}"#),
        (json!(true), r#"{"a":"x"}"#, r#"{"a":"x"}"#),
    ]);
}

#[test]
fn references_are_found_by_the_registrys_names() {
    let customer =
        json!({"type": "object", "properties": {"email": pii(), "home": {"$ref": "address.json#/definitions/Home"}}});
    let address = json!({"definitions": {"Home": {"properties": {"street": pii(), "of": {"$ref": "customer.json"}}}}});
    let value = r#"{"customer":{"email":"x","home":{"street":"y","of":{"email":"z"}}},"email":"w"}"#;
    let wanted = r#"{"customer":{"email":"***","home":{"street":"***","of":{"email":"***"}}},"email":"w"}"#;
    let named: &[(Option<&str>, &str, &str)] = &[
        (None, "customer.json", "customer.json"),
        (Some("https://shop.example/schemas/order.json"), "customer.json", "customer.json"),
        (
            Some("https://shop.example/schemas/order.json"),
            "customer.json",
            "https://shop.example/schemas/customer.json",
        ),
        (Some("urn:shop:order"), "customer.json", "customer.json"),
        (None, "https://shop.example/customer.json", "https://shop.example/customer.json"),
    ];
    for (id, reference, name) in named {
        let mut schema = json!({"properties": {"customer": {"$ref": reference}}});
        if let Some(id) = id {
            schema["$id"] = (*id).into();
        }
        let mut address = address.clone();
        address["definitions"]["Home"]["properties"]["of"]["$ref"] = (*name).into();
        let references = [(*name, customer.clone()), ("address.json", address)];
        assert_eq!(masked_by(&schema, &references, value), wanted, "{id:?} {name}");
    }
}

#[test]
fn schemas_that_hold_themselves_come_to_an_end() {
    let tree = json!({"properties": {"name": pii(), "below": {"items": {"$ref": "#"}}}});
    let value = r#"{"name":"a","below":[{"name":"b","below":[{"name":"c","n":1}]}]}"#;
    let wanted = r#"{"name":"***","below":[{"name":"***","below":[{"name":"***","n":1}]}]}"#;
    assert_eq!(masked_by(&tree, &[], value), wanted);
    let itself = json!({"$ref": "#/definitions/A", "definitions": {"A": {"allOf": [{"$ref": "#/definitions/B"}]},
        "B": {"anyOf": [{"$ref": "#/definitions/A"}, {"properties": {"a": pii()}}]}}});
    assert_eq!(masked_by(&itself, &[], r#"{"a":"x"}"#), r#"{"a":"***"}"#);
}

#[test]
fn fields_that_no_schema_names_are_left_out_unless_they_pass() {
    let table = [
        (json!({"properties": {"a": {"type": "string"}}}), r#"{"a":"x", "b":{"c":1}, "d":[1]}"#, r#"{"a":"x"}"#),
        (json!({"properties": {"a": {"type": "object"}}}), r#"{"a":{"b":1,"c":[2]}}"#, r#"{"a":{}}"#),
        (json!({"properties": {"a": {"type": "array"}}}), r#"{"a":[1,"x",{"b":1}]}"#, r#"{"a":[1,"x",{}]}"#),
        (json!({"additionalProperties": {"type": "string"}}), r#"{"a":"x"}"#, r#"{"a":"x"}"#),
        (json!({"additionalProperties": true}), r#"{"a":"x"}"#, "{}"),
        (json!({"patternProperties": {"^a": {}}}), r#"{"a":"x","b":"y"}"#, r#"{"a":"x"}"#),
        (
            json!({"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}),
            r#"{"a":1,"b":2,"c":3}"#,
            r#"{"a":1,"b":2}"#,
        ),
        (json!({"properties": {"a": {"confluent:tags": ["OPEN"]}}}), r#"{"a":{"b":1},"c":2}"#, r#"{"a":{"b":1}}"#),
        (json!({"properties": {"a": {}}}), r#"{"A":"x"}"#, "{}"),
        (json!({"properties": {"a": pii()}}), r#"{"A":"x"}"#, r#"{"A":"***"}"#),
        (json!({}), "7", "7"),
    ];
    for (schema, value, wanted) in table {
        let (text, asked) = (schema.to_string(), asked(Unknown::Mask));
        assert_eq!(asked.run(&asked.plan(&text, &[]).unwrap(), value).unwrap(), wanted, "{schema}");
        if !text.contains("PII") {
            assert_eq!(masked_by(&schema, &[], value), value, "{schema}");
        }
    }
}

#[test]
fn paths_names_and_content_count_beside_tags() {
    let mut asked = asked(Unknown::Mask);
    asked.mask.fields.add_path(&Path::parse("extra.deep.note").unwrap(), ClassId(0)).unwrap();
    asked.mask.fields.add_name("password", ClassId(0));
    asked.mask.fields.add_name("shown", ClassId(1));
    asked.mask.content.push((Detector::Card, ClassId(0)));
    let schema = json!({"properties": {"a": pii(), "text": {"type": "string"}, "shown": pii()}});
    let plan = asked.plan(&schema.to_string(), &[]).unwrap();
    let table = [
        (r#"{"a":"x","text":"y"}"#, r#"{"a":"***","text":"y"}"#),
        (r#"{"text":"4111111111111111"}"#, r#"{"text":"***"}"#),
        (r#"{"password":"x","other":"y"}"#, r#"{"password":"***"}"#),
        (r#"{"extra":{"deep":[{"note":"x","b":1}],"c":2},"d":3}"#, r#"{"extra":{"deep":[{"note":"***"}]}}"#),
        (r#"{"extra":"x","text":"y"}"#, r#"{"text":"y"}"#),
        (r#"{"shown":"x"}"#, r#"{"shown":"***"}"#),
    ];
    for (value, wanted) in table {
        assert_eq!(asked.run(&plan, value).unwrap(), wanted);
    }
    asked.mask.strict = true;
    assert_eq!(asked.run(&plan, r#"{"a":"x","b":1}"#).unwrap_err().why.why, "a field that its schema does not name");
}

#[test]
fn what_cannot_be_followed_is_said() {
    let tagged = json!({"confluent:tags": ["PII"]});
    let patterns: Value = (0..6).map(|n| (format!("^{n}"), json!({}))).collect::<serde_json::Map<_, _>>().into();
    let table = [
        (json!({"$dynamicRef": "#a"}), "$dynamicRef is not followed"),
        (json!({"properties": {"a": {"$recursiveRef": "#"}}}), "$recursiveRef is not followed"),
        (json!({"$ref": "https://shop.example/a.json"}), "neither in it nor among its references"),
        (json!({"$ref": "#/definitions/A"}), "neither in it nor among its references"),
        (json!({"$ref": "#A"}), "neither in it nor among its references"),
        (json!({"$ref": "#/title", "title": "t"}), "no schema stands at"),
        (json!({"propertyNames": tagged}), "tags under propertyNames"),
        (json!({"not": {"properties": {"a": tagged}}}), "tags under not"),
        (json!({"contentSchema": {"$ref": "#"}}), "tags under contentSchema"),
        (json!({"confluent:tags": {"PII": true}}), "is no list of texts"),
        (json!({"patternProperties": {"^(?!x)": {}}}), "looks around"),
        (json!({"patternProperties": patterns}), "more than 5 patterns"),
        (json!({"properties": {"a": {"$id": "b", "$ref": "#"}}}), "$id stands beside $ref"),
        (json!({"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}), "two schemas have the anchor"),
        (json!({"$defs": {"a": {"$id": "x"}, "b": {"$id": "x"}}}), "two schemas are called"),
    ];
    for (schema, wanted) in table {
        let refused = asked(Unknown::Mask).plan(&schema.to_string(), &[]).unwrap_err().to_string();
        assert!(refused.contains(wanted), "{schema}: {refused}");
    }
    for text in ["", "{", "[]", "7", r#"{"title": "a", "title": "b"}"#, "{} {}"] {
        assert!(asked(Unknown::Mask).plan(text, &[]).is_err(), "{text}");
    }
}

/// Subsets of branches, each a place of its own.
#[test]
fn branches_that_multiply_are_refused_soon() {
    let branch = |n: usize| json!({"properties": {"a": {"$ref": format!("#/$defs/d{}", n + 1)}, "b": {"$ref": format!("#/$defs/d{}", (n * 7 + 3) % 60)}}});
    let all: serde_json::Map<String, Value> =
        (0..61).map(|n| (format!("d{n}"), json!({"anyOf": [branch(n % 60), branch((n * 3) % 60)]}))).collect();
    let schema = json!({"$ref": "#/$defs/d0", "$defs": all});
    let begin = Instant::now();
    let compiled = asked(Unknown::Mask).plan(&schema.to_string(), &[]);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", compiled.err());
}

mod conforming {
    use super::*;

    fn plan(schema: &Value, references: &[(&str, Value)]) -> Result<JsonPlan, SchemaError> {
        let references: Vec<_> = references.iter().map(|(name, text)| ((*name).to_owned(), text.to_string())).collect();
        JsonPlan::compile(&schema.to_string(), &references, &Mask { conform: true, ..Mask::default() })
    }

    fn check(plan: &JsonPlan, value: &[u8]) -> Result<(), String> {
        let mask = Mask { conform: true, ..Mask::default() };
        let scope = Scope { classes: &[], mask: &mask, subject: b"" };
        match plan.rewrite(&scope, value, &mut Vec::new(), &mut Found::default()) {
            Ok(rewritten) => {
                assert_eq!(rewritten, Rewritten::Same);
                Ok(())
            }
            Err(Disagrees { how: Some(how), .. }) => Err(how),
            Err(Disagrees { why, how: None }) => Err(why.to_string()),
        }
    }

    #[test]
    fn what_fails_is_named_by_the_schema_and_never_by_the_value() {
        let address = json!({"properties": {"street": {"type": "string"}}, "required": ["street"]});
        let schema = json!({
            "properties": {"id": {"type": "integer"}, "name": {"pattern": "^[A-Z]"}, "home": {"$ref": "address.json"},
                "kind": {"enum": ["a", "b"]}, "either": {"anyOf": [{"type": "null"}, {"$ref": "#/definitions/Number"}]}},
            "additionalProperties": false,
            "definitions": {"Number": {"type": "number", "exclusiveMaximum": 10}}
        });
        let plan = plan(&schema, &[("address.json", address)]).unwrap();
        for good in
            [r#"{"id":1,"name":"Ann","home":{"street":"s"},"kind":"a","either":null}"#, "{}", r#"{"either":9.5}"#]
        {
            assert_eq!(check(&plan, good.as_bytes()), Ok(()), "{good}");
        }
        let secret = "4111111111111111";
        let table = [
            (r#"{"id":"4111111111111111"}"#, "`type` fails at /properties/id/type"),
            (r#"{"name":"4111111111111111"}"#, "`pattern` fails at /properties/name/pattern"),
            (r#"{"home":{"street":4111111111111111}}"#, "`type` fails at /properties/home/$ref/properties/street/type"),
            (r#"{"home":{}}"#, "`required` fails at /properties/home/$ref/required"),
            (r#"{"kind":"4111111111111111"}"#, "`enum` fails at /properties/kind/enum"),
            (r#"{"either":4111111111111111}"#, "`anyOf` fails at /properties/either/anyOf"),
            (r#"{"4111111111111111":1}"#, "`additionalProperties` fails at /additionalProperties"),
        ];
        for (bad, wanted) in table {
            let refused = check(&plan, bad.as_bytes()).unwrap_err();
            assert_eq!(refused, format!("does not conform to its schema: {wanted}"));
            assert!(!refused.contains(secret));
        }
        let unread = [
            ("{\"id\":1", "it is no JSON at byte 7"),
            ("{\"id\":1,\"id\":\"x\"}", "a name comes twice"),
            ("\n\n1 2", "it is no JSON at byte 5"),
            ("{\"id\":1e999}", "no JSON"),
        ];
        for (bad, wanted) in unread {
            let refused = check(&plan, bad.as_bytes()).unwrap_err();
            assert!(refused.contains(wanted), "{bad}: {refused}");
        }
    }

    #[test]
    fn a_draft_is_what_schema_says_and_seven_otherwise() {
        let table = [
            (json!({"exclusiveMaximum": 10}), "10", false),
            (
                json!({"$schema": "http://json-schema.org/draft-04/schema#", "maximum": 10, "exclusiveMaximum": true}),
                "10",
                false,
            ),
            (json!({"items": [{"type": "string"}]}), "[1]", false),
            (json!({"prefixItems": [{"type": "string"}]}), "[1]", true),
            (
                json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "string"}]}),
                "[1]",
                false,
            ),
            (json!({"format": "ipv4"}), "\"x\"", false),
            (json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "format": "ipv4"}), "\"x\"", true),
            (
                json!({"$id": "https://a.example/b", "properties": {"a": {"$ref": "#c"}}, "definitions": {"c": {"$id": "#c", "type": "null"}}}),
                r#"{"a":1}"#,
                false,
            ),
            (
                json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}),
                r#"{"a":1}"#,
                true,
            ),
        ];
        for (schema, value, good) in table {
            let checked = check(&plan(&schema, &[]).unwrap(), value.as_bytes());
            assert_eq!(checked.is_ok(), good, "{schema}: {checked:?}");
        }
        let table = [
            (json!({"$schema": "https://a.example/draft"}), "$schema is none of the drafts"),
            (json!({"type": "strung"}), "it is no schema that can be checked by: "),
            (json!({"pattern": "^(?=x)"}), "it is no schema that can be checked by: "),
            (json!({"$ref": "#"}), "leads to itself"),
            (
                json!({"allOf": [{"$ref": "#/definitions/A"}], "definitions": {"A": {"not": {"$ref": "#"}}}}),
                "leads to itself",
            ),
        ];
        for (schema, wanted) in table {
            let refused = plan(&schema, &[]).unwrap_err().to_string();
            assert!(refused.contains(wanted), "{schema}: {refused}");
        }
        let other = json!({"$schema": "https://json-schema.org/draft/2020-12/schema"});
        let refused = plan(&json!({"$ref": "other"}), &[("other", other)]).unwrap_err().to_string();
        assert!(refused.contains("another draft"), "{refused}");
    }

    /// Each would take minutes or for ever without a bound.
    #[test]
    fn no_schema_makes_the_gate_wait() {
        let deep = |value: &str, depth: usize| format!("{}{value}{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let twice = json!({"anyOf": [{"properties": {"a": {"allOf": [{"$ref": "#"}, {"minProperties": 0}]}}, "maxProperties": 1},
            {"properties": {"a": {"oneOf": [{"$ref": "#"}, {"$ref": "#"}]}}, "required": ["b"]}]});
        let many: Vec<String> = (0..20_000).map(|n| format!("word {n}")).collect();
        let table = [
            (json!({"pattern": "^(a+)+$"}), format!("{:?}", "a".repeat(500_000) + "!"), "pattern"),
            (json!({"pattern": "^(a|aa)*b(a|aa)*c$"}), format!("{:?}", "a".repeat(500_000)), "pattern"),
            (twice, deep("1", 60), ""),
            (json!({"items": {"enum": many}}), format!("[{}0]", "\"no such word\",".repeat(60_000)), "enum"),
        ];
        for (schema, value, wanted) in table {
            let plan = plan(&schema, &[]).unwrap();
            let begin = Instant::now();
            let checked = check(&plan, value.as_bytes());
            assert!(begin.elapsed() < Duration::from_secs(20), "{checked:?} after {:?}", begin.elapsed());
            assert!(wanted.is_empty() || checked.is_err(), "{wanted}");
        }
        let large = format!("[{}0]", "0,".repeat(VALUE_BYTES / 2));
        let refused = check(&plan(&json!({}), &[]).unwrap(), large.as_bytes()).unwrap_err();
        assert!(refused.contains("larger than what is checked"), "{refused}");
    }

    const VALUE_BYTES: usize = 1 << 20;

    /// Without a bound each takes longer than the universe, or more memory than there is.
    #[test]
    fn work_is_counted_and_stopped() {
        // At each level four branches, all wrong at the end, and where the value is checked is not where it was before.
        let branch =
            |n: usize| json!({"properties": {"a": {"$ref": format!("#/definitions/d{n}")}}, "required": ["a"]});
        let end = json!({"type": "null"});
        let level = |n: usize| match n {
            0 => end.clone(),
            _ => json!({"anyOf": [branch(n - 1), branch(n - 1), branch(n - 1), branch(n - 1)]}),
        };
        let levels: serde_json::Map<String, Value> = (0..41).map(|n| (format!("d{n}"), level(n))).collect();
        let schema = json!({"$ref": "#/definitions/d40", "definitions": levels});
        let deep = format!("{}1{}", r#"{"a":"#.repeat(40), "}".repeat(40));
        let begin = Instant::now();
        let refused = check(&plan(&schema, &[]).unwrap(), deep.as_bytes()).unwrap_err();
        assert!(refused.contains("takes too long") || refused.contains("in too many ways"), "{refused}");
        // What refers, and never looks.
        let twenty = |n: usize| vec![json!({"$ref": format!("#/definitions/d{n}")}); 20];
        let levels: serde_json::Map<String, Value> = (0..11)
            .map(|n| (format!("d{n}"), if n == 0 { false.into() } else { json!({"anyOf": twenty(n - 1)}) }))
            .collect();
        let schema = json!({"$ref": "#/definitions/d10", "definitions": levels});
        for value in ["1", r#"{"a":1}"#] {
            assert!(check(&plan(&schema, &[]).unwrap(), value.as_bytes()).is_err(), "{value}");
        }
        let many: Vec<String> = (0..900).map(|n| format!("n{n}")).collect();
        let wide = json!({"items": {"dependentRequired": {"n": many}, "propertyNames": {"not": {"enum": many}}, "required": many}, "uniqueItems": true});
        let every: serde_json::Map<String, Value> = many.iter().map(|name| (name.clone(), 1.into())).collect();
        let value = Value::from(vec![Value::Object(every); 60]).to_string();
        assert!(check(&plan(&wide, &[]).unwrap(), value.as_bytes()).is_err());
        assert!(begin.elapsed() < Duration::from_secs(60), "{:?}", begin.elapsed());
    }

    /// As deep, in value and schema, as is allowed: on half the stack that threads have.
    #[test]
    fn the_deepest_fits_on_the_stack() {
        let mut schema = json!({"properties": {"a": {"$ref": "#"}}});
        for _link in 0..20 {
            schema = json!({"allOf": [schema]});
        }
        let plan = plan(&schema, &[]).unwrap();
        let value = format!("{}1{}", r#"{"a":"#.repeat(64), "}".repeat(64));
        let checks = || assert_eq!(check(&plan, value.as_bytes()), Ok(()));
        thread::scope(|scope| {
            let small = thread::Builder::new().stack_size(1 << 20).spawn_scoped(scope, checks).unwrap();
            small.join().unwrap();
        });
        let deeper = format!("{}1{}", r#"{"a":"#.repeat(65), "}".repeat(65));
        assert!(check(&plan, deeper.as_bytes()).unwrap_err().contains("nests deeper"));
        let mut long = json!({});
        for _link in 0..30 {
            long = json!({"allOf": [long]});
        }
        assert!(conforming::plan(&long, &[]).unwrap_err().to_string().contains("lead to each other"));
    }

    #[test]
    fn a_long_chain_of_references_is_compiled() {
        let links: serde_json::Map<String, Value> = (0..9_900)
            .map(|n| {
                (format!("d{n}"), json!({"properties": {"a": {"$ref": format!("#/definitions/d{}", (n + 1) % 9_900)}}}))
            })
            .collect();
        let schema = json!({"$ref": "#/definitions/d0", "definitions": links});
        assert_eq!(check(&plan(&schema, &[]).unwrap(), br#"{"a":{"a":{"a":1}}}"#), Ok(()));
    }
}
