//! What rules name: whom, what, and which values of the circumstances. Questions that could tell two policies apart are made of
//! it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use cedar_policy::Policy as CedarPolicy;
use serde_json::Value;
use tidegate_model::{Action, CallerKind, ResourceKind};

use crate::decide::Policy;

/// Names and values in the rules of a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    /// Users and workloads.
    pub callers: BTreeSet<(CallerKind, String)>,
    /// Groups of callers.
    pub groups: BTreeSet<String>,
    /// Names of topics, consumer groups and transactional ids; a star of a pattern is left out of it.
    pub names: BTreeSet<String>,
    /// Resources by type and id.
    pub entities: BTreeSet<(String, String)>,
    pub domains: BTreeSet<String>,
    pub tags: BTreeSet<String>,
    /// What `resource.env` and `resource.tier` are compared with.
    pub envs: BTreeSet<String>,
    pub tiers: BTreeSet<String>,
    /// Groups that `resource.owner` is compared with.
    pub owners: BTreeSet<String>,
    /// Classes of fields.
    pub classes: BTreeSet<String>,
    /// What `resource.name` is compared with, without patterns.
    pub exact_names: BTreeSet<String>,
    /// What `resource.topic` of fields is compared with, without patterns.
    pub topics: BTreeSet<String>,
    /// Addresses inside the ranges that rules name.
    pub addresses: BTreeSet<IpAddr>,
    /// What `context.clientId` is compared with.
    pub client_ids: BTreeSet<String>,
    /// Numbers that `context.partition` is compared with, and those beside them.
    pub partitions: BTreeSet<i32>,
}

impl Named {
    /// What the rules and `topics.yaml` of the policy name.
    pub(crate) fn of(policy: &Policy) -> Named {
        let mut named = Named::default();
        for rule in policy.every_rule() {
            let json = CedarPolicy::parse(None, &rule.text).ok().and_then(|rule| rule.to_json().ok());
            named.merge(Named::in_rule(&json.unwrap_or_default(), &rule.actions));
        }
        named.classes.extend(policy.masking().classes().map(str::to_owned));
        for (name, facts) in policy.topics().all() {
            named.names.insert(example(name));
            named.domains.insert(facts.domain.clone());
            named.tags.extend(facts.tags.iter().cloned());
            named.groups.extend(facts.owner.iter().cloned());
        }
        for (alias, topic) in policy.topics().aliases().all() {
            named.names.extend([alias.to_owned(), topic.to_owned()]);
        }
        named
    }

    /// What a rule, in Cedar's JSON form, names. Names of fields are those of classes.
    pub(crate) fn in_rule(json: &Value, actions: &[Action]) -> Named {
        let mut named = Named::default();
        named.add(json);
        if actions.iter().all(|action| action.applies_to() == ResourceKind::Field) {
            let classes = std::mem::take(&mut named.exact_names);
            named.names.retain(|name| !classes.contains(name));
            named.classes.extend(classes);
        }
        named.names.extend(named.topics.iter().cloned());
        named
    }

    /// Adds what another policy names.
    pub(crate) fn merge(&mut self, other: Named) {
        self.callers.extend(other.callers);
        self.groups.extend(other.groups);
        self.names.extend(other.names);
        self.entities.extend(other.entities);
        self.domains.extend(other.domains);
        self.tags.extend(other.tags);
        self.envs.extend(other.envs);
        self.tiers.extend(other.tiers);
        self.owners.extend(other.owners);
        self.classes.extend(other.classes);
        self.exact_names.extend(other.exact_names);
        self.topics.extend(other.topics);
        self.addresses.extend(other.addresses);
        self.client_ids.extend(other.client_ids);
        self.partitions.extend(other.partitions);
    }

    /// Adds what a rule, in Cedar's JSON form, names.
    pub(crate) fn add(&mut self, json: &Value) {
        match json {
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(map) => {
                if let (Some(Value::String(kind)), Some(Value::String(id))) = (map.get("type"), map.get("id")) {
                    self.add_entity(kind, id);
                }
                for (key, value) in map {
                    self.add_operation(key, value);
                    self.add(value);
                }
            }
            _ => {}
        }
    }

    fn add_entity(&mut self, kind: &str, id: &str) {
        let id = id.to_owned();
        match kind {
            "User" => _ = self.callers.insert((CallerKind::User, id)),
            "Workload" => _ = self.callers.insert((CallerKind::Workload, id)),
            "Group" => _ = self.groups.insert(id),
            "Topic" | "ConsumerGroup" | "TransactionalId" => {
                self.entities.insert((kind.to_owned(), id.clone()));
                self.names.insert(id);
            }
            "Domain" => _ = self.domains.insert(id),
            "Tag" => _ = self.tags.insert(id),
            "FieldClass" => _ = self.classes.insert(id),
            _ => {}
        }
    }

    /// A comparison of an attribute with a literal, or with a set of them.
    fn add_operation(&mut self, operator: &str, value: &Value) {
        if operator == "ip" {
            let text = value.get(0).and_then(|argument| argument.get("Value")).and_then(Value::as_str);
            self.addresses.extend(text.and_then(inside));
            return;
        }
        let (left, right) = (value.get("left"), value.get("right"));
        let pattern = value.get("pattern").map(literal_of_pattern);
        for (side, other) in [(left, right), (right, left)] {
            let Some(attribute) = side.and_then(|side| side.get(".")).and_then(|access| access.get("attr")) else {
                continue;
            };
            let literals = other.map(literals).unwrap_or_default();
            let texts = literals.iter().filter_map(|literal| literal.as_str()).map(str::to_owned);
            match attribute.as_str() {
                Some("name") => {
                    self.exact_names.extend(texts.clone());
                    self.names.extend(texts.chain(pattern.clone()));
                }
                Some("topic") => self.topics.extend(texts),
                Some("clientId") => self.client_ids.extend(texts.chain(pattern.clone())),
                Some("domain") => self.domains.extend(texts),
                Some("env") => self.envs.extend(texts),
                Some("tier") => self.tiers.extend(texts),
                Some("tags") => self.tags.extend(texts),
                Some("owner") => self.owners.extend(literals.iter().filter_map(|literal| group(literal))),
                Some("partition") => {
                    let numbers = literals.iter().filter_map(|literal| literal.as_i64());
                    let numbers = numbers.filter_map(|number| i32::try_from(number).ok());
                    let beside = numbers.flat_map(|at| [at.checked_sub(1), Some(at), at.checked_add(1)]);
                    self.partitions.extend(beside.flatten().filter(|number| *number >= 0));
                }
                _ => {}
            }
        }
    }
}

/// The literal that an expression is, or those of a set of literals.
fn literals(expression: &Value) -> Vec<&Value> {
    match (expression.get("Value"), expression.get("Set").and_then(Value::as_array)) {
        (Some(Value::Array(items)), _) => items.iter().collect(),
        (Some(literal), _) => vec![literal],
        (None, Some(items)) => items.iter().filter_map(|item| item.get("Value")).collect(),
        (None, None) => Vec::new(),
    }
}

/// The group that a literal names.
fn group(literal: &Value) -> Option<String> {
    let entity = literal.get("__entity")?;
    let is_group = entity.get("type").and_then(Value::as_str) == Some("Group");
    entity.get("id").and_then(Value::as_str).filter(|_| is_group).map(str::to_owned)
}

/// A name that the pattern covers.
pub(crate) fn example(pattern: &str) -> String {
    pattern.replace('*', "example")
}

/// A text that the pattern of a `like` covers.
fn literal_of_pattern(pattern: &Value) -> String {
    let pieces = pattern.as_array().map(Vec::as_slice).unwrap_or_default();
    let piece = |piece: &Value| match piece.get("Literal").and_then(Value::as_str) {
        Some(literal) => literal.to_owned(),
        None => "example".to_owned(),
    };
    pieces.iter().map(piece).collect()
}

/// An address of a range such as `10.0.0.0/8`, or the address itself.
fn inside(range: &str) -> Option<IpAddr> {
    range.split('/').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_rules_and_topics_name() {
        let dir = tempfile::tempdir().unwrap();
        let rules = r#"permit (principal in Group::"i:g", action == Action::"consume", resource in Domain::"d")
            when { resource.name like "orders-*" && "x" == resource.name && context.address.isInRange(ip("10.0.0.0/8")) }
            unless { context has partition && context.partition > 3 };
            forbid (principal == Workload::"i:w", action, resource in Tag::"pci") when { context.clientId like "rd*" };"#;
        std::fs::write(dir.path().join("a.cedar"), rules).unwrap();
        std::fs::write(dir.path().join("topics.yaml"), "- {pattern: 'pay*', owner: 'i:o', domain: p, tags: [t]}\n")
            .unwrap();
        let named = Named::of(&Policy::load(dir.path()).unwrap());
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(named.groups, set(&["i:g", "i:o"]));
        assert_eq!(named.callers, BTreeSet::from([(CallerKind::Workload, "i:w".to_owned())]));
        assert_eq!(named.names, set(&["orders-example", "payexample", "x"]));
        assert_eq!((named.domains, named.tags), (set(&["d", "p"]), set(&["pci", "t"])));
        assert_eq!(named.addresses, BTreeSet::from([IpAddr::from([10, 0, 0, 0])]));
        assert_eq!(named.client_ids, set(&["rdexample"]));
        assert_eq!(named.partitions, BTreeSet::from([2, 3, 4]));
        assert_eq!(named.exact_names, set(&["x"]));
    }

    #[test]
    fn finds_what_attributes_and_sets_are_compared_with() {
        let rule = r#"forbid (principal, action, resource is Topic) when { ["prod", "live"].contains(resource.env) ||
            resource.tags.containsAny(["a", "b"]) || resource.tags.contains("c") || "tier9" != resource.tier ||
            resource.domain == "d" || (resource has owner && resource.owner == Group::"i:o") ||
            (context has partition && [7].contains(context.partition)) };"#;
        let mut named = Named::default();
        named.add(&CedarPolicy::parse(None, rule).unwrap().to_json().unwrap());
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!((named.envs, named.tiers), (set(&["prod", "live"]), set(&["tier9"])));
        assert_eq!((named.tags, named.domains, named.owners), (set(&["a", "b", "c"]), set(&["d"]), set(&["i:o"])));
        assert_eq!(named.partitions, BTreeSet::from([6, 7, 8]));
    }
}
