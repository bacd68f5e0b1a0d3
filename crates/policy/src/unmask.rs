//! What a session is shown of the records of a topic: the classes that it may see as they are, and how the others are changed.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tidegate_masking::Plan;
use tidegate_model::{Action, Resource};

use crate::asked::field_name;
use crate::class::Entitlement;
use crate::decide::{Asking, Now, Policy, Question};
use crate::masking::{ClassKeys, Masking, Storage, Writes};

/// Topics whose plans are kept.
const TOPICS_MAX: usize = 10_000;
/// Plans that are kept of one topic: one for each choice of classes that some caller sees clear.
const PLANS_MAX: usize = 64;

/// What a session is shown of the records of a topic.
#[derive(Clone, Debug)]
pub struct View {
    /// What is masked how.
    pub plan: Arc<Plan>,
    /// The rules that decided so, one for each of the plan's classes, as in [`crate::Decision::rule`].
    pub rules: Vec<Arc<str>>,
}

/// The plans of a policy, made when first needed, and the keys that they are made with.
pub(crate) struct Plans {
    keys: Arc<dyn ClassKeys>,
    topics: RwLock<HashMap<Box<str>, Arc<TopicPlans>>>,
}

/// The classes that may stand in a topic's records, and the plans that were made for it.
struct TopicPlans {
    /// What [`Resource::Field`] calls them, in the order of [`Plan::classes`].
    fields: Vec<String>,
    /// By who sees which class clear.
    made: Mutex<HashMap<Box<[bool]>, Arc<Plan>>>,
    /// What may be written to it, if anything is asked.
    writes: Result<Option<Arc<Writes>>, String>,
    /// What evidence keeps of its records.
    storage: Result<Storage, String>,
}

impl Plans {
    pub(crate) fn new(keys: Arc<dyn ClassKeys>) -> Plans {
        Plans { keys, topics: RwLock::default() }
    }

    pub(crate) fn keys(&self) -> &Arc<dyn ClassKeys> {
        &self.keys
    }

    fn of(&self, topic: &str, masking: &Masking) -> Arc<TopicPlans> {
        if let Some(plans) = self.topics.read().unwrap_or_else(PoisonError::into_inner).get(topic) {
            return Arc::clone(plans);
        }
        let fields = masking.classes_of(topic).into_iter().map(|class| field_name(class, topic)).collect();
        let writes = masking.writes(topic, &*self.keys).map(|writes| writes.map(Arc::new));
        let storage = masking.storage(topic, &*self.keys);
        let plans = Arc::new(TopicPlans { fields, made: Mutex::default(), writes, storage });
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        if topics.len() >= TOPICS_MAX {
            topics.clear();
        }
        topics.insert(topic.into(), Arc::clone(&plans));
        plans
    }
}

impl fmt::Debug for Plans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plans").finish_non_exhaustive()
    }
}

impl Policy {
    /// What `masking.yaml` says.
    #[must_use]
    pub fn masking(&self) -> &Masking {
        &self.core.loaded.masking
    }

    /// SHA-256 of `masking.yaml` and of the schemas of the folder, by name.
    pub(crate) fn about_masks(&self) -> &BTreeMap<String, [u8; 32]> {
        &self.core.loaded.about_masks
    }

    /// What is asked of records that are written to the topic, called by its own name; `None` where nothing is.
    ///
    /// # Errors
    /// As of [`Asking::view`].
    pub fn writes(&self, topic: &str) -> Result<Option<Arc<Writes>>, String> {
        let masking = self.masking();
        if !masking.looks_at_writes() {
            return Ok(None);
        }
        self.plans.of(topic, masking).writes.clone()
    }

    /// What evidence keeps of records of the topic, called by its own name.
    ///
    /// # Errors
    /// As of [`Asking::view`].
    pub fn storage(&self, topic: &str) -> Result<Storage, String> {
        let masking = self.masking();
        if !masking.says_what_is_kept() {
            return Ok(Storage::default());
        }
        self.plans.of(topic, masking).storage.clone()
    }

    /// What this session is shown of the records of the topic at this moment; see [`Asking::view`].
    ///
    /// # Errors
    /// As of [`Asking::view`].
    pub fn view(&self, who: &Entitlement, topic: &str, now: Now) -> Result<Option<View>, String> {
        self.asking(who).view(topic, now)
    }
}

impl Asking<'_> {
    /// What the session is shown of the records of a topic, called by its own name, at this moment; `None` where nothing is looked
    /// for in them. Whoever is not allowed `unmask` of a class sees it masked.
    ///
    /// # Errors
    /// The paths of `masking.yaml` together are too many: nobody can say what may be shown.
    pub fn view(&self, topic: &str, now: Now) -> Result<Option<View>, String> {
        let masking = self.policy.masking();
        if !masking.selects_anything() {
            return Ok(None);
        }
        let plans = self.policy.plans.of(topic, masking);
        if plans.fields.is_empty() {
            return Ok(None);
        }
        let decided = plans.fields.iter().map(|field| {
            let resource = Resource::Field(field);
            let decision = self.decide(Question { action: Action::Unmask, resource, partition: None, now });
            (decision.allowed(), Arc::clone(&decision.rule))
        });
        let (clear, rules): (Vec<bool>, Vec<Arc<str>>) = decided.unzip();
        let mut made = plans.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = made.get(&*clear) {
            return Ok(Some(View { plan: Arc::clone(plan), rules }));
        }
        let plan = Arc::new(masking.plan(topic, &clear, &*self.policy.plans.keys)?);
        if made.len() >= PLANS_MAX {
            made.clear();
        }
        made.insert(clear.into(), Arc::clone(&plan));
        Ok(Some(View { plan, rules }))
    }
}

#[cfg(test)]
mod tests {
    use tidegate_model::CallerKind;

    use super::*;
    use crate::asked::{Around, Asked, Who};
    use crate::compare::compare;
    use crate::decide::Effect;
    use crate::explain::explain;
    use crate::folder::load;

    const RULES: &str = r#"
@id("readers") permit (principal in Group::"i:all", action in Action::"read", resource);
@id("everything") permit (principal in Group::"i:ops", action, resource);
@id("fraud") permit (principal in Group::"i:fraud", action == Action::"unmask", resource in FieldClass::"PCI")
when { resource in Domain::"payments" };
@id("support") permit (principal in Group::"i:support", action == Action::"unmask", resource)
when { resource.name == "PII.email" && resource.topic == "orders" };
@id("all-fields") permit (principal in Group::"i:all-fields", action == Action::"unmask", resource);
@id("never-secrets") forbid (principal, action == Action::"unmask", resource in FieldClass::"SECRET");
@id("security") permit (principal in Group::"i:security", action == Action::"unmask", resource in Topic::"orders");
"#;
    const TOPICS: &str = "- {name: orders, domain: sales}\n- {name: card-payments, domain: payments}\n- {alias: old-orders, topic: orders}\n";
    const MASKING: &str = "classes:
  PII.email: {transform: email}
  PCI.pan: {transform: keep_last, n: 4}
  SECRET.*: {transform: redact}
selectors:
  - {topic: '*', names: [email], class: PII.email}
  - {topic: '*', content: [card], class: PCI.pan}
  - {topic: '*', names: [password], class: SECRET.word}
";

    fn policy() -> Policy {
        with(RULES).unwrap()
    }

    fn asked(groups: &[&str], class: &str, topic: &str) -> Asked {
        let groups = groups.iter().map(|group| (*group).to_owned()).collect();
        let who = Who::parse(CallerKind::User, "i:ann", Some(groups)).unwrap();
        let name = format!("{class}/{topic}");
        Asked { who, around: Around::usual(), action: Action::Unmask, name, partition: None }
    }

    #[test]
    fn a_class_is_clear_to_whom_a_rule_names_it_and_to_nobody_else() {
        let policy = policy();
        for (groups, class, topic, sees) in [
            (&["i:fraud"][..], "PCI.pan", "card-payments", true),
            (&["i:fraud"], "PCI.pan", "orders", false),
            (&["i:fraud"], "PII.email", "card-payments", false),
            (&["i:support"], "PII.email", "orders", true),
            (&["i:support"], "PII.email", "old-orders", true),
            (&["i:support"], "PII.email", "orders-eu", false),
            (&["i:support"], "PII.email.work", "orders", false),
            (&["i:security"], "PCI.pan", "orders", true),
            (&["i:security"], "SECRET.word", "orders", false),
            (&["i:security"], "SECRETS", "orders", true),
            (&["i:all", "i:ops"], "PII.email", "orders", false),
        ] {
            assert_eq!(asked(groups, class, topic).decide(&policy).allowed(), sees, "{groups:?} {class} {topic}");
        }
        let mut unknown = asked(&[], "SECRET.word", "orders");
        unknown.who.groups = None;
        assert!(!unknown.decide(&policy).allowed());
        assert!(asked(&["i:all-fields"], "any", "topic").decide(&policy).allowed());
        let nonsense = Asked { name: "no-class".to_owned(), ..asked(&["i:all-fields"], "a", "b") };
        assert_eq!(&*nonsense.decide(&policy).rule, "error:resource");
    }

    #[test]
    fn a_refusal_is_explained_by_class_and_topic() {
        for (class, topic, lacks) in [
            ("PII.email", "card-payments", "is not so: resource.topic is \"card-payments\""),
            ("PII.name", "orders", "is not so: resource.name is \"PII.name\""),
        ] {
            let said = explain(&policy(), &asked(&["i:support"], class, topic)).to_string();
            assert!(said.contains(lacks), "{said}");
        }
    }

    fn with(rules: &str) -> Result<Policy, crate::error::PolicyError> {
        let files = [("rules.cedar", rules), ("topics.yaml", TOPICS), ("masking.yaml", MASKING)];
        Policy::from_files(&files.map(|(name, text)| (name.to_owned(), text.to_owned())).into())
    }

    /// However a rule says which fields it is about.
    #[test]
    fn a_diff_tells_who_sees_more_of_which_class() {
        for (rule, field) in [
            ("resource", "SECRET.word/any-other"),
            ("resource in Topic::\"orders\"", "PII.email/orders"),
            (
                "resource) when { resource.topic == \"new-orders\" }; forbid (principal in Group::\"i:x\", action, resource",
                "PCI.pan/new-orders",
            ),
        ] {
            let new =
                with(&format!("permit (principal in Group::\"i:g\", action == Action::\"unmask\", {rule});")).unwrap();
            let answers = compare(
                &with("forbid (principal in Group::\"i:g\", action == Action::\"block\", resource);").unwrap(),
                &new,
            )
            .answers;
            let gained =
                answers.iter().filter(|change| change.action == Action::Unmask && change.after == Effect::Allow);
            assert!(gained.flat_map(|change| &change.names).any(|name| name == field), "{rule}: {answers:?}");
        }
    }

    #[test]
    fn a_rule_about_fields_names_topics_and_classes_that_there_are() {
        let rule = |condition: &str| {
            with(&format!("forbid (principal, action == Action::\"unmask\", resource) when {{ {condition} }};"))
        };
        let alias = rule("resource.topic == \"old-orders\"").unwrap_err().to_string();
        assert!(alias.contains("which is an alias"), "{alias}");
        for (condition, told) in [
            ("resource.topic == \"ordrs\"", "the topic \"ordrs\" stands in no row"),
            ("resource.name == \"PII.emial\"", "no field has the class \"PII.emial\""),
            ("resource in FieldClass::\"SECRET.*\"", "FieldClass::\"SECRET\" is all below it"),
        ] {
            let rule = format!("forbid (principal, action == Action::\"unmask\", resource) when {{ {condition} }};");
            let files = [("rules.cedar", &*rule), ("topics.yaml", TOPICS), ("masking.yaml", MASKING)];
            let loaded = load(&files.map(|(name, text)| (name.to_owned(), text.to_owned())).into()).unwrap();
            let warnings: Vec<String> = loaded.report.warnings.iter().map(ToString::to_string).collect();
            assert!(warnings.iter().any(|warning| warning.contains(told)), "{condition}: {warnings:?}");
        }
    }

    #[test]
    fn a_plan_follows_the_rules() {
        let policy = policy();
        let plan = |groups: &[&str]| {
            let asked = asked(groups, "any", "orders");
            let now = asked.question().now;
            policy.view(&asked.entitlement(&policy), "orders", now).unwrap().unwrap().plan
        };
        let clear = |groups: &[&str]| -> Vec<String> {
            let plan = plan(groups);
            plan.classes.iter().filter(|class| class.mask.is_none()).map(|class| class.name.to_string()).collect()
        };
        assert_eq!(clear(&["i:all"]), [""; 0]);
        assert_eq!(clear(&["i:security"]), ["PCI.pan", "PII.email"]);
        assert_eq!(clear(&["i:support"]), ["PII.email"]);
        assert_eq!(plan(&["i:all"]).id, plan(&["i:ops"]).id);
        assert_ne!(plan(&["i:all"]).id, plan(&["i:support"]).id);
    }
}
