//! A record's parts, each read as the plan says.

use crate::avro::AvroPlan;
use crate::found::Found;
use crate::json_schema::JsonPlan;
use crate::plan::{Format, Rewritten, Scope, Unmaskable};
use crate::protobuf::ProtobufPlan;
use crate::transform::{Fate, REDACTED};
use crate::{framed, json, text};

/// What a schema's number means for one mask.
#[derive(Debug)]
pub enum Schema<'s> {
    /// JSON; without a plan what the schema says of it does not matter here.
    Json(Option<&'s JsonPlan>),
    /// Avro.
    Avro(&'s AvroPlan),
    /// A message of Protobuf.
    Protobuf(&'s ProtobufPlan),
}

/// Finds what the numbers of schemas mean.
pub trait Schemas {
    /// The schema of this number, compiled for the mask, and how many bytes of `payload`, which follows the number, say which of its
    /// messages it is.
    ///
    /// # Errors
    /// There is none of this number, or it cannot be had: nobody can say where in the bytes its fields are.
    fn schema(&mut self, number: u32, payload: &[u8]) -> Result<(Schema<'_>, usize), Unmaskable>;

    /// Hears what a payload does not do, such as which part of its schema it fails; nothing of the payload is in it.
    fn disagrees(&mut self, _how: String) {}
}

/// No schemas at all.
#[derive(Clone, Copy, Debug)]
pub struct NoSchemas;

impl Schemas for NoSchemas {
    fn schema(&mut self, _number: u32, _payload: &[u8]) -> Result<(Schema<'_>, usize), Unmaskable> {
        Err(Unmaskable { why: "the schema that it names is not known", at: 1 })
    }
}

/// Rewrites a key or a value and appends it to `out`; nothing is appended unless it is [`Rewritten::Changed`].
///
/// # Errors
/// [`Unmaskable`] for what cannot be read to its end as what it is said to be.
pub fn rewrite(
    scope: &Scope<'_>,
    schemas: &mut dyn Schemas,
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    if scope.mask.is_empty() && !scope.mask.strict {
        return Ok(Rewritten::Same);
    }
    if scope.mask.rest.is_some() && scope.mask.format != Format::Json {
        out.extend_from_slice(REDACTED.as_bytes());
        return Ok(Rewritten::Changed);
    }
    let begin = out.len();
    let rewritten = match scope.mask.format {
        Format::Json => json::rewrite(scope, input, out, found),
        Format::Framed => rewrite_framed(scope, schemas, input, out, found),
        Format::Schema => match &scope.mask.schema {
            Some(plan) => plan.rewrite(scope, input, out, found),
            None => Err(Unmaskable { why: "its topic has no schema", at: 0 }),
        },
        Format::Bytes => rewrite_bytes(scope, input, out, found),
    };
    // From whoever sees all of its classes nothing is kept back, nor is a text in it that cannot be looked into.
    let hides = scope.mask.strict || scope.classes.iter().any(|class| class.mask.is_some());
    if hides || rewritten == Ok(Rewritten::Same) {
        return rewritten;
    }
    out.truncate(begin);
    found.count_unread();
    Ok(Rewritten::Same)
}

/// Nobody said what it is. Where fields are looked for, what looks like JSON has to be it, and a text may hold some.
fn rewrite_bytes(
    scope: &Scope<'_>,
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    if scope.mask.fields.is_empty() {
        return text::rewrite(scope, input, out, found);
    }
    if matches!(input, [0, _, _, _, _, rest @ ..] if json::begins_like_json(rest)) {
        return Err(Unmaskable { why: "it is framed, which its topic does not say", at: 0 });
    }
    if json::begins_like_json(input) {
        return json::rewrite(scope, input, out, found);
    }
    json::in_bytes(scope, &[], input, out, found)
}

fn rewrite_framed(
    scope: &Scope<'_>,
    schemas: &mut dyn Schemas,
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    let (number, payload) = framed::split(input)?;
    let (schema, says) = schemas.schema(number, payload)?;
    let before = input.len().saturating_sub(payload.len()).saturating_add(says);
    let (prefix, message) =
        input.split_at_checked(before).ok_or(Unmaskable { why: "it ends before its message", at: 0 })?;
    let begin = out.len();
    out.extend_from_slice(prefix);
    let mut how = None;
    let rewritten = match schema {
        Schema::Json(None) => json::rewrite(scope, message, out, found),
        Schema::Json(Some(plan)) => plan.rewrite(scope, message, out, found).map_err(|disagrees| {
            how = disagrees.how;
            disagrees.why
        }),
        Schema::Avro(plan) => plan.rewrite(scope, message, out, found),
        Schema::Protobuf(plan) => plan.rewrite(scope, message, out, found),
    };
    if rewritten != Ok(Rewritten::Changed) {
        out.truncate(begin);
    }
    if let Some(how) = how {
        schemas.disagrees(how);
    }
    rewritten.map_err(|Unmaskable { why, at }| Unmaskable { why, at: at.saturating_add(before) })
}

/// Rewrites a header's value, as [`rewrite`] does. A header whose name is a field of a masked class is changed as a whole.
///
/// # Errors
/// [`Unmaskable`] as of [`rewrite`].
pub fn rewrite_header(
    scope: &Scope<'_>,
    name: &[u8],
    value: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    // A name that is no text is none of a selector's either.
    let class = std::str::from_utf8(name).ok().and_then(|name| scope.mask.fields.step(None, name).class_for(scope));
    let Some(class) = class else { return rewrite(scope, &mut NoSchemas, value, out, found) };
    let Some(transform) = scope.transform(class) else {
        found.count(class, false);
        return rewrite(scope, &mut NoSchemas, value, out, found);
    };
    found.count(class, true);
    match std::str::from_utf8(value) {
        Ok(text) => match transform.text(text, scope.subject) {
            Fate::Value(text) => out.extend_from_slice(text.as_bytes()),
            // Headers cannot be left out here without changing how many there are.
            Fate::Null | Fate::DropField => out.extend_from_slice(REDACTED.as_bytes()),
            Fate::DropRecord => return Ok(Rewritten::DropRecord),
        },
        Err(_) if transform.whole() == Fate::DropRecord => return Ok(Rewritten::DropRecord),
        Err(_) => out.extend_from_slice(REDACTED.as_bytes()),
    }
    Ok(Rewritten::Changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Class, ClassId, Mask};
    use crate::transform::Transform;

    fn rewritten(format: Format, masked: bool, input: &[u8]) -> Result<Option<String>, &'static str> {
        let mut mask = Mask { format, ..Mask::default() };
        mask.fields.add_name("password", ClassId(0));
        let classes = [Class { name: "c".into(), mask: masked.then_some(Transform::Redact) }];
        let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
        let mut out = Vec::new();
        match rewrite(&scope, &mut NoSchemas, input, &mut out, &mut Found::default()) {
            Ok(Rewritten::Same) => Ok(None),
            Ok(_) => Ok(Some(String::from_utf8(out).unwrap())),
            Err(refused) => Err(refused.why),
        }
    }

    /// Keys are bytes unless a topic says otherwise, and names count in them all the same.
    #[test]
    fn bytes_that_others_read_as_json_hide_nothing() {
        let bytes = |input: &[u8]| rewritten(Format::Bytes, true, input);
        assert_eq!(bytes(br#"{"password":"x"}"#), Ok(Some(r#"{"password":"***"}"#.to_owned())));
        assert_eq!(bytes(br#""{\"password\":\"x\"}""#), Ok(Some(r#""{\"password\":\"***\"}""#.to_owned())));
        assert!(bytes("\u{feff}{\"password\":\"x\"}".as_bytes()).is_err());
        assert!(bytes(br#"{"password":"x"} and more"#).is_err());
        for number in [b"\0\0\0\0\x01", b"\0\0\0\0\x81"] {
            assert!(bytes(&[&number[..], br#"{"password":"x"}"#].concat()).is_err());
        }
        assert!(bytes(b"\x1f\x8b\x08\x00 packed").is_err());
        for plain in [&b"customer-7"[..], b"", b"\0\0\0\0\0\0\0\x07", b"\xff\xfe"] {
            assert_eq!(bytes(plain), Ok(None), "{plain:?}");
        }
    }

    #[test]
    fn from_whoever_sees_every_class_nothing_is_kept_back() {
        for format in [Format::Json, Format::Framed, Format::Bytes] {
            assert!(rewritten(format, true, b"{").is_err());
            assert_eq!(rewritten(format, false, b"{"), Ok(None));
        }
        for text in [r#"{"v":"{\"password\":\"x\",\"n\":1e999}"}"#, r#"["\"\\\"\\\\\\\"[]\\\\\\\"\\\"\""]"#] {
            for format in [Format::Json, Format::Bytes] {
                assert_ne!(rewritten(format, true, text.as_bytes()), Ok(None), "it cannot be looked into: {text}");
                assert_eq!(rewritten(format, false, text.as_bytes()), Ok(None), "{text}");
            }
        }
    }

    #[test]
    fn what_is_read_strictly_is_read_to_its_end_whatever_is_looked_for() {
        let read = |format, input: &[u8]| {
            let mask = Mask { format, strict: true, ..Mask::default() };
            let scope = Scope { classes: &[], mask: &mask, subject: b"" };
            rewrite(&scope, &mut NoSchemas, input, &mut Vec::new(), &mut Found::default())
        };
        assert_eq!(read(Format::Json, br#"{"a": 1}"#), Ok(Rewritten::Same));
        assert_eq!(read(Format::Bytes, b"\xff{"), Ok(Rewritten::Same));
        assert!(read(Format::Json, br#"{"a": 1"#).is_err() && read(Format::Framed, b"{}").is_err());
    }

    #[test]
    fn where_plain_fields_are_listed_nothing_else_stays() {
        let (plain, rest) = (ClassId(0), ClassId(1));
        let class = |mask| Class { name: "c".into(), mask };
        let classes = [class(None), class(Some(Transform::DropField)), class(Some(Transform::KeepLast(1)))];
        let mut fields = crate::fields::Fields::default();
        fields.add_path(&crate::fields::Path::parse("customer.card").unwrap(), ClassId(2)).unwrap();
        for path in ["id", "customer", "items.*.sku"] {
            fields.add_path(&crate::fields::Path::parse(path).unwrap(), plain).unwrap();
        }
        let stays = |format, input: &str| {
            let mask = Mask { format, fields: fields.clone(), rest: Some(rest), ..Mask::default() };
            let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
            let mut out = Vec::new();
            let rewritten = rewrite(&scope, &mut NoSchemas, input.as_bytes(), &mut out, &mut Found::default()).unwrap();
            if rewritten == Rewritten::Same { input.to_owned() } else { String::from_utf8(out).unwrap() }
        };
        for (input, kept) in [
            (r#"{"a@b.c":"x","id":7,"n":5,"t":true,"z":null}"#, r#"{"id":7}"#),
            (r#"{"id":null,"a@b.c":null,"customer":null}"#, r#"{"id":null,"customer":null}"#),
            (r#"{"customer":{"name":"ann","card":"1234"}}"#, r#"{"customer":{"name":"ann","card":"***4"}}"#),
            (r#"{"other":{"id":7,"secret-name":"x"}}"#, "{}"),
            (r#"{"items":{"a":{"sku":1,"price":2},"b":"x"}}"#, r#"{"items":{"a":{"sku":1}}}"#),
            (r#"[{"id":1},"x",[2]]"#, r#"[{"id":1},null,[null]]"#),
            (r#"{"a@b.c":["x"],"d@e.f":[],"id":1}"#, r#"{"id":1}"#),
            (r#"{"items":{"a":{"sku":1,"a@b.c":[{"sku":2}]}}}"#, r#"{"items":{"a":{"sku":1}}}"#),
            (r#""alone""#, "null"),
        ] {
            assert_eq!(stays(Format::Json, input), kept, "{input}");
        }
        assert_eq!(stays(Format::Bytes, "a key"), "***");
    }

    #[test]
    fn headers_of_a_name_are_changed_as_a_whole_and_others_are_looked_into() {
        let mut mask = Mask::default();
        mask.fields.add_name("x-user", ClassId(0));
        let classes = [Class { name: "c".into(), mask: Some(Transform::Redact) }];
        let scope = Scope { classes: &classes, mask: &mask, subject: b"" };
        let header = |name: &[u8], value: &[u8]| {
            let mut out = Vec::new();
            let rewritten = rewrite_header(&scope, name, value, &mut out, &mut Found::default()).unwrap();
            (rewritten, String::from_utf8(out).unwrap())
        };
        for value in [&b"ann"[..], b"\xff\xfe"] {
            assert_eq!(header(b"X-User", value), (Rewritten::Changed, "***".to_owned()));
        }
        assert_eq!(header(b"trace", b"ann"), (Rewritten::Same, String::new()));
        assert_eq!(header(b"\xff", br#"{"x-user":1}"#), (Rewritten::Changed, r#"{"x-user":0}"#.to_owned()));
    }
}
