//! Builds messages from the table: the gate's own answers and requests, and elements spliced into a broker's answer. Whole
//! messages are made off the hot path only, so plain owned values are good enough.

use crate::schema::{Default, Field, FieldId, Message, Type};

/// A value to encode.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Any integer type or bool.
    Int(i64),
    /// A string.
    Text(String),
    /// Bytes or records.
    Bytes(Vec<u8>),
    /// A uuid.
    Uuid([u8; 16]),
    /// Null, where the field may be.
    Null,
    /// An array of structs.
    List(Vec<Fields>),
    /// An array of anything else.
    Items(Vec<Value>),
    /// A struct.
    Struct(Fields),
}

/// The fields of one struct that differ from their defaults.
pub type Fields = Vec<(FieldId, Value)>;

/// Appends the body of `message` at `version`, with `fields` set and all else at its default.
pub fn message(out: &mut Vec<u8>, message: &Message, version: i16, fields: &Fields) {
    Encoder { version, flexible: message.flexible.contains(version) }.structure(out, message.fields, fields);
}

/// Appends one element of the array field `array` of `message`.
pub fn element(out: &mut Vec<u8>, message: &Message, version: i16, array: &Field, fields: &Fields) {
    if let Type::Array(Type::Struct(inner)) = array.ty {
        Encoder { version, flexible: message.flexible.contains(version) }.structure(out, inner, fields);
    }
}

/// Appends an array's count, as the version writes it.
pub fn count(out: &mut Vec<u8>, flexible: bool, count: usize) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if flexible { put_uvarint(out, count.saturating_add(1)) } else { out.extend_from_slice(&count.to_be_bytes()) }
}

/// Appends a string, as the version writes it.
pub fn string(out: &mut Vec<u8>, flexible: bool, text: &str) {
    if flexible {
        put_uvarint(out, u32::try_from(text.len()).unwrap_or(u32::MAX).saturating_add(1));
    } else {
        out.extend_from_slice(&u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    }
    out.extend_from_slice(text.as_bytes());
}

/// Appends an unsigned varint (seven bits a byte, least significant first).
pub fn put_uvarint(out: &mut Vec<u8>, mut value: u32) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

struct Encoder {
    version: i16,
    flexible: bool,
}

impl Encoder {
    fn structure(&self, out: &mut Vec<u8>, layout: &[Field], fields: &Fields) {
        let mut tagged: Vec<(u32, Vec<u8>)> = Vec::new();
        for field in layout.iter().filter(|f| f.versions.contains(self.version)) {
            let set = fields.iter().find(|(id, _)| *id == field.id).map(|(_, value)| value);
            if field.tagged.contains(self.version) {
                if let Some(value) = set {
                    let mut bytes = Vec::new();
                    self.value(&mut bytes, field, &field.ty, value);
                    tagged.push((field.tag, bytes));
                }
            } else if let Some(value) = set {
                self.value(out, field, &field.ty, value);
            } else {
                self.value(out, field, &field.ty, &self.default_of(field));
            }
        }
        if self.flexible {
            tagged.sort_by_key(|(tag, _)| *tag);
            put_uvarint(out, u32::try_from(tagged.len()).unwrap_or(0));
            for (tag, bytes) in tagged {
                put_uvarint(out, tag);
                put_uvarint(out, u32::try_from(bytes.len()).unwrap_or(0));
                out.extend_from_slice(&bytes);
            }
        }
    }

    fn default_of(&self, field: &Field) -> Value {
        match (field.default, field.ty) {
            (Default::Null, _) if field.nullable.contains(self.version) => Value::Null,
            (Default::Int(number), _) => Value::Int(number),
            (_, Type::String) => Value::Text(String::new()),
            (_, Type::Bytes | Type::Records) => Value::Bytes(Vec::new()),
            (_, Type::Uuid) => Value::Uuid([0; 16]),
            (_, Type::Array(_)) => Value::Items(Vec::new()),
            (_, Type::Struct(_)) => Value::Struct(Vec::new()),
            _ => Value::Int(0),
        }
    }

    fn value(&self, out: &mut Vec<u8>, field: &Field, ty: &Type, value: &Value) {
        match (ty, value) {
            (Type::Bool | Type::Int8, Value::Int(number)) => low_bytes::<1>(out, *number),
            (Type::Int16 | Type::Uint16, Value::Int(number)) => low_bytes::<2>(out, *number),
            (Type::Int32 | Type::Uint32, Value::Int(number)) => low_bytes::<4>(out, *number),
            (Type::Int64 | Type::Float64, Value::Int(number)) => low_bytes::<8>(out, *number),
            (Type::Uuid, Value::Uuid(id)) => out.extend_from_slice(id),
            (Type::String, Value::Text(text)) => string(out, self.flexible, text),
            (Type::Bytes | Type::Records, Value::Bytes(bytes)) => {
                count(out, self.flexible, bytes.len());
                out.extend_from_slice(bytes);
            }
            (Type::Struct(layout), Value::Struct(fields)) => {
                if field.nullable.contains(self.version) {
                    out.push(1);
                }
                self.structure(out, layout, fields);
            }
            (Type::Array(Type::Struct(layout)), Value::List(elements)) => {
                count(out, self.flexible, elements.len());
                for element in elements {
                    self.structure(out, layout, element);
                }
            }
            (Type::Array(element), Value::Items(items)) => {
                count(out, self.flexible, items.len());
                for item in items {
                    self.value(out, field, element, item);
                }
            }
            (Type::Struct(_), _) => out.push(0xff),
            (Type::String, _) if !self.flexible => out.extend_from_slice(&(-1_i16).to_be_bytes()),
            _ if self.flexible => out.push(0),
            _ => out.extend_from_slice(&(-1_i32).to_be_bytes()),
        }
    }
}

fn low_bytes<const N: usize>(out: &mut Vec<u8>, number: i64) {
    let bytes = number.to_be_bytes();
    out.extend_from_slice(bytes.get(8_usize.saturating_sub(N)..).unwrap_or_default());
}
