//! Whom rules and topics name: callers and groups by id, with the place, so that a name that nobody can have is seen.

use std::fmt;

use tidegate_model::CallerKind;

use crate::decide::Policy;
use crate::error::Place;
use crate::rule::ReadRule;
use crate::topics::{FILE, Topics};

/// A caller or group that a policy names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedOne {
    /// Where; `None` in the file of topics.
    pub place: Option<Place>,
    /// The rule's id; `None` in the file of topics.
    pub rule: Option<String>,
    /// What it is.
    pub kind: NamedKind,
    /// `issuer:name`, as it stands there.
    pub name: String,
}

/// What a policy names by an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedKind {
    /// A person.
    User,
    /// A machine.
    Workload,
    /// A group.
    Group,
}

impl NamedOne {
    /// The issuer's name, before the first colon; a policy in which one has none is refused.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.name.split_once(':').map_or(&self.name, |(issuer, _)| issuer)
    }
}

impl NamedKind {
    /// The entity type in rules.
    fn name(self) -> &'static str {
        match self {
            NamedKind::User => "User",
            NamedKind::Workload => "Workload",
            NamedKind::Group => "Group",
        }
    }
}

impl fmt::Display for NamedOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: ")?,
            None => write!(f, "{FILE}: ")?,
        }
        let (kind, name) = (self.kind.name(), &self.name);
        match &self.rule {
            Some(rule) => write!(f, "the rule {rule:?} names {kind}::{name:?}"),
            None => write!(f, "an owner is {kind}::{name:?}"),
        }
    }
}

impl Policy {
    /// Everybody whom the rules name by id, in the order of their places, then the owners of topics.
    #[must_use]
    pub fn people(&self) -> &[NamedOne] {
        &self.core.loaded.people
    }
}

/// Everybody whom the rules name by id, in the order of their places, then the owners of topics.
pub(crate) fn people(rules: &[ReadRule], topics: &Topics) -> Vec<NamedOne> {
    let mut people = Vec::new();
    for ReadRule { rule, names, .. } in rules {
        let callers = names.callers.iter().map(|(kind, name)| match kind {
            CallerKind::User => (NamedKind::User, name),
            CallerKind::Workload => (NamedKind::Workload, name),
        });
        for (kind, name) in names.groups.iter().map(|name| (NamedKind::Group, name)).chain(callers) {
            let place = rule.place_of(&[format!("{}::{name:?}", kind.name()), format!("{name:?}")]);
            people.push(NamedOne { place: Some(place), rule: Some(rule.id.clone()), kind, name: name.clone() });
        }
    }
    people.sort_unstable();
    let mut owners: Vec<&String> = topics.owners().collect();
    owners.sort_unstable();
    owners.dedup();
    let owner = |name: &String| NamedOne { place: None, rule: None, kind: NamedKind::Group, name: name.clone() };
    people.extend(owners.into_iter().map(owner));
    people
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_is_found_with_the_place() {
        let dir = tempfile::tempdir().unwrap();
        let rules = r#"@id("one")
permit (principal in Group::"corp:a", action, resource) when { context.tls };

forbid (principal is User, action, resource) unless { [User::"corp:ann", User::"corp:bob"].contains(principal) };
@id("three")
permit (principal == Workload::"mesh:spiffe://example.org/x", action == Action::"consume", resource);
"#;
        std::fs::write(dir.path().join("a.cedar"), rules).unwrap();
        std::fs::write(dir.path().join(FILE), "- name: orders\n  owner: corp:owners\n").unwrap();
        let policy = Policy::load(dir.path()).unwrap();
        let people = policy.people();
        let said: Vec<String> = people.iter().map(NamedOne::to_string).collect();
        let expected = [
            r#"a.cedar:2:22: the rule "one" names Group::"corp:a""#,
            r#"a.cedar:4:56: the rule "a.cedar#2" names User::"corp:ann""#,
            r#"a.cedar:4:74: the rule "a.cedar#2" names User::"corp:bob""#,
            r#"a.cedar:6:22: the rule "three" names Workload::"mesh:spiffe://example.org/x""#,
            r#"topics.yaml: an owner is Group::"corp:owners""#,
        ];
        assert_eq!(said, expected);
        let issuers: Vec<_> = people.iter().map(NamedOne::issuer).collect();
        assert_eq!(issuers, ["corp", "corp", "corp", "mesh", "corp"]);
    }
}
