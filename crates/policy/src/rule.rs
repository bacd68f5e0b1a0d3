//! One rule: its text, where it stands, what it says of itself, and the checks that it passes alone.

use std::collections::HashSet;
use std::sync::Arc;

use cedar_policy::{Effect, Policy as CedarPolicy, PolicyId, PolicySet, ValidationMode, Validator};
use miette::Diagnostic;
use serde_json::Value;
use tidegate_model::Action;

use crate::error::{Place, PolicyError, place_in};
use crate::looks::is_var;
use crate::named::Named;
use crate::rules::{LeftOut, actions_of, leaves_out_the_gate};

const ID_BYTES_MAX: usize = 100;
/// `@on_deny` with this value makes a forbid one that an approval lifts.
const REQUIRE_APPROVAL: &str = "require_approval";
/// The annotations that mean something here. `@approval` is kept for the approvals to come.
const ANNOTATIONS: [&str; 5] = ["id", "why", "ask", "on_deny", "approval"];

/// A rule of a policy, as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its `@id`; without one, `file#position`.
    pub id: String,
    /// File inside the policy folder.
    pub file: String,
    /// Line of its first character, from 1.
    pub line: usize,
    /// Column of its first character, from 1.
    pub column: usize,
    /// Whether it is a `forbid`.
    pub forbids: bool,
    /// `@why`: its reason, for whoever is refused and whoever reads the evidence.
    pub why: Option<String>,
    /// `@ask`: whom to ask for the right.
    pub ask: Option<String>,
    /// `@on_deny("require_approval")`: what it forbids, somebody may approve.
    pub on_approval: bool,
    /// The actions that its scope covers. A permit covers the gate's own (`administer`, `block`, `audit`, `export`) only if it
    /// names them.
    pub actions: Arc<[Action]>,
    /// Its text.
    pub text: String,
}

/// One policy's text and where it stands.
pub(crate) struct Chunk<'a> {
    pub text: &'a str,
    /// Line of its first character, from 1.
    pub line: usize,
    /// Column of its first character, from 1.
    pub column: usize,
    /// Position in the file, from 1.
    pub number: usize,
}

impl Chunk<'_> {
    fn place(&self, file: &str, byte: usize) -> Place {
        Place::new(file, place_in(self.text, byte, (self.line, self.column)))
    }
}

impl Rule {
    /// Where the first of these words stands that it has, or where it begins.
    pub(crate) fn place_of(&self, words: &[String]) -> Place {
        let byte = words.iter().find_map(|word| self.text.find(word.as_str())).unwrap_or(0);
        Place::new(&self.file, place_in(&self.text, byte, (self.line, self.column)))
    }
}

/// Cuts a file at each `;` that ends a policy. Each policy is parsed alone so that an error has its place.
pub(crate) fn split(text: &str) -> Vec<Chunk<'_>> {
    let bytes = text.as_bytes();
    let (mut at, mut start) = (0, None);
    let mut chunks = Vec::new();
    let mut push = |start: Option<usize>, end: usize| {
        let Some(start) = start else { return };
        if let Some(chunk) = text.get(start..end) {
            let (line, column) = place_in(text, start, (1, 1));
            chunks.push(Chunk { text: chunk, line, column, number: chunks.len() + 1 });
        }
    };
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while bytes.get(at).is_some_and(|byte| *byte != b'\n') {
                    at += 1;
                }
                continue;
            }
            b'"' => {
                start.get_or_insert(at);
                at += 1;
                while bytes.get(at).is_some_and(|byte| *byte != b'"') {
                    at += 1 + usize::from(bytes.get(at) == Some(&b'\\'));
                }
            }
            b';' => {
                push(Some(start.unwrap_or(at)), at + 1);
                start = None;
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => _ = start.get_or_insert(at),
        }
        at += 1;
    }
    push(start, bytes.len());
    chunks
}

/// A rule that passed every check by itself.
pub(crate) struct ReadRule {
    pub rule: Arc<Rule>,
    /// Whether it has an `@id`.
    pub named: bool,
    /// Annotations that mean nothing here.
    pub strange: Vec<String>,
    /// What the missing names of actions take from it.
    pub left_out: Option<LeftOut>,
    pub policy: CedarPolicy,
    pub json: Value,
    /// What it names.
    pub names: Named,
}

impl ReadRule {
    pub(crate) fn read(file: &str, chunk: &Chunk<'_>, validator: &Validator) -> Result<ReadRule, Vec<PolicyError>> {
        let default_id = format!("{file}#{}", chunk.number);
        let policy = CedarPolicy::parse(Some(PolicyId::new(&default_id)), chunk.text)
            .map_err(|errors| vec![from_cedar(file, chunk, &errors)])?;
        let here = |what: String, mend: &str| vec![PolicyError::at(chunk.place(file, 0), what, mend)];
        let annotation = |name: &str| policy.annotation(name).map(str::to_owned);
        let (id, why, ask) = (annotation("id"), annotation("why"), annotation("ask"));
        if let Some(id) = id.as_ref().filter(|id| !is_good_id(id)) {
            let mend =
                "use up to 100 letters, digits and any of - _ . : / #, and none of the words that decisions begin with";
            return Err(here(format!("@id {id:?} cannot be used"), mend));
        }
        let forbids = policy.effect() == Effect::Forbid;
        let on_approval = match annotation("on_deny").as_deref() {
            None => false,
            Some(REQUIRE_APPROVAL) if forbids => true,
            Some(REQUIRE_APPROVAL) => {
                return Err(here("@on_deny stands at a permit".to_owned(), "move it to a forbid"));
            }
            Some(other) => {
                let mend = format!("write @on_deny({REQUIRE_APPROVAL:?}) or leave it out");
                return Err(here(format!("@on_deny({other:?}) is not known"), &mend));
            }
        };
        let strange = policy.annotations().map(|(name, _)| name.to_owned());
        let strange = strange.filter(|name| !ANNOTATIONS.contains(&name.as_str())).collect();
        let named = id.is_some();
        let id = id.unwrap_or(default_id);
        let policy = policy.new_id(PolicyId::new(&id));
        validate(file, chunk, validator, &policy)?;
        let json = policy.to_json().map_err(|error| here(error.to_string(), "write it in a simpler form"))?;
        if !forbids && json.get("conditions").is_some_and(reads_client_id) {
            let mend = "the client chooses it: it may stand only in a forbid; use principal.client (the token's azp)";
            return Err(here("a permit looks at context.clientId".to_owned(), mend));
        }
        let actions: Arc<[Action]> = actions_of(&policy).map_err(|error| vec![error])?.into();
        let names = Named::in_rule(&json, &actions);
        let named_ids = names.groups.iter().chain(names.callers.iter().map(|(_, id)| id));
        if let Some(id) =
            named_ids.into_iter().find(|id| !id.split_once(':').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty()))
        {
            let mend = "write issuer:group or issuer:subject with the issuer's configured name";
            return Err(here(format!("{id:?} names no issuer, so it would match nobody"), mend));
        }
        let left_out = leaves_out_the_gate(&policy);
        if left_out == Some(LeftOut::Wholly) {
            let mend =
                "name them, such as action in [Action::\"audit\", Action::\"export\"], or action == Action::\"unmask\"";
            return Err(here("a permit of what has to be named names no action".to_owned(), mend));
        }
        let (file, text) = (file.to_owned(), chunk.text.to_owned());
        let (line, column) = (chunk.line, chunk.column);
        let rule = Rule { id, file, line, column, forbids, why, ask, on_approval, actions, text };
        Ok(ReadRule { rule: Arc::new(rule), named, strange, left_out, policy, json, names })
    }
}

fn validate(
    file: &str,
    chunk: &Chunk<'_>,
    validator: &Validator,
    policy: &CedarPolicy,
) -> Result<(), Vec<PolicyError>> {
    let alone = PolicySet::from_policies([policy.clone()])
        .map_err(|error| vec![PolicyError::at(chunk.place(file, 0), error.to_string(), "write it anew")])?;
    let result = validator.validate(&alone, ValidationMode::Strict);
    let mut errors: Vec<PolicyError> = result
        .validation_errors()
        .map(|error| from_cedar(file, chunk, error))
        .chain(result.validation_warnings().map(|warning| from_cedar(file, chunk, warning)))
        .collect();
    // Cedar tells a mistake once for each kind of caller and action
    let mut told = HashSet::new();
    errors.retain(|error| told.insert(error.to_string()));
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn is_good_id(id: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/#".contains(&byte);
    (1..=ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(good)
        && !crate::decide::PREFIXES.iter().any(|prefix| id.starts_with(prefix))
        && id != crate::decide::DEFAULT_DENY
}

/// Whether the expression reads `context.clientId`, or uses the context other than by its attributes.
fn reads_client_id(json: &Value) -> bool {
    match json {
        Value::Array(items) => items.iter().any(reads_client_id),
        Value::Object(map) => map.iter().any(|(key, value)| {
            if key == "." || key == "has" {
                let attribute = value.get("attr").and_then(Value::as_str);
                let left = value.get("left").unwrap_or(value);
                return attribute.is_none_or(|name| name == "clientId")
                    || (!is_var(left, "context") && reads_client_id(left));
            }
            (key == "Var" && value == "context") || reads_client_id(value)
        }),
        _ => false,
    }
}

fn from_cedar(file: &str, chunk: &Chunk<'_>, error: &dyn Diagnostic) -> PolicyError {
    let offset = error.labels().into_iter().flatten().map(|label| label.offset()).next().unwrap_or(0);
    let mend =
        error.help().map_or_else(|| "see the schema in the policy reference".to_owned(), |help| help.to_string());
    PolicyError::at(chunk.place(file, offset), one_line(&error.to_string()), one_line(&mend))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
