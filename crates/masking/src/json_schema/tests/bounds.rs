//! What is refused before it costs memory or time, or before anybody could mistake it.

use super::*;

fn asked_for(schema: &Value) -> Result<JsonPlan, SchemaError> {
    asked(Unknown::Mask).plan(&schema.to_string(), &[])
}

fn conforming_to(schema: &Value, references: &[(&str, Value)]) -> Result<JsonPlan, SchemaError> {
    let references: Vec<_> = references.iter().map(|(name, text)| ((*name).to_owned(), text.to_string())).collect();
    JsonPlan::compile(&schema.to_string(), &references, &Mask { conform: true, ..Mask::default() })
}

fn why<T>(result: Result<T, SchemaError>) -> String {
    result.err().map(|error| error.to_string()).unwrap_or_default()
}

/// Definitions that each refer to the next so many times.
fn multiplying(levels: usize, times: usize) -> Value {
    let level = |n: usize| match n {
        0 => json!({"properties": {"a": {}}}),
        _ => json!({"anyOf": vec![json!({"$ref": format!("#/$defs/d{}", n - 1)}); times]}),
    };
    (0..=levels).map(|n| (format!("d{n}"), level(n))).collect::<serde_json::Map<_, _>>().into()
}

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

#[test]
fn references_do_not_multiply_for_what_is_unevaluated() {
    let refused = "along too many ways";
    for keyword in ["unevaluatedProperties", "unevaluatedItems"] {
        let mut schema = json!({"$schema": DRAFT, "$ref": "#/$defs/d4", "$defs": multiplying(4, 20)});
        assert!(conforming_to(&schema, &[]).is_ok(), "each is compiled once");
        schema[keyword] = true.into();
        assert!(conforming_to(&schema, &[]).is_ok(), "it says nothing");
        schema[keyword] = false.into();
        assert!(why(conforming_to(&schema, &[])).contains(refused), "{keyword}");
        let own = json!({"$schema": DRAFT, "properties": {"a": {"$ref": "other.json"}}});
        assert!(why(conforming_to(&own, &[("other.json", schema)])).contains(refused), "{keyword} of a reference");
        let few = json!({"$schema": DRAFT, "$ref": "#/$defs/d8", keyword: false, "$defs": multiplying(8, 2)});
        assert!(conforming_to(&few, &[]).is_ok(), "{keyword} along 256 ways");
    }
    let mut nested = json!({});
    for _level in 0..18 {
        nested = json!({"unevaluatedProperties": nested});
    }
    nested["$schema"] = DRAFT.into();
    assert!(why(conforming_to(&nested, &[])).contains(refused), "each is compiled twice");
}

#[test]
fn what_holds_itself_may_leave_nothing_unevaluated() {
    let tree = json!({"$schema": DRAFT, "$ref": "#/$defs/Node", "unevaluatedProperties": false, "$defs": {"Node": {
        "allOf": [{"properties": {"below": {"$ref": "#/$defs/Node", "unevaluatedProperties": false}}}]}}});
    let mask = Mask { conform: true, ..Mask::default() };
    let scope = Scope { classes: &[], mask: &mask, subject: b"" };
    let plan = conforming_to(&tree, &[]).unwrap();
    for (value, good) in [(r#"{"below":{"below":{}}}"#, true), (r#"{"below":{"other":1}}"#, false)] {
        let checked = plan.rewrite(&scope, value.as_bytes(), &mut Vec::new(), &mut Found::default());
        assert_eq!(checked.is_ok(), good, "{value}");
    }
}

#[test]
fn long_names_are_refused_before_they_are_repeated() {
    let named = |bytes: usize| json!({"properties": {"n".repeat(bytes): pii()}});
    assert!(asked_for(&named(1024)).is_ok());
    let long = "n".repeat(1025);
    for schema in [
        named(1025),
        json!({"patternProperties": {&long: {}}}),
        json!({"$defs": {&long: {}}}),
        json!({"$ref": format!("#/components/{long}"), "components": {&long: {}}}),
    ] {
        assert!(why(asked_for(&schema)).contains("a name is longer than 1024 bytes"));
    }
    let uri = format!("https://a.example/{long}{long}/");
    assert!(why(asked_for(&json!({"$id": uri}))).contains("an $id is longer"));
    let references = [(uri.as_str(), json!({}))];
    assert!(why(asked(Unknown::Mask).plan("{}", &references)).contains("the name of a reference is longer"));
}

#[test]
fn places_of_long_names_have_an_end() {
    let name = |n: usize| format!("{n:0>1000}");
    let mut deep: Value =
        json!({"properties": (0..500).map(|n| (n.to_string(), json!({}))).collect::<serde_json::Map<_, _>>()});
    for level in 0..40 {
        deep = json!({"properties": {name(level): deep}});
    }
    assert!(why(asked_for(&deep)).contains("too long for how deep it is"));
}

#[test]
fn names_in_many_places_have_an_end() {
    let wide: serde_json::Map<String, Value> = (0..100).map(|n| (format!("{n:0>1000}"), json!({}))).collect();
    let places = |count: usize| -> serde_json::Map<String, Value> {
        let place = |n: usize| json!({"$ref": "#/$defs/W", "properties": {format!("own{n}"): {}}});
        (0..count).map(|n| (format!("p{n}"), place(n))).collect()
    };
    let schema = |count: usize| json!({"properties": places(count), "$defs": {"W": {"properties": wide}}});
    assert!(asked_for(&schema(10)).is_ok());
    assert!(why(asked_for(&schema(170))).contains("too long for how many places"));
}

/// The names of fields themselves would go out as they are.
#[test]
fn tags_that_references_lead_to_from_where_no_field_is_are_noticed() {
    let email = json!({"Email": pii(), "Name": {"type": "string"}, "Through": {"allOf": [{"$ref": "#/$defs/Email"}]},
        "Round": {"anyOf": [{"$ref": "#/$defs/Round2"}]}, "Round2": {"anyOf": [{"$ref": "#/$defs/Round"}]}});
    for (keyword, name, noticed) in [
        ("propertyNames", "Email", true),
        ("propertyNames", "Through", true),
        ("propertyNames", "Name", false),
        ("propertyNames", "Round", false),
        ("not", "Email", true),
        ("not", "Through", true),
        ("not", "Name", false),
    ] {
        let to = json!({"$ref": format!("#/$defs/{name}")});
        for within in [to.clone(), json!({"allOf": [to]})] {
            let schema = json!({keyword: within, "additionalProperties": {"type": "number"}, "$defs": email});
            let refused = why(asked_for(&schema));
            assert_eq!(refused.contains(&format!("tags under {keyword}")), noticed, "{schema}: {refused}");
        }
    }
    let components = json!({"properties": {"a": {"$ref": "#/components/A/not"}, "b": {"$ref": "#/components/A"}},
        "components": {"A": {"not": pii()}}});
    assert!(why(asked_for(&components)).contains("tags under not"), "whatever is met first");
}

#[test]
fn tags_of_a_list_that_drafts_read_in_two_ways_are_not_lost() {
    for (prefix, items) in [(json!([{}]), json!([pii()])), (json!([pii()]), json!([{}]))] {
        let refused = why(asked_for(&json!({"prefixItems": prefix, "items": items})));
        assert!(refused.contains("prefixItems stands beside a list of items"), "{refused}");
    }
}

#[test]
fn patterns_that_people_write_are_small_enough() {
    for pattern in [
        "^x-",
        r"^[a-zA-Z_][a-zA-Z0-9_.-]{0,62}$",
        r"^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$",
        r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$",
        r"^\+?[1-9]\d{6,14}$",
        r"^\p{L}+$",
        r"^.{1,32}$",
        "^(a+)+$",
    ] {
        assert!(asked_for(&json!({"patternProperties": {pattern: {}}})).is_ok(), "{pattern}");
        assert!(conforming_to(&json!({"pattern": pattern}), &[]).is_ok(), "{pattern}");
    }
    assert!(conforming_to(&json!({"pattern": "^.{1,128}$"}), &[]).is_ok());
    let large = r"([a-z][0-9]){4000}";
    assert!(why(asked_for(&json!({"patternProperties": {large: {}}}))).contains("is too large"));
    assert!(conforming_to(&json!({"pattern": large}), &[]).is_err());
    assert!(why(conforming_to(&json!({"pattern": "x".repeat(4097)}), &[])).contains("a pattern is longer"));
    let together = json!({"patternProperties": {r"^\p{L}+$": {}, r"^\p{L}+-\d$": {}}});
    assert!(why(asked_for(&together)).contains("too large together"));
    let many: serde_json::Map<String, Value> =
        (0..257).map(|n| (format!("p{n}"), json!({"patternProperties": {format!("^{n}"): {}}}))).collect();
    assert!(why(asked_for(&json!({"properties": many}))).contains("more than 256 patterns of names"));
}

#[test]
fn names_too_long_to_be_matched_are_named_by_nobody() {
    let (x, y) = ("x".repeat(1025), "y".repeat(1025));
    let short = "x".repeat(1024);
    let value = |name: &str| format!(r#"{{"{name}":"v"}}"#);
    let masked = |name: &str| format!(r#"{{"{name}":"***"}}"#);
    let schema = json!({"patternProperties": {"^x": {}}, "additionalProperties": {"type": "string"}}).to_string();
    let strict = asked(Unknown::Mask);
    let plan = strict.plan(&schema, &[]).unwrap();
    assert_eq!(strict.run(&plan, &value(&x)).unwrap(), "{}");
    assert_eq!(strict.run(&plan, &value(&short)).unwrap(), value(&short));
    // Where such fields pass, all that may be said of them counts.
    let tagged = json!({"patternProperties": {"^x": pii()}, "confluent:tags": ["OPEN"]});
    assert_eq!(masked_by(&tagged, &[], &value(&x)), masked(&x));
    assert_eq!(masked_by(&tagged, &[], &value(&y)), masked(&y));
    let others = json!({"patternProperties": {"^x": {}}, "additionalProperties": pii()});
    assert_eq!(masked_by(&others, &[], &value(&x)), masked(&x));
    assert_eq!(masked_by(&others, &[], &value(&short)), value(&short));
    // What looks like a name is still one.
    let name = "x".repeat(400);
    let alike = json!({"properties": {&name: pii()}, "patternProperties": {"^q": {}}});
    let wide = "ｘ".repeat(400);
    assert_eq!(masked_by(&alike, &[], &value(&wide)), masked(&wide));
}

#[test]
fn matching_is_counted_by_the_size_of_patterns() {
    let mask = Mask { conform: true, ..Mask::default() };
    let scope = Scope { classes: &[], mask: &mask, subject: b"" };
    let check = |schema: &Value, value: &str| {
        let plan = conforming_to(schema, &[]).unwrap();
        let checked = plan.rewrite(&scope, value.as_bytes(), &mut Vec::new(), &mut Found::default());
        checked.err().map(|refused| refused.why.why)
    };
    let texts: Vec<Value> = (60..160).map(|n| json!({"pattern": format!("[a-z]{{{n}}}")})).collect();
    let text = format!("{:?}", "a".repeat(500_000));
    assert_eq!(check(&json!({"allOf": texts}), &text), Some("checking it by its JSON Schema takes too long"));
    assert_eq!(check(&json!({"pattern": "[a-z]{60}"}), &text), None);
    let names: serde_json::Map<String, Value> = (60..160).map(|n| (format!("[a-z]{{{n}}}"), json!({}))).collect();
    let name = format!(r#"{{"{}":1}}"#, "a".repeat(500_000));
    let why = check(&json!({"patternProperties": names}), &name);
    assert_eq!(why, Some("checking it by its JSON Schema takes too long"));
    assert_eq!(check(&json!({"patternProperties": {"[a-z]{60}": {}}}), &name), None);
}
