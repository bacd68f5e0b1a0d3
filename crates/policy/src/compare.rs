//! What changes between two policies: rules, facts of topics, and for whom the answers change.
//!
//! The answers are found by asking both policies the same questions, made of everything that either of them names. It is no
//! proof: what no question stands for is not seen. `tidegate policy prove` proves.

mod questions;

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::Policy as CedarPolicy;
use serde_json::Value;
use tidegate_model::Action;

use crate::asked::{Around, Asked, Who};
use crate::decide::{Effect, Policy};
use crate::rule::Rule;
use crate::topics::TopicFacts;
use questions::Questions;

/// What changes between two policies.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Rules that are not the same, by id.
    pub rules: Vec<RuleChange>,
    /// Rows of `topics.yaml` that are not the same, by name or pattern.
    pub topics: Vec<TopicChange>,
    /// Aliases that are not the same.
    pub aliases: Vec<AliasChange>,
    /// `masking.yaml` and schemas that are not the same. What a caller is shown may change with them where no answer does.
    pub files: Vec<FileChange>,
    /// Answers that are not the same. By an alias is asked about its topic, which may be another one than before.
    pub answers: Vec<AnswerChange>,
    /// How many questions were asked.
    pub asked: usize,
    /// Which questions were left out because there would have been too many.
    pub left_out: Vec<String>,
}

/// What became of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleFate {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It says something else.
    Changed,
    /// It says the same in other words: form, comments or annotations.
    Reworded,
}

impl RuleFate {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RuleFate::Added => "added",
            RuleFate::Removed => "removed",
            RuleFate::Changed => "changed",
            RuleFate::Reworded => "reworded",
        }
    }
}

/// A rule that is not the same.
#[derive(Clone, Debug)]
pub struct RuleChange {
    /// Its id.
    pub id: String,
    /// What became of it.
    pub fate: RuleFate,
    /// As it was.
    pub before: Option<Rule>,
    /// As it is.
    pub after: Option<Rule>,
}

/// A row of `topics.yaml` that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicChange {
    /// Name or pattern.
    pub row: String,
    /// What it said.
    pub before: Option<TopicFacts>,
    /// What it says.
    pub after: Option<TopicFacts>,
}

/// An alias that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasChange {
    /// The alias.
    pub alias: String,
    /// The topic that it stood for.
    pub before: Option<String>,
    /// The topic that it stands for.
    pub after: Option<String>,
}

/// A file about masks that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its name, or its path in the folder.
    pub name: String,
    /// Added, removed or changed.
    pub fate: RuleFate,
}

/// Answers that change in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerChange {
    /// For whom. `any:user` and `any:workload` stand for anybody with these groups.
    pub who: Who,
    /// For what.
    pub action: Action,
    /// The answer as it was.
    pub before: Effect,
    /// The answer as it is.
    pub after: Effect,
    /// The rules that decided.
    pub before_by: String,
    /// The rules that decide.
    pub after_by: String,
    /// On which resources; one empty name for the cluster and the gate.
    pub names: BTreeSet<String>,
    /// An example of the circumstances and the partition, where the answer does not change in all of them.
    pub only_when: Option<(Around, Option<i32>)>,
}

/// Compares two policies.
#[must_use]
pub fn compare(old: &Policy, new: &Policy) -> Comparison {
    let rules = rules(old, new);
    let topics = topics(old, new);
    let aliases = aliases(old, new);
    let files = files(old, new);
    let mut comparison =
        Comparison { rules, topics, aliases, files, answers: Vec::new(), asked: 0, left_out: Vec::new() };
    let same_meaning = comparison.rules.iter().all(|rule| rule.fate == RuleFate::Reworded && !lifts_otherwise(rule));
    if same_meaning && comparison.topics.is_empty() && comparison.aliases.is_empty() {
        return comparison;
    }
    let questions = Questions::of(old, new);
    let mut found: BTreeMap<Key, AnswerChange> = BTreeMap::new();
    for who in &questions.subjects {
        for (action, name) in &questions.targets {
            comparison.asked += questions.circumstances.len();
            for change in changes(old, new, &questions, who, *action, name) {
                let key = Key {
                    who: who.clone(),
                    action: *action,
                    by: (change.before_by.clone(), change.after_by.clone()),
                    always: change.only_when.is_none(),
                };
                found.entry(key).or_insert(change).names.insert(name.clone());
            }
        }
    }
    comparison.left_out = questions.left_out;
    comparison.answers = without_echoes(found.into_values().collect());
    comparison
}

fn files(old: &Policy, new: &Policy) -> Vec<FileChange> {
    let (old, new) = (old.about_masks(), new.about_masks());
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |name: &String| {
        let fate = match (old.get(name), new.get(name)) {
            (None, _) => RuleFate::Added,
            (_, None) => RuleFate::Removed,
            (before, after) if before == after => return None,
            _ => RuleFate::Changed,
        };
        Some(FileChange { name: name.clone(), fate })
    };
    names.into_iter().filter_map(change).collect()
}

fn aliases(old: &Policy, new: &Policy) -> Vec<AliasChange> {
    let of = |policy: &Policy, alias: &str| policy.topics().aliases().topic(alias).map(|topic| (**topic).to_owned());
    let names: BTreeSet<&str> =
        [old, new].iter().flat_map(|policy| policy.topics().aliases().all()).map(|(alias, _)| alias).collect();
    let change = |alias: &str| AliasChange { alias: alias.to_owned(), before: of(old, alias), after: of(new, alias) };
    names.into_iter().map(change).filter(|change| change.before != change.after).collect()
}

/// Without what changes for callers of two groups just as it changes for those of one of them.
fn without_echoes(mut answers: Vec<AnswerChange>) -> Vec<AnswerChange> {
    let size = |who: &Who| who.groups.as_ref().map_or(0, Vec::len);
    let (ones, pairs): (Vec<AnswerChange>, Vec<AnswerChange>) =
        answers.drain(..).partition(|change| size(&change.who) < 2);
    let told = |pair: &AnswerChange| {
        ones.iter().any(|one| {
            let within = |group: &String| pair.who.groups.as_ref().is_some_and(|groups| groups.contains(group));
            one.who.kind == pair.who.kind
                && one.who.groups.as_ref().is_some_and(|groups| groups.iter().all(within))
                && (one.action, one.before, one.after) == (pair.action, pair.before, pair.after)
                && one.only_when.is_some() == pair.only_when.is_some()
                && pair.names.is_subset(&one.names)
        })
    };
    let pairs: Vec<AnswerChange> = pairs.into_iter().filter(|pair| !told(pair)).collect();
    answers.extend(ones);
    answers.extend(pairs);
    answers
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    who: Who,
    action: Action,
    by: (String, String),
    always: bool,
}

/// How the answers to one question change over all circumstances.
fn changes(
    old: &Policy,
    new: &Policy,
    questions: &Questions,
    who: &Who,
    action: Action,
    name: &str,
) -> Vec<AnswerChange> {
    let mut found: BTreeMap<(String, String), (usize, AnswerChange)> = BTreeMap::new();
    for (around, partition) in &questions.circumstances {
        let asked = Asked {
            who: who.clone(),
            around: around.clone(),
            action,
            name: name.to_owned(),
            partition: partition.filter(|_| action.applies_to() == tidegate_model::ResourceKind::Topic),
        };
        let (before, after) = (asked.decide(old), asked.decide(new));
        if before.effect == after.effect {
            continue;
        }
        let by = (before.rule.to_string(), after.rule.to_string());
        let (times, _) = found.entry(by.clone()).or_insert_with(|| {
            let change = AnswerChange {
                who: who.clone(),
                action,
                before: before.effect,
                after: after.effect,
                before_by: by.0,
                after_by: by.1,
                names: BTreeSet::new(),
                only_when: Some((asked.around, asked.partition)),
            };
            (0, change)
        });
        *times += 1;
    }
    let all = questions.circumstances.len();
    let always = |(times, change): (usize, AnswerChange)| match times == all {
        true => AnswerChange { only_when: None, ..change },
        false => change,
    };
    found.into_values().map(always).collect()
}

fn rules(old: &Policy, new: &Policy) -> Vec<RuleChange> {
    let ids: BTreeSet<&String> = old.every_rule().chain(new.every_rule()).map(|rule| &rule.id).collect();
    let change = |id: &String| {
        let (before, after) = (old.rule(id), new.rule(id));
        let fate = match (before, after) {
            (None, _) => RuleFate::Added,
            (_, None) => RuleFate::Removed,
            (Some(before), Some(after)) if before.text == after.text => return None,
            (Some(before), Some(after)) if meaning(before) == meaning(after) => RuleFate::Reworded,
            _ => RuleFate::Changed,
        };
        Some(RuleChange { id: id.clone(), fate, before: before.cloned(), after: after.cloned() })
    };
    ids.into_iter().filter_map(change).collect()
}

/// The rule without its annotations and form; nothing where Cedar does not read it, which is equal to nothing else.
fn meaning(rule: &Rule) -> Option<Value> {
    let mut json = CedarPolicy::parse(None, &rule.text).ok()?.to_json().ok()?;
    json.as_object_mut()?.remove("annotations");
    Some(json)
}

/// Whether an approval lifts the rule now and did not before, or the other way round.
fn lifts_otherwise(change: &RuleChange) -> bool {
    let lifts = |rule: &Option<Rule>| rule.as_ref().is_some_and(|rule| rule.on_approval);
    lifts(&change.before) != lifts(&change.after)
}

fn topics(old: &Policy, new: &Policy) -> Vec<TopicChange> {
    let rows = |policy: &Policy| -> BTreeMap<String, TopicFacts> {
        policy.topics().all().map(|(row, facts)| (row.clone(), facts.clone())).collect()
    };
    let (old, new) = (rows(old), rows(new));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let change = |row: &String| {
        let (before, after) = (old.get(row).cloned(), new.get(row).cloned());
        (before != after).then(|| TopicChange { row: row.clone(), before, after })
    };
    names.into_iter().filter_map(change).collect()
}

#[cfg(test)]
mod tests;
