//! `tidegate mask try`: what a caller would be shown of a record, and why. No gate has to run.

mod given;

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tidegate_masking::record::{self, NoSchemas};
use tidegate_masking::transform::ClassKey;
use tidegate_masking::{Format, Found, Mask, Plan, Rewritten, Scope, Unmaskable};
use tidegate_model::Action;
use tidegate_policy::{Asked, Circumstances, Decision, Policy};

use crate::cli::evidence::table::{Align, Table, shown};
use crate::cli::policy::caller::CallerArguments;
use crate::cli::policy::{load, refuse};
use crate::cli::{EX_USAGE, Output, fail, note, print};
use crate::secrets::random;
use given::GivenSchema;

/// The longest record that is tried.
const RECORD_BYTES_MAX: u64 = 8 << 20;
/// The longest part that is printed for people.
const SHOWN_MAX: usize = 100_000;
/// What the record's value is called.
const VALUE: &str = "value";
/// Exit code: the caller would not be shown the record.
const NOT_SHOWN: u8 = 1;

/// What to find out about masks.
#[derive(Subcommand, Debug)]
pub(crate) enum MaskCommand {
    /// Show what a caller would see of a record, and why.
    ///
    /// The record's value is read from standard input, as its bytes are; of text the last line's end is left out. Tokens are made with keys of this run: they differ from those of a gate. Exit
    /// code: 0 the record is shown, whole or masked; 1 it is not; 64 the folder or the record cannot be used.
    Try(Box<TryArguments>),
}

/// Who is shown which record of which topic.
#[derive(Args, Debug)]
pub(crate) struct TryArguments {
    /// The folder with `*.cedar`, `topics.yaml` and `masking.yaml`.
    #[arg(long, value_name = "DIR")]
    policy: PathBuf,
    /// The topic that the record is of.
    #[arg(long)]
    topic: String,
    /// The record's key.
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    /// The schema of the value, `*.avsc` or `*.proto`, for a topic whose schemas a registry has (`value: framed`): whatever number stands
    /// in front means this schema. A topic whose schema `masking.yaml` names needs no flag; of any other the value is read by this
    /// schema as if its row named it. What a `.proto` file imports is looked for beside it and below.
    #[arg(long, value_name = "FILE")]
    schema: Option<PathBuf>,
    /// With a `.proto` file and no number in front: the full name of the message, such as `shop.Order`.
    #[arg(long, value_name = "NAME", requires = "schema")]
    message: Option<String>,
    /// A header of the record; may stand several times.
    #[arg(long = "header", value_name = "NAME=VALUE")]
    headers: Vec<String>,
    #[command(flatten)]
    caller: CallerArguments,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Runs it.
pub(crate) fn run(command: &MaskCommand) -> ExitCode {
    let MaskCommand::Try(arguments) = command;
    let policy = match load(&arguments.policy) {
        Ok(policy) => policy,
        Err(errors) => return refuse(errors, arguments.output),
    };
    match arguments.tried(&policy) {
        Ok(tried) => tried.say(arguments.output),
        Err(error) => fail(&error, EX_USAGE),
    }
}

/// One part of the record: what it is called, and what became of it.
struct Part {
    name: String,
    outcome: Result<Rewritten, Unmaskable>,
    bytes: Vec<u8>,
}

/// A class that is looked for, and what decides about it.
struct ClassSeen {
    name: String,
    masked: bool,
    rule: String,
    values: u64,
}

struct Tried {
    who: String,
    topic: String,
    may_read: Decision,
    /// Nothing is read for who may not read the topic.
    parts: Vec<Part>,
    classes: Vec<ClassSeen>,
}

impl TryArguments {
    fn tried(&self, policy: &Policy) -> Result<Tried> {
        let (who, around) = (self.caller.who()?, self.caller.around());
        let asked = |action, name: String| {
            Asked { who: who.clone(), around: around.clone(), action, name, partition: None }
                .by_own_name(policy)
                .into_owned()
        };
        let reading = asked(Action::Consume, self.topic.clone());
        let may_read = reading.decide(policy);
        let topic = reading.name.clone();
        let mut tried = Tried { who: who.to_string(), topic, may_read, parts: Vec::new(), classes: Vec::new() };
        let rules = policy.masking().classes_of(&tried.topic).into_iter().map(|class| {
            let decision = asked(Action::Unmask, format!("{class}/{}", tried.topic)).decide(policy);
            (class.to_owned(), decision)
        });
        let rules: BTreeMap<String, Decision> = rules.collect();
        if tried.may_read.allowed() {
            let circumstances = Circumstances {
                cluster: &around.cluster,
                address: around.address,
                client_id: &around.client_id,
                tls: around.tls,
            };
            let now = reading.question().now;
            let policy = policy.with_keys(Arc::new(keys(policy)?));
            let session = policy.entitlement(&who.caller(), &circumstances);
            let view = policy.view(&session, &tried.topic, now).map_err(|what| anyhow!(what))?;
            let plan = view.map(|view| view.plan).unwrap_or_default();
            let mut found = Found::default();
            tried.parts = self.parts(&plan, &tried.topic, &mut found)?;
            let counted = found.classes().map(|(class, masked, clear)| (usize::from(class.0), masked + clear));
            let counted: BTreeMap<usize, u64> = counted.collect();
            tried.classes = plan
                .classes
                .iter()
                .enumerate()
                .map(|(at, class)| {
                    let rule = rules.get(&*class.name).map(|decision| decision.rule.to_string()).unwrap_or_default();
                    let values = counted.get(&at).copied().unwrap_or_default();
                    ClassSeen { name: class.name.to_string(), masked: class.mask.is_some(), rule, values }
                })
                .collect();
        }
        Ok(tried)
    }

    /// The record's parts, as the plan makes them.
    fn parts(&self, plan: &Plan, topic: &str, found: &mut Found) -> Result<Vec<Part>> {
        let (mask, mut schemas) = self.reading(&plan.value, topic)?;
        let mut value = Vec::new();
        std::io::stdin().take(RECORD_BYTES_MAX + 1).read_to_end(&mut value).context("cannot read the record")?;
        ensure!(u64::try_from(value.len())? <= RECORD_BYTES_MAX, "the record has more than {RECORD_BYTES_MAX} bytes");
        // A line that a shell or an editor ended is the record without that end; the last byte of what is no text may be any.
        if matches!(mask.format, Format::Json | Format::Bytes) && value.last() == Some(&b'\n') {
            value.pop();
        }
        let key = self.key.as_deref().unwrap_or_default().as_bytes();
        let mut part = |name: String, mask: &Mask, input: &[u8], header: Option<&str>| {
            let mut bytes = Vec::new();
            let scope = Scope { classes: &plan.classes, mask, subject: key };
            let outcome = match (header, &mut schemas) {
                (Some(header), _) => record::rewrite_header(&scope, header.as_bytes(), input, &mut bytes, found),
                (None, Some(schemas)) if name == VALUE => record::rewrite(&scope, schemas, input, &mut bytes, found),
                (None, _) => record::rewrite(&scope, &mut NoSchemas, input, &mut bytes, found),
            };
            if outcome == Ok(Rewritten::Same) {
                bytes.extend_from_slice(input);
            }
            Part { name, outcome, bytes }
        };
        let mut parts = Vec::new();
        if self.key.is_some() {
            parts.push(part("key".to_owned(), &plan.key, key, None));
        }
        for header in &self.headers {
            let (name, value) =
                header.split_once('=').with_context(|| format!("{header:?} is no header; write NAME=VALUE"))?;
            parts.push(part(format!("header {name}"), &plan.headers, value.as_bytes(), Some(name)));
        }
        parts.push(part(VALUE.to_owned(), &mask, &value, None));
        Ok(parts)
    }

    /// How the value is read: what is looked for, and what the numbers of schemas mean.
    fn reading(&self, of_topic: &Mask, topic: &str) -> Result<(Mask, Option<GivenSchema>)> {
        let mut mask = of_topic.clone();
        let Some(file) = &self.schema else {
            if mask.format == Format::Framed && !mask.is_empty() {
                note(&format!(
                    "topic {topic} has schemas of a registry, which is not asked: name this record's with --schema"
                ));
            }
            return Ok((mask, None));
        };
        ensure!(mask.format != Format::Schema, "masking.yaml names the schema of topic {topic}: leave --schema out");
        let schema = given::read(file, self.message.as_deref())?;
        if mask.format == Format::Framed {
            ensure!(self.message.is_none(), "framed records say which message they are: leave --message out");
            return Ok((mask.clone(), Some(GivenSchema::new(schema, mask))));
        }
        mask.format = Format::Schema;
        mask.schema = Some(Arc::new(schema.plan(&mask)?));
        note(&format!(
            "masking.yaml does not name this schema: a gate reads topic {topic} by it once a row under topics: does, with value: {{{}: \
             FILE}}",
            if schema.is_protobuf() { "protobuf" } else { "avro" }
        ));
        Ok((mask, None))
    }
}

/// Keys for one run, for every class that needs one.
fn keys(policy: &Policy) -> Result<BTreeMap<String, ClassKey>> {
    policy.masking().keyed().map(|class| Ok((class.to_owned(), ClassKey::new("try", &random()?)))).collect()
}

/// Bytes for people: as text, or with `\x00` for what is none.
fn readable(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => shown(text, SHOWN_MAX),
        _ => shown(&bytes.escape_ascii().to_string(), SHOWN_MAX),
    }
}

impl Part {
    /// Why the record is not shown, if it is not because of this part.
    fn withholds(&self) -> Option<String> {
        match &self.outcome {
            Ok(Rewritten::DropRecord) => Some(format!("{}: a class in it leaves records out", self.name)),
            Err(error) => Some(format!("{}: {error}", self.name)),
            Ok(Rewritten::Same | Rewritten::Changed) => None,
        }
    }

    fn json(&self) -> Value {
        let outcome = match &self.outcome {
            Ok(Rewritten::Same) => "same",
            Ok(Rewritten::Changed) => "changed",
            Ok(Rewritten::DropRecord) | Err(_) => "withheld",
        };
        json!({
            "part": self.name, "outcome": outcome, "text": std::str::from_utf8(&self.bytes).ok(),
            "base64": BASE64_STANDARD.encode(&self.bytes),
        })
    }
}

impl Tried {
    fn say(&self, output: Output) -> ExitCode {
        let withheld: Vec<String> = match self.may_read.allowed() {
            true => self.parts.iter().filter_map(Part::withholds).collect(),
            false => vec![format!("{} may not consume topic {}: {}", self.who, self.topic, self.may_read.rule)],
        };
        match output {
            Output::Json => print(&self.json(&withheld).to_string()),
            Output::Table => self.print(&withheld),
        }
        if withheld.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NOT_SHOWN) }
    }

    fn json(&self, withheld: &[String]) -> Value {
        let class = |class: &ClassSeen| json!({"class": class.name, "values": class.values, "masked": class.masked, "rule": class.rule});
        // What is left of a record that is not shown is not shown either.
        let parts: Vec<Value> =
            if withheld.is_empty() { self.parts.iter().map(Part::json).collect() } else { Vec::new() };
        json!({
            "who": self.who, "topic": self.topic, "consume": {"allowed": self.may_read.allowed(), "rule": &*self.may_read.rule},
            "withheld": withheld, "parts": parts, "classes": self.classes.iter().map(class).collect::<Vec<_>>(),
        })
    }

    fn print(&self, withheld: &[String]) {
        note(&format!("{} reads topic {}", self.who, self.topic));
        for why in withheld {
            print(&format!("not shown: {why}"));
        }
        let mut table = Table::headless(vec![Align::Left, Align::Left]);
        for part in self.parts.iter().filter(|_| withheld.is_empty()) {
            table.row(vec![part.name.clone(), readable(&part.bytes)]);
        }
        print(table.take().trim_end());
        let mut table = Table::of(&["CLASS", "VALUES", "SEEN", "DECIDED BY"]);
        for class in &self.classes {
            let seen = if class.masked { "masked" } else { "clear" };
            table.row(vec![class.name.clone(), class.values.to_string(), seen.to_owned(), class.rule.clone()]);
        }
        if self.classes.is_empty() && self.may_read.allowed() {
            print("masking.yaml selects nothing in records of this topic");
        } else if !self.classes.is_empty() {
            print(&format!("\n{}", table.take().trim_end()));
        }
    }
}
