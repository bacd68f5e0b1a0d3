//! Row 25: tags that only earlier versions of a schema have.

use super::*;

/// A record called so of fields that are written `name: rest`, as `email: "type": "string", "confluent:tags": ["PII"]`.
fn version(name: &str, fields: &[&str]) -> String {
    let field = |field: &&str| {
        let (name, rest) = field.split_once(": ").unwrap();
        format!(r#"{{"name": "{name}", {rest}}}"#)
    };
    let fields: Vec<String> = fields.iter().map(field).collect();
    format!(r#"{{"type": "record", "name": "{name}", "fields": [{}]}}"#, fields.join(", "))
}

const PII: &str = r#""type": "string", "confluent:tags": ["PII"]"#;
const PLAIN: &str = r#""type": "string""#;

/// What is left of a value, and the tags that are only in earlier versions.
fn after(earlier: &[String], schema: &str, value: Value) -> (Value, Vec<(String, String)>) {
    let wanted = Wanted::default().tag("pii", Transform::Redact);
    let earlier: Vec<Earlier<'_>> = earlier.iter().map(|text| Earlier { version: 3, text, references: &[] }).collect();
    let plan = AvroPlan::compile_after(&earlier, schema, &[], &wanted.mask).unwrap();
    let parsed = Schema::parse_str(schema).unwrap();
    let (new, _) = wanted.run(&plan, &to_avro_datum(&parsed, value).unwrap()).unwrap();
    let removed = plan.removed_tags().iter().map(|(tag, at)| (tag.to_owned(), at.to_owned())).collect();
    (decode(&parsed, &new.unwrap()), removed)
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(tag, at)| ((*tag).to_owned(), (*at).to_owned())).collect()
}

#[test]
fn a_field_whose_tag_was_taken_out_is_masked_as_before() {
    let tagged = version("Top", &[&format!("email: {PII}"), &format!("note: {PLAIN}")]);
    let plain = version("Top", &[&format!("note: {PLAIN}"), &format!("email: {PLAIN}")]);
    let value = record(&[("note", text("n")), ("email", text("e"))]);
    let masked = record(&[("note", text("n")), ("email", text("***"))]);
    assert_eq!(after(&[], &plain, value.clone()), (value.clone(), vec![]));
    // It need not be the version just before.
    for earlier in [vec![tagged.clone()], vec![plain.clone(), tagged.clone(), plain.clone()]] {
        assert_eq!(after(&earlier, &plain, value.clone()), (masked.clone(), pairs(&[("pii", "Top.email")])));
    }
    // Nothing was taken out where it is still there, on the field or on its type.
    for kept in [PII, r#""type": {"type": "string", "confluent:tags": ["PII"]}"#] {
        let still = version("Top", &[&format!("email: {kept}")]);
        let value = record(&[("email", text("e"))]);
        assert_eq!(after(std::slice::from_ref(&tagged), &still, value).1, vec![]);
    }
}

#[test]
fn a_field_is_followed_through_names_aliases_and_types() {
    let buyer = |name: &str, email: &str| version(name, &[&format!("email: {email}")]);
    let holds = |field: &str, ty: &str| version("Top", &[&format!(r#"{field}: "type": {ty}"#)]);
    let tagged = holds("buyer", &buyer("Buyer", PII));
    let plain = buyer("Buyer", PLAIN);
    let one = |email: &str| record(&[("email", text(email))]);
    let renamed =
        format!(r#"buyer: "type": {}"#, version("Other", &[r#"reach: "aliases": ["email"], "type": "string""#]));
    let cases = [
        ("as it was", holds("buyer", &plain), one as fn(&'_ str) -> Value),
        ("in a record of another name", holds("buyer", &buyer("Other", PLAIN)), one),
        ("elsewhere in a record of the same name", holds("seller", &plain), one),
        ("a field by its alias", version("Top", &[&renamed]), |email| record(&[("reach", text(email))])),
        ("in a list", holds("buyer", &format!(r#"{{"type": "array", "items": {plain}}}"#)), |email| {
            Value::Array(vec![record(&[("email", text(email))])])
        }),
        ("in a union", holds("buyer", &format!(r#"["null", {plain}]"#)), |email| {
            branch(1, record(&[("email", text(email))]))
        }),
        ("as a map", holds("buyer", r#"{"type": "map", "values": "string"}"#), |email| {
            Value::Map([("any".to_owned(), text(email))].into())
        }),
    ];
    for (what, schema, value) in cases {
        let field = if schema.contains("seller") { "seller" } else { "buyer" };
        let top = |email| record(&[(field, value(email))]);
        let (masked, removed) = after(std::slice::from_ref(&tagged), &schema, top("e"));
        assert_eq!(masked, top("***"), "{what}");
        assert_eq!(removed.len(), 1, "{what}");
    }
    let (left, _) = after(std::slice::from_ref(&tagged), &holds("seller", &buyer("Other", PLAIN)), {
        record(&[("seller", one("e"))])
    });
    assert_eq!(left, record(&[("seller", one("e"))]), "it is another field of another type");
}

/// What of it is left where no tag was taken out.
#[test]
fn a_schema_that_lost_no_tag_is_as_it_would_be_alone() {
    let customer = version("Customer", &[&format!("name: {PII}")]);
    let product = version("Product", &[&format!("name: {PLAIN}")]);
    let tagged = r#"{"type": "string", "confluent:tags": ["PII"]}"#;
    let holds = |more: &str, of: &str| version("Top", &[&format!(r#"it: "type": {of}"#), &format!("{more}: {PLAIN}")]);
    for (of, it, masked) in [
        (format!("[{customer}, {product}]"), branch(1, record(&[("name", text("n"))])), None),
        (
            format!("[{customer}, {product}]"),
            branch(0, record(&[("name", text("n"))])),
            Some(record(&[("name", text("***"))])),
        ),
        (format!(r#"["null", {tagged}, {product}]"#), branch(2, record(&[("name", text("n"))])), None),
        (format!(r#"{{"type": "array", "items": {tagged}}}"#), Value::Array(vec![]), None),
        (format!(r#"["null", {{"type": "array", "items": ["null", {tagged}]}}]"#), branch(0, Value::Null), None),
        (format!(r#"{{"type": "map", "values": {tagged}}}"#), Value::Map([("k".to_owned(), text("v"))].into()), {
            Some(Value::Map([("k".to_owned(), text("***"))].into()))
        }),
    ] {
        let value = |it: Value| record(&[("it", it), ("b", text("b"))]);
        let masked = match (masked, &it) {
            (Some(masked), Value::Union(at, _)) => branch(*at, masked),
            (Some(masked), _) => masked,
            (None, _) => it.clone(),
        };
        let earlier = [holds("a", &of), holds("b", &of)];
        assert_eq!(after(&earlier, &holds("b", &of), value(it)), (value(masked), vec![]), "{of}");
    }
}

#[test]
fn a_branch_under_another_name_and_a_field_renamed_twice_are_followed() {
    let of = |name: &str, email: &str| version(name, &[&format!("email: {email}")]);
    let holds = |of: &str| version("Top", &[&format!(r#"it: "type": {of}"#)]);
    let product = version("Product", &[&format!("email: {PLAIN}")]);
    let earlier = [holds(&format!("[{}, {product}]", of("Customer", PII)))];
    let later = holds(&format!("[{product}, {}]", of("Buyer", PLAIN)));
    let value = |at: u32, email: &str| record(&[("it", branch(at, record(&[("email", text(email))])))]);
    assert_eq!(after(&earlier, &later, value(1, "e")), (value(1, "***"), pairs(&[("pii", "Buyer.email")])));
    assert_eq!(after(&earlier, &later, value(0, "e")).0, value(0, "e"), "it was there before");
    let renamed =
        |name: &str, alias: &str| version("Top", &[&format!(r#"{name}: "aliases": ["{alias}"], "type": "string""#)]);
    let earlier = [renamed("reach", "email"), version("Top", &[&format!("email: {PII}")])];
    let (left, removed) = after(&earlier, &renamed("contact", "reach"), record(&[("contact", text("e"))]));
    assert_eq!((left, removed), (record(&[("contact", text("***"))]), pairs(&[("pii", "Top.contact")])));
}

#[test]
fn unions_of_many_branches_under_many_names_have_an_end() {
    let fixed = |n: usize| format!(r#"{{"type": "fixed", "name": "F{n}", "size": 1}}"#);
    let branches: Vec<String> = (0..5_000).map(fixed).collect();
    let earlier = version("Top", &[&format!("x: {PII}"), &format!(r#"f: "type": [{}]"#, branches.join(", "))]);
    let field = |n: usize| format!(r#"g{n}: "aliases": ["f"], "type": "string""#);
    let fields: Vec<String> = (0..5_000).map(field).collect();
    let later = version("Top", &fields.iter().map(String::as_str).collect::<Vec<_>>());
    let tags = Wanted::default().tag("PII", Transform::Redact).mask;
    let earlier = [Earlier { version: 3, text: &earlier, references: &[] }];
    let why = AvroPlan::compile_after(&earlier, &later, &[], &tags).unwrap_err().why;
    assert_eq!(why, "its types and those of its earlier versions make too many places");
}

#[test]
fn fields_that_differ_by_case_have_an_end() {
    let name = |n: usize| (0..12).map(|bit| if n >> bit & 1 == 1 { 'A' } else { 'a' }).collect::<String>();
    let fields = |ty: &str| (0..3_000).map(|n| format!("{}: {ty}", name(n))).collect::<Vec<_>>();
    let text = |fields: &[String]| version("Top", &fields.iter().map(String::as_str).collect::<Vec<_>>());
    let earlier = text(&[&fields(r#""type": ["null"]"#)[..], &[format!("x: {PII}")]].concat());
    let tags = Wanted::default().tag("PII", Transform::Redact).mask;
    let earlier = [Earlier { version: 3, text: &earlier, references: &[] }];
    let why = AvroPlan::compile_after(&earlier, &text(&fields(r#""type": ["null"]"#)), &[], &tags).unwrap_err().why;
    assert_eq!(why, "its types and those of its earlier versions make too many places");
}

#[test]
fn records_in_themselves_and_tags_on_types_are_followed() {
    let node = |tag: &str| {
        let field = format!(r#"email: "type": "string"{tag}"#);
        version("Node", &[&field, r#"next: "type": ["null", "Node"]"#])
    };
    let value = |email: &str| {
        let last = record(&[("email", text(email)), ("next", branch(0, Value::Null))]);
        record(&[("email", text(email)), ("next", branch(1, last))])
    };
    let tagged = node(r#", "confluent:tags": ["PII"]"#);
    assert_eq!(after(&[tagged], &node(""), value("e")), (value("***"), pairs(&[("pii", "Node.email")])));
    let whole = node("").replacen(r#""record""#, r#""record", "confluent:tags": ["PII"]"#, 1);
    assert_eq!(after(&[whole], &node(""), value("e")), (value("***"), pairs(&[("pii", "the whole")])));
}

#[test]
fn an_earlier_version_that_cannot_be_read_makes_a_schema_unusable_where_tags_count() {
    let plain = version("Top", &[&format!("email: {PLAIN}")]);
    let earlier = [Earlier { version: 3, text: "\"no such type\"", references: &[] }];
    let tags = Wanted::default().tag("PII", Transform::Redact).mask;
    let why = AvroPlan::compile_after(&earlier, &plain, &[], &tags).unwrap_err().to_string();
    assert_eq!(why, "a type that is not known, in version 3, before it: no such type");
    assert!(AvroPlan::compile_after(&earlier, &plain, &[], &Mask::default()).is_ok());
}

#[test]
fn many_versions_of_many_types_are_walked() {
    let types = |name: &str, tag: &str| {
        let field = |n: usize| format!(r#"f{n}: "type": "string"{tag}"#);
        let fields: Vec<String> = (0..200).map(field).collect();
        version(name, &fields.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let tags = Wanted::default().tag("PII", Transform::Redact).mask;
    let tagged = types("Top", r#", "confluent:tags": ["PII"]"#);
    let earlier = vec![Earlier { version: 3, text: &tagged, references: &[] }; 100];
    assert!(AvroPlan::compile_after(&earlier, &types("Top", ""), &[], &tags).is_ok());
    let union = |of: &str| {
        let branches: Vec<String> = (0..20).map(|n| types(&format!("R{n}"), of)).collect();
        version("Top", &[&format!(r#"all: "type": [{}]"#, branches.join(", "))])
    };
    let tagged = union(r#", "confluent:tags": ["PII"]"#);
    let earlier = vec![Earlier { version: 3, text: &tagged, references: &[] }; 30];
    assert!(AvroPlan::compile_after(&earlier, &union(""), &[], &tags).is_ok(), "each branch is looked at by itself");
}
