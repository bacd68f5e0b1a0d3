//! Schemas of folders: what they are made of, and what is said of those that cannot be used.

use super::*;
use crate::fields::Path;
use crate::plan::{Class, ClassId, Format};
use crate::record::{NoSchemas, rewrite};
use crate::transform::Transform;

const ORDER: &str = r#"{"type": "record", "name": "shop.Order", "fields": [
  {"name": "id", "type": "long"},
  {"name": "customer", "type": "shop.Customer"}
]}"#;
const CUSTOMER: &str = r#"{"type": "record", "name": "shop.Customer", "fields": [
  {"name": "email", "type": "string"},
  {"name": "vat", "type": "string", "confluent:tags": ["SECRET"]}
]}"#;
const CLICK: &str = "syntax = \"proto3\";
package shop;
import \"shop/customer.proto\";
import \"money.proto\";
message Click { Customer customer = 1; Money price = 2; message Line { string email = 1; } }
";
const PROTO_CUSTOMER: &str = "syntax = \"proto3\";
package shop;
import \"confluent/meta.proto\";
message Customer { string email = 1; string vat = 2 [(confluent.field_meta).tags = \"SECRET\"]; }
";
const MONEY: &str = "syntax = \"proto3\";
package shop;
message Money { int64 cents = 1; }
message Debt { int64 cents = 1; }
";

fn texts() -> BTreeMap<String, String> {
    let files = [
        ("schemas/order.avsc", ORDER),
        ("schemas/customer.avsc", CUSTOMER),
        ("schemas/shop/click.proto", CLICK),
        ("schemas/shop/customer.proto", PROTO_CUSTOMER),
        ("money.proto", MONEY),
    ];
    files.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

fn with(name: &str, text: &str) -> SchemaTexts {
    let mut texts = texts();
    texts.insert(name.to_owned(), text.to_owned());
    Arc::new(texts)
}

fn avro(texts: &SchemaTexts) -> Result<FileSchema, SchemaFault> {
    FileSchema::avro("schemas/order.avsc", &["schemas/customer.avsc".to_owned()], texts)
}

fn click(message: Option<&str>, texts: &SchemaTexts) -> Result<FileSchema, SchemaFault> {
    FileSchema::protobuf("schemas/shop/click.proto", message, texts)
}

/// What becomes of a value when `customer.email` is masked, and what is tagged SECRET.
fn masked(schema: &FileSchema, input: &[u8]) -> Result<Option<Vec<u8>>, Unmaskable> {
    let mut mask = Mask { format: Format::Schema, ..Mask::default() };
    mask.fields.add_path(&Path::parse("customer.email").unwrap(), ClassId(0)).unwrap();
    mask.tags.push(("SECRET".into(), ClassId(0)));
    mask.schema = Some(Arc::new(schema.plan(&mask).unwrap()));
    let classes = [Class { name: "c".into(), mask: Some(Transform::Redact) }];
    let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
    let mut out = Vec::new();
    let rewritten = rewrite(&scope, &mut NoSchemas, input, &mut out, &mut Found::default())?;
    Ok((rewritten == Rewritten::Changed).then_some(out))
}

#[test]
fn values_without_framing_are_read_by_the_schema_of_a_file() {
    let texts = Arc::new(texts());
    let order = avro(&texts).unwrap();
    assert_eq!(masked(&order, b"\x0e\x0aa@b.c\x0412"), Ok(Some(b"\x0e\x06***\x06***".to_vec())));
    let click = click(None, &texts).unwrap();
    assert_eq!(
        masked(&click, b"\x0a\x07\x0a\x05a@b.c\x12\x02\x08\x63"),
        Ok(Some(b"\x0a\x05\x0a\x03***\x12\x02\x08\x63".to_vec()))
    );
    assert_eq!(masked(&click, b"\x0a\x04\x12\x0212"), Ok(Some(b"\x0a\x05\x12\x03***".to_vec())), "its tag");
    for cut in [&b"\x0e\x0aa@b.c\x041"[..], b"\x0e\x0aa@b.c\x0412\0", b""] {
        assert!(masked(&order, cut).is_err(), "{cut:?}");
    }
    assert!(masked(&click, b"\x0a\x07\x0a\x05a@b").is_err());
}

#[test]
fn without_its_schema_nothing_is_shown() {
    let mut mask = Mask { format: Format::Schema, ..Mask::default() };
    mask.fields.add_name("a", ClassId(0));
    let classes = [Class { name: "c".into(), mask: Some(Transform::Redact) }];
    let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
    assert!(rewrite(&scope, &mut NoSchemas, b"\x02a", &mut Vec::new(), &mut Found::default()).is_err());
}

#[test]
fn a_message_is_the_one_that_is_named_or_the_only_one() {
    let texts = Arc::new(texts());
    let money = |message| FileSchema::protobuf("money.proto", message, &texts);
    let which = money(None).unwrap().plan(&Mask::default()).unwrap_err();
    assert_eq!(which.to_string(), "money.proto: which of its messages is not said; it has shop.Money, shop.Debt");
    assert!(money(Some("shop.Debt")).unwrap().plan(&Mask::default()).is_ok());
    assert!(click(Some("shop.Click.Line"), &texts).is_ok());
    for (message, why) in [("Debt", "not its full name"), ("shop.Customer", "another file's"), ("", "no name")] {
        let refused = click(Some(message), &texts).unwrap_err().to_string();
        assert!(refused.contains("it has shop.Click"), "{why}: {refused}");
    }
    assert!(money(None).unwrap().plan_at(&[1], &Mask::default()).is_ok(), "framed payloads say it");
    assert!(money(None).unwrap().plan_at(&[2], &Mask::default()).is_err());
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let refused = |name: &str, text: &str| {
        let texts = with(name, text);
        let refused = if name.ends_with(".avsc") { avro(&texts).map(drop) } else { click(None, &texts).map(drop) };
        refused.unwrap_err().to_string()
    };
    for (name, text, begins) in [
        ("schemas/order.avsc", "{\n  \"type\": record}", "schemas/order.avsc:2:11: not JSON"),
        ("schemas/order.avsc", "{\"a\": 1,\n\"a\": 2}", "schemas/order.avsc:2:"),
        ("schemas/order.avsc", &ORDER.replace("long", "lang"), "schemas/order.avsc:2:26: a type that is not known"),
        ("schemas/order.avsc", &ORDER.replace("shop.Customer", "shop.Client"), "schemas/order.avsc:3:32: a type that"),
        ("schemas/customer.avsc", "[", "schemas/customer.avsc:1:1: not JSON"),
        (
            "schemas/customer.avsc",
            &CUSTOMER.replace("[\"SECRET\"]", "7"),
            "schemas/customer.avsc:1:28: tags that are no list of texts, in shop.Customer",
        ),
        ("schemas/shop/click.proto", "syntax = \"proto3\";\nmesage A {}", "schemas/shop/click.proto:2:1: expected"),
        ("schemas/shop/click.proto", &CLICK.replace("Money p", "Mony p"), "schemas/shop/click.proto:5:"),
        ("schemas/shop/click.proto", &CLICK.replace("money.", "mony."), "schemas/shop/click.proto:4:1: import 'mony"),
        ("schemas/shop/customer.proto", "syntax = \"proto3\";\n\n  }", "schemas/shop/customer.proto:3:3: expected"),
        ("money.proto", &"message A {".repeat(1_000), "schemas/shop/click.proto: money.proto: the schema is nested"),
        ("money.proto", &format!("{MONEY}import \"shop/click.proto\";"), "money.proto: import cycle"),
        (
            "schemas/shop/click.proto",
            "syntax = \"proto3\"; package google.protobuf; message Any {}",
            "schemas/shop/click.proto: the schema declares what is Google's",
        ),
    ] {
        let told = refused(name, text);
        assert!(told.starts_with(begins), "{begins}\n{told}");
    }
    let none = FileSchema::avro("../order.avsc", &[], &Arc::new(texts())).unwrap_err().to_string();
    assert_eq!(none, "../order.avsc: there is no such file");
    let none = avro(&Arc::new(BTreeMap::from([("schemas/order.avsc".to_owned(), ORDER.to_owned())])));
    assert_eq!(none.unwrap_err().file, "schemas/customer.avsc");
}

/// What was masked by one schema is not given out as masked by another.
#[test]
fn a_digest_is_of_all_that_a_schema_is_made_of() {
    let texts = Arc::new(texts());
    let (order, clicks) = (avro(&texts).unwrap(), click(None, &texts).unwrap());
    assert_eq!(order.used(), ["schemas/order.avsc", "schemas/customer.avsc"]);
    let mut used = clicks.used().to_vec();
    used.sort_unstable();
    assert_eq!(used, ["money.proto", "schemas/shop/click.proto", "schemas/shop/customer.proto"]);
    assert_eq!(order.digest(), avro(&with("money.proto", "other")).unwrap().digest(), "what it is not made of");
    for name in ["schemas/order.avsc", "schemas/customer.avsc"] {
        let changed = with(name, &format!("{} ", texts[name]));
        assert_ne!(order.digest(), avro(&changed).unwrap().digest(), "{name}");
    }
    for name in used {
        let changed = with(&name, &format!("{}\n", texts[&name]));
        assert_ne!(clicks.digest(), click(None, &changed).unwrap().digest(), "{name}");
    }
    assert_ne!(clicks.digest(), click(Some("shop.Click.Line"), &texts).unwrap().digest());
}

#[test]
fn an_import_is_the_nearest_file_of_its_name() {
    let near = "syntax = \"proto3\";\npackage shop;\nmessage Money { string cents = 1; }\n";
    let clicks = click(None, &with("schemas/money.proto", near)).unwrap();
    assert!(clicks.used().contains(&"schemas/money.proto".to_owned()), "{:?}", clicks.used());
    assert!(!clicks.used().contains(&"money.proto".to_owned()));
}
