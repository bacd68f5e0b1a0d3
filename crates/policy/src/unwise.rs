//! What is allowed in a policy but unwise: rules that can never decide anything, and names that nothing else knows.
//!
//! Each of these is more likely a slip than a wish, and a forbid with a slip in it forbids nothing. They are warnings, since a name
//! may be ahead of what it names.

use std::collections::BTreeSet;

use cedar_policy::{EntityTypeName, EntityUid, PrincipalConstraint, ResourceConstraint};
use tidegate_model::{Action, ResourceKind};

use crate::error::Warning;
use crate::masking::{self, Masking};
use crate::named::Named;
use crate::rule::{ReadRule, Rule};
use crate::rules::LeftOut;
use crate::topics::{self, BUILT_IN_TAGS, STRICTEST_TIER, Topics, UNKNOWN};

/// What the folder knows beside its rules.
pub(crate) struct Known<'a> {
    pub topics: &'a Topics,
    /// `None` where there is no `masking.yaml`.
    pub masking: Option<&'a Masking>,
}

/// Everything that is unwise in the rules, in their order.
pub(crate) fn warnings(rules: &[ReadRule], known: &Known<'_>) -> Vec<Warning> {
    let values = Values::of(known.topics);
    let forbids: Vec<Covers<'_>> =
        rules.iter().filter(|read| refuses_whatever_is_asked(read)).map(Covers::of).collect();
    let mut all = Vec::new();
    for read in rules {
        of_rule(read, known.masking, &mut all);
        values.of_names(&read.rule, &read.names, known, &mut all);
        if read.rule.forbids {
            continue;
        }
        let permit = Covers::of(read);
        if let Some(forbid) = forbids.iter().find(|forbid| permit.is_within(forbid)) {
            let Rule { id, file, line, .. } = forbid.rule;
            let what = format!("never allows anything: the forbid {id} at {file}:{line} refuses all that it allows");
            all.push(Warning::at(read.rule.place_of(&[]), what));
        }
    }
    all
}

/// What is unwise in one rule by itself.
fn of_rule(read: &ReadRule, masking: Option<&Masking>, all: &mut Vec<Warning>) {
    let rule = &read.rule;
    let mut warn = |words: &[String], what: String| all.push(Warning::at(rule.place_of(words), what));
    if !read.named {
        warn(&[], format!("rule without @id; evidence will call it {:?}", rule.id));
    }
    if read.left_out == Some(LeftOut::Partly) {
        let ours = "administer, block, audit, export and unmask";
        warn(&[], format!("allows all actions but {ours}: a rule has to name these to allow them"));
    }
    for name in &read.strange {
        warn(&[format!("@{name}")], format!("annotation @{name} means nothing here"));
    }
    if rule.actions[..] == [Action::Unmask] && !masking.is_some_and(Masking::selects_anything) {
        warn(
            &[],
            "is about the action unmask alone, and masking.yaml selects no fields: it decides nothing".to_owned(),
        );
    }
}

/// Values that topics can have.
struct Values<'a> {
    domains: BTreeSet<&'a str>,
    tags: BTreeSet<&'a str>,
    envs: BTreeSet<&'a str>,
    tiers: BTreeSet<&'a str>,
    owners: BTreeSet<&'a str>,
}

impl<'a> Values<'a> {
    /// With what topics are that nothing names.
    fn of(topics: &'a Topics) -> Values<'a> {
        let mut values = Values {
            domains: BTreeSet::from([UNKNOWN]),
            tags: BUILT_IN_TAGS.into(),
            envs: BTreeSet::from([UNKNOWN]),
            tiers: BTreeSet::from([STRICTEST_TIER]),
            owners: BTreeSet::new(),
        };
        for (_, facts) in topics.all() {
            values.domains.insert(&facts.domain);
            values.tags.extend(facts.tags.iter().map(String::as_str));
            values.envs.insert(&facts.env);
            values.tiers.insert(&facts.tier);
            values.owners.extend(facts.owner.as_deref());
        }
        values
    }

    /// Names in a rule that nothing else knows.
    fn of_names(&self, rule: &Rule, named: &Named, known: &Known<'_>, all: &mut Vec<Warning>) {
        let lists = [
            ("domain", "Domain", &named.domains, &self.domains),
            ("tag", "Tag", &named.tags, &self.tags),
            ("env", "", &named.envs, &self.envs),
            ("tier", "", &named.tiers, &self.tiers),
            ("owner", "Group", &named.owners, &self.owners),
        ];
        for (what, entity, found, known) in lists {
            for name in found.iter().filter(|name| !known.contains(name.as_str())) {
                let words = [format!("{entity}::{name:?}"), format!("{name:?}")];
                let what = format!("no topic has the {what} {name:?}: {} has none, so this never holds", topics::FILE);
                all.push(Warning::at(rule.place_of(&words), what));
            }
        }
        for name in topics_of(rule, named).filter(|name| !known.topics.know(name)) {
            let words = [format!("Topic::{name:?}"), format!("{name:?}")];
            let what = format!("the topic {name:?} stands in no row of {}: mend the name, or add a row", topics::FILE);
            all.push(Warning::at(rule.place_of(&words), what));
        }
        for class in named.classes.iter().filter(|class| !known.masking.is_some_and(|masking| masking.know(class))) {
            let words = [format!("FieldClass::{class:?}"), format!("{class:?}")];
            let mend = match class.strip_suffix(masking::ALL_BELOW) {
                Some(stem) => format!("; FieldClass::{stem:?} is all below it"),
                None => String::new(),
            };
            let what = format!("no field has the class {class:?}: {} has none of that name{mend}", masking::FILE);
            all.push(Warning::at(rule.place_of(&words), what));
        }
    }
}

/// Topics that the rule names, if there is a `topics.yaml` at all: without one every name is as good as another.
fn topics_of<'n>(rule: &Rule, named: &'n Named) -> impl Iterator<Item = &'n String> {
    let of_topics = !rule.actions.is_empty() && rule.actions.iter().all(|a| a.applies_to() == ResourceKind::Topic);
    let entities = named.entities.iter().filter(|(kind, _)| kind == "Topic").map(|(_, id)| id);
    let names = named.exact_names.iter().filter(move |_| of_topics);
    entities.chain(names).chain(&named.topics).collect::<BTreeSet<_>>().into_iter()
}

/// Whether it is a forbid without conditions that no approval lifts.
fn refuses_whatever_is_asked(read: &ReadRule) -> bool {
    let conditions = || read.json.get("conditions").and_then(serde_json::Value::as_array);
    read.rule.forbids && !read.rule.on_approval && conditions().is_some_and(Vec::is_empty)
}

/// A rule and what its scope covers.
struct Covers<'a> {
    rule: &'a Rule,
    principal: Scope,
    resource: Scope,
}

impl<'a> Covers<'a> {
    fn of(read: &'a ReadRule) -> Covers<'a> {
        Covers { rule: &read.rule, principal: Scope::of_principal(read), resource: Scope::of_resource(read) }
    }

    /// Whether all that this covers is covered by `wide`; false where it is not plain to see.
    fn is_within(&self, wide: &Covers<'_>) -> bool {
        self.principal.is_within(&wide.principal)
            && self.resource.is_within(&wide.resource)
            && self.rule.actions.iter().all(|action| wide.rule.actions.contains(action))
    }
}

/// A principal or a resource of a rule's scope.
enum Scope {
    Any,
    Is(EntityTypeName),
    Eq(EntityUid),
    In(EntityUid),
    IsIn(EntityTypeName, EntityUid),
}

impl Scope {
    fn of_principal(rule: &ReadRule) -> Scope {
        match rule.policy.principal_constraint() {
            PrincipalConstraint::Any => Scope::Any,
            PrincipalConstraint::Is(kind) => Scope::Is(kind),
            PrincipalConstraint::Eq(uid) => Scope::Eq(uid),
            PrincipalConstraint::In(uid) => Scope::In(uid),
            PrincipalConstraint::IsIn(kind, uid) => Scope::IsIn(kind, uid),
        }
    }

    fn of_resource(rule: &ReadRule) -> Scope {
        match rule.policy.resource_constraint() {
            ResourceConstraint::Any => Scope::Any,
            ResourceConstraint::Is(kind) => Scope::Is(kind),
            ResourceConstraint::Eq(uid) => Scope::Eq(uid),
            ResourceConstraint::In(uid) => Scope::In(uid),
            ResourceConstraint::IsIn(kind, uid) => Scope::IsIn(kind, uid),
        }
    }

    /// Whether all that this covers is covered by `wide`; false where it is not plain to see.
    fn is_within(&self, wide: &Scope) -> bool {
        match (wide, self) {
            (Scope::Any, _) => true,
            (Scope::Is(wide), Scope::Is(kind) | Scope::IsIn(kind, _)) => wide == kind,
            (Scope::Is(wide), Scope::Eq(uid)) => wide == uid.type_name(),
            (Scope::Eq(wide), Scope::Eq(uid)) => wide == uid,
            (Scope::In(wide), Scope::In(uid) | Scope::IsIn(_, uid) | Scope::Eq(uid)) => wide == uid,
            (Scope::IsIn(wide_kind, wide), Scope::IsIn(kind, uid)) => wide_kind == kind && wide == uid,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::folder::load;

    fn warnings(rules: &str, more: &[(&str, &str)]) -> Vec<String> {
        let topics = "- {name: orders, domain: sales, owner: 'i:owners', env: prod, tier: tier1, tags: [pii]}\n";
        let mut files = BTreeMap::from([("a.cedar".to_owned(), rules.to_owned())]);
        files.insert("topics.yaml".to_owned(), topics.to_owned());
        files.extend(more.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        let report = load(&files).unwrap().report;
        report.warnings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_that_nothing_knows_are_told_with_their_place() {
        for (rule, wanted) in [
            ("resource in Domain::\"slaes\"", "a.cedar:2:70: no topic has the domain \"slaes\""),
            ("resource is Topic in Tag::\"pci\"", "a.cedar:2:79: no topic has the tag \"pci\""),
            ("resource == Topic::\"ordrs\"", "a.cedar:2:70: the topic \"ordrs\" stands in no row"),
        ] {
            let text = format!("\n@id(\"a\") forbid (principal, action == Action::\"consume\", {rule});");
            let found = warnings(&text, &[]);
            assert!(found.len() == 1 && found[0].starts_with(wanted), "{found:?}");
        }
        for (condition, wanted) in [
            ("resource.env == \"prd\"", "no topic has the env \"prd\""),
            ("[\"prod\", \"live\"].contains(resource.env)", "no topic has the env \"live\""),
            ("resource.tier != \"tier2\"", "no topic has the tier \"tier2\""),
            ("resource.tags.contains(\"pi\")", "no topic has the tag \"pi\""),
            ("resource.domain == \"hr\"", "no topic has the domain \"hr\""),
            ("resource has owner && resource.owner == Group::\"i:o\"", "no topic has the owner \"i:o\""),
            ("resource.name == \"order\"", "the topic \"order\" stands in no row"),
        ] {
            let rule = format!(
                "@id(\"a\")\nforbid (principal, action == Action::\"consume\", resource)\nwhen {{ {condition} }};"
            );
            let found = warnings(&rule, &[]);
            assert!(found.len() == 1 && found[0].starts_with("a.cedar:3:") && found[0].contains(wanted), "{found:?}");
        }
    }

    #[test]
    fn what_topics_can_be_without_a_row_is_known() {
        for condition in [
            "resource.env == \"unknown\" || resource.env == \"prod\"",
            "resource.tier == \"tier0\" || resource.tier == \"tier1\"",
            "resource in Tag::\"internal\" || resource in Tag::\"unclassified\" || resource in Domain::\"unknown\"",
            "resource.name == \"orders\" || resource.name == \"orders-dlq\" || resource.name like \"new-*\"",
        ] {
            let rule = format!(
                "@id(\"a\") forbid (principal, action == Action::\"consume\", resource) when {{ {condition} }};"
            );
            assert_eq!(warnings(&rule, &[]), [""; 0], "{condition}");
        }
        let group =
            "@id(\"a\") permit (principal, action == Action::\"joinGroup\", resource) when { resource.name == \"g\" };";
        assert_eq!(warnings(group, &[]), [""; 0], "the name is no topic's");
    }

    #[test]
    fn a_class_is_known_from_masking() {
        let rule = r#"@id("a") permit (principal, action == Action::"unmask", resource) when { resource in FieldClass::"PCI" };"#;
        let known = [("masking.yaml", "classes: {PCI.pan: {transform: redact}}\n")];
        let found = warnings(rule, &[]);
        assert!(found.iter().any(|text| text.contains("no field has the class \"PCI\"")), "{found:?}");
        let found = warnings(rule, &known);
        assert!(!found.iter().any(|text| text.contains("no field has")), "{found:?}");
        assert!(found.iter().any(|text| text.contains("decides nothing")), "{found:?}");
        let selects =
            "classes: {PCI.pan: {transform: redact}}\nselectors: [{topic: t, names: [pan], class: PCI.pan}]\n";
        assert_eq!(warnings(rule, &[("masking.yaml", selects)]), [""; 0]);
    }

    #[test]
    fn a_permit_that_a_forbid_always_outvotes_is_told() {
        let permit =
            r#"@id("p") permit (principal in Group::"i:g", action == Action::"consume", resource in Domain::"sales");"#;
        for (forbid, dead) in [
            ("forbid (principal, action, resource);", true),
            ("forbid (principal, action in Action::\"read\", resource);", true),
            ("forbid (principal in Group::\"i:g\", action, resource in Domain::\"sales\");", true),
            ("forbid (principal in Group::\"i:h\", action, resource);", false),
            ("forbid (principal is User, action, resource);", false),
            ("forbid (principal, action == Action::\"produce\", resource);", false),
            ("forbid (principal, action, resource) when { !context.tls };", false),
            ("@on_deny(\"require_approval\") forbid (principal, action, resource);", false),
        ] {
            let found = warnings(&format!("{permit}\n@id(\"f\") {forbid}"), &[]);
            let told = "a.cedar:1:1: never allows anything: the forbid f at a.cedar:2 refuses all that it allows";
            let wanted: &[&str] = if dead { &[told] } else { &[] };
            assert_eq!(found, wanted, "{forbid}");
        }
    }
}
