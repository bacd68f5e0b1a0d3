//! What a hostile writer sends so that its readers see what they may not.

use super::*;

const SECRET: &str = "ann.secret@example.org";
/// All that holds any bytes is masked, packed numbers too, so that a masked value is seen only where masking failed.
const PERSON: &str = "syntax = 'proto3'; import 'google/protobuf/any.proto';
message Person {
  string email = 1; bytes photo = 2; int32 age = 3; Person friend = 4; repeated string emails = 5; map<string, string> more = 6;
  google.protobuf.Any any = 7; repeated int64 numbers = 8; oneof one { string left = 9; Person right = 10; }
}";
const PATHS: [&str; 7] = ["**.email", "**.photo", "**.emails", "**.more", "**.left", "**.type_url", "**.numbers"];

fn person(transform: Transform) -> Case {
    Case::new(PERSON, &PATHS, &[transform])
}

fn holds_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes())
}

fn refused(case: &Case, input: &[u8]) -> bool {
    case.rewrite(input, &mut Found::default()).is_err()
}

fn full(case: &Case) -> Vec<u8> {
    case.bytes(&format!(
        "email:'{SECRET}',photo:'{SECRET}',age:7,friend{{email:'{SECRET}',friend{{emails:['{SECRET}','{SECRET}']}}}},\
         more{{key:'a',value:'{SECRET}'}},any{{[x.org/Person]{{email:'{SECRET}'}}}},numbers:[1,300],right{{left:'{SECRET}'}}"
    ))
}

#[test]
fn duplicate_fields_and_split_messages_are_all_masked() {
    let schema = "syntax = 'proto3'; message Person { string email = 1; Person friend = 4; }";
    let case = Case::new(schema, &["**.email"], &[Transform::Redact]);
    let email = length_delimited(1, SECRET.as_bytes());
    let friend = length_delimited(4, &email);
    let input = [&email[..], &friend, &email, &friend, &friend].concat();
    let mut found = Found::default();
    let output = case.rewrite(&input, &mut found).unwrap().unwrap();
    assert!(!holds_secret(&output));
    assert_eq!(found.classes().collect::<Vec<_>>(), [(ClassId(0), 5, 0)]);
    assert_eq!(case.raw(&input).to_text_format(), "email:\"***\",friend{email:\"***\"}");
}

/// Readers put both parts together: a person, whose address the first part alone would hold as the name of a type.
#[test]
fn an_any_in_parts_that_say_different_types_is_refused() {
    let case = Case::new(PERSON, &["**.email"], &[Transform::Redact]);
    let any = |fields: &[(u32, &[u8])]| {
        let fields: Vec<u8> = fields.iter().flat_map(|(number, bytes)| length_delimited(*number, bytes)).collect();
        length_delimited(7, &fields)
    };
    let inside = length_delimited(1, SECRET.as_bytes());
    let parts = [any(&[(1, b"x/google.protobuf.Any"), (2, &inside)]), any(&[(1, b"x/Person")])];
    assert!(refused(&case, &parts.concat()));
    let friends: Vec<u8> = parts.iter().flat_map(|part| length_delimited(4, part)).collect();
    assert!(refused(&case, &friends), "nor in a message around it");
    let repeated = parts
        .map(|part| length_delimited(6, &[&length_delimited(1, b"k")[..], &length_delimited(2, b"v"), &part].concat()));
    assert!(!holds_secret(&case.rewrite(&repeated.concat(), &mut Found::default()).unwrap().unwrap_or_default()));
}

#[test]
fn groups_and_field_number_0_and_wrong_wire_types_are_refused() {
    let case = person(Transform::Redact);
    let email = length_delimited(1, SECRET.as_bytes());
    let group = [&[0x93, 0x3e][..], &email, &[0x94, 0x3e]].concat();
    assert!(refused(&case, &group), "a group of an unknown number");
    let group = [&[0x23][..], &email, &[0x24]].concat();
    assert!(refused(&case, &group), "a group instead of a message");
    assert!(refused(&case, &[&[0x02, 0x16][..], SECRET.as_bytes()].concat()), "field number 0");
    for wire_type in [0_u8, 1, 3, 4, 5, 6, 7] {
        assert!(refused(&case, &[&[0x08 | wire_type, 0x01][..], &[0; 8]].concat()), "{wire_type} instead of a string");
    }
    for wire_type in [1_u8, 2, 5] {
        assert!(refused(&case, &[&[0x18 | wire_type, 0x01][..], &[0; 8]].concat()), "{wire_type} instead of an int32");
    }
    let declared = "syntax = 'proto2'; message M { optional group Part = 1 { optional string email = 2; } }";
    assert!(refused(&Case::new(declared, &["**.email"], &[Transform::Redact]), &[0x0b, 0x12, 0x01, b'x', 0x0c]));
}

#[test]
fn repeated_numbers_are_masked_packed_and_unpacked() {
    let case = Case::new(PERSON, &["numbers"], &[Transform::Redact]);
    let input = [&[0x40, 0x07][..], &length_delimited(8, &[0x07, 0xac, 0x02]), &[0x40, 0x09]].concat();
    assert_eq!(case.raw(&input).to_text_format(), "numbers:[0,0,0,0]");
    assert_eq!(case.counts(&input), [(0, 4, 0)]);
    assert!(refused(&case, &length_delimited(8, &[0x07, 0xac])), "the last is cut off");
    let clear = Case::new(PERSON, &["email"], &[Transform::Redact]);
    assert!(refused(&clear, &length_delimited(8, &[0x07, 0xac])), "also where it is not masked");
}

#[test]
fn unknown_field_numbers_are_left_out_unless_they_may_pass() {
    let mut case = person(Transform::Redact);
    let unknown = length_delimited(99, SECRET.as_bytes());
    let input = [&unknown[..], &case.bytes("age:7"), &unknown, &length_delimited(4, &unknown)].concat();
    let expected = case.bytes("age:7,friend{}");
    assert_eq!(case.rewrite(&input, &mut Found::default()), Ok(Some(expected)));
    let entry = length_delimited(6, &[length_delimited(1, b"a"), unknown.clone()].concat());
    let clear = Case::new(PERSON, &["email"], &[Transform::Redact]);
    assert_eq!(clear.raw(&entry).to_text_format(), "more:[{key:\"a\",value:\"\"}]");
    assert!(!holds_secret(&clear.rewrite(&entry, &mut Found::default()).unwrap().unwrap()));
    case.mask.unknown = Unknown::Pass;
    assert_eq!(case.rewrite(&input, &mut Found::default()), Ok(Some(input)));
}

#[test]
fn numbers_longer_than_they_need_to_be_hide_nothing() {
    let case = person(Transform::Redact);
    let email = |tag: &[u8], length: &[u8]| [tag, length, SECRET.as_bytes()].concat();
    let length = u8::try_from(SECRET.len()).unwrap();
    for (tag, long) in [
        (&[0x8a, 0x00][..], &[length][..]),
        (&[0x8a, 0x80, 0x80, 0x80, 0x00], &[length]),
        (&[0x0a], &[length | 0x80, 0x00]),
        (&[0x0a], &[length | 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00]),
    ] {
        let output = case.rewrite(&email(tag, long), &mut Found::default());
        assert_eq!(output, Ok(Some(case.bytes("email:'***'"))), "{tag:?} {long:?}");
    }
    assert!(refused(&case, &email(&[0x8a, 0x80, 0x80, 0x80, 0x80, 0x00], &[length])), "a tag that some readers refuse");
    assert!(refused(&case, &email(&[0x8a, 0x80, 0x80, 0x80, 0x10], &[length])), "a tag above 32 bits");
    let too_long = [&[length | 0x80][..], &[0x80; 9], &[0x00]].concat();
    assert!(refused(&case, &email(&[0x0a], &too_long)), "eleven bytes");
    let overflow = [&[length | 0x80][..], &[0x80; 8], &[0x02]].concat();
    assert!(refused(&case, &email(&[0x0a], &overflow)), "a 65th bit");
}

#[test]
fn what_an_any_holds_is_masked_as_its_type_or_emptied() {
    let case = Case::new(PERSON, &["**.email", "1:any.age"], &[Transform::Redact, Transform::Constant("1".into())]);
    let any = |fields: &[(u32, &[u8])]| {
        let fields: Vec<u8> = fields.iter().flat_map(|(number, bytes)| length_delimited(*number, bytes)).collect();
        length_delimited(7, &fields)
    };
    let inside = case.bytes(&format!("email:'{SECRET}',age:7"));
    let known: (u32, &[u8]) = (1, b"type.googleapis.com/Person");
    let masked = "any{[type.googleapis.com/Person]{email:\"***\",age:1}}";
    for input in [any(&[known, (2, &inside)]), any(&[(2, &inside), known])] {
        assert_eq!(case.raw(&input).to_text_format(), masked);
    }
    let nested = case.bytes(&format!("any{{[x.org/Person]{{any{{[x.org/Person]{{email:'{SECRET}'}}}}}}}}"));
    assert!(!holds_secret(&case.rewrite(&nested, &mut Found::default()).unwrap().unwrap()));
    let unknown: (u32, &[u8]) = (1, b"x.org/Unknown");
    for input in [any(&[unknown, (2, &inside)]), any(&[(2, &inside)])] {
        let output = case.rewrite(&input, &mut Found::default()).unwrap().unwrap();
        assert!(!holds_secret(&output) && !output.windows(2).any(|pair| pair == [0x18, 0x07]), "its value is gone");
    }
    assert!(refused(&case, &any(&[known, unknown, (2, &inside)])), "a second type");
    assert!(refused(&case, &any(&[unknown, (2, &inside), known])), "a second type behind the value");
    let twice = any(&[known, (2, &inside), (2, &inside)]);
    assert!(!holds_secret(&case.rewrite(&twice, &mut Found::default()).unwrap().unwrap()));
    assert!(refused(&case, &any(&[known, (2, SECRET.as_bytes())])), "it is not what it says");
}

#[test]
fn an_entry_of_a_map_has_one_key_wherever_it_stands() {
    let case = Case::new(PERSON, &["more.email"], &[Transform::Redact]);
    let (key, other, value) =
        (length_delimited(1, b"email"), length_delimited(1, b"name"), length_delimited(2, SECRET.as_bytes()));
    let entry = |parts: &[&Vec<u8>]| {
        length_delimited(6, &parts.iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>())
    };
    for input in [entry(&[&value, &key]), entry(&[&key, &value, &value]), entry(&[&value, &key, &value])] {
        assert_eq!(case.raw(&input).to_text_format(), "more:[{key:\"email\",value:\"***\"}]");
        assert!(!holds_secret(&case.rewrite(&input, &mut Found::default()).unwrap().unwrap()));
    }
    for input in [entry(&[&other, &value, &key]), entry(&[&key, &value, &other]), entry(&[&key, &key, &value])] {
        assert!(refused(&case, &input));
    }
    let empty = Case::new(PERSON, &["more.*"], &[Transform::Redact]);
    assert_eq!(empty.raw(&entry(&[&value])).to_text_format(), "more:[{key:\"\",value:\"***\"}]");
}

#[test]
fn messages_in_messages_have_an_end() {
    let case = person(Transform::Redact);
    let nested =
        |depth: usize| (0..depth).fold(length_delimited(1, SECRET.as_bytes()), |inner, _| length_delimited(4, &inner));
    let deepest = case.rewrite(&nested(DEPTH_MAX), &mut Found::default()).unwrap().unwrap();
    assert!(!holds_secret(&deepest));
    assert!(refused(&case, &nested(DEPTH_MAX + 1)));
    assert!(refused(&case, &nested(10_000)));
}

#[test]
fn a_prefix_is_refused_or_a_shorter_message_that_is_masked_too() {
    let case = person(Transform::Redact);
    let input = full(&case);
    let mut whole = 0;
    for end in 0..input.len() {
        if let Ok(output) = case.rewrite(&input[..end], &mut Found::default()) {
            let output = output.unwrap();
            assert!(!holds_secret(&output), "{end}");
            DynamicMessage::decode(case.descriptor.clone(), &*output).unwrap();
            whole += 1;
        }
    }
    // One for nothing at all and one after each of the fields but the last.
    assert_eq!(whole, 8);
}

#[test]
fn no_changed_byte_makes_a_masked_value_seen() {
    for transform in [Transform::Redact, Transform::DropField, Transform::KeepLast(4)] {
        let case = person(transform);
        let input = full(&case);
        for at in 0..input.len() {
            for flip in 1..=u8::MAX {
                let mut changed = input.clone();
                changed[at] ^= flip;
                if let Ok(Some(output)) = case.rewrite(&changed, &mut Found::default()) {
                    assert!(!holds_secret(&output), "byte {at} {flip:#x}");
                }
            }
        }
    }
}

/// Every string of class is what it was masked to, wherever it stands.
fn check(message: &DynamicMessage) {
    for (field, value) in message.fields() {
        match (field.name(), value) {
            ("email" | "left", value) => assert_eq!(value.as_str(), Some("***")),
            ("emails", value) => assert!(value.as_list().unwrap().iter().all(|value| value.as_str() == Some("***"))),
            ("photo", value) => assert!(value.as_bytes().unwrap().is_empty()),
            ("numbers", value) => assert!(value.as_list().unwrap().iter().all(|value| value.as_i64() == Some(0))),
            ("more", _) => panic!("the map is gone"),
            (_, Value::Message(message)) => check(message),
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn what_is_let_through_is_read_as_masked(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let case = person(Transform::Redact);
        let mut input = full(&case);
        for (place, byte, edit) in edits {
            let place = place.index(input.len());
            match edit {
                0 => input[place] = byte,
                1 => input.insert(place, byte),
                _ => drop(input.remove(place)),
            }
        }
        if let Ok(Some(output)) = case.rewrite(&input, &mut Found::default())
            && let Ok(message) = DynamicMessage::decode(case.descriptor.clone(), &*output)
        {
            check(&message);
        }
    }

    #[test]
    fn any_bytes_come_to_an_end(input in prop::collection::vec(any::<u8>(), 0..200)) {
        let case = person(Transform::Redact);
        if let Ok(Some(output)) = case.rewrite(&input, &mut Found::default())
            && let Ok(message) = DynamicMessage::decode(case.descriptor.clone(), &*output)
        {
            check(&message);
        }
    }
}

proptest! {
    // Reading a schema takes milliseconds without optimization.
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Schemas come from those who write records, so that they are hostile too.
    #[test]
    fn any_text_is_a_schema_or_none(
        edits in prop::collection::vec((any::<prop::sample::Index>(), "[ -~\n\u{e9}]{0,4}", 0_usize..8), 1..4),
    ) {
        let mut text: Vec<char> = PERSON.chars().collect();
        for (place, new, gone) in edits {
            let place = place.index(text.len());
            let end = (place + gone).min(text.len());
            text.splice(place..end, new.chars());
        }
        let text: String = text.into_iter().collect();
        let mut mask = Mask::default();
        mask.fields.add_name("email", ClassId(0));
        let _schema_or_error = ProtobufPlan::compile(&text, &[], &[], &mask);
    }
}

#[test]
fn schemas_that_multiply_are_refused() {
    let mut mask = Mask::default();
    mask.fields.add_name("a", ClassId(0));
    let compile = |text: String| ProtobufPlan::compile(&text, &[], &[], &mask);
    let chain = |count: usize, fields: &str| {
        let message = |n: usize| format!("message M{n} {{ {} }}\n", fields.replace("NEXT", &format!("M{}", n + 1)));
        (0..count).map(message).collect::<String>() + &format!("message M{count} {{ required int32 a = 1; }}")
    };
    let doubling = chain(30, "required NEXT a = 1; required NEXT b = 2;");
    assert!(compile(format!("syntax = 'proto2'; {doubling}")).is_err());
    let long = chain(5_000, "required NEXT a = 1;");
    assert!(compile(format!("syntax = 'proto2'; {long}")).is_err());
    let itself = "syntax = 'proto2'; message M { required M a = 1; }";
    assert!(compile(itself.to_owned()).is_ok());
}
