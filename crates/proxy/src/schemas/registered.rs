//! Schemas as a registry has them, and what is made of them for a mask.

use std::sync::Arc;

use tidegate_masking::fields::fold;
use tidegate_masking::{AvroPlan, Earlier, JsonPlan, Mask, ProtobufPlan, RemovedTags};

/// What a schema is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Avro.
    Avro,
    /// Protobuf.
    Protobuf,
    /// JSON Schema.
    Json,
}

/// A schema with all that it refers to.
#[derive(Debug)]
pub struct SchemaTexts {
    /// What it is written in.
    pub language: Language,
    /// Its text.
    pub text: String,
    /// The names and texts of all schemas that it refers to, however far.
    pub references: Vec<(String, String)>,
    /// Tags that stand beside its text, in the metadata that Confluent's data contracts have. Where they lead is not followed here.
    pub outer_tags: Vec<String>,
}

/// A schema as its registry has it.
#[derive(Debug)]
pub struct Registered {
    /// The schema.
    pub texts: SchemaTexts,
    /// The subjects that it is registered under, deleted ones too: records outlive them.
    pub subjects: Vec<Subject>,
}

/// A subject that a schema is registered under.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name.
    pub name: String,
    /// The schema's version there; the last, where it has several.
    pub version: u32,
}

/// A version of a subject that came before another.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number in the subject.
    pub number: u32,
    /// Its schema, or why that cannot be had.
    pub texts: Result<Arc<SchemaTexts>, &'static str>,
}

fn bytes(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}

impl SchemaTexts {
    /// How many it takes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let references = self.references.iter().flat_map(|(name, text)| [name, text]);
        references.chain(&self.outer_tags).chain([&self.text]).fold(0, |all, text| all.saturating_add(bytes(text)))
    }
}

impl Registered {
    /// How many it takes.
    pub(super) fn bytes(&self) -> u64 {
        let subjects = self.subjects.iter();
        subjects.fold(self.texts.bytes(), |all, one| all.saturating_add(bytes(&one.name)).saturating_add(32))
    }

    /// Its subjects that the mask wants schemas to be of.
    pub(super) fn subjects_for<'a>(&'a self, mask: &'a Mask) -> impl Iterator<Item = &'a Subject> {
        let fits =
            |subject: &&Subject| mask.subjects.iter().any(|pattern| tidegate_policy::matches(pattern, &subject.name));
        self.subjects.iter().filter(fits)
    }

    /// Why nobody can say which of the mask's tags an earlier version has, if so.
    pub(super) fn why_unknown(&self, version: &Version, mask: &Mask) -> Option<&'static str> {
        match &version.texts {
            Ok(texts) if texts.language != self.texts.language => Some("it is in another language"),
            Ok(texts) if texts.has_outer_tags(mask) => Some(OUTER_TAGS),
            Ok(_) => None,
            Err(why) => Some(why),
        }
    }

    /// What comes of it for a mask, where the tags of `earlier` versions count too. `message`: which of Protobuf's messages payloads are.
    pub(super) fn compile(&self, message: &[i32], earlier: &[Earlier<'_>], mask: &Mask) -> Result<Outcome, String> {
        if self.texts.language == Language::Json && mask.tags.is_empty() && !mask.conform {
            return Ok(Outcome::Json(None));
        }
        if self.texts.has_outer_tags(mask) {
            return Err(OUTER_TAGS.to_owned());
        }
        let outcome = self.compile_after(message, earlier, mask);
        match outcome {
            Err(why) if !earlier.is_empty() && self.compile_after(message, &[], mask).is_ok() => {
                let mend = "who has seen that a version has all tags that it should can say so under removed_tags in masking.yaml";
                Err(format!("with the versions before it, whose tags count too: {why}; {mend}"))
            }
            outcome => outcome,
        }
    }

    fn compile_after(&self, message: &[i32], earlier: &[Earlier<'_>], mask: &Mask) -> Result<Outcome, String> {
        let SchemaTexts { language, text, references, .. } = &self.texts;
        Ok(match language {
            Language::Avro => {
                let plan = AvroPlan::compile_after(earlier, text, references, mask);
                Outcome::Avro(plan.map_err(|why| why.to_string())?)
            }
            Language::Protobuf => {
                let plan = ProtobufPlan::compile_after(earlier, text, references, message, mask);
                Outcome::Protobuf(plan.map_err(|why| why.to_string())?)
            }
            Language::Json => {
                let plan = JsonPlan::compile_after(earlier, text, references, mask);
                Outcome::Json(Some(plan.map_err(|why| why.to_string())?))
            }
        })
    }
}

const OUTER_TAGS: &str =
    "it has tags in its metadata, which are not followed; write them into its text, as confluent:tags";

impl SchemaTexts {
    /// Whether a tag that is looked for stands where nobody follows it.
    fn has_outer_tags(&self, mask: &Mask) -> bool {
        let is_wanted = |tag: &String| mask.tags.iter().any(|(wanted, _)| fold(wanted) == fold(tag));
        self.outer_tags.iter().any(is_wanted)
    }
}

/// What compiling came to.
pub(super) enum Outcome {
    /// Without a plan where nothing is asked of its schema.
    Json(Option<JsonPlan>),
    Avro(AvroPlan),
    Protobuf(ProtobufPlan),
    /// With the reason, which may repeat something of the schema.
    Unusable(String),
}

impl Outcome {
    /// The tags that only earlier versions have.
    pub(super) fn removed_tags(&self) -> Option<&RemovedTags> {
        match self {
            Outcome::Json(plan) => plan.as_ref().and_then(JsonPlan::removed_tags),
            Outcome::Avro(plan) => Some(plan.removed_tags()),
            Outcome::Protobuf(plan) => Some(plan.removed_tags()),
            Outcome::Unusable(_) => None,
        }
        .filter(|removed| !removed.is_empty())
    }
}
