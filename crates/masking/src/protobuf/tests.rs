//! Protobuf as it is rewritten, and the tricks that must not show what is masked.

mod earlier;
mod hostile;

use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, MessageDescriptor, Value};

use super::*;
use crate::detect::Detector;
use crate::fields::Path;
use crate::plan::{Class, Unknown};
use crate::transform::{ClassKey, Transform};

/// A schema, what is masked in its payloads, and the library that says what they mean.
struct Case {
    plan: ProtobufPlan,
    descriptor: MessageDescriptor,
    mask: Mask,
    classes: Vec<Class>,
}

impl Case {
    /// Paths are the first class's, except where they say another's: `1:a.b`. A name alone after `@` counts at any depth.
    fn new(schema: &str, paths: &[&str], transforms: &[Transform]) -> Case {
        let mut mask = Mask::default();
        for path in paths {
            let (class, path) = path.split_once(':').map_or((0, *path), |(class, path)| (class.parse().unwrap(), path));
            match path.strip_prefix("**.") {
                Some(name) => mask.fields.add_name(name, ClassId(class)),
                None => mask.fields.add_path(&Path::parse(path).unwrap(), ClassId(class)).unwrap(),
            }
        }
        Case::with(schema, mask, transforms)
    }

    fn with(schema: &str, mask: Mask, transforms: &[Transform]) -> Case {
        let classes = transforms.iter().map(|t| Class { name: "C".into(), mask: Some(t.clone()) }).collect();
        let plan = ProtobufPlan::compile(schema, &[], &[], &mask).unwrap();
        let descriptor = parse::message(schema, &[], &[]).unwrap();
        Case { plan, descriptor, mask, classes }
    }

    fn bytes(&self, text: &str) -> Vec<u8> {
        DynamicMessage::parse_text_format(self.descriptor.clone(), text).unwrap().encode_to_vec()
    }

    fn rewrite(&self, input: &[u8], found: &mut Found) -> Result<Option<Vec<u8>>, Unmaskable> {
        let scope = Scope { classes: &self.classes, mask: &self.mask, subject: b"ann" };
        let mut out = b"before".to_vec();
        let rewritten = self.plan.rewrite(&scope, input, &mut out, found);
        let written = out.strip_prefix(b"before").expect("what was there stays");
        Ok(match rewritten {
            Ok(Rewritten::Changed) => Some(written.to_vec()),
            other => {
                assert!(written.is_empty(), "{other:?} writes nothing");
                (other? == Rewritten::Same).then(|| input.to_vec())
            }
        })
    }

    /// Rewrites bytes that are a record which stays.
    fn raw(&self, input: &[u8]) -> DynamicMessage {
        let output = self.rewrite(input, &mut Found::default()).unwrap().expect("it stays");
        DynamicMessage::decode(self.descriptor.clone(), &*output).unwrap()
    }

    fn text(&self, input: &str) -> String {
        self.raw(&self.bytes(input)).to_text_format()
    }

    fn counts(&self, input: &[u8]) -> Vec<(u16, u64, u64)> {
        let mut found = Found::default();
        self.rewrite(input, &mut found).unwrap();
        found.classes().map(|(class, masked, clear)| (class.0, masked, clear)).collect()
    }
}

fn key() -> ClassKey {
    ClassKey::new("k1", &[7; 32])
}

fn length_delimited(number: u32, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    wire::write_bytes(number, bytes, &mut out);
    out
}

const SCALARS: &str = "syntax = 'proto3';
message Scalars {
  string text = 1; bytes data = 2; int32 i32 = 3; int64 i64 = 4; uint32 u32 = 5; uint64 u64 = 6; sint32 s32 = 7; sint64 s64 = 8;
  fixed32 f32 = 9; fixed64 f64 = 10; sfixed32 sf32 = 11; sfixed64 sf64 = 12; float short = 13; double long = 14; bool yes = 15;
  Colour colour = 16; repeated int32 many = 17; repeated string texts = 18; Scalars inner = 200; repeated sint64 wide = 300;
}
enum Colour { NONE = 0; RED = 1; }";
const ALL_SET: &str = "text:'Ann',data:'Ann',i32:-7,i64:-7,u32:4000000000,u64:18446744073709551615,s32:-7,s64:-7,f32:7,f64:7,\
     sf32:-7,sf64:-7,short:7.5,long:7.5,yes:true,colour:RED,many:[7,8],texts:['Ann','Bob'],inner{text:'Ann'},wide:[-7,7]";

#[test]
fn every_type_stays_what_it_is() {
    let redacted = Case::new(SCALARS, &["*"], &[Transform::Redact]);
    assert_eq!(redacted.text(ALL_SET), "text:\"***\",many:[0,0],texts:[\"***\",\"***\"],inner{},wide:[0,0]");
    let input = redacted.bytes(ALL_SET);
    // 17 fields of one value and three lists of two.
    assert_eq!(redacted.counts(&input), [(0, 17 + 3 * 2, 0)]);

    let constant = Case::new(SCALARS, &["*"], &[Transform::Constant("300".into())]);
    assert_eq!(
        constant.text(ALL_SET),
        "text:\"300\",data:\"300\",i32:300,i64:300,u32:300,u64:300,s32:300,s64:300,f32:300,f64:300,sf32:300,sf64:300,\
         short:300.0,long:300.0,many:[300,300],texts:[\"300\",\"300\"],inner{},wide:[300,300]"
    );
}

#[test]
fn tokens_of_numbers_fit_their_types_and_tell_values_apart() {
    let tokens = Case::new(SCALARS, &["*"], &[Transform::Integer(key())]);
    let input = ALL_SET.replace("inner{text:'Ann'},", "");
    assert_eq!(tokens.text(&input), tokens.text(&input));
    let changed = tokens.raw(&tokens.bytes(&input));
    for name in ["i32", "i64", "u32", "u64", "s32", "s64", "f32", "f64", "sf32", "sf64"] {
        let value = changed.get_field_by_name(name).unwrap().into_owned();
        let positive = value.as_i32().map(i64::from).or(value.as_i64()).is_none_or(|value| value > 0);
        assert!(positive && changed.has_field_by_name(name), "{name} {value:?}");
    }
    let tokens = Case::new(SCALARS, &["u64"], &[Transform::Integer(key())]);
    assert_ne!(tokens.text("u64:18446744073709551615"), tokens.text("u64:18446744073709551614"));
}

#[test]
fn fields_go_where_they_may_be_absent() {
    for transform in [Transform::Null, Transform::DropField] {
        let absent = Case::new(SCALARS, &["*"], std::slice::from_ref(&transform));
        assert_eq!(absent.text(ALL_SET), "", "{transform:?}");
        let schema = "syntax = 'proto2'; enum E { ONE = 1; TWO = 2; }
            message M { required string name = 1; required int32 n = 2; required E e = 3; optional E other = 4;
                required Inner inner = 5; }
            message Inner { required bool b = 1; optional string note = 2; required Inner2 more = 3; }
            message Inner2 { required double d = 1; required E e = 2; }";
        let required = Case::new(schema, &["*"], &[transform]);
        assert_eq!(
            required.text("name:'Ann',n:7,e:TWO,other:TWO,inner{b:true,note:'Ann',more{d:7,e:TWO}}"),
            "name:\"***\",n:0,e:ONE,inner{b:false,more{d:0.0,e:ONE}}"
        );
    }
}

#[test]
fn the_same_member_of_a_oneof_stays_set() {
    let schema = "syntax = 'proto3'; message M { oneof who { string name = 1; int64 number = 2; Inner inner = 3; } }
        message Inner { string a = 1; }";
    let case = Case::new(schema, &["*"], &[Transform::Redact]);
    assert_eq!(case.text("number:7"), "number:0");
    assert_eq!(case.text("name:'Ann'"), "name:\"***\"");
    assert_eq!(case.text("inner{a:'Ann'}"), "inner{}");
    let gone = Case::new(schema, &["*"], &[Transform::DropField]);
    assert_eq!(gone.text("number:7"), "");
}

#[test]
fn what_is_not_masked_stays_byte_for_byte() {
    let case = Case::new(SCALARS, &["text"], &[Transform::Redact]);
    let mut found = Found::default();
    let scope = Scope { classes: &case.classes, mask: &case.mask, subject: b"" };
    let input = case.bytes("i32:-7,many:[1,2],inner{inner{text:'not at the path'}}");
    let mut out = Vec::new();
    assert_eq!(case.plan.rewrite(&scope, &input, &mut out, &mut found), Ok(Rewritten::Same));
    assert_eq!((out.len(), found.classes().count()), (0, 0));

    // Unpacked numbers, a length and a number longer than they need to be.
    let odd = [[0x88, 0x01, 0x07, 0x92, 0x01, 0x81, 0x00, b'x'].as_slice(), &[0x18, 0x87, 0x80, 0x00]].concat();
    assert_eq!(case.rewrite(&odd, &mut found), Ok(Some(odd.clone())));
    let masked = [&odd[..], &length_delimited(1, b"Ann"), &odd].concat();
    let expected = [&odd[..], &length_delimited(1, b"***"), &odd].concat();
    assert_eq!(case.rewrite(&masked, &mut found), Ok(Some(expected)));
}

#[test]
fn lengths_are_written_anew_when_what_they_count_grows_or_shrinks() {
    for length in [0, 1, 100, 125, 126, 127, 128, 200, 16_370, 16_384, 20_000] {
        for filler in [0, 100, 120, 16_360] {
            let case = Case::new(SCALARS, &["inner.inner.text"], &[Transform::Constant("x".repeat(length).into())]);
            for before in [3, 130, 17_000] {
                let with = |text: String| {
                    let filler = "y".repeat(filler);
                    format!("inner{{i32:1,inner{{text:\"{text}\",texts:[\"{filler}\"],inner{{i32:2}}}},i64:3}}")
                };
                let output = case.raw(&case.bytes(&with("z".repeat(before))));
                let expected = case.bytes(&with("x".repeat(length)));
                assert_eq!(output.encode_to_vec(), expected);
                let reencoded = case.rewrite(&case.bytes(&with("z".repeat(before))), &mut Found::default());
                // The library leaves out what is empty, and writes the rest as we do.
                if length > 0 {
                    assert_eq!(reencoded.unwrap().unwrap(), expected);
                }
            }
        }
    }
}

#[test]
fn a_length_longer_than_it_needs_to_be_is_written_short_when_it_changes() {
    let case = Case::new(SCALARS, &["inner.text"], &[Transform::Redact]);
    let within = length_delimited(1, b"Annabel");
    let input = [&[0xc2, 0x0c, 0x89, 0x80, 0x80, 0x00][..], &within].concat();
    assert_eq!(case.rewrite(&input, &mut Found::default()), Ok(Some(case.bytes("inner{text:'***'}"))));
}

#[test]
fn maps_have_classes_for_keys_and_for_values_by_their_key() {
    let schema = "syntax = 'proto3'; message M { map<string, string> attributes = 1; map<int32, M> by_number = 2; }";
    let keys = Case::new(schema, &["attributes.@key"], &[Transform::Redact]);
    assert_eq!(keys.text("attributes{key:'ann@x.org',value:'a'}"), "attributes:[{key:\"***\",value:\"a\"}]");
    let hidden = Case::new(schema, &["1:attributes.@key", "attributes.*"], &[Transform::Redact, Transform::Fixed(1)]);
    assert_eq!(hidden.text("attributes{key:'ann',value:'a'}"), "attributes:[{key:\"*\",value:\"***\"}]");
    let any = Case::new(schema, &["attributes.*"], &[Transform::Redact]);
    assert_eq!(any.text("attributes{key:'ann',value:'a'}"), "attributes:[{key:\"ann\",value:\"***\"}]");

    let values =
        Case::new(schema, &["attributes.email", "1:by_number.7.attributes.*"], &[Transform::Redact, Transform::Redact]);
    assert_eq!(
        values.text("attributes{key:'Email',value:'ann@x.org'},by_number{key:7,value{attributes{key:'a',value:'b'}}}"),
        "attributes:[{key:\"Email\",value:\"***\"}],by_number:[{key:7,value{attributes:[{key:\"a\",value:\"***\"}]}}]"
    );
    let clear =
        "attributes:[{key:\"mail\",value:\"a\"}],by_number:[{key:8,value{attributes:[{key:\"a\",value:\"b\"}]}}]";
    assert_eq!(values.text(clear), clear);
    let anywhere = Case::new(schema, &["**.email"], &[Transform::Redact]);
    assert_eq!(
        anywhere.text("by_number{key:8,value{attributes{key:'EMAIL',value:'x'}}}"),
        "by_number:[{key:8,value{attributes:[{key:\"EMAIL\",value:\"***\"}]}}]"
    );
    let dropped = Case::new(schema, &["attributes.email"], &[Transform::DropField]);
    assert_eq!(dropped.text("attributes{key:'email',value:'x'}"), "");
    let whole = Case::new(schema, &["attributes"], &[Transform::Redact]);
    assert_eq!(whole.text("attributes{key:'email',value:'x'},by_number{key:1}"), "by_number:[{key:1,value{}}]");
}

#[test]
fn names_are_those_of_the_schema_and_those_in_json() {
    let schema = "syntax = 'proto3'; message M { string credit_card = 1; Inner inner_part = 2; string odd = 3 [json_name='pan']; }
        message Inner { string a = 1; string b = 2; }";
    for path in ["credit_card", "creditCard", "CREDITCARD"] {
        assert_eq!(Case::new(schema, &[path], &[Transform::Redact]).text("credit_card:'x'"), "credit_card:\"***\"");
    }
    let both = Case::new(schema, &["inner_part.a", "innerPart.b", "pan"], &[Transform::Redact]);
    assert_eq!(both.text("inner_part{a:'x',b:'x'},odd:'x'"), "inner_part{a:\"***\",b:\"***\"},odd:\"***\"");
}

#[test]
fn tags_are_read_however_they_are_written() {
    let schema = "syntax = 'proto3'; import 'confluent/meta.proto';
        message M {
          string a = 1 [(confluent.field_meta).tags = 'PII'];
          string b = 2 [(confluent.field_meta) = { tags: ['other', 'pii'] }];
          string c = 3 [(confluent.field_meta) = { doc: 'none', tags: 'other' }];
          string d = 4 [deprecated = true, (confluent.field_meta).tags = 'other', (confluent.field_meta).tags = 'PII'];
          Secret e = 5; Grade f = 6; string g = 7;
        }
        message Secret { option (confluent.message_meta).tags = 'PII'; string name = 1; int32 n = 2; }
        enum Grade { option (confluent.enum_meta).tags = 'PII'; NONE = 0; HIGH = 1; }";
    let mask = Mask { tags: vec![("PII".into(), ClassId(0))], ..Mask::default() };
    let case = Case::with(schema, mask, &[Transform::Redact]);
    assert_eq!(
        case.text("a:'x',b:'x',c:'x',d:'x',e{name:'x',n:7},f:HIGH,g:'x'"),
        "a:\"***\",b:\"***\",c:\"x\",d:\"***\",e{name:\"***\"},g:\"x\""
    );
}

#[test]
fn a_field_of_two_classes_is_masked_when_either_is() {
    let schema = "syntax = 'proto3'; import 'confluent/meta.proto';
        message M { string a = 1 [(confluent.field_meta).tags = 'PII']; }";
    let mut mask = Mask { tags: vec![("PII".into(), ClassId(1))], ..Mask::default() };
    mask.fields.add_name("a", ClassId(0));
    let mut case = Case::with(schema, mask, &[Transform::Redact, Transform::Fixed(2)]);
    case.classes[0].mask = None;
    assert_eq!(case.text("a:'x'"), "a:\"**\"");
    case.classes[1].mask = None;
    assert_eq!(case.text("a:'x'"), "a:\"x\"");
    assert_eq!(case.counts(&case.bytes("a:'x'")), [(0, 0, 1), (1, 0, 1)]);
}

#[test]
fn well_known_types_are_masked_as_what_they_stand_for() {
    let schema = "syntax = 'proto3'; import 'google/protobuf/wrappers.proto'; import 'google/protobuf/struct.proto';
        import 'google/protobuf/timestamp.proto';
        message M { google.protobuf.StringValue name = 1; google.protobuf.Struct json = 2;
            google.protobuf.Timestamp born = 3; repeated google.protobuf.Int32Value all = 4; }";
    let case = Case::new(schema, &["name", "born", "json.customer.email", "all"], &[Transform::KeepLast(1)]);
    assert_eq!(
        case.text("name{value:'Annabel'},born{seconds:7},all:[{value:7},{}]"),
        "name{value:\"******l\"},born{},all:[{},{}]"
    );
    assert_eq!(case.counts(&case.bytes("name{value:'Annabel'}")), [(0, 1, 0)]);
    let struct_text = |email: &str| {
        let value = |key: &str, value: &str| format!("fields:[{{key:\"{key}\",value{{{value}}}}}]");
        let customer = value("email", email);
        format!("json{{{}}}", value("customer", &format!("struct_value{{{customer}}}")))
    };
    assert_eq!(case.text(&struct_text("string_value:\"ann@x.org\"")), struct_text(""));
    let null = Case::new(schema, &["name"], &[Transform::Null]);
    assert_eq!(null.text("name{value:'Annabel'}"), "");
}

#[test]
fn extensions_are_fields() {
    let schema = "syntax = 'proto2'; package p; message M { extensions 100 to 199; optional string a = 1; }
        extend M { optional string email = 150; }";
    for path in ["email", "\"p.email\""] {
        let case = Case::new(schema, &[path], &[Transform::Redact]);
        assert_eq!(case.text("a:'x',[p.email]:'x'"), "a:\"x\",[p.email]:\"***\"");
    }
}

#[test]
fn what_looks_sensitive_is_masked_wherever_text_stands() {
    let mask = Mask { content: vec![(Detector::Email, ClassId(0))], unknown: Unknown::Pass, ..Mask::default() };
    let case = Case::with(SCALARS, mask, &[Transform::Email { keep_domain: true }]);
    assert_eq!(
        case.text("text:'to ann@x.org, bob@x.org!',inner{data:'\\xffann@x.org\\xfe'},texts:'none'"),
        "text:\"to ***@x.org, ***@x.org!\",texts:[\"none\"],inner{data:\"***\"}"
    );
    let unknown = [length_delimited(1000, b"\xffann@x.org"), vec![0xc0, 0x3e, 0x07]].concat();
    let expected = [length_delimited(1000, b"***"), vec![0xc0, 0x3e, 0x07]].concat();
    assert_eq!(case.rewrite(&unknown, &mut Found::default()), Ok(Some(expected)));
    let no_text = length_delimited(1, b"\xffann@x.org");
    assert!(case.rewrite(&no_text, &mut Found::default()).is_err(), "a string has to be one");
    let mut seen = Case::with(SCALARS, case.mask.clone(), &[Transform::Redact]);
    seen.classes[0].mask = None;
    assert_eq!(seen.counts(&seen.bytes("text:'ann@x.org'")), [(0, 0, 1)]);
}

#[test]
fn names_count_in_json_that_is_a_text() {
    let mut mask = Mask::default();
    mask.fields.add_name("ssn", ClassId(0));
    let case = Case::with("syntax = 'proto3'; message M { string payload = 1; }", mask, &[Transform::Redact]);
    assert_eq!(case.text(r#"payload:'{"SSN":"078-05-1120"}'"#), r#"payload:"{\"SSN\":\"***\"}""#);
}

#[test]
fn names_count_in_json_that_is_bytes() {
    let case = Case::new("syntax = 'proto3'; message M { bytes b = 1; }", &["**.email"], &[Transform::Redact]);
    assert_eq!(
        case.text(r#"b:'{"a":[{"E-mail":1},{"EMAIL":"x"}]}'"#),
        r#"b:"{\"a\":[{\"E-mail\":1},{\"EMAIL\":\"***\"}]}""#
    );
    assert_eq!(case.text("b:'\\xff\\x00email'"), "b:\"\\377\\000email\"");
    for hidden in [&b"{\"email\":\"\xff\"}"[..], b"\x1f\x8b\x08\x00 packed"] {
        assert!(case.rewrite(&length_delimited(1, hidden), &mut Found::default()).is_err(), "{hidden:?}");
    }
}

#[test]
fn cards_are_found_in_numbers_of_all_kinds() {
    let schema = "syntax = 'proto3'; message M { int64 a = 1; fixed64 b = 2; double c = 3; repeated uint64 d = 4; int64 e = 5; }";
    let mask = Mask { content: vec![(Detector::Card, ClassId(0))], ..Mask::default() };
    let case = Case::with(schema, mask, &[Transform::Redact]);
    assert_eq!(
        case.text("a:4111111111111111,b:4111111111111111,c:4111111111111111,d:[7,4111111111111111],e:4111111111111112"),
        "d:[7,0],e:4111111111111112"
    );
}

/// What is no text as a whole may hold one all the same.
#[test]
fn what_looks_sensitive_is_masked_in_bytes_that_are_no_text() {
    let mask = Mask { content: vec![(Detector::Email, ClassId(0))], ..Mask::default() };
    let case = Case::with("syntax = \"proto3\"; message M { bytes b = 1; }", mask, &[Transform::Redact]);
    let utf16: Vec<u8> = "ann@example.org".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for hidden in [&b"\xff ann@example.org"[..], &utf16] {
        let masked = case.rewrite(&length_delimited(1, hidden), &mut Found::default()).unwrap();
        assert_eq!(masked, Some(length_delimited(1, b"***")));
    }
    let packed = length_delimited(1, b"\x1f\x8b\x08\x00 packed");
    assert_eq!(case.rewrite(&packed, &mut Found::default()).unwrap_err().why, "compressed data");
}

#[test]
fn records_are_dropped_only_after_they_are_read() {
    let case = Case::new(SCALARS, &["**.text"], &[Transform::DropRecord]);
    let input = case.bytes("inner{text:'Ann'},i32:7");
    assert_eq!(case.rewrite(&input, &mut Found::default()), Ok(None));
    let broken = [&input[..], &[0x08]].concat();
    assert!(case.rewrite(&broken, &mut Found::default()).is_err());
}

proptest! {
    /// The library's way (decode, change the fields, encode) and ours come to the same.
    #[test]
    fn rewriting_is_decoding_and_editing(
        names in prop::collection::vec("\\PC{0,200}", 0..5),
        numbers in prop::collection::vec(any::<i32>(), 0..5),
        floats in any::<f32>(),
        depth in 0_usize..20,
        secret in "[a-z]{1,300}",
    ) {
        let case = Case::new(SCALARS, &["**.text", "**.wide", "**.many"], &[Transform::Constant("12345".into())]);
        let mut message = DynamicMessage::new(case.descriptor.clone());
        let mut expected = message.clone();
        for level in 0..=depth {
            for (message, text, many) in [(&mut message, secret.clone(), None), (&mut expected, "12345".into(), Some(12_345))] {
                let mut next = DynamicMessage::new(case.descriptor.clone());
                if level > 0 {
                    next.set_field_by_name("inner", Value::Message(message.clone()));
                }
                next.set_field_by_name("text", Value::String(text));
                next.set_field_by_name("texts", Value::List(names.iter().cloned().map(Value::String).collect()));
                let many_of = |number: &i32| Value::I32(many.unwrap_or(*number));
                next.set_field_by_name("many", Value::List(numbers.iter().map(many_of).collect()));
                let wide = |number: &i32| Value::I64(many.unwrap_or(*number).into());
                next.set_field_by_name("wide", Value::List(numbers.iter().map(wide).collect()));
                next.set_field_by_name("short", Value::F32(floats));
                *message = next;
            }
        }
        let output = case.rewrite(&message.encode_to_vec(), &mut Found::default()).unwrap().unwrap();
        prop_assert_eq!(output, expected.encode_to_vec());
    }
}
