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
    let earlier: Vec<Earlier<'_>> = texts.iter().map(|text| Earlier { version: 3, text, references: &[] }).collect();
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
    assert_eq!(after(&[tagged], &of_enum(""), "g:HIGH"), (String::new(), vec!["M.g".to_owned()]));
}

#[test]
fn a_field_is_followed_by_number_name_and_type() {
    let tagged = format!("message M {{ P p = 1; }} message P {{ string a = 3 {PII}; }}");
    for (what, schema, message, masked) in [
        ("renamed", "message M { P p = 1; } message P { string x = 3; }", "p{x:'x'}", "p{x:\"***\"}"),
        ("of another number", "message M { P p = 1; } message P { string a = 9; }", "p{a:'x'}", "p{a:\"***\"}"),
        ("in another type", "message M { Q q = 1; } message Q { string a = 3; }", "q{a:'x'}", "q{a:\"***\"}"),
        ("elsewhere", "message M { P z = 7; } message P { string a = 3; }", "z{a:'x'}", "z{a:\"***\"}"),
    ] {
        assert_eq!(after(std::slice::from_ref(&tagged), schema, message).0, masked, "{what}");
    }
    let other = "message M { Q z = 7; } message Q { string a = 3; }";
    assert_eq!(after(&[tagged], other, "z{a:'x'}").0, "z{a:\"x\"}", "it is another field of another type");
}

#[test]
fn what_is_the_same_on_the_wire_is_the_same_field() {
    let of = |tag: &str| format!("message P {{ string a = 3 {tag}; }}");
    let map = format!("message M {{ map<string, P> m = 5; }} {}", of(PII));
    let list = format!("message M {{ repeated E m = 5; }} message E {{ string key = 1; string value = 2 {PII}; }}");
    let one = format!("message M {{ P m = 5; }} {}", of(PII));
    for (what, earlier, schema, message, masked) in [
        (
            "a map whose values are called otherwise",
            &map,
            "message M { map<string, Q> m = 5; } message Q { string a = 3; }",
            { "m:[{key:'k',value{a:'x'}}]" },
            "m:[{key:\"k\",value{a:\"***\"}}]",
        ),
        (
            "a map as a list",
            &map,
            "message M { repeated E m = 5; } message E { string key = 1; Q value = 2; } message Q { string a = 3; }",
            { "m:[{key:'k',value{a:'x'}}]" },
            "m:[{key:\"k\",value{a:\"***\"}}]",
        ),
        ("a list as a map", &list, "message M { map<string, string> m = 5; }", "m:[{key:'k',value:'x'}]", {
            "m:[{key:\"k\",value:\"***\"}]"
        }),
        ("a message as a text", &one, "message M { string m = 5; }", "m:'x'", "m:\"***\""),
        ("a message as bytes", &one, "message M { bytes m = 5; }", "m:'x'", ""),
    ] {
        assert_eq!(after(std::slice::from_ref(earlier), schema, message).0, masked, "{what}");
    }
}

#[test]
fn a_field_renamed_and_then_renumbered_is_followed() {
    let earlier = ["message M { string b = 1; }".to_owned(), format!("message M {{ string a = 1 {PII}; }}")];
    let left = after(&earlier, "message M { string b = 2; }", "b:'x'");
    assert_eq!(left, ("b:\"***\"".to_owned(), vec!["M.a".to_owned()]));
}

/// Where unknown fields pass, who takes a field out of a schema does not take the mask off it.
#[test]
fn a_field_that_is_gone_is_left_out_where_others_pass() {
    let plain = format!("{HEAD}message M {{ string b = 2; }}");
    let mask = Mask { unknown: Unknown::Pass, ..mask() };
    let mut case = Case::with(&plain, mask, &[Transform::Redact]);
    let tagged = format!(
        "{HEAD}message M {{ string a = 1 {PII}; string b = 2; string c = 3; P p = 4; }} message P {{ P p = 1; string a = 2 {PII}; }}"
    );
    let earlier = [Earlier { version: 3, text: &tagged, references: &[] }];
    case.plan = ProtobufPlan::compile_after(&earlier, &plain, &[], &[], &case.mask).unwrap();
    let field = |number: u32| length_delimited(number, b"\x0a\x00");
    let rewrite = |input: &[u8]| case.rewrite(input, &mut Found::default()).unwrap().unwrap();
    assert_eq!(rewrite(&[1, 2, 3, 4].map(field).concat()), [2, 3].map(field).concat());
}

#[test]
fn fields_that_are_gone_from_many_messages_have_an_end() {
    let fields =
        |of: &dyn Fn(usize) -> String| (1..=1_500).map(|n| format!("{} f{n} = {n};", of(n))).collect::<String>();
    let tagged = format!(
        "{HEAD}message Top {{ {} }} message M {{ {} }} message R {{ string a = 1 {PII}; }}",
        fields(&|_| "M".to_owned()),
        fields(&|_| "R".to_owned())
    );
    let empty: String = (1..=1_500).map(|n| format!("message A{n} {{}} ")).collect();
    let plain = format!("{HEAD}message Top {{ {} }} {empty}", fields(&|n| format!("A{n}")));
    let earlier = [Earlier { version: 3, text: &tagged, references: &[] }];
    let why = ProtobufPlan::compile_after(&earlier, &plain, &[], &[], &mask()).unwrap_err().0;
    assert!(why.contains("make more than") || why.contains("too many places"), "{why}");
}

#[test]
fn a_tag_that_is_written_many_times_is_one() {
    let tags = vec!["'PII'"; 1_000].join(",");
    let tagged = format!("message M {{ string a = 1 [(confluent.field_meta) = {{ tags: [{tags}] }}]; }}");
    let left = after(&[tagged], "message M { string a = 1; }", "a:'x'");
    assert_eq!(left, ("a:\"***\"".to_owned(), vec!["M.a".to_owned()]));
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
    let earlier = [Earlier { version: 3, text: "message", references: &[] }];
    let why = ProtobufPlan::compile_after(&earlier, plain, &[], &[], &mask()).unwrap_err().0;
    assert!(why.starts_with("version 3, before it: the schema is not Protobuf"), "{why}");
    assert!(ProtobufPlan::compile_after(&earlier, plain, &[], &[], &Mask::default()).is_ok());
}
