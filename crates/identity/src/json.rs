//! JSON for tokens: a name that stands twice in an object is an error, at any depth.
//!
//! With `serde_json` alone the last one wins, so two readers of one token may see different claims.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

const TWICE: &str = "name stands twice";

/// Why a text is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum JsonError {
    /// No JSON, or not an object.
    Form,
    /// A name stands twice in one object.
    Twice,
}

/// Reads an object.
pub(crate) fn strict_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    match serde_json::from_slice::<Strict>(bytes) {
        Ok(Strict(Value::Object(map))) => Ok(map),
        Ok(_) => Err(JsonError::Form),
        Err(error) if error.to_string().starts_with(TWICE) => Err(JsonError::Twice),
        Err(_) => Err(JsonError::Form),
    }
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = access.next_entry::<String, Strict>()? {
            if map.insert(name, value).is_some() {
                return Err(de::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_names_that_stand_twice() {
        assert!(strict_object(br#"{"a":1,"b":{"a":[true,null,-1,1.5,"x"]}}"#).is_ok());
        assert_eq!(strict_object(br#"{"a":1,"a":1}"#), Err(JsonError::Twice));
        assert_eq!(strict_object(br#"{"a":1,"\u0061":2}"#), Err(JsonError::Twice));
        assert_eq!(strict_object(br#"{"a":[{"b":1,"b":2}]}"#), Err(JsonError::Twice));
        for text in ["", "[]", "1", "{", r#"{"a":1}x"#, "{\"a\":\u{0}}", &"[".repeat(10_000)] {
            assert_eq!(strict_object(text.as_bytes()), Err(JsonError::Form), "{text}");
        }
    }
}
