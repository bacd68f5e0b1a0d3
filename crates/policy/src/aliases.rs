//! Names by which clients may call topics that are called otherwise. Rules, facts, blocks and evidence know a topic by its own
//! name alone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::topics::NAME_MAX;

/// The aliases of a policy. None of them leads to another.
#[derive(Debug, Default)]
pub struct Aliases {
    by_alias: HashMap<Box<str>, Arc<str>>,
    topics: HashSet<Arc<str>>,
}

impl Aliases {
    /// Says whether the alias stood there already.
    pub(crate) fn add(&mut self, alias: &str, topic: &str) -> Result<bool, String> {
        for name in [alias, topic] {
            if !is_topic_name(name) {
                return Err(format!("{name:?} is no name of a topic: write 1 to {NAME_MAX} of a-z A-Z 0-9 . _ -"));
            }
            if name.starts_with("__") {
                return Err(format!("{name:?} is a topic of the cluster's own, which has no other name"));
            }
        }
        if alias == topic {
            return Err(format!("{alias:?} is its own alias"));
        }
        let topic: Arc<str> = topic.into();
        self.topics.insert(Arc::clone(&topic));
        Ok(self.by_alias.insert(alias.into(), topic).is_some())
    }

    /// An alias that would mean two things, and why; `is_named` says which topics have a row.
    pub(crate) fn refused(&self, is_named: impl Fn(&str) -> bool) -> Option<(&str, String)> {
        let mut all: Vec<(&str, &str)> = self.all().collect();
        all.sort_unstable();
        all.into_iter().find_map(|(name, topic)| {
            if is_named(name) {
                return Some((name, format!("the alias {name:?} has a row of its own: it is a topic, or an alias")));
            }
            let chain = self.by_alias.contains_key(topic);
            chain.then(|| (name, format!("{topic:?} is an alias itself: name the topic that it stands for")))
        })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_alias.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_alias.len()
    }

    /// The topic that the alias stands for; `None` for a name that is no alias.
    #[must_use]
    pub fn topic(&self, alias: &str) -> Option<&Arc<str>> {
        self.by_alias.get(alias)
    }

    /// Whether some alias stands for this topic.
    #[must_use]
    pub fn names_topic(&self, topic: &str) -> bool {
        self.topics.contains(topic)
    }

    /// Alias and topic of each, in no order.
    pub fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.by_alias.iter().map(|(name, topic)| (&**name, &**topic))
    }
}

/// Kafka's rule (`Topic.validate`).
pub(crate) fn is_topic_name(name: &str) -> bool {
    (1..=NAME_MAX).contains(&name.len())
        && name != "."
        && name != ".."
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use tidegate_model::{Action, CallerKind};

    use crate::asked::{Around, Asked, Who};
    use crate::compare::{AliasChange, compare};
    use crate::decide::Policy;
    use crate::error::PolicyError;
    use crate::explain::explain;
    use crate::folder::PolicyFiles;
    use crate::replay::{Recorded, replay};

    const RULES: &str = r#"@id("sales") permit (principal, action == Action::"consume", resource in Domain::"sales");
        @id("any") permit (principal, action == Action::"createAnyTopic", resource);"#;
    const TOPICS: &str = "- {name: orders-v2, domain: sales}\n";

    fn load(rules: &str, topics: &str) -> Result<Policy, PolicyError> {
        let files = [("a.cedar", rules), ("topics.yaml", topics)];
        Policy::from_files(
            &files.map(|(name, text)| (name.to_owned(), text.to_owned())).into_iter().collect::<PolicyFiles>(),
        )
    }

    fn with(aliases: &str) -> Policy {
        load(RULES, &format!("{TOPICS}{aliases}")).unwrap()
    }

    fn consume(name: &str) -> Asked {
        let who = Who::parse(CallerKind::User, "i:ann", Some(Vec::new())).unwrap();
        Asked { who, around: Around::usual(), action: Action::Consume, name: name.to_owned(), partition: None }
    }

    #[test]
    fn an_alias_by_itself_is_denied_whatever_the_rules_say() {
        let rules =
            r#"@id("all") permit (principal, action, resource); @id("orders") permit (principal, action, resource);"#;
        let policy = load(rules, "- {alias: orders, topic: orders-v2}\n").unwrap();
        let asked = consume("orders");
        for _again in 0..2 {
            let decision = policy.decide(&asked.entitlement(&policy), asked.question());
            assert_eq!((decision.effect.name(), &*decision.rule), ("deny", "alias:orders"));
            assert_eq!(policy.rules_in(&decision.rule).count(), 0, "the rule of that name did not decide");
        }
        // A group may be called so.
        let asked = Asked { action: Action::JoinGroup, ..asked };
        assert!(asked.decide(&policy).allowed());
    }

    #[test]
    fn a_question_about_an_alias_is_one_about_its_topic_and_explained_so() {
        let policy = with("- {alias: orders, topic: orders-v2}\n");
        assert_eq!(&*consume("orders").decide(&policy).rule, "sales");
        let told = explain(&policy, &consume("orders"));
        assert_eq!((told.asked.name.as_str(), told.alias.as_deref()), ("orders-v2", Some("orders")));
        assert!(told.to_string().contains("orders stands for orders-v2"), "{told}");
        assert_eq!(told.json()["question"]["alias"], "orders");
        assert!(explain(&policy, &consume("orders-v2")).alias.is_none());
    }

    #[test]
    fn a_comparison_says_which_aliases_change_and_for_whom() {
        let (old, new) = (with(""), with("- {alias: orders, topic: orders-v2}\n"));
        let comparison = compare(&old, &new);
        let change = AliasChange { alias: "orders".into(), before: None, after: Some("orders-v2".into()) };
        assert_eq!(comparison.aliases, [change]);
        let gains = comparison.answers.iter().any(|answer| {
            answer.action == Action::Consume && answer.after.name() == "allow" && answer.names.contains("orders")
        });
        assert!(gains, "{:?}", comparison.answers);
        assert!(compare(&new, &new).aliases.is_empty());
    }

    #[test]
    fn a_dry_run_knows_names_that_become_aliases() {
        let (old, new) = (with("- {name: orders, domain: sales}\n"), with("- {alias: orders, topic: elsewhere}\n"));
        let row = Recorded { asked: consume("orders"), allowed: true, count: 3, coarse: false };
        let changes = replay(&old, &new, [row].into_iter());
        assert_eq!((changes.lose, changes.changes[0].alias_of.as_deref()), (1, Some("elsewhere")));
    }

    #[test]
    fn a_rule_about_an_alias_is_refused() {
        let aliases = format!("{TOPICS}- {{alias: orders, topic: orders-v2}}\n");
        for rule in [
            r#"forbid (principal, action, resource == Topic::"orders");"#,
            r#"forbid (principal, action == Action::"consume", resource) when { resource.name == "orders" };"#,
            r#"permit (principal, action, resource) when { resource == Topic::"orders" };"#,
        ] {
            let error = load(rule, &aliases).unwrap_err().to_string();
            assert!(
                error.contains("a.cedar:1") && error.contains("is an alias") && error.contains("orders-v2"),
                "{error}"
            );
        }
        for rule in [
            r#"permit (principal, action == Action::"joinGroup", resource == ConsumerGroup::"orders");"#,
            r#"permit (principal, action == Action::"joinGroup", resource) when { resource.name == "orders" };"#,
            r#"permit (principal, action, resource) when { resource.name == "orders" };"#,
            r#"permit (principal, action, resource == Topic::"orders-v2");"#,
        ] {
            assert!(load(rule, &aliases).is_ok(), "{rule}");
        }
    }
}
