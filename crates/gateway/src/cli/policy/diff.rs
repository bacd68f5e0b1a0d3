//! `tidegate policy diff`.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use tidegate_policy::{
    AliasChange, AnswerChange, Comparison, Effect, RuleChange, RuleFate, TopicChange, TopicFacts, compare,
};

use super::{load, refuse};
use crate::cli::evidence::table::{Align, Table, shown};
use crate::cli::{Output, print};

/// Names that a person sees in one cell.
const NAMES_SHOWN: usize = 6;
/// Changed answers that a person sees; the rest is counted.
const ROWS_SHOWN: usize = 200;
/// The longest cell.
const CELL_MAX: usize = 120;

/// Compares two folders.
pub(crate) fn run(old: &Path, new: &Path, output: Output) -> ExitCode {
    let (old, new) = match load(old).and_then(|old| Ok((old, load(new)?))) {
        Ok(both) => both,
        Err(errors) => return refuse(errors, output),
    };
    let comparison = compare(&old, &new);
    match output {
        Output::Table => print(&told(&comparison)),
        Output::Json => print(&as_json(&comparison).to_string()),
    }
    ExitCode::SUCCESS
}

fn told(comparison: &Comparison) -> String {
    let mut text = String::new();
    let only_files = comparison.rules.is_empty() && comparison.topics.is_empty() && comparison.aliases.is_empty();
    if only_files && comparison.files.is_empty() {
        return "no difference".to_owned();
    }
    for change in &comparison.rules {
        text.push_str(&rule(change));
    }
    for change in &comparison.topics {
        text.push_str(&topic(change));
    }
    for change in &comparison.aliases {
        text.push_str(&alias(change));
    }
    for change in &comparison.files {
        text.push_str(&format!(
            "{} file {}  {}\n",
            sign(change.fate),
            shown(&change.name, CELL_MAX),
            change.fate.name()
        ));
    }
    if only_files {
        text.push_str("\nno rule changes, but what callers are shown may: try records with `tidegate mask try`");
        return text;
    }
    if comparison.answers.is_empty() {
        text.push_str(&format!("\nno answer changes ({} questions)", comparison.asked));
    } else {
        text.push_str(&answers(&comparison.answers));
        text.push_str(&format!("\n{} questions were asked", comparison.asked));
    }
    if !comparison.left_out.is_empty() {
        text.push_str(&format!("; left out, because there are too many: {}", comparison.left_out.join(", ")));
    }
    text
}

fn sign(fate: RuleFate) -> char {
    match fate {
        RuleFate::Added => '+',
        RuleFate::Removed => '-',
        RuleFate::Changed => '~',
        RuleFate::Reworded => '=',
    }
}

fn rule(change: &RuleChange) -> String {
    let sign = sign(change.fate);
    let place = change.after.as_ref().or(change.before.as_ref());
    let place = place.map(|rule| format!("{}:{}", rule.file, rule.line)).unwrap_or_default();
    format!("{sign} rule {}  {}  {place}\n", shown(&change.id, CELL_MAX), change.fate.name())
}

fn topic(change: &TopicChange) -> String {
    let row = shown(&change.row, CELL_MAX);
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ topic {row}  {}\n", facts(after)),
        (Some(before), None) => format!("- topic {row}  {}\n", facts(before)),
        (Some(before), Some(after)) => format!("~ topic {row}  {} -> {}\n", facts(before), facts(after)),
        (None, None) => String::new(),
    }
}

fn alias(change: &AliasChange) -> String {
    let name = shown(&change.alias, CELL_MAX);
    let topic = |topic: &str| shown(topic, CELL_MAX);
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ alias {name}  of {}\n", topic(after)),
        (Some(before), None) => format!("- alias {name}  of {}\n", topic(before)),
        (Some(before), Some(after)) => format!("~ alias {name}  of {} -> of {}\n", topic(before), topic(after)),
        (None, None) => String::new(),
    }
}

fn facts(facts: &TopicFacts) -> String {
    let tags = facts.tags.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let owner = facts.owner.as_ref().map(|owner| format!(", owner {owner}")).unwrap_or_default();
    shown(&format!("domain {}, env {}, {}, tags [{tags}]{owner}", facts.domain, facts.env, facts.tier), CELL_MAX)
}

fn answers(changes: &[AnswerChange]) -> String {
    let columns = ["", "WHO", "ACTION", "ON", "BEFORE", "AFTER", "WHEN"];
    let mut table = Table::new(columns.map(|name| (name.to_owned(), Align::Left)).to_vec());
    for change in changes.iter().take(ROWS_SHOWN) {
        let names: Vec<&str> = change.names.iter().filter(|name| !name.is_empty()).map(String::as_str).collect();
        let more = names.len().saturating_sub(NAMES_SHOWN);
        let mut on = names.into_iter().take(NAMES_SHOWN).collect::<Vec<_>>().join(" ");
        if more > 0 {
            on.push_str(&format!(" and {more} more"));
        }
        let when = change.only_when.as_ref().map(|(around, partition)| {
            let partition = partition.map(|partition| format!(" partition {partition}")).unwrap_or_default();
            let mfa = around.mfa_age.map_or_else(|| "none".to_owned(), |age| age.to_string());
            let tls = if around.tls { "" } else { " no TLS" };
            format!("such as address {} hour {} mfaAge {mfa}{tls}{partition}", around.address, around.hour)
        });
        table.row(vec![
            verb(change).to_owned(),
            shown(&change.who.to_string(), CELL_MAX),
            change.action.name().to_owned(),
            shown(&on, CELL_MAX),
            format!("{} by {}", change.before.name(), change.before_by),
            format!("{} by {}", change.after.name(), change.after_by),
            when.unwrap_or_default(),
        ]);
    }
    let more = changes.len().saturating_sub(ROWS_SHOWN);
    let more = if more > 0 { format!("… and {more} more; --output json has all\n") } else { String::new() };
    format!("\n{}{more}", table.take())
}

fn verb(change: &AnswerChange) -> &'static str {
    match (change.before, change.after) {
        (_, Effect::Allow) => "gains",
        (Effect::Allow, _) => "loses",
        _ => "changes",
    }
}

fn as_json(comparison: &Comparison) -> Value {
    let rules: Vec<Value> = comparison
        .rules
        .iter()
        .map(|change| {
            let text = |rule: &Option<tidegate_policy::Rule>| {
                rule.as_ref().map(|rule| json!({"file": rule.file, "line": rule.line, "text": rule.text}))
            };
            json!({"id": change.id, "change": change.fate.name(), "before": text(&change.before), "after": text(&change.after)})
        })
        .collect();
    let facts = |facts: &Option<TopicFacts>| {
        facts.as_ref().map(|facts| {
            json!({"domain": facts.domain, "owner": facts.owner, "env": facts.env, "tier": facts.tier, "tags": facts.tags})
        })
    };
    let topics: Vec<Value> = comparison
        .topics
        .iter()
        .map(|change| json!({"row": change.row, "before": facts(&change.before), "after": facts(&change.after)}))
        .collect();
    let answers: Vec<Value> = comparison
        .answers
        .iter()
        .map(|change| {
            json!({
                "change": verb(change), "who": change.who.to_string(), "action": change.action.name(), "on": change.names,
                "before": {"effect": change.before.name(), "by": change.before_by},
                "after": {"effect": change.after.name(), "by": change.after_by},
                "always": change.only_when.is_none(),
                "for_example": change.only_when.as_ref().map(|(around, partition)| json!({
                    "address": around.address.to_string(), "hour": around.hour, "mfaAge": around.mfa_age, "tls": around.tls,
                    "clientId": around.client_id, "partition": partition,
                })),
            })
        })
        .collect();
    let aliases: Vec<Value> = comparison
        .aliases
        .iter()
        .map(|change| json!({"alias": change.alias, "before": change.before, "after": change.after}))
        .collect();
    let files = comparison.files.iter().map(|change| json!({"file": change.name, "change": change.fate.name()}));
    json!({
        "rules": rules, "topics": topics, "aliases": aliases, "files": files.collect::<Vec<_>>(), "answers": answers, "questions": comparison.asked,
        "left_out": comparison.left_out,
    })
}
