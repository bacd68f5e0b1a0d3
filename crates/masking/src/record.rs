//! A record's parts, each read as the plan says.

use crate::avro::AvroPlan;
use crate::found::Found;
use crate::plan::{Format, Rewritten, Scope, Unmaskable};
use crate::protobuf::ProtobufPlan;
use crate::transform::{Fate, REDACTED};
use crate::{framed, json, text};

/// What a schema's number means for one mask.
#[derive(Debug)]
pub enum Schema<'s> {
    /// JSON; what the schema says of it does not matter here.
    Json,
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
    fn schema(&self, number: u32, payload: &[u8]) -> Result<(Schema<'_>, usize), Unmaskable>;
}

/// No schemas at all.
#[derive(Clone, Copy, Debug)]
pub struct NoSchemas;

impl Schemas for NoSchemas {
    fn schema(&self, _number: u32, _payload: &[u8]) -> Result<(Schema<'_>, usize), Unmaskable> {
        Err(Unmaskable { why: "the schema that it names is not known", at: 1 })
    }
}

/// Rewrites a key or a value and appends it to `out`; nothing is appended unless it is [`Rewritten::Changed`].
///
/// # Errors
/// [`Unmaskable`] for what cannot be read to its end as what it is said to be.
pub fn rewrite(
    scope: &Scope<'_>,
    schemas: &dyn Schemas,
    input: &[u8],
    out: &mut Vec<u8>,
    found: &mut Found,
) -> Result<Rewritten, Unmaskable> {
    match scope.mask.format {
        _ if scope.mask.is_empty() => Ok(Rewritten::Same),
        Format::Json => json::rewrite(scope, input, out, found),
        Format::Framed => rewrite_framed(scope, schemas, input, out, found),
        // Nobody said that it is JSON, but what begins like it is read as such by whoever can.
        Format::Bytes if !scope.mask.fields.is_empty() && begins_like_json(input) => {
            json::rewrite(scope, input, out, found)
        }
        Format::Bytes => text::rewrite(scope, input, out, found),
    }
}

fn begins_like_json(input: &[u8]) -> bool {
    matches!(input.trim_ascii_start().first(), Some(b'{' | b'['))
}

fn rewrite_framed(
    scope: &Scope<'_>,
    schemas: &dyn Schemas,
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
    let rewritten = match schema {
        Schema::Json => json::rewrite(scope, message, out, found),
        Schema::Avro(plan) => plan.rewrite(scope, message, out, found),
        Schema::Protobuf(plan) => plan.rewrite(scope, message, out, found),
    };
    if rewritten != Ok(Rewritten::Changed) {
        out.truncate(begin);
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
    let Some(class) = class else { return rewrite(scope, &NoSchemas, value, out, found) };
    let Some(transform) = scope.transform(class) else {
        found.count(class, false);
        return rewrite(scope, &NoSchemas, value, out, found);
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
