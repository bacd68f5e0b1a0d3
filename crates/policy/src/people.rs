//! Whom rules and topics name: callers and groups by id, with the place, so that a name that nobody can have is seen.

use std::collections::BTreeSet;
use std::fmt;

use cedar_policy::Policy as CedarPolicy;
use tidegate_model::CallerKind;

use crate::decide::Policy;
use crate::looks::Looks;
use crate::topics::FILE;

/// A caller or group that a policy names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedOne {
    /// Where: `file:line`, or the file of topics.
    pub place: String,
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

impl fmt::Display for NamedOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            NamedKind::User => "User",
            NamedKind::Workload => "Workload",
            NamedKind::Group => "Group",
        };
        let place = &self.place;
        match &self.rule {
            Some(rule) => write!(f, "{place}: the rule {rule:?} names {kind}::{:?}", self.name),
            None => write!(f, "{place}: an owner is {kind}::{:?}", self.name),
        }
    }
}

impl Policy {
    /// Everybody whom the rules and the file of topics name by id, in the order of their places.
    #[must_use]
    pub fn people(&self) -> Vec<NamedOne> {
        let mut people = BTreeSet::new();
        for rule in self.every_rule() {
            let json = CedarPolicy::parse(None, &rule.text).ok().and_then(|parsed| parsed.to_json().ok());
            let mut looks = Looks::default();
            looks.add(&json.unwrap_or_default());
            let place = format!("{}:{}", rule.file, rule.line);
            let named = |kind, name| NamedOne { place: place.clone(), rule: Some(rule.id.clone()), kind, name };
            people.extend(looks.groups.into_iter().map(|name| named(NamedKind::Group, name)));
            people.extend(looks.callers.into_iter().map(|(kind, name)| match kind {
                CallerKind::User => named(NamedKind::User, name),
                CallerKind::Workload => named(NamedKind::Workload, name),
            }));
        }
        let owner =
            |name: &String| NamedOne { place: FILE.to_owned(), rule: None, kind: NamedKind::Group, name: name.clone() };
        people.extend(self.topics().owners().map(owner));
        people.into_iter().collect()
    }
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
        let people = Policy::load(dir.path()).unwrap().people();
        let said: Vec<String> = people.iter().map(NamedOne::to_string).collect();
        let expected = [
            r#"a.cedar:1: the rule "one" names Group::"corp:a""#,
            r#"a.cedar:4: the rule "a.cedar#2" names User::"corp:ann""#,
            r#"a.cedar:4: the rule "a.cedar#2" names User::"corp:bob""#,
            r#"a.cedar:5: the rule "three" names Workload::"mesh:spiffe://example.org/x""#,
            r#"topics.yaml: an owner is Group::"corp:owners""#,
        ];
        assert_eq!(said, expected);
        let issuers: Vec<_> = people.iter().map(NamedOne::issuer).collect();
        assert_eq!(issuers, ["corp", "corp", "corp", "mesh", "corp"]);
    }
}
