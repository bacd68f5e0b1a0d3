//! JSON as it is rewritten, and the tricks that must not show what is masked.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::*;
use crate::detect::Detector;
use crate::fields::Path;
use crate::plan::{Class, Mask};
use crate::transform::REDACTED;

mod differential;

const EMAIL: ClassId = ClassId(0);
const CARD: ClassId = ClassId(1);
/// What callers see.
const CLEAR: ClassId = ClassId(2);
const PAN: &str = "4111111111111111";

/// Classes, of which e-mail addresses and cards are masked by these transforms.
fn classes(email: Transform, card: Transform) -> [Class; 3] {
    let class = |name: &str, mask| Class { name: name.into(), mask };
    [class("email", Some(email)), class("card", Some(card)), class("clear", None)]
}

fn mask(paths: &[(&str, ClassId)], names: &[(&str, ClassId)], content: &[(Detector, ClassId)]) -> Mask {
    let mut mask = Mask { content: content.to_vec(), ..Mask::default() };
    for (path, class) in paths {
        mask.fields.add_path(&Path::parse(path).unwrap(), *class).unwrap();
    }
    for (name, class) in names {
        mask.fields.add_name(name, *class);
    }
    mask
}

fn rewritten(classes: &[Class], mask: &Mask, input: &str) -> (Result<Rewritten, Unmaskable>, String, Found) {
    let scope = Scope { classes, mask, subject: b"key" };
    let (mut out, mut found) = (b"before".to_vec(), Found::default());
    let result = rewrite(&scope, input.as_bytes(), &mut out, &mut found);
    let out = String::from_utf8(out).unwrap();
    let appended = out.strip_prefix("before").expect("what was there stays").to_owned();
    if result != Ok(Rewritten::Changed) {
        assert_eq!(appended, "", "nothing is appended unless something changed");
    }
    (result, appended, found)
}

/// The new text; the old one where nothing changed.
fn by(mask: &Mask, transform: Transform, input: &str) -> String {
    let (result, out, _) = rewritten(&classes(transform, Transform::KeepLast(4)), mask, input);
    match result.unwrap_or_else(|error| panic!("{error}: {input}")) {
        Rewritten::Same => input.to_owned(),
        Rewritten::Changed => out,
        Rewritten::DropRecord => "dropped".to_owned(),
    }
}

fn refused(input: &[u8]) -> Unmaskable {
    let (classes, mask) = (classes(Transform::Redact, Transform::Redact), by_name());
    let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
    let mut out = Vec::new();
    let error = rewrite(&scope, input, &mut out, &mut Found::default()).expect_err("it is refused");
    assert!(out.is_empty());
    error
}

fn by_path() -> Mask {
    mask(&[("customer.email", EMAIL), ("card.pan", CARD)], &[], &[])
}

fn by_name() -> Mask {
    mask(&[], &[("email", EMAIL), ("pan", CARD)], &[])
}

fn by_content() -> Mask {
    mask(&[], &[], &[(Detector::Email, EMAIL), (Detector::Card, CARD)])
}

fn redact(mask: &Mask, input: &str) -> String {
    by(mask, Transform::Redact, input)
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

#[test]
fn only_what_is_masked_changes() {
    let input = "{ \"n\" : 1.50e+2,\r\n\t\"customer\":{\"z\":\"\\u0041\\/\", \"email\" :\"ann@example.org\" }, \"a\":[ ], \"a\" :{}} \n";
    assert_eq!(redact(&by_path(), input), input.replace("ann@example.org", REDACTED));
    let (result, _, found) = rewritten(&classes(Transform::Redact, Transform::Redact), &by_path(), "{\"email\":\"x\"}");
    assert_eq!((result, found), (Ok(Rewritten::Same), Found::default()));
}

#[test]
fn of_repeated_names_each_is_masked() {
    let input = r#"{"email":"first","email":"second","x":{"email":"third","email":"fourth"}}"#;
    assert_eq!(redact(&by_name(), input), r#"{"email":"***","email":"***","x":{"email":"***","email":"***"}}"#);
}

#[test]
fn of_groups_of_one_name_on_the_path_each_is_masked() {
    let input = r#"{"customer":{"email":"a"},"customer":{"x":1,"email":"b"}}"#;
    assert_eq!(redact(&by_path(), input), r#"{"customer":{"email":"***"},"customer":{"x":1,"email":"***"}}"#);
}

#[test]
fn names_are_compared_as_their_escapes_say() {
    for name in [r"\u0065mail", r"\u0045MAIL", r"e\u006dail", r"\uff45mail", r"\u0065\u006d\u0061\u0069\u006C"] {
        let input = format!(r#"{{"customer":{{"{name}":"secret"}}}}"#);
        for mask in [by_path(), by_name()] {
            assert_eq!(redact(&mask, &input), input.replace("secret", REDACTED));
        }
    }
    // 𝐞𝐦𝐚𝐢𝐥 in mathematical letters, by pairs of surrogates
    let input = r#"{"\ud835\udc1e\ud835\udc26\ud835\udc1a\ud835\udc22\ud835\udc25":"secret"}"#;
    assert_eq!(redact(&by_name(), input), input.replace("secret", REDACTED));
}

#[test]
fn an_escaped_slash_is_a_slash_and_a_nul_in_a_name_is_refused() {
    let slash = mask(&[("a/b", EMAIL)], &[], &[]);
    assert_eq!(redact(&slash, r#"{"a\/b":"secret"}"#), r#"{"a\/b":"***"}"#);
    let refusal = refused(br#"{"a":1,"email\u0000x":"secret"}"#);
    assert_eq!((refusal.why, refusal.at), (NUL, 7));
    assert_eq!(refused(br#"{"email":{"\u0000":1}}"#).why, NUL, "below what is left out, too");
    assert_eq!(redact(&by_name(), r#"{"x":"\u0000"}"#), r#"{"x":"\u0000"}"#);
}

#[test]
fn case_and_forms_of_letters_in_names_make_no_difference() {
    for name in ["Email", "EMAIL", "\u{ff45}mail", "\u{ff25}\u{ff2d}\u{ff21}\u{ff29}\u{ff2c}"] {
        let input = format!(r#"{{"customer":{{"{name}":"secret"}}}}"#);
        for mask in [by_path(), by_name()] {
            assert_eq!(redact(&mask, &input), input.replace("secret", REDACTED));
        }
    }
}

#[test]
fn more_nesting_does_not_hide_a_name() {
    assert_eq!(redact(&by_name(), r#"{"a":{"b":[{"email":"x"}]}}"#), r#"{"a":{"b":[{"email":"***"}]}}"#);
}

#[test]
fn lists_around_groups_and_scalars_are_passed_through() {
    let input = r#"[[{"customer":[{"email":["a",["b",3,2.5,true,null]]}]}]]"#;
    let output = r#"[[{"customer":[{"email":["***",["***",0,0.0,false,null]]}]}]]"#;
    assert_eq!(redact(&by_path(), input), output);
}

#[test]
fn numbers_are_masked_as_texts_are() {
    let numbers = [PAN, "4.111111111111111e15", "41111111111111110e-1", "-4111111111111111", "4111111111111111111111"];
    for number in numbers {
        let input = format!(r#"{{"card":{{"pan":{number}}}}}"#);
        let output = redact(&by_path(), &input);
        assert!(!output.contains("4111"), "{output}");
        let output: serde_json::Value = serde_json::from_str(&output).unwrap();
        assert_eq!(output["card"]["pan"].as_f64(), Some(0.0));
        assert!(!redact(&by_content(), &format!("[{number}]")).contains("4111") || number.len() > 20, "{number}");
    }
    assert_eq!(redact(&by_content(), "[4111111111111111.0, 4111111111111111.25,1]"), "[0, 0,1]");
    for not_one in ["411111111111", "0e999999999", "-0.0e99999", "4e-999999", "1E-400", "9e22"] {
        let input = format!("[{not_one}]");
        assert_eq!(redact(&by_content(), &input), input);
    }
}

#[test]
fn a_text_cut_into_a_list_is_masked_by_its_name() {
    assert_eq!(redact(&by_name(), r#"{"email":["a","@","b"]}"#), r#"{"email":["***","***","***"]}"#);
}

#[test]
fn a_group_in_place_of_a_scalar_is_masked_whole() {
    let input = r#"{"email":{"v":"x","w":[{"email":"y"}]} ,"z":[1]}"#;
    assert_eq!(redact(&by_name(), input), r#"{"email":{} ,"z":[1]}"#);
    assert_eq!(by(&by_name(), Transform::Null, input), r#"{"email":null ,"z":[1]}"#);
    assert_eq!(by(&by_name(), Transform::DropField, input), r#"{"z":[1]}"#);
    assert_eq!(redact(&by_name(), r#"{"email":[{"v":"x"},"y",{}]}"#), r#"{"email":[{},"***",{}]}"#);
    assert!(refused(br#"{"email":{"v":"x",}}"#).at > 0, "what is left out is read as strictly");
}

#[test]
fn json_in_a_text_is_masked_as_deep_as_it_is_looked_into() {
    let mut text = r#"{"email":"secret","n":1}"#.to_owned();
    let mut masked = r#"{"email":"***","n":1}"#.to_owned();
    for level in 1..=3 {
        (text, masked) = (format!(r#"{{"v": {}}}"#, quoted(&text)), format!(r#"{{"v": {}}}"#, quoted(&masked)));
        assert_eq!(redact(&by_name(), &text), masked, "{level}");
    }
    let deeper = redact(&by_name(), &format!(r#"{{"v":{}}}"#, quoted(&text)));
    assert!(!deeper.contains("secret") && deeper.contains(REDACTED), "{deeper}");
    let harmless = format!(r#"{{"v":{}}}"#, quoted(&text.replace("{\"v\": ", "[x")));
    assert_eq!(redact(&by_name(), &harmless), harmless, "what is not JSON that deep stays");
}

#[test]
fn json_in_a_text_is_found_behind_escapes_blanks_and_marks() {
    for text in [
        r"\u007b\u0022email\u0022:\u0022secret\u0022}",
        r#"\n \t{\"email\":\"secret\"} "#,
        r#"\ufeff{\"email\":\"secret\"}"#,
        r#"[{\"\\u0065mail\":\"secret\"}]"#,
        r#"\"{\\\"email\\\":\\\"secret\\\"}\""#,
    ] {
        let input = format!("[\"{text}\"]");
        let output = redact(&by_name(), &input);
        assert!(!output.contains("secret") && output.contains(REDACTED), "{output}");
    }
    let input = r#"{"customer":"{\"email\":\"secret\"}"}"#;
    assert_eq!(redact(&by_path(), input), input.replace("secret", REDACTED), "a path goes on in the text");
    for not_json in [r#"["{email: 1}"]"#, r#"["[INFO] started"]"#, r#"["\"quoted\" words"]"#, r#"["{}"]"#] {
        assert_eq!(redact(&by_name(), not_json), not_json);
    }
}

#[test]
fn json_in_a_text_that_other_readers_may_take_is_redacted() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for text in [
        r#"{"a\u0000":1,"email":"secret"}"#,
        r#"{"email":"secret","n":1e999}"#,
        r#"{"email":"secret","half":"\ud800"}"#,
        &deep,
    ] {
        assert_eq!(redact(&by_name(), &format!("[{}]", quoted(text))), r#"["\"***\""]"#);
    }
}

#[test]
fn base64_of_json_or_of_what_detectors_find_is_redacted() {
    for text in [r#"{"email":"ann@example.org","id":"???>>>"}"#, r#"["to","ann@example.org",1234]"#] {
        for encoded in [STANDARD.encode(text), STANDARD_NO_PAD.encode(text), URL_SAFE_NO_PAD.encode(text)] {
            let mask = mask(&[], &[("email", EMAIL)], &[(Detector::Email, EMAIL)]);
            let input = format!(r#"{{"v":{}}}"#, quoted(&encoded));
            let (_, output, found) = rewritten(&classes(Transform::Redact, Transform::Redact), &mask, &input);
            assert_eq!(output, r#"{"v":"***"}"#, "{encoded}");
            assert_eq!(found.classes().collect::<Vec<_>>(), [(EMAIL, 1, 0)]);
        }
    }
    let escaped = STANDARD.encode("\u{3f}\u{3f}\u{3f} ann@example.org").replace('/', r"\/");
    assert!(escaped.contains('\\'));
    assert_eq!(redact(&by_content(), &format!(r#"["{escaped}"]"#)), r#"["***"]"#);
    let twice = STANDARD.encode(STANDARD.encode("card 4111111111111111 of Ann"));
    let token = by(&by_content(), Transform::Redact, &format!("[\"{twice}\"]"));
    assert!(token.starts_with("[\"*****"), "by the class's transform, which keeps four: {token}");
    for harmless in [STANDARD.encode("nothing in here, nothing"), "3f0c9d1e-5b1a-4c3d-8e7f-0123456789ab".to_owned()] {
        let input = format!(r#"["{harmless}"]"#);
        assert_eq!(redact(&by_content(), &input), input);
    }
}

#[test]
fn what_only_lenient_readers_take_is_refused() {
    for input in [
        r#"{"a":1}//x"#,
        r#"/**/{"a":1}"#,
        "{\"a\":1 # x\n}",
        "{'a':1}",
        r#"{"a":'x'}"#,
        "{a:1}",
        r#"{"a":NaN}"#,
        "[Infinity]",
        "[-Infinity]",
        "[1,]",
        r#"{"a":1,}"#,
        "[,1]",
        "[1,,2]",
        "[1 2]",
        r#"{"a" 1}"#,
        r#"{"a":}"#,
        r#"{"a"}"#,
        r#"{"a":1;"b":2}"#,
        "\u{feff}{}",
        "{}{}",
        "{}\n{}",
        "1 2",
        "",
        " ",
        "[01]",
        "[+1]",
        "[.5]",
        "[5.]",
        "[1e]",
        "[1e+]",
        "[-]",
        "[0x1]",
        "[1_0]",
        "[True]",
        "[nul]",
        "[tru",
        "undefined",
        "[\"a\tb\"]",
        "[\"a\nb\"]",
        "[\"a\0b\"]",
        r#"["\x41"]"#,
        r#"["\'"]"#,
        r#"["\u12"]"#,
        r#"["\u12g4"]"#,
        r#"["\U0041"]"#,
        "[\u{a0}1]",
        "[1\u{b}]",
        "[1\u{c}]",
        "[",
        "{",
        "]",
        "}",
        "[}",
        "{]",
        "[1}",
        r#"{"a":1]"#,
        r#"""#,
        r#""a"#,
        r#""\"#,
        r#""\u004"#,
        "[1]\0",
        "[1] x",
        "[1e999]",
    ] {
        assert!(!refused(input.as_bytes()).why.is_empty(), "{input}");
        assert!(serde_json::from_str::<serde_json::Value>(input).is_err(), "{input}");
    }
}

#[test]
fn bytes_that_are_not_utf_8_and_halves_of_pairs_are_refused() {
    for bytes in [&b"\xff"[..], b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe0\x80\xaf"] {
        assert_eq!(
            refused(&[b"{\"a\":\"", bytes, b"\"}"].concat()),
            Unmaskable { why: "the text is not UTF-8", at: 6 }
        );
    }
    for text in
        [r"\ud800", r"\udc00", r"\ud800x", r"\ud800\n", r"\ud800\u0041", r"\ud800\ud800", r"\udbff", r"\udc00\ud800"]
    {
        for input in [format!("[\"{text}\"]"), format!("{{\"{text}\":1}}")] {
            assert_eq!(refused(input.as_bytes()).why, "half a surrogate pair stands alone", "{input}");
        }
    }
}

#[test]
fn nesting_without_end_is_refused_and_overflows_nothing() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        // What is looked at, and what is only read: below the first level no path leads on.
        for mask in [by_name(), by_path()] {
            assert_eq!(redact(&mask, &nested(open, close, DEPTH_MAX)), nested(open, close, DEPTH_MAX));
            let deep = nested(open, close, DEPTH_MAX + 1);
            assert_eq!(
                rewritten(&classes(Transform::Redact, Transform::Redact), &mask, &deep).0.unwrap_err().why,
                DEEP
            );
        }
        assert_eq!(refused(open.repeat(100_000).as_bytes()).why, DEEP);
    }
    let masked = |depth| format!(r#"{{"email":{{"a":{}}}}}"#, nested("[", "]", depth));
    assert_eq!(redact(&by_name(), &masked(DEPTH_MAX - 2)), r#"{"email":{}}"#);
    assert_eq!(refused(masked(DEPTH_MAX - 1).as_bytes()).why, DEEP);
    let below = format!(r#"{{"email":{}}}"#, nested("[", "]", 100_000));
    assert_eq!(refused(below.as_bytes()).why, DEEP);
}

#[test]
fn huge_numbers_and_texts_are_masked() {
    let huge = format!("1.{}", "0".repeat(1_000_000));
    let long = "x".repeat(10_000_000);
    let input = format!(r#"{{"pan":{huge},"email":"{long}","a":{huge},"b":"{long}"}}"#);
    assert_eq!(redact(&by_name(), &input), format!(r#"{{"pan":0.0,"email":"***","a":{huge},"b":"{long}"}}"#));
    assert_eq!(refused("9".repeat(1_000_000).as_bytes()).why, "a number is too large");
}

#[test]
fn bytes_after_the_end_are_refused() {
    let refusal = refused(b"{\"a\":1} \x00");
    assert_eq!((refusal.why, refusal.at), ("the text goes on after its end", 8));
}

#[test]
fn another_format_than_json_is_refused() {
    for bytes in [
        &b"\x00\x00\x00\x00\x01{}"[..],
        b"\x0a\x03abc",
        b"\x02\x06abc",
        b"<a/>",
        b"email=ann",
        b"a,b\n1,2",
        b"\x1f\x8b\x08\x00",
    ] {
        refused(bytes);
    }
}

#[test]
fn detectors_look_at_what_texts_and_names_say() {
    let mask = by_content();
    assert_eq!(redact(&mask, r#"{"v":"to ann@example.org, and bob\u0040example.org"}"#), r#"{"v":"to ***, and ***"}"#);
    assert_eq!(redact(&mask, r#"{"ann@example.org" : {"x":1}}"#), r#"{"***" : {"x":1}}"#);
    assert_eq!(redact(&mask, r#"["line\nann@example.org \"x\" é"]"#), r#"["line\n*** \"x\" é"]"#);
    assert_eq!(redact(&mask, r#"[4111111111111111]"#), "[0]");
    for fate in [Transform::Null, Transform::DropField] {
        assert_eq!(by(&mask, fate, r#"["to ann@example.org"]"#), r#"["to ***"]"#);
    }
    assert_eq!(by(&mask, Transform::DropRecord, r#"["to ann@example.org"]"#), "dropped");
    assert_eq!(redact(&by_name(), r#"["ann@example.org"]"#), r#"["ann@example.org"]"#);
}

#[test]
fn fields_that_go_take_one_comma_with_them() {
    for (input, output) in [
        (r#"{"email":1}"#, r"{}"),
        (r#"{ "email" : 1 }"#, r"{  }"),
        (r#"{ "email":1 , "b":2 }"#, r#"{ "b":2 }"#),
        (r#"{ "a":1 , "email":2 , "c":3 }"#, r#"{ "a":1 , "c":3 }"#),
        (r#"{"a":1,"email":2,"email":{"x":3},"c":4,"email":"5"}"#, r#"{"a":1,"c":4}"#),
        (r#"{"email":1,"email":2,"c":4}"#, r#"{"c":4}"#),
        (r#"{"email":1,"email":2}"#, r"{}"),
        (r#"{"a":{"email":1},"b":[{"email":2,"c":3}],"email":true}"#, r#"{"a":{},"b":[{"c":3}]}"#),
        (r#"{"email":["x",{"y":1},null]}"#, r#"{"email":[null,null,null]}"#),
        (r#"{"email":null}"#, r#"{"email":null}"#),
    ] {
        assert_eq!(by(&by_name(), Transform::DropField, input), output, "{input}");
    }
    let mut mask = by_content();
    mask.fields = mask_of("ann@example.org");
    for (input, output) in [
        (r#"{"a":1,"ann@example.org":2,"c":3}"#, r#"{"a":1,"c":3}"#),
        (r#"{"ann@example.org":2, "bob@example.org":3}"#, r#"{"***":3}"#),
        (r#"{"bob@example.org":3, "ann@example.org":{"ann@example.org":1}}"#, r#"{"***":3}"#),
    ] {
        assert_eq!(by(&mask, Transform::DropField, input), output, "{input}");
    }
}

fn mask_of(name: &str) -> crate::Fields {
    mask(&[], &[(name, EMAIL)], &[]).fields
}

#[test]
fn fates_of_scalars() {
    let input = r#"{"email":["x",1,2.5,true,null]}"#;
    assert_eq!(by(&by_name(), Transform::Null, input), r#"{"email":[null,null,null,null,null]}"#);
    let constant = |text: &str| Transform::Constant(text.into());
    assert_eq!(by(&by_name(), constant("7"), input), r#"{"email":["7",7,7.0,false,null]}"#);
    assert_eq!(by(&by_name(), constant("a\"b\\\n\u{1}ü"), r#"{"email":"x"}"#), r#"{"email":"a\"b\\\n\u0001ü"}"#);
    assert_eq!(by(&by_name(), constant("1e300"), r#"{"email":1.5}"#), r#"{"email":1e300}"#);
    assert_eq!(by(&by_name(), Transform::KeepFirst(1), r#"{"email":"\u00e9\n\"x"}"#), r#"{"email":"é***"}"#);
    assert_eq!(by(&by_name(), Transform::DropRecord, r#"{"email":{},"b":1}"#), "dropped");
    assert_eq!(by(&by_name(), Transform::DropRecord, r#"["{\"email\":1}"]"#), "dropped");
    assert_eq!(redact(&by_name(), r#""email""#), r#""email""#);
    let (result, ..) = rewritten(&classes(Transform::DropRecord, Transform::Redact), &by_name(), r#"{"email":1,}"#);
    assert!(result.is_err(), "a record is read to its end even if it is left out");
}

#[test]
fn a_class_that_the_caller_sees_is_counted_and_covers_what_names_nothing_else() {
    let classes = classes(Transform::Redact, Transform::Redact);
    let mut mask = mask(&[("profile", CLEAR)], &[("email", EMAIL), ("note", CLEAR)], &[(Detector::Card, CARD)]);
    let input = r#"{"profile":{"note":"n","a":[1,{"email":"x"}]},"note":["a",2,null],"profile":"4111111111111111"}"#;
    let (result, output, found) = rewritten(&classes, &mask, input);
    assert_eq!(result, Ok(Rewritten::Changed));
    assert_eq!(output, input.replace("\"x\"", "\"***\"").replace(PAN, REDACTED));
    // the group and the text called profile, and in all three notes
    assert_eq!(found.classes().collect::<Vec<_>>(), [(EMAIL, 1, 0), (CARD, 1, 0), (CLEAR, 0, 5)]);
    mask.content = vec![(Detector::Card, CLEAR)];
    let (result, _, found) = rewritten(&classes, &mask, r#"{"note":"4111111111111111","x":[4111111111111111]}"#);
    assert_eq!(result, Ok(Rewritten::Same));
    assert_eq!(
        found.classes().collect::<Vec<_>>(),
        [(CLEAR, 0, 2)],
        "what a field was counted for is not counted again"
    );
}

#[test]
fn what_is_found_in_a_text_that_turns_out_not_to_be_json_does_not_count() {
    let (result, _, found) =
        rewritten(&classes(Transform::Redact, Transform::Redact), &by_name(), r#"["{\"email\":\"x\"} and more"]"#);
    assert_eq!((result, found), (Ok(Rewritten::Same), Found::default()));
}
