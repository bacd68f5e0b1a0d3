//! From a schema's text to the descriptor of one of its messages.

use std::cell::Cell;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use prost_reflect::prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto};
use prost_reflect::{DescriptorPool, FileDescriptor, MessageDescriptor};
use protox::Compiler;
use protox::file::{File, FileResolver, GoogleFileResolver};

use super::wire;
use crate::schema::SchemaError;

/// Bytes of a schema with all that it may import: registries refuse schemas of one MiB.
pub(super) const TEXT_MAX: usize = 4 << 20;
/// Files that a schema may import, one perhaps from within the other: they are read recursively.
const REFERENCES_MAX: usize = 256;
/// Brackets within brackets: schemas are parsed recursively.
const NESTING_MAX: usize = 100;
/// Bytes of a full name: what is within a message repeats its name.
const NAME_MAX: usize = 1024;
/// Bytes of all full names together. The library keeps each some times.
const NAMES_MAX: usize = 32 << 20;
/// What the schema itself is called; whatever it imports has another name.
const NAME: &str = "payload.proto";

/// Confluent's annotations, which schemas import without listing them.
const META: (&str, &str) = (
    "confluent/meta.proto",
    r#"syntax = "proto3";
package confluent;
import "google/protobuf/descriptor.proto";
message Meta {
  string doc = 1;
  map<string, string> params = 2;
  repeated string tags = 3;
}
extend google.protobuf.FileOptions { Meta file_meta = 1088; }
extend google.protobuf.MessageOptions { Meta message_meta = 1088; }
extend google.protobuf.FieldOptions { Meta field_meta = 1088; }
extend google.protobuf.EnumOptions { Meta enum_meta = 1088; }
extend google.protobuf.EnumValueOptions { Meta enum_value_meta = 1088; }
"#,
);
/// Confluent's decimal numbers.
const DECIMAL: (&str, &str) = (
    "confluent/type/decimal.proto",
    r#"syntax = "proto3";
package confluent.type;
message Decimal {
  bytes value = 1;
  uint32 precision = 2;
  int32 scale = 3;
}
"#,
);

/// The message at these indexes of a schema.
pub(super) fn message(
    source: &str,
    references: &[(String, String)],
    indexes: &[i32],
) -> Result<MessageDescriptor, SchemaError> {
    select(&schema(source, references)?, indexes)
}

/// The file of a schema; its pool has all that it imports.
pub(super) fn schema(source: &str, references: &[(String, String)]) -> Result<FileDescriptor, SchemaError> {
    let texts = references.iter().map(|(_, text)| text.as_str()).chain([source]);
    if references.len() > REFERENCES_MAX || texts.clone().map(str::len).sum::<usize>() > TEXT_MAX {
        return Err(SchemaError("the schema is too large".to_owned()));
    }
    for text in texts {
        check_nesting(text).map_err(|why| SchemaError(why.to_owned()))?;
    }
    let mut files = vec![(NAME.to_owned(), source.to_owned())];
    files.extend(references.iter().filter(|(name, _)| name != NAME).cloned());
    let pool = pool(files)?;
    if of_false_google(&pool).is_some() {
        return Err(SchemaError(DECLARES_GOOGLES.to_owned()));
    }
    pool.get_file_by_name(NAME).ok_or_else(|| SchemaError("the schema is empty".to_owned()))
}

pub(super) const DECLARES_GOOGLES: &str = "the schema declares what is Google's";

/// The file that declares what is in Google's package and is none of Google's.
pub(super) fn of_false_google(pool: &DescriptorPool) -> Option<FileDescriptor> {
    let google = GoogleFileResolver::new();
    let is_false = |file: &FileDescriptor| {
        file.package_name().starts_with("google.protobuf") && google.open_file(file.name()).is_err()
    };
    pool.files().find(is_false)
}

/// The text of a file that schemas import without listing it.
pub(super) fn known_to_all(name: &str) -> Option<&'static str> {
    [META, DECIMAL].into_iter().find(|(known, _)| *known == name).map(|(_, text)| text)
}

fn pool(files: Vec<(String, String)>) -> Result<DescriptorPool, SchemaError> {
    let mut compiler =
        Compiler::with_file_resolver(Files { files, google: GoogleFileResolver::new(), names: Names::default() });
    match compiler.open_file(NAME) {
        Ok(compiler) => Ok(compiler.descriptor_pool()),
        Err(error) => Err(SchemaError(format!("the schema is not Protobuf: {error}"))),
    }
}

struct Files {
    files: Vec<(String, String)>,
    google: GoogleFileResolver,
    names: Names,
}

impl FileResolver for Files {
    /// The well-known files are what they are, whatever is said to be them.
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if let Ok(file) = self.google.open_file(name) {
            return Ok(file);
        }
        let given = self.files.iter().find(|(given, _)| given == name).map(|(_, text)| text.as_str());
        match given.or_else(|| known_to_all(name)) {
            Some(text) => self.names.checked(file(name, text)?),
            None => Err(protox::Error::file_not_found(name)),
        }
    }
}

/// Full names of what the files of one schema declare, before the library makes them.
#[derive(Debug, Default)]
pub(super) struct Names {
    bytes: Cell<usize>,
}

impl Names {
    /// A file that was read, if its names are not too long.
    pub(super) fn checked(&self, file: File) -> Result<File, protox::Error> {
        match self.file(file.file_descriptor_proto()) {
            Ok(()) => Ok(file),
            Err(why) => Err(protox::Error::new(format!("{}: {why}", file.name()))),
        }
    }

    fn file(&self, file: &FileDescriptorProto) -> Result<(), &'static str> {
        let package = file.package().len();
        self.take(package, "")?;
        file.message_type.iter().try_for_each(|message| self.message(package, message))?;
        file.enum_type.iter().try_for_each(|declared| self.of_enum(package, declared))?;
        self.fields(package, &file.extension)?;
        for service in &file.service {
            let within = self.take(package, service.name())?;
            service.method.iter().try_for_each(|method| self.take(within, method.name()).map(drop))?;
        }
        Ok(())
    }

    /// As deep as the brackets of a text, or the compiled form, may be.
    fn message(&self, scope: usize, message: &DescriptorProto) -> Result<(), &'static str> {
        let within = self.take(scope, message.name())?;
        self.fields(within, &message.field)?;
        self.fields(within, &message.extension)?;
        message.oneof_decl.iter().try_for_each(|one| self.take(within, one.name()).map(drop))?;
        message.enum_type.iter().try_for_each(|declared| self.of_enum(within, declared))?;
        message.nested_type.iter().try_for_each(|inner| self.message(within, inner))
    }

    fn of_enum(&self, scope: usize, declared: &EnumDescriptorProto) -> Result<(), &'static str> {
        self.take(scope, declared.name())?;
        declared.value.iter().try_for_each(|value| self.take(scope, value.name()).map(drop))
    }

    fn fields(&self, scope: usize, fields: &[FieldDescriptorProto]) -> Result<(), &'static str> {
        for field in fields {
            // What it is of, written short, is written out there.
            self.take(0, field.type_name())?;
            self.take(0, field.extendee())?;
            self.take(0, field.json_name())?;
            self.take(scope, field.name())?;
        }
        Ok(())
    }

    /// Bytes of the full name of what is called so in a scope whose full name has so many.
    fn take(&self, scope: usize, name: &str) -> Result<usize, &'static str> {
        let full = scope.saturating_add(name.len()).saturating_add(1);
        let bytes = self.bytes.get().saturating_add(full);
        self.bytes.set(bytes);
        match (full > NAME_MAX, bytes > NAMES_MAX) {
            (true, _) => Err("a full name is longer than 1024 bytes"),
            (false, true) => Err("its full names together are longer than 32 MiB"),
            (false, false) => Ok(full),
        }
    }
}

/// A schema as text, or as some serializers register it: its compiled form in base64, which no text of a schema can be taken for.
fn file(name: &str, text: &str) -> Result<File, protox::Error> {
    let Ok(mut compiled) = BASE64_STANDARD.decode(text.trim()) else { return File::from_source(name, text) };
    // It has the name that its writer gave it. Of a field that stands twice the last counts, and the first field is the name.
    compiled.push(NAME_FIELD);
    wire::write_varint(u64::try_from(name.len()).unwrap_or(u64::MAX), &mut compiled);
    compiled.extend_from_slice(name.as_bytes());
    File::decode_file_descriptor_proto(compiled.as_slice()).map_err(protox::Error::new)
}

/// The tag of a file's name in its compiled form: field 1, length-delimited.
const NAME_FIELD: u8 = 0x0a;

/// Writers disagree about whether the entries that maps stand for are counted among the messages within a message. Both ways are
/// tried, and have to come to the same.
pub(super) fn select(file: &FileDescriptor, indexes: &[i32]) -> Result<MessageDescriptor, SchemaError> {
    let go = |entries_count: bool| {
        let (first, rest) = indexes.split_first().map_or((0, indexes), |(first, rest)| (*first, rest));
        let mut message = file.messages().nth(usize::try_from(first).ok()?)?;
        for index in rest {
            let index = usize::try_from(*index).ok()?;
            let next = message.child_messages().filter(|child| entries_count || !child.is_map_entry()).nth(index);
            message = next?;
        }
        (!message.is_map_entry()).then_some(message)
    };
    match (go(true), go(false)) {
        (Some(one), Some(other)) if one != other => {
            Err(SchemaError("the message indexes mean one message to some writers and another to others".to_owned()))
        }
        (Some(message), _) | (None, Some(message)) => Ok(message),
        (None, None) => Err(SchemaError("the schema has no message at these indexes".to_owned())),
    }
}

/// Counts brackets outside of comments and texts. What could make the parser see more of them than this does is refused: a line's
/// end in a text, and a comment in a comment.
pub(super) fn check_nesting(text: &str) -> Result<(), &'static str> {
    let mut depth = 0_usize;
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' | b'(' | b'<' => depth += 1,
            b'}' | b']' | b')' | b'>' => depth = depth.saturating_sub(1),
            b'"' | b'\'' => loop {
                match bytes.next().ok_or("a text in the schema is not closed")? {
                    b'\n' => return Err("a text in the schema goes over a line's end"),
                    b'\\' if bytes.next() == Some(b'\n') => return Err("a text in the schema goes over a line's end"),
                    end if end == byte => break,
                    _ => {}
                }
            },
            b'#' => skip_line(&mut bytes),
            b'/' if bytes.next_if_eq(&b'/').is_some() => skip_line(&mut bytes),
            b'/' if bytes.next_if_eq(&b'*').is_some() => loop {
                match bytes.next().ok_or("a comment in the schema is not closed")? {
                    b'*' if bytes.next_if_eq(&b'/').is_some() => break,
                    b'/' if bytes.peek() == Some(&b'*') => return Err("a comment in the schema has another in it"),
                    _ => {}
                }
            },
            _ => {}
        }
        if depth > NESTING_MAX {
            return Err("the schema is nested too deeply");
        }
    }
    Ok(())
}

fn skip_line(bytes: &mut impl Iterator<Item = u8>) {
    let _end = bytes.find(|byte| *byte == b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(source: &str, indexes: &[i32]) -> Result<String, SchemaError> {
        message(source, &[], indexes).map(|message| message.full_name().to_owned())
    }

    #[test]
    fn indexes_lead_to_messages() {
        let source = "syntax='proto3'; package p; message A { message B {} message C { message D {} } } message E {}";
        for (indexes, expected) in
            [(&[][..], "p.A"), (&[0], "p.A"), (&[1], "p.E"), (&[0, 1], "p.A.C"), (&[0, 1, 0], "p.A.C.D")]
        {
            assert_eq!(name(source, indexes).as_deref(), Ok(expected), "{indexes:?}");
        }
        for wrong in [&[2][..], &[-1], &[0, 2], &[1, 0]] {
            assert!(name(source, wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_message_index_that_writers_count_differently_is_refused() {
        let source = "syntax='proto3'; message A { map<string, string> m = 1; message B {} message C {} }";
        assert!(name(source, &[0, 1]).is_err(), "B where entries count, C where they do not");
        assert_eq!(name(source, &[0, 0]).as_deref(), Ok("A.B"), "an entry is no payload");
        assert_eq!(name(source, &[0, 2]).as_deref(), Ok("A.C"), "there is no third but where entries count");
    }

    #[test]
    fn nesting_has_an_end_wherever_brackets_are_hidden() {
        let deep = |open: &str| format!("syntax='proto3'; {}", open.repeat(200_000));
        for open in [
            "message A {",
            "message A { /* } */",
            "message A { // }\n",
            "message A { option x = '}';",
            "message A { option x = \"\\\"}\";",
            "message A { option (x) = { y: <",
        ] {
            let source = deep(open);
            assert!(name(&source, &[]).is_err(), "{open}");
        }
        assert!(check_nesting(&"/* */ '}' ".repeat(1000)).is_ok());
        assert!(check_nesting("message A { /* { { */ }").is_ok());
    }

    #[test]
    fn well_known_types_cannot_be_declared_otherwise() {
        let source = "syntax='proto3'; package google.protobuf; message FieldOptions { string deprecated = 3; }
            message A { int32 a = 1 [deprecated = true]; }";
        assert!(name(source, &[1]).is_err());
        let given = [("google/protobuf/any.proto".to_owned(), "syntax='proto3'; message Other {}".to_owned())];
        let source = "syntax='proto3'; import 'google/protobuf/any.proto'; message A { google.protobuf.Any a = 1; }";
        assert!(message(source, &given, &[]).is_ok(), "it is the one that all know");
    }

    #[test]
    fn long_words_and_comments_are_read() {
        let long = "x".repeat(500_000);
        for source in [
            format!("// {long}\n"),
            format!("/* {long} */"),
            format!("option java_package = '{long}';"),
            " ".repeat(500_000),
        ] {
            let source = format!("syntax='proto3'; {source} message A {{}}");
            assert_eq!(name(&source, &[]).as_deref(), Ok("A"));
        }
        let refused = name(&format!("syntax='proto3'; message {long} {{}}"), &[]).unwrap_err().to_string();
        assert!(refused.contains("a full name is longer than 1024 bytes"), "names are no words: {refused}");
        for doc in
            [format!("'{long}'"), format!("/* {long} */ 'x'"), " ".repeat(500_000) + "'x'", "'x' ".repeat(100_000)]
        {
            let option = format!("option (confluent.message_meta) = {{ doc: {doc} }};");
            let source = format!("syntax='proto3'; import 'confluent/meta.proto'; message A {{ {option} }}");
            assert_eq!(name(&source, &[]).as_deref(), Ok("A"));
        }
    }

    #[test]
    fn full_names_have_an_end() {
        let package = "p".repeat(1000);
        let file = |rest: &str| format!("syntax='proto3'; package {package}; message A {{ {rest} }}");
        assert!(name(&file("int32 a = 1;"), &[]).is_ok());
        for long in ["message", "enum", "oneof"] {
            let inner = "x".repeat(30);
            let within = if long == "message" { "" } else { "B = 0;" };
            let within = if long == "oneof" { "int32 b = 1;" } else { within };
            let refused = name(&file(&format!("{long} {inner} {{ {within} }}")), &[]).unwrap_err().to_string();
            assert!(refused.contains("a full name is longer than 1024 bytes"), "{long}: {refused}");
        }
        let fields: String = (1..=34_000).map(|n| format!("int32 f{n}={};", n + 20_000)).collect();
        let refused = name(&file(&fields), &[]).unwrap_err().to_string();
        assert!(refused.contains("its full names together"), "{refused}");
        let mut compiled = FileDescriptorProto { name: Some("a".to_owned()), ..FileDescriptorProto::default() };
        compiled.message_type.push(DescriptorProto { name: Some("x".repeat(1025)), ..DescriptorProto::default() });
        let compiled = BASE64_STANDARD.encode(prost_reflect::prost::Message::encode_to_vec(&compiled));
        assert!(name(&compiled, &[]).unwrap_err().to_string().contains("a full name is longer"));
    }

    /// As confluent-kafka for Python registers it.
    #[test]
    fn compiled_schemas_are_read_by_the_name_that_they_are_asked_for_by() {
        let pool = Compiler::with_file_resolver(Files {
            files: vec![("own.proto".to_owned(), "syntax='proto3'; package p; message A {} message B {}".to_owned())],
            google: GoogleFileResolver::new(),
            names: Names::default(),
        })
        .open_file("own.proto")
        .unwrap()
        .file_descriptor_set();
        let compiled = BASE64_STANDARD.encode(prost_reflect::prost::Message::encode_to_vec(&pool.file[0]));
        assert_eq!(name(&compiled, &[1]).as_deref(), Ok("p.B"));
        let given = [("other/name.proto".to_owned(), compiled)];
        let source = "syntax='proto3'; import 'other/name.proto'; message C { p.A a = 1; }";
        assert!(message(source, &given, &[]).is_ok());
        assert!(name(&BASE64_STANDARD.encode(b"\x0a\xff\xff"), &[]).is_err());
    }

    #[test]
    fn imports_are_what_is_given_and_what_all_know() {
        let source =
            "syntax='proto3'; import 'x/y.proto'; import 'google/protobuf/any.proto'; import 'confluent/meta.proto';
            import 'confluent/type/decimal.proto';
            message A { x.Y y = 1; google.protobuf.Any any = 2; confluent.type.Decimal price = 3; }";
        let given = [("x/y.proto".to_owned(), "syntax='proto3'; package x; message Y {}".to_owned())];
        assert!(message(source, &given, &[]).is_ok());
        assert!(message(source, &[], &[]).is_err());
        let circle = [("a.proto", "import 'b.proto';"), ("b.proto", "import 'a.proto';")];
        let circle = circle.map(|(name, text)| (name.to_owned(), format!("syntax='proto3'; {text}")));
        assert!(message("syntax='proto3'; import 'a.proto'; message A {}", &circle, &[]).is_err());
        let large = [("large.proto".to_owned(), " ".repeat(TEXT_MAX))];
        assert!(message("syntax='proto3'; message A {}", &large, &[]).is_err());
    }
}
