//! What a caller is told of a refusal, where a protocol has room for words: what was refused, by which rule, and whom to ask.
//!
//! It must not tell what the caller may not know. Decisions never look at whether a topic exists, only at its name and at what
//! `topics.yaml` says of that name. To who may not describe the topic the words are those that a topic of this name would get which
//! no row names.

use tidegate_model::{Action, Resource, ResourceKind, is_harmless};

use crate::asked::kind_word;
use crate::decide::{Asking, Effect, Question};
use crate::rule::Rule;

/// The longest text, in characters.
const WORDS_MAX: usize = 500;
/// The longest name, reason or person in it.
const PART_MAX: usize = 160;
/// Rules that are named; the evidence has all.
const RULES_MAX: usize = 3;

impl Asking<'_> {
    /// What the caller may be told of why it may not do this; `None` where it may. `called` is its own name for the resource. The text is short and has no control characters,
    /// whatever the client and the rules' authors wrote.
    #[must_use]
    pub fn words(&self, question: Question<'_>, called: &str) -> Option<String> {
        let mut decision = self.decide(question).into_owned();
        if decision.allowed() {
            return None;
        }
        let seen = self.sees(question);
        // a block of the caller or of an operation says nothing of a topic
        if !seen && (decision.effect != Effect::Blocked || self.is_of_topic(question)) {
            decision = self.policy.core.decide_unnamed(&self.who.class, question);
        }
        let rules: Vec<&Rule> = self.policy.rules_in(&decision.rule).take(RULES_MAX).collect();
        let what = of(question, called);
        let named = named(&rules);
        let text = match (decision.effect, decision.failed()) {
            (Effect::Blocked, _) => format!("{what} is blocked at the gate"),
            (Effect::NeedsApproval, _) => {
                format!("{what} needs an approval, which this gate cannot take yet: {named}")
            }
            (Effect::Deny, Some(_)) if !rules.is_empty() => {
                format!(
                    "{what} is not allowed: this cannot be evaluated, which the gate's operators have been told: {named}"
                )
            }
            (Effect::Deny, None) if !rules.is_empty() => format!("{what} is not allowed: {named}"),
            _ => format!("{what} is not allowed: no rule of the gate's policy allows it{}", self.owner(question, seen)),
        };
        Some(plain(&text, WORDS_MAX))
    }

    /// Whether the caller may know what the topic is; of all else there is nothing to know beyond the name that the caller gave.
    fn sees(&self, question: Question<'_>) -> bool {
        let Resource::Topic(_) = question.resource else { return true };
        // a block refuses this too, but it hides nothing from who could see the topic before
        let describe = Question { action: Action::Describe, partition: None, ..question };
        self.policy.core.decide(&self.who.class, describe).allowed()
    }

    /// Whether it is a block of this topic, rather than of the caller or of the operation.
    fn is_of_topic(&self, question: Question<'_>) -> bool {
        self.who.blocked.is_none() && self.policy.blocks().topic(question.resource.name()).is_some()
    }

    /// Whom to ask for a topic where no rule says it.
    fn owner(&self, question: Question<'_>, seen: bool) -> String {
        let is_topic = question.resource.kind() == ResourceKind::Topic;
        let facts = (is_topic && seen).then(|| self.policy.topics().classify(question.resource.name()));
        facts
            .and_then(|facts| facts.owner)
            .map(|owner| format!("; ask its owner, {}", plain(&owner, PART_MAX)))
            .unwrap_or_default()
    }
}

fn of(question: Question<'_>, called: &str) -> String {
    let action = question.action.name();
    match question.resource {
        Resource::Cluster => format!("{action} on the cluster"),
        Resource::Gateway => format!("{action} on the gate"),
        named => format!("{action} on {} {}", kind_word(named.kind()), plain(called, PART_MAX)),
    }
}

fn named(rules: &[&Rule]) -> String {
    let one = |rule: &&Rule| {
        let why = rule.why.as_ref().map(|why| format!(" ({})", plain(why, PART_MAX))).unwrap_or_default();
        let ask = rule.ask.as_ref().map(|ask| format!(", ask {}", plain(ask, PART_MAX))).unwrap_or_default();
        format!("rule {}{why}{ask}", rule.id)
    };
    rules.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// The text on one line, without characters that are not seen or that turn others around, cut where it is too long.
fn plain(text: &str, longest: usize) -> String {
    let mut plain = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == longest {
            plain.push('…');
            break;
        }
        plain.push(if is_harmless(c) { c } else { ' ' });
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::asked::{Around, Asked, Who};
    use crate::{Block, Blocks, Policy, Target};

    const RULES: &str = r#"
        @id("sales") permit (principal in Group::"i:sales", action in Action::"read", resource in Domain::"sales");
        @id("all-in-test") permit (principal in Group::"i:dev", action, resource is Topic) when { resource.env == "test" };
        @id("no-cards") @why("cards stay\nwhere they are") @ask("sec@example.org")
        forbid (principal in Group::"i:sales", action == Action::"consume", resource in Tag::"pci");
        @id("prefix") @why("names begin with the team's name") @ask("platform")
        forbid (principal, action == Action::"createTopic", resource) unless { resource.name like "sales-*" };
        @id("wait") @on_deny("require_approval") @ask("the owner") forbid (principal, action == Action::"deleteRecords", resource);
        @id("may-delete") permit (principal in Group::"i:sales", action == Action::"deleteRecords", resource);
        @id("broken") @ask("nobody") forbid (principal, action == Action::"alterConfigs", resource)
        when { (context.hour + 2) * 9223372036854775807 > 0 };
        @id("hidden") @why("secret project") forbid (principal, action, resource in Tag::"hidden");
    "#;
    const TOPICS: &str = "- {name: orders, domain: sales, owner: 'i:sales-leads', env: prod, tier: tier1}\n\
                          - {name: cards, domain: sales, env: prod, tags: [pci]}\n\
                          - {name: apollo, domain: labs, env: prod, owner: 'i:labs', tags: [hidden]}\n";

    fn policy() -> Policy {
        let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        Policy::from_files(&[file("a.cedar", RULES), file("topics.yaml", TOPICS)].into()).unwrap()
    }

    fn words(policy: &Policy, groups: &[&str], action: Action, name: &str) -> Option<String> {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let who = Who::parse(tidegate_model::CallerKind::User, "i:ann", Some(groups)).unwrap();
        let asked = Asked { who, around: Around::usual(), action, name: name.to_owned(), partition: None };
        policy.asking(&asked.entitlement(policy)).words(asked.question(), name)
    }

    #[test]
    fn a_refusal_says_what_by_which_rule_and_whom_to_ask() {
        let policy = policy();
        let told = |action, name| words(&policy, &["i:sales"], action, name);
        assert_eq!(told(Action::Consume, "orders"), None);
        for (action, name, wanted) in [
            (
                Action::Consume,
                "cards",
                "consume on topic cards is not allowed: rule no-cards (cards stay where they are), ask sec@example.org",
            ),
            (
                Action::CreateTopic,
                "x",
                "createTopic on topic x is not allowed: rule prefix (names begin with the team's name), ask platform",
            ),
            (
                Action::Produce,
                "orders",
                "produce on topic orders is not allowed: no rule of the gate's policy allows it; ask its owner, i:sales-leads",
            ),
            (
                Action::DeleteRecords,
                "orders",
                "deleteRecords on topic orders needs an approval, which this gate cannot take yet: rule wait, ask the owner",
            ),
            (
                Action::AlterConfigs,
                "orders",
                "alterConfigs on topic orders is not allowed: this cannot be evaluated, which the gate's operators have been told: \
                 rule broken, ask nobody",
            ),
            (
                Action::JoinGroup,
                "g",
                "joinGroup on consumer group g is not allowed: no rule of the gate's policy allows it",
            ),
            (
                Action::CreateAnyTopic,
                "",
                "createAnyTopic on the cluster is not allowed: no rule of the gate's policy allows it",
            ),
        ] {
            assert_eq!(told(action, name).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn a_topic_that_the_caller_may_not_see_is_refused_like_one_that_nothing_names() {
        let policy = policy();
        for groups in [&["i:sales"][..], &["i:dev"], &[]] {
            for action in Action::ALL.iter().filter(|action| action.applies_to() == ResourceKind::Topic) {
                let told = |name: &str| words(&policy, groups, *action, name).map(|text| text.replace(name, "NAME"));
                assert_eq!(told("apollo"), told("zebra1"), "{groups:?} {action:?}");
                if groups != ["i:sales"] {
                    assert_eq!(told("orders"), told("zebra1"), "{groups:?} {action:?}");
                }
            }
        }
        let block = |value: &str| Block {
            id: "b".into(),
            target: Target::parse("topic", value).unwrap(),
            reason: "leak".into(),
            at_ms: 0,
            until_s: None,
            who: "i:root".into(),
        };
        let blocked = policy.with_blocks(Arc::new(Blocks::new(vec![block("apollo"), block("orders")])));
        let told = |name| words(&blocked, &["i:sales"], Action::Consume, name).unwrap();
        assert_eq!(told("orders"), "consume on topic orders is blocked at the gate");
        assert_eq!(told("apollo"), "consume on topic apollo is not allowed: no rule of the gate's policy allows it");
    }

    #[test]
    fn words_are_short_and_plain_whatever_is_in_them() {
        let policy = policy();
        let name = "a\u{1b}[2J\u{202e}b\r\n\0".repeat(1_000);
        let told = words(&policy, &[], Action::JoinGroup, &name).unwrap();
        assert!(told.chars().count() <= WORDS_MAX + 1, "{}", told.len());
        assert!(!told.contains(['\u{1b}', '\u{202e}', '\r', '\n', '\0']), "{told:?}");
        assert!(told.ends_with("allows it"), "{told}");
        assert_eq!(plain("abc", 2), "ab…");
        assert_eq!(plain("abc", 3), "abc");
    }
}
