//! Row 25: tags that only earlier versions of a schema have.

use super::*;

const HEAD: &str = "syntax = 'proto3'; import 'confluent/meta.proto'; ";
const PII: &str = "[(confluent.field_meta).tags = 'PII']";

fn mask() -> Mask {
    Mask { tags: vec![("PII".into(), ClassId(0))], ..Mask::default() }
}

/// What is left of a message, and where tags are that are only in earlier versions.
fn after(earlier: &[String], schema: &str, message: &str) -> (String, Vec<String>) {
    let schema = format!("{HEAD}{schema}");
    let mut case = Case::with(&schema, mask(), &[Transform::Redact]);
    let texts: Vec<String> = earlier.iter().map(|text| format!("{HEAD}{text}")).collect();
    let earlier: Vec<Earlier<'_>> = texts.iter().map(|text| Earlier { text, references: &[] }).collect();
    case.plan = ProtobufPlan::compile_after(&earlier, &schema, &[], &[], &case.mask).unwrap();
    let removed = case.plan.removed_tags().iter().map(|(_, at)| at.to_owned()).collect();
    (case.text(message), removed)
}

#[test]
fn a_field_whose_tag_was_taken_out_is_masked_as_before() {
    let tagged = format!("message M {{ string a = 1 {PII}; string b = 2; }}");
    let plain = "message M { string a = 1; string b = 2; }";
    let masked = ("a:\"***\",b:\"x\"".to_owned(), vec!["M.a".to_owned()]);
    assert_eq!(after(&[], plain, "a:'x',b:'x'"), ("a:\"x\",b:\"x\"".to_owned(), vec![]));
    for earlier in [vec![tagged.clone()], vec![plain.to_owned(), tagged.clone(), plain.to_owned()]] {
        assert_eq!(after(&earlier, plain, "a:'x',b:'x'"), masked);
    }
    assert_eq!(after(std::slice::from_ref(&tagged), &tagged, "a:'x'").1, Vec::<String>::new(), "it is still there");
    let of_enum = |tag| format!("message M {{ G g = 1; }} enum G {{ {tag} NONE = 0; HIGH = 1; }}");
    let tagged = of_enum("option (confluent.enum_meta).tags = 'PII';");
    assert_eq!(after(&[tagged], &of_enum(""), "g:HIGH"), (String::new(), vec!["G".to_owned()]));
}

#[test]
fn a_field_is_followed_by_number_name_and_type() {
    let tagged = format!("message M {{ P p = 1; }} message P {{ string a = 3 {PII}; }}");
    for (what, schema, message, masked) in [
        ("renamed", "message M { P p = 1; } message P { string x = 3; }", "p{x:'x'}", "p{x:\"***\"}"),
        ("of another number", "message M { P p = 1; } message P { string a = 9; }", "p{a:'x'}", "p{a:\"***\"}"),
        ("in another type", "message M { Q q = 1; } message Q { string a = 3; }", "q{a:'x'}", "q{a:\"***\"}"),
        ("elsewhere", "message M { P z = 7; } message P { string a = 3; }", "z{a:'x'}", "z{a:\"***\"}"),
        ("in a map", "message M { map<string, Q> p = 1; } message Q { string a = 3; }", "p{key:'k',value{a:'x'}}", {
            "p:[{key:\"k\",value{a:\"***\"}}]"
        }),
    ] {
        assert_eq!(after(std::slice::from_ref(&tagged), schema, message).0, masked, "{what}");
    }
    let other = "message M { Q z = 7; } message Q { string a = 3; }";
    assert_eq!(after(&[tagged], other, "z{a:'x'}").0, "z{a:\"x\"}", "it is another field of another type");
}

#[test]
fn messages_in_themselves_and_tags_on_messages_are_followed() {
    let node = |tag: &str, option: &str| format!("message N {{ {option} string a = 1 {tag}; N next = 2; }}");
    let message = "a:'x',next{a:'x',next{a:'x'}}";
    let masked = "a:\"***\",next{a:\"***\",next{a:\"***\"}}";
    assert_eq!(after(&[node(PII, "")], &node("", ""), message), (masked.to_owned(), vec!["N.a".to_owned()]));
    let whole = node("", "option (confluent.message_meta).tags = 'PII';");
    assert_eq!(after(&[whole], &node("", ""), message).1, ["N"]);
}

#[test]
fn an_earlier_version_that_cannot_be_read_makes_a_schema_unusable_where_tags_count() {
    let plain = "syntax = 'proto3'; message M { string a = 1; }";
    let earlier = [Earlier { text: "message", references: &[] }];
    let why = ProtobufPlan::compile_after(&earlier, plain, &[], &[], &mask()).unwrap_err().0;
    assert!(why.starts_with("an earlier version: the schema is not Protobuf"), "{why}");
    assert!(ProtobufPlan::compile_after(&earlier, plain, &[], &[], &Mask::default()).is_ok());
}
