//! `masking.yaml`: how fields of a class are changed. Nothing is masked yet: of this file only the names of classes count, so that
//! a rule about a class that does not exist is found. All else in it is left to whoever masks; a key that is none of its is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_norway::Value;

use crate::error::{Place, PolicyError};
use crate::topics::{not_yaml, places_of_rows};

/// The file's name inside a policy folder.
pub(crate) const FILE: &str = "masking.yaml";
const CLASSES_MAX: usize = 1_000;
const SELECTORS_MAX: usize = 10_000;
/// Ends a name that stands for all classes below it.
const ALL_BELOW: &str = ".*";

/// The classes of fields that `masking.yaml` knows.
#[derive(Debug, Default)]
pub(crate) struct Classes(BTreeSet<String>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    classes: BTreeMap<String, Value>,
    #[serde(default)]
    selectors: Vec<RawSelector>,
    #[expect(dead_code, reason = "left to whoever masks")]
    on_unmaskable: Option<Value>,
    #[expect(dead_code, reason = "left to whoever masks")]
    unknown_fields: Option<Value>,
}

#[derive(Deserialize)]
struct RawSelector {
    class: String,
}

impl Classes {
    /// Reads the text of `masking.yaml`.
    ///
    /// # Errors
    /// Unknown keys, too much, a selector of a class that is not there; with file, line and column.
    pub(crate) fn parse(text: &str) -> Result<Classes, PolicyError> {
        let mend = "it has classes, selectors, on_unmaskable and unknown_fields; a selector has a class";
        let raw: Option<Raw> = serde_norway::from_str(text).map_err(|error| not_yaml(FILE, &error, mend))?;
        let Some(raw) = raw else { return Ok(Classes::default()) };
        if raw.classes.len() > CLASSES_MAX || raw.selectors.len() > SELECTORS_MAX {
            let what = format!("more than {CLASSES_MAX} classes or {SELECTORS_MAX} selectors");
            return Err(PolicyError::folder(FILE, what, "merge some"));
        }
        let classes = Classes(raw.classes.into_keys().collect());
        let places = places_of_rows(text);
        for (index, RawSelector { class }) in raw.selectors.iter().enumerate() {
            if !classes.know(class) {
                let place = Place::new(FILE, places.get(index).copied().unwrap_or((1, 1)));
                let mend = "write one of its classes, or add it there";
                return Err(PolicyError::at(place, format!("class {class:?} stands not under classes"), mend));
            }
        }
        Ok(classes)
    }

    /// Whether this is a class, or one that has classes below it: `PII` where there is `PII.email`.
    pub(crate) fn know(&self, name: &str) -> bool {
        self.0.iter().any(|class| {
            let stem = class.strip_suffix(ALL_BELOW);
            let below = |wide: &str, narrow: &str| narrow.strip_prefix(wide).is_some_and(|rest| rest.starts_with('.'));
            class == name || below(name, class) || stem.is_some_and(|stem| stem == name || below(stem, name))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "classes:\n  PII.email: {transform: email}\n  PCI: {transform: redact}\n  SECRET.*: {transform: redact}\n\
                        selectors:\n  - {topic: 'orders', path: a.b, class: PII.email}\n  - {topic: '*', class: SECRET.key}\n\
                        on_unmaskable: {default: drop_record}\nunknown_fields: mask\n";

    #[test]
    fn classes_are_known_with_those_above_and_below() {
        let classes = Classes::parse(TEXT).unwrap();
        for (name, known) in [
            ("PII", true),
            ("PII.email", true),
            ("PII.ssn", false),
            ("PI", false),
            ("PCI", true),
            ("PCI.pan", false),
            ("SECRET", true),
            ("SECRET.key", true),
            ("SECRETS", false),
            ("", false),
        ] {
            assert_eq!(classes.know(name), known, "{name}");
        }
        assert!(!Classes::parse("").unwrap().know("PII"));
    }

    #[test]
    fn mistakes_name_their_place() {
        let told = |text: &str| Classes::parse(text).unwrap_err().to_string();
        let unknown = told(&TEXT.replace("class: PII.email", "class: PII.mail"));
        assert!(unknown.starts_with("masking.yaml:6:3: class \"PII.mail\" stands not under classes"), "{unknown}");
        assert!(told("classes: {}\ncolour: red\n").contains("colour"));
        assert!(told("selectors: [{topic: a}]\n").contains("class"));
        assert!(told("- a\n").starts_with("masking.yaml:"));
    }
}
