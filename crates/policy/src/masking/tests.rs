//! Reading `masking.yaml`, and the plans that come of it.

use tidegate_masking::transform::ClassKey;
use tidegate_masking::{ClassId, Detector, Format, Mask, OnUnmaskable, Plan, Transform, Unknown};

use super::*;

impl Masking {
    fn parse(text: &str) -> Result<Masking, PolicyError> {
        Masking::read(text, &PolicyFiles::new())
    }
}

const TEXT: &str = "classes:
  PII.email: {transform: email, keep_domain: true}
  PII.name: {transform: hmac_token, prefix: nm_}
  PCI.pan: {transform: keep_last, n: 4}
  SECRET.*: {transform: redact}
selectors:
  - {topic: 'orders*', path: customer.email, class: PII.email}
  - {topic: 'orders*', path: customer.name, class: PII.name}
  - {topic: '*', names: [password, api_key], class: SECRET.word}
  - {topic: 'payments.*', content: [card, jwt], class: PCI.pan, in: [value]}
topics:
  - {topic: 'payments.raw', value: bytes, on_unmaskable: deny_topic}
unknown_fields: pass
";

fn keys() -> BTreeMap<String, ClassKey> {
    BTreeMap::from([("PII.name".to_owned(), ClassKey::new("k1", &[7; 32]))])
}

fn no_keys() -> BTreeMap<String, ClassKey> {
    BTreeMap::new()
}

#[test]
fn classes_are_known_with_those_above_and_below() {
    let masking = Masking::parse(TEXT).unwrap();
    for (name, known) in [
        ("PII", true),
        ("PII.email", true),
        ("PII.ssn", false),
        ("PI", false),
        ("PCI", true),
        ("PCI.pan", true),
        ("SECRET", true),
        ("SECRET.key", true),
        ("SECRETS", false),
        ("", false),
    ] {
        assert_eq!(masking.know(name), known, "{name}");
    }
    assert!(!Masking::parse("").unwrap().know("PII"));
    assert_eq!(masking.keyed().collect::<Vec<_>>(), ["PII.name"]);
    assert_eq!(and_above("a.b.c").collect::<Vec<_>>(), ["a.b.c", "a.b", "a"]);
}

#[test]
fn mistakes_name_their_place() {
    let told = |text: &str| Masking::parse(text).unwrap_err().to_string();
    let unknown = told(&TEXT.replace("class: PII.email", "class: PII.mail"));
    assert!(unknown.starts_with("masking.yaml:7:3: class \"PII.mail\" stands not under classes"), "{unknown}");
    for (from, to, says) in [
        (
            "path: customer.name",
            "path: customer..name",
            "masking.yaml:8:3: path \"customer..name\": a name in it is empty",
        ),
        ("[card, jwt]", "[card, iris]", "masking.yaml:10:3: \"iris\" is no detector; there are card"),
        ("[password, api_key]", "[]", "masking.yaml:9:3: what it selects is not said, or said twice, or empty"),
        ("names: [password, api_key]", "names: [a], path: b", "masking.yaml:9:3: what it selects"),
        ("in: [value]", "in: [headers, nothing]", "nothing"),
        ("path: customer.name", "path: customer.name, in: [headers]", "masking.yaml:8:3: headers have names"),
        ("topic: 'payments.raw'", "topic: ''", "masking.yaml:12:3: topic is a name"),
        ("deny_topic", "pass_through", "pass_through"),
        ("keep_last, n: 4", "keep_last, n: 0", "masking.yaml:4:3: class \"PCI.pan\": n is 0"),
        ("keep_last, n: 4", "rot13", "rot13"),
        ("keep_last, n: 4", "bucket", "class \"PCI.pan\": bucket has width"),
        ("keep_last, n: 4", "bucket, width: -1", "class \"PCI.pan\": width is a number above 0"),
        ("keep_last, n: 4", "date_shift, days: 0", "class \"PCI.pan\": days is 1 or more"),
        ("keep_last, n: 4", "keep_last, n: 4, m: 5", "m"),
        ("prefix: nm_", "prefix: 'n m'", "class \"PII.name\": prefix has at most 16"),
        ("PCI.pan:", "'PCI pan':", "class \"PCI pan\": a name has at most"),
        ("unknown_fields: pass", "colour: red", "colour"),
    ] {
        let changed = TEXT.replacen(from, to, 1);
        assert_ne!(changed, TEXT, "{from}");
        assert!(told(&changed).contains(says), "{to}: {}", told(&changed));
    }
}

#[test]
fn a_plan_has_what_is_looked_for_in_a_topic_and_no_more() {
    let masking = Masking::parse(TEXT).unwrap();
    assert_eq!(masking.classes_of("orders-eu"), ["PII.email", "PII.name", "SECRET.word"]);
    let plan = masking.plan("orders-eu", &[true, false, false], &keys()).unwrap();
    assert!(plan.classes[0].mask.is_none(), "the caller sees it");
    assert!(matches!(&plan.classes[1].mask, Some(Transform::Token { prefix, .. }) if &**prefix == "nm_"));
    assert!(matches!(plan.classes[2].mask, Some(Transform::Redact)), "as SECRET.* says");
    assert_eq!((plan.value.format, plan.value.unknown), (Format::Json, Unknown::Pass));
    let customer = plan.value.fields.step(plan.value.fields.root(), "customer");
    assert_eq!(plan.value.fields.step(customer.node, "Email").class, Some(ClassId(0)));
    assert_eq!(plan.value.fields.step(None, "API_KEY").class, Some(ClassId(2)));
    assert_eq!(plan.headers.fields.step(None, "password").class, Some(ClassId(2)), "names count in headers too");
    assert_eq!((plan.key.format, plan.headers.format), (Format::Bytes, Format::Bytes));
    assert!(plan.value.content.is_empty() && plan.on_unmaskable == OnUnmaskable::DropRecord);

    let plan = masking.plan("payments.raw", &[], &keys()).unwrap();
    let wanted: Vec<Detector> = plan.value.content.iter().map(|(detector, _)| *detector).collect();
    assert_eq!(wanted, [Detector::Card, Detector::Jwt]);
    assert!(plan.key.content.is_empty(), "in: says of what part");
    assert_eq!((plan.value.format, plan.on_unmaskable), (Format::Bytes, OnUnmaskable::DenyTopic));
    assert!(Masking::default().plan("any", &[], &keys()).unwrap().is_empty());
}

/// Changelogs, dead letters and mirrors.
#[test]
fn what_is_made_of_a_topic_is_looked_into_as_the_topic_is() {
    let masking = Masking::parse(TEXT).unwrap();
    for topic in ["app-orders-eu-changelog", "dlq.orders", "us.orders", "us.dlq.orders"] {
        assert_eq!(masking.classes_of(topic), ["PII.email", "PII.name", "SECRET.word"], "{topic}");
        assert_eq!(masking.plan(topic, &[], &keys()).unwrap().value.format, Format::Json);
    }
    assert_eq!(masking.plan("eu.payments.raw", &[], &keys()).unwrap().on_unmaskable, OnUnmaskable::DenyTopic);
    assert_eq!(masking.classes_of("my-orders"), ["SECRET.word"]);
}

#[test]
fn what_needs_a_key_and_has_none_is_redacted() {
    let plan = Masking::parse(TEXT).unwrap().plan("orders", &[], &no_keys()).unwrap();
    assert!(matches!(plan.classes[1].mask, Some(Transform::Redact)));
}

/// Records that were masked by plans of one id are shared between callers.
#[test]
fn plans_have_one_id_only_when_they_mask_alike() {
    let masking = Masking::parse(TEXT).unwrap();
    let id =
        |masking: &Masking, topic: &str, keys: &BTreeMap<String, ClassKey>| masking.plan(topic, &[], keys).unwrap().id;
    let first = id(&masking, "orders", &keys());
    assert_eq!(first, id(&masking, "orders", &keys()));
    let key = |id, secret| BTreeMap::from([("PII.name".to_owned(), ClassKey::new(id, &[secret; 32]))]);
    let changed = |from: &str, to: &str| Masking::parse(&TEXT.replacen(from, to, 1)).unwrap();
    for other in [
        id(&masking, "orders-eu", &keys()),
        id(&masking, "payments.raw", &keys()),
        id(&masking, "orders", &no_keys()),
        id(&masking, "orders", &key("k2", 7)),
        id(&masking, "orders", &key("k1", 8)),
        masking.plan("orders", &[true], &keys()).unwrap().id,
        id(&changed("keep_domain: true", "keep_domain: false"), "orders", &keys()),
        id(&changed("customer.email", "client.email"), "orders", &keys()),
        id(&changed("unknown_fields: pass", "unknown_fields: mask"), "orders", &keys()),
        id(&changed("topic: 'payments.raw'", "topic: 'orders'"), "orders", &keys()),
    ] {
        assert_ne!(first, other);
    }
}

const PRODUCE: &str = "produce:
  - {topic: 'orders*', value: json, mask: [PII.email]}
  - {topic: 'orders-eu', refuse: [PII.email, SECRET.word], record_bytes_max: 100}
  - {topic: '*', record_bytes_max: 200}
";

type Said = (Vec<String>, Vec<String>, Format, bool, Option<usize>);

/// What is asked of a topic: classes refused, classes masked, the value's format and whether it is read strictly, bytes.
fn asked(masking: &Masking, topic: &str) -> Option<Said> {
    let writes = masking.writes(topic, &keys()).unwrap()?;
    let classes = writes.plan.classes.iter().zip(&writes.refuse);
    let refused = classes.clone().filter(|(_, refused)| **refused).map(|(class, _)| class.name.to_string());
    let masked =
        classes.filter(|(class, refused)| class.mask.is_some() && !**refused).map(|(class, _)| class.name.to_string());
    let value = &writes.plan.value;
    Some((refused.collect(), masked.collect(), value.format, value.strict, writes.record_bytes_max))
}

#[test]
fn all_rows_about_a_topic_ask_something_of_what_is_written_to_it() {
    let masking = Masking::parse(&format!("{TEXT}{PRODUCE}")).unwrap();
    let list = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let orders = (list(&[]), list(&["PII.email"]), Format::Json, true, Some(200));
    assert_eq!(asked(&masking, "orders"), Some(orders));
    let refused = (list(&["PII.email", "SECRET.word"]), list(&[]), Format::Json, true, Some(100));
    assert_eq!(asked(&masking, "orders-eu"), Some(refused), "what one row refuses no other lets pass masked");
    let other = (list(&[]), list(&[]), Format::Json, false, Some(200));
    assert_eq!(asked(&masking, "other"), Some(other));
    assert!(masking.looks_at_writes() && !Masking::parse(TEXT).unwrap().looks_at_writes());
    assert_eq!(asked(&Masking::parse(TEXT).unwrap(), "orders"), None);
    let told = |from: &str, to: &str| {
        Masking::parse(&format!("{TEXT}{}", PRODUCE.replacen(from, to, 1))).unwrap_err().to_string()
    };
    for (from, to, says) in [
        ("mask: [PII.email]", "mask: [PII]", "masking.yaml:15:3: class \"PII\" is of no selector"),
        ("value: json", "value: bytes", "masking.yaml:15:3: value: bytes says nothing"),
        (
            "record_bytes_max: 100",
            "mask: [PII.email]",
            "masking.yaml:16:3: class \"PII.email\" cannot be refused and masked",
        ),
        (", record_bytes_max: 200", "", "masking.yaml:17:3: it asks nothing"),
        ("record_bytes_max: 200", "colour: red", "colour"),
    ] {
        assert!(told(from, to).contains(says), "{to}: {}", told(from, to));
    }
}

#[test]
fn of_bounds_on_rates_the_lower_one_counts_and_they_look_into_no_record() {
    let rows = "produce:
  - {topic: 'orders*', records_per_second_max: 100}
  - {topic: 'orders-eu', records_per_second_max: 50, bytes_per_second_max: 1000}
  - {topic: 'orders-us', value: json}
";
    let masking = Masking::parse(&format!("{TEXT}{rows}")).unwrap();
    let bound = |topic: &str| {
        let writes = masking.writes(topic, &keys()).unwrap().unwrap();
        (writes.rate.records.map(|most| most.get()), writes.rate.bytes.map(|most| most.get()), writes.looks)
    };
    assert_eq!(bound("orders"), (Some(100), None, false));
    assert_eq!(bound("orders-eu"), (Some(50), Some(1000), false));
    assert_eq!(bound("orders-us"), (Some(100), None, true));
    for bad in ["records_per_second_max: 0", "bytes_per_second_max: 0", "bytes_per_second_max: 1000000000001"] {
        let told = Masking::parse(&format!("{TEXT}produce:\n  - {{topic: t, {bad}}}\n")).unwrap_err().to_string();
        assert!(told.contains("masking.yaml:15:3") && told.contains("_per_second_max is 1 to"), "{told}");
    }
}

#[test]
fn schemas_are_of_subjects_of_their_topic() {
    let rows = "topics:\n  - {topic: 'own', value: framed, subjects: ['shop.*', other]}\n  - {topic: '*', value: framed, key: framed}\n";
    let masking = Masking::parse(&TEXT.replace("topics:\n", rows)).unwrap();
    let plan = |topic| masking.plan(topic, &[], &keys()).unwrap();
    assert_eq!(plan("own").value.subjects, ["shop.*".into(), "other".into()]);
    let (orders, eu) = (plan("orders"), plan("orders-eu"));
    assert_eq!((&*orders.value.subjects[0], &*orders.key.subjects[0]), ("orders-value", "orders-key"));
    assert_ne!(orders.id, eu.id, "what is a schema of one is not of the other");
}

#[test]
fn removed_tags_are_approved_by_subject_and_version() {
    let rows = |rows: &str| {
        let selectors = "selectors:\n  - {topic: '*', schema_tag: PII, class: PII.email}\n";
        Masking::parse(&format!("{}removed_tags:\n{rows}", TEXT.replace("selectors:\n", selectors)))
    };
    let masking = rows("  - {subject: orders-value, version: 3}\n  - {subject: clicks-value, version: 2}\n").unwrap();
    let plan = |masking: &Masking| masking.plan("orders", &[], &keys()).unwrap();
    assert_eq!(plan(&masking).value.tags_since, [("orders-value".into(), 3)]);
    assert_eq!(plan(&masking).key.tags_since, []);
    let both = rows("  - {subject: orders-value, version: 7}\n  - {subject: orders-value, version: 3}\n").unwrap();
    assert_eq!(plan(&both).value.tags_since, [("orders-value".into(), 3), ("orders-value".into(), 7)]);
    let later = rows("  - {subject: orders-value, version: 4}\n").unwrap();
    assert_ne!(plan(&masking).id, plan(&later).id, "what was masked by one is not good for the other");
    for (row, what) in [
        ("{subject: 'orders-*', version: 3}", "one subject's name"),
        ("{subject: '', version: 3}", "one subject's name"),
        ("{subject: a, version: 1}", "version is at least 2"),
        ("{subject: a}", "version"),
    ] {
        let refused = rows(&format!("  - {row}\n")).unwrap_err().to_string();
        assert!(refused.contains(what), "{refused}");
    }
}

const RECORDED: &str = "topics:
  - {topic: orders-full, record: full, value: json}
  - {topic: 'orders-p*', record: full, plain: [id, card.brand]}
  - {topic: orders-meta, record: metadata}
  - {topic: clicks, record: full, carries: none}
  - {topic: 'any*', record: full}
  - {topic: orders-quiet, carries: none}
";

#[test]
fn records_are_kept_only_where_a_row_says_so_and_they_are_looked_into_or_carry_nothing() {
    let everywhere = TEXT.split_once("topics:").unwrap().0;
    let masking = Masking::parse(&format!("{everywhere}{RECORDED}").replace("topic: '*'", "topic: 'secret*'")).unwrap();
    for (topic, level, masked) in [
        ("orders-full", Level::Full, Some(vec!["PII.email", "PII.name"])),
        ("orders-plain", Level::Full, Some(vec!["PII.email", "PII.name", "(rest)"])),
        ("orders-meta", Level::Metadata, None),
        ("clicks", Level::Full, None),
        ("anything", Level::Digest, None),
        ("orders-quiet", Level::Digest, None),
        ("orders", Level::Digest, None),
        // Something may stand in what is made of a topic that the topic has not.
        ("clicks-dlq", Level::Digest, None),
        ("orders-full-dlq", Level::Digest, None),
    ] {
        let storage = masking.storage(topic, &keys()).unwrap();
        assert_eq!(storage.level, level, "{topic}");
        let names = storage.plan.map(|plan| {
            let masked = plan.classes.iter().filter(|class| class.mask.is_some());
            masked.map(|class| class.name.to_string()).collect::<Vec<_>>()
        });
        assert_eq!(names, masked.map(|names| names.into_iter().map(str::to_owned).collect()), "{topic}");
    }
    let plan = |topic: &str| masking.storage(topic, &keys()).unwrap().plan.unwrap();
    assert_eq!(
        plan("orders-full").id,
        masking.plan("orders-full", &[false; 2], &keys()).unwrap().id,
        "shared with who sees none"
    );
    assert_ne!(plan("orders-plain").id, masking.plan("orders-plain", &[false; 2], &keys()).unwrap().id);
}

#[test]
fn rows_that_would_keep_what_nobody_looked_into_are_refused() {
    for (rows, told) in [
        ("- {topic: clicks, record: full}", "masking.yaml:2:3: nothing is looked for in records of \"clicks\""),
        ("- {topic: '*', record: full, carries: none}", "nobody knows what all topics carry"),
        ("- {topic: a, plain: [id]}", "it goes with record: full"),
        ("- {topic: a, record: full, carries: none, plain: [id]}", "without carries"),
        ("- {topic: a, record: full, value: framed, plain: [id]}", "goes with value: json"),
        ("- {topic: a, record: full, plain: ['a..b']}", "a name in it is empty"),
        ("- {topic: a, record: all}", "unknown variant"),
    ] {
        let error = Masking::parse(&format!("topics:\n  {rows}\n")).unwrap_err().to_string();
        assert!(error.contains(told), "{rows}: {error}");
    }
}

const BY_FILE: &str = "classes:
  PII.email: {transform: redact}
  SECRET.vat: {transform: redact}
selectors:
  - {topic: '*', path: customer.email, class: PII.email}
  - {topic: '*', schema_tag: SECRET, class: SECRET.vat}
topics:
  - {topic: orders, value: {avro: schemas/order.avsc, references: [schemas/customer.avsc]}, key: {avro: schemas/key.avsc}}
  - {topic: clicks, value: {protobuf: schemas/click.proto, message: shop.Click}}
  - {topic: plain, value: json}
produce:
  - {topic: orders, value: schema}
  - {topic: clicks, value: schema, refuse: [PII.email]}
  - {topic: 'other*', value: schema}
";

const QUARANTINE: &str = "classes: {PCI.pan: {transform: redact}, PII.email: {transform: email}}
selectors:
  - {topic: 'payments-*', content: [card], class: PCI.pan}
  - {topic: 'orders-eu', names: [email], class: PII.email}
topics:
  - {topic: logs, carries: none}
";

#[test]
fn what_is_refused_goes_where_a_row_says_under_the_storage_mask_unless_it_says_otherwise() {
    let produce = "produce:
  - {topic: 'payments-*', refuse: [PCI.pan], quarantine: {topic: refused}}
  - {topic: 'orders-*', value: json, quarantine: {topic: refused-orders, original: true}}
  - {topic: logs, record_bytes_max: 9, quarantine: {topic: refused}}
  - {topic: 'any*', value: json, quarantine: {topic: refused}}
  - {topic: plain, value: json}
  - {topic: 'refused', value: json, quarantine: {topic: refused-twice}}
";
    let masking = Masking::parse(&format!("{QUARANTINE}{produce}")).unwrap();
    let to = |topic: &str| {
        let quarantine = masking.writes(topic, &no_keys()).unwrap().unwrap().quarantine?;
        Some((quarantine.topic.to_string(), format!("{:?}", quarantine.copy)))
    };
    let masked = to("payments-cards").unwrap();
    assert!(masked.0 == "refused" && masked.1.contains("Redact"), "{masked:?}");
    assert_eq!(to("orders-eu"), Some(("refused-orders".to_owned(), "Original".to_owned())));
    assert_eq!(to("logs"), Some(("refused".to_owned(), "Masked(None)".to_owned())));
    assert_eq!(to("anything"), Some(("refused".to_owned(), "Nothing".to_owned())), "nobody said what is in it");
    assert_eq!(to("plain"), None);
    // Who reads the copies sees them as what they are copies of, however far they are copied on.
    assert_eq!(masking.classes_of("refused"), ["PCI.pan"]);
    assert_eq!(masking.classes_of("refused-orders"), ["PII.email"]);
    assert_eq!(masking.classes_of("refused-twice"), ["PCI.pan"]);
    assert!(masking.classes_of("refused-never").is_empty());
    // `a.b` may be a mirror of `b`, so what `a.*` is about may be made of anything.
    let wide = produce.replace("'orders-*'", "'orders.*'");
    let masking = Masking::parse(&format!("{QUARANTINE}{wide}")).unwrap();
    assert_eq!(masking.classes_of("refused-orders"), ["PCI.pan", "PII.email"]);
}

#[test]
fn rows_that_quarantine_what_nobody_knows_or_where_it_came_from_are_refused() {
    for (row, wanted) in [
        ("{topic: free, value: json, quarantine: {topic: q}}", "nobody knows what the copies may hold"),
        ("{topic: 'fr*', value: json, quarantine: {topic: from-free}}", "a topic of the row itself"),
        ("{topic: free, value: json, quarantine: {topic: 'q*'}}", "no name of a topic"),
        ("{topic: free, value: json, quarantine: {topic: __consumer_offsets}}", "no name of a topic"),
        ("{topic: logs, records_per_second_max: 5, quarantine: {topic: q}}", "the row refuses none for that"),
        ("{topic: logs, value: json, quarantine: {topic: q, originals: true}}", "originals"),
    ] {
        let error = Masking::parse(&format!("{QUARANTINE}produce:\n  - {row}\n")).unwrap_err().to_string();
        assert!(error.contains(wanted), "{row}: {error}");
        assert!(error.contains("masking.yaml:8") || wanted == "originals", "{row}: {error}");
    }
    assert!(
        Masking::parse(&format!(
            "{QUARANTINE}produce:\n  - {{topic: free, value: json, quarantine: {{topic: q, original: true}}}}\n"
        ))
        .is_ok()
    );
}

fn schemas() -> PolicyFiles {
    let order = r#"{"type": "record", "name": "Order", "fields": [{"name": "customer", "type": "Customer"}]}"#;
    let customer = r#"{"type": "record", "name": "Customer", "fields": [{"name": "email", "type": "string"}]}"#;
    let click =
        "syntax = \"proto3\"; package shop; import \"part/customer.proto\"; message Click { Customer customer = 1; }
        message Other {}";
    let part = "syntax = \"proto3\"; package shop; message Customer { string email = 1; }";
    let files = [
        ("schemas/order.avsc", order),
        ("schemas/customer.avsc", customer),
        ("schemas/key.avsc", "\"long\""),
        ("schemas/click.proto", click),
        ("schemas/part/customer.proto", part),
    ];
    files.map(|(name, text)| (name.to_owned(), text.to_owned())).into()
}

#[test]
fn topics_are_read_by_schemas_of_the_folder() {
    use tidegate_masking::record::{NoSchemas, rewrite};
    use tidegate_masking::{Found, Rewritten, Scope};
    let masking = Masking::read(BY_FILE, &schemas()).unwrap();
    assert_eq!(masking.schema_files().len(), 5, "{:?}", masking.schema_files());
    let masked = |plan: &Plan, mask: &Mask, input: &[u8]| {
        let scope = Scope { classes: &plan.classes, mask, subject: b"" };
        let mut out = Vec::new();
        let rewritten = rewrite(&scope, &mut NoSchemas, input, &mut out, &mut Found::default()).ok()?;
        Some(if rewritten == Rewritten::Same { input.to_vec() } else { out })
    };
    let value = |topic, clear: &[bool], input: &[u8]| {
        let plan = masking.plan(topic, clear, &no_keys()).unwrap();
        masked(&plan, &plan.value, input)
    };
    let (avro, protobuf) = (&b"\x0aa@b.c"[..], &b"\x0a\x07\x0a\x05a@b.c"[..]);
    // What is made of a topic is read as the topic is.
    for topic in ["orders", "dlq.orders", "app-orders-changelog"] {
        assert_eq!(value(topic, &[], avro), Some(b"\x06***".to_vec()), "{topic}");
        assert_eq!(value(topic, &[], protobuf), None, "{topic}: it is no such value to its end");
    }
    assert_eq!(value("clicks", &[], protobuf), Some(b"\x0a\x05\x0a\x03***".to_vec()));
    assert_eq!(value("orders", &[true, true], avro), Some(avro.to_vec()), "who sees it all");
    let orders = masking.plan("orders", &[], &no_keys()).unwrap();
    assert_eq!((orders.value.format, orders.key.format), (Format::Schema, Format::Schema));
    assert_eq!(masking.plan("plain", &[], &no_keys()).unwrap().value.format, Format::Json);

    let write = |topic, input: &[u8]| {
        let writes = masking.writes(topic, &no_keys()).unwrap().unwrap();
        masked(&writes.plan, &writes.plan.value, input)
    };
    assert_eq!(write("orders", avro), Some(avro.to_vec()), "nothing is refused or masked: it only has to be it");
    assert_eq!(write("orders", b"{}"), None);
    assert_eq!(write("orders", b""), None);
    assert_eq!(write("clicks", protobuf), Some(b"\x0a\x05\x0a\x03***".to_vec()), "it is found, so it is refused");
    assert_eq!(write("other-1", avro), None, "no file has its schema");
}

/// Masked batches are shared by the plan's id.
#[test]
fn a_plan_is_another_when_a_file_of_its_schema_is() {
    let id =
        |files: &PolicyFiles, topic| Masking::read(BY_FILE, files).unwrap().plan(topic, &[], &no_keys()).unwrap().id;
    let first = schemas();
    for (topic, files) in [
        ("orders", &["schemas/order.avsc", "schemas/customer.avsc", "schemas/key.avsc"][..]),
        ("clicks", &["schemas/click.proto", "schemas/part/customer.proto"]),
    ] {
        for file in first.keys() {
            let mut changed = first.clone();
            changed.get_mut(file).unwrap().push(' ');
            let is_of_it = files.contains(&file.as_str());
            assert_eq!(id(&first, topic) != id(&changed, topic), is_of_it, "{topic}: {file}");
        }
    }
}

#[test]
fn mistakes_with_schemas_name_their_place() {
    let told = |from: &str, to: &str| {
        let (file, change) = from.split_once('|').map_or(("", from), |(file, from)| (file, from));
        let (mut files, mut text) = (schemas(), BY_FILE.to_owned());
        let changed = files.get_mut(file).unwrap_or(&mut text);
        assert!(changed.contains(change), "{from}");
        *changed = changed.replacen(change, to, 1);
        Masking::read(&text, &files).unwrap_err().to_string()
    };
    for (from, to, says) in [
        (
            "schemas/order.avsc,",
            "schemas/ordr.avsc,",
            "masking.yaml:8:3: there is no file \"schemas/ordr.avsc\" in the policy folder",
        ),
        ("schemas/key.avsc", "../key.avsc", "masking.yaml:8:3: there is no file \"../key.avsc\""),
        ("schemas/click.proto", "/etc/click.proto", "masking.yaml:9:3: there is no file"),
        (
            "{avro: schemas/key.avsc}",
            "{avro: schemas/click.proto}",
            "\"schemas/click.proto\" is no name of a file *.avsc",
        ),
        ("{avro: schemas/key.avsc}", "{avro: schemas/key.avsc, message: A}", "masking.yaml:8:3: a schema is {avro"),
        ("{avro: schemas/key.avsc}", "{}", "masking.yaml:8:3: a schema is {avro: FILE.avsc}"),
        ("{avro: schemas/key.avsc}", "{xml: a}", "unknown field `xml`, expected one of `avro`"),
        ("value: json", "value: jsn", "\"jsn\", expected json, framed, bytes, {avro: FILE}"),
        (
            ", message: shop.Click",
            "",
            "schemas/click.proto: which of its messages is not said; it has shop.Click, shop.Other",
        ),
        ("shop.Click", "Click", "schemas/click.proto: it has no message \"Click\""),
        (
            "schemas/order.avsc|\"Customer\"",
            "\"Client\"",
            "schemas/order.avsc:1:77: a type that is not known, in Client; mend",
        ),
        ("schemas/part/customer.proto|string", "strng", "schemas/part/customer.proto:1:53: "),
        (
            "{topic: orders, value: schema}",
            "{topic: plain, value: schema}",
            "masking.yaml:12:3: value: schema, but under topics",
        ),
    ] {
        assert!(told(from, to).contains(says), "{to}: {}", told(from, to));
    }
}
