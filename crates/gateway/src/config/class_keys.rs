//! The keys that classes of fields are changed with.

use serde::Deserialize;
use toml::Spanned;

use super::{ConfigError, FileConfig, KeySource, Place};

/// Longest name of a key; it stands in every token.
const ID_MAX: usize = 16;

/// `[[class_key]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClassKeySection {
    /// The row of `masking.yaml` under `classes` that is changed with it.
    pub(crate) class: Spanned<String>,
    /// The key's name, which stands in tokens: another key has another.
    pub(crate) id: Spanned<String>,
    /// 32 bytes as base64 or hex.
    pub(crate) key: KeySource,
}

/// Checks that each class has one key, and that names can stand in tokens.
pub(super) fn check(file: &FileConfig, place: &Place<'_>) -> Result<(), ConfigError> {
    for (at, section) in file.class_key.iter().enumerate() {
        let (class, id) = (section.class.get_ref(), section.id.get_ref());
        if file.class_key.iter().take(at).any(|before| before.class.get_ref() == class) {
            let what =
                format!("class {class:?} has two keys; leave the one that is in use, the older ones are not needed");
            return Err(place.wrong(section.class.span(), what));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if !(1..=ID_MAX).contains(&id.len()) || !id.bytes().all(is_name) {
            let what = format!("the id of a key has 1 to {ID_MAX} of a-z A-Z 0-9 -, such as \"2026-11\"");
            return Err(place.wrong(section.id.span(), what));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::names::tests::REST;
    use super::*;

    fn said(keys: &str) -> Option<String> {
        let text = format!("{REST}{keys}");
        let file: FileConfig = toml::from_str(&text).unwrap();
        check(&file, &Place { path: Path::new("gate.toml"), text: &text }).err().map(|error| error.to_string())
    }

    #[test]
    fn a_class_has_one_key_whose_name_can_stand_in_tokens() {
        let key = |class: &str, id: &str| {
            format!("[[class_key]]\nclass = {class:?}\nid = {id:?}\nkey = {{ file = \"k\" }}\n")
        };
        assert_eq!(said(&[key("PII.name", "2026-11"), key("PII.email", "2026-11")].concat()), None);
        let twice = said(&[key("PII.name", "1"), key("PII.name", "2")].concat()).unwrap();
        assert!(twice.contains("gate.toml:14: class \"PII.name\" has two keys"), "{twice}");
        for wrong in ["", "a_b", "12345678901234567"] {
            assert!(said(&key("PII.name", wrong)).unwrap().contains("gate.toml:11: the id of a key has"), "{wrong}");
        }
    }
}
