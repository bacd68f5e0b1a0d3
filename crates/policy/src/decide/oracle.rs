//! Classes, cut-down rules and kept answers against Cedar with all rules and all entities, on rules and questions made by chance.

use std::net::IpAddr;
use std::sync::LazyLock;

use cedar_policy::{
    Authorizer, Context, Entities, EntityUid, Policy as CedarPolicy, PolicySet, Request, Schema, Validator,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tidegate_model::{CallerKind, CredentialKind, ResourceKind};

use super::*;
use crate::rule::{ReadRule, split};
use crate::schema::schema;
use crate::widen::for_unknown_groups;

const TOPICS: &str = "
- {name: t0, domain: d0, owner: 'idp:g0', env: prod, tier: tier1, tags: [pii]}
- {name: t1, domain: d1, env: dev, tier: tier3}
- {pattern: 'u*', domain: d0, owner: 'idp:g1', env: dev, tier: tier2, tags: [pii, card]}
";
const PRINCIPALS: [&str; 9] = [
    "principal",
    "principal is User",
    "principal is Workload",
    r#"principal in Group::"idp:g0""#,
    r#"principal in Group::"idp:g1""#,
    r#"principal is User in Group::"idp:g2""#,
    r#"principal == User::"idp:s0""#,
    r#"principal == Workload::"idp:s1""#,
    r#"principal in User::"idp:s1""#,
];
const ACTIONS: [&str; 9] = [
    "action",
    "action",
    r#"action == Action::"consume""#,
    r#"action in Action::"read""#,
    r#"action in [Action::"produce", Action::"admin"]"#,
    r#"action in [Action::"administer", Action::"audit", Action::"consume"]"#,
    r#"action == Action::"joinGroup""#,
    r#"action == Action::"unmask""#,
    r#"action in [Action::"unmask", Action::"consume"]"#,
];
const RESOURCES: [&str; 9] = [
    "resource",
    "resource is Topic",
    r#"resource in Domain::"d0""#,
    r#"resource == Topic::"t1""#,
    r#"resource in Tag::"pii""#,
    r#"resource in Cluster::"main""#,
    "resource",
    r#"resource in FieldClass::"PII""#,
    r#"resource in Topic::"t1""#,
];
const CONDITIONS: [&str; 17] = [
    "",
    "",
    "",
    "when { context.tls }",
    "when { context.hour < 12 }",
    "when { context has mfaAge && context.mfaAge <= 100 }",
    r#"when { principal.sub == "s0" }"#,
    r#"when { principal has client && principal.client == "cli" }"#,
    r#"when { resource.name like "t*" }"#,
    "when { 9223372036854775807 + context.hour > 0 }",
    r#"unless { principal in Group::"idp:g2" }"#,
    "when { context has partition && context.partition == 1 }",
    r#"when { context.clientId like "bad*" }"#,
    r#"when { context.address.isInRange(ip("10.0.0.0/8")) }"#,
    "when { resource is Topic && resource has owner && principal in resource.owner }",
    r#"when { resource is Field && resource.name == "PII.email" && resource.topic like "t*" }"#,
    r#"unless { resource in FieldClass::"PII.email" }"#,
];

const ASKED: [Action; 9] = [
    Action::Consume,
    Action::Produce,
    Action::Describe,
    Action::DeleteTopic,
    Action::JoinGroup,
    Action::DescribeCluster,
    Action::Administer,
    Action::Audit,
    Action::Unmask,
];

const CLASS: &str = "PII.email";

/// Made once, since it takes long.
static CEDAR: LazyLock<(Schema, Validator, Entities)> = LazyLock::new(|| {
    let schema = schema().unwrap();
    (schema.clone(), Validator::new(schema.clone()), schema.action_entities().unwrap())
});

/// A rule as it is written, and what the oracle knows of it without reading it.
#[derive(Clone, Debug)]
struct Made {
    text: String,
    forbids: bool,
    wide: bool,
    on_approval: bool,
}

fn rules() -> impl Strategy<Value = Vec<Made>> {
    let pick = |list: &'static [&'static str]| proptest::sample::select(list);
    let parts = (pick(&PRINCIPALS), pick(&ACTIONS), pick(&RESOURCES), pick(&CONDITIONS), 0..5_u8);
    let rule = parts.prop_map(|(principal, action, resource, condition, effect)| {
        let (word, annotation) = match effect {
            0 => ("forbid", ""),
            1 => ("forbid", r#"@on_deny("require_approval") "#),
            _ => ("permit", ""),
        };
        Made {
            text: format!("{annotation}{word} ({principal}, {action}, {resource}) {condition};"),
            forbids: word == "forbid",
            wide: action == "action",
            on_approval: !annotation.is_empty(),
        }
    });
    let valid = rule.prop_filter("a rule that check refuses", |made| {
        split(&made.text).iter().all(|chunk| ReadRule::read("r.cedar", chunk, &CEDAR.1).is_ok())
    });
    proptest::collection::vec(valid, 1..14)
}

#[derive(Clone, Debug)]
struct Scene {
    caller: Caller,
    address: [u8; 4],
    client_id: &'static str,
    tls: bool,
    action: Action,
    name: &'static str,
    /// The fields of a class in the topic of that name.
    field: String,
    partition: Option<i32>,
    now: Now,
}

fn scenes() -> impl Strategy<Value = Vec<Scene>> {
    let who = (any::<bool>(), 0..3_u8, proptest::collection::vec(0..4_u8, 0..3), 0..6_u8, any::<bool>());
    let caller = who.prop_map(|(user, subject, groups, known, client)| {
        let mut groups: Vec<String> = groups.iter().map(|group| format!("idp:g{group}")).collect();
        groups.sort();
        groups.dedup();
        Caller {
            kind: if user { CallerKind::User } else { CallerKind::Workload },
            issuer: "idp".to_owned(),
            subject: format!("s{subject}"),
            groups: if known > 0 { groups } else { Vec::new() },
            groups_known: known > 0,
            client: client.then(|| "cli".to_owned()),
            token_id: None,
            session: None,
            token_hash: None,
            via_gate: false,
            credential: CredentialKind::OauthBearer,
            issued_at: None,
            expires_at: u64::MAX,
            mfa_at: None,
        }
    });
    let what = (
        proptest::sample::select(&ASKED[..]),
        proptest::sample::select(&["t0", "t1", "u2", "zebra"][..]),
        proptest::sample::select(&[None, Some(0), Some(1)][..]),
    );
    let around = (
        proptest::sample::select(&[[10, 0, 0, 1], [11, 0, 0, 1]][..]),
        proptest::sample::select(&["good", "bad-1"][..]),
        any::<bool>(),
        proptest::sample::select(&[3_u8, 12][..]),
        proptest::sample::select(&[None, Some(100), Some(101)][..]),
    );
    let scene = (caller, what, around).prop_map(
        |(caller, (action, name, partition), (address, client_id, tls, hour, mfa_age))| {
            let partition = partition.filter(|_| action.applies_to() == ResourceKind::Topic);
            let field = format!("{CLASS}/{name}");
            Scene { caller, address, client_id, tls, action, name, field, partition, now: Now { hour, mfa_age } }
        },
    );
    proptest::collection::vec(scene, 30)
}

impl Scene {
    fn resource(&self) -> Resource<'_> {
        match self.action.applies_to() {
            ResourceKind::Topic => Resource::Topic(self.name),
            ResourceKind::ConsumerGroup => Resource::ConsumerGroup(self.name),
            ResourceKind::TransactionalId => Resource::TransactionalId(self.name),
            ResourceKind::Cluster => Resource::Cluster,
            ResourceKind::Gateway => Resource::Gateway,
            ResourceKind::Field => Resource::Field(&self.field),
        }
    }

    fn ask(&self, policy: &Policy) -> (Effect, String) {
        let (address, client_id, tls) = (IpAddr::from(self.address), self.client_id, self.tls);
        let who = policy.entitlement(&self.caller, &Circumstances { cluster: "main", address, client_id, tls });
        let (action, resource, partition, now) = (self.action, self.resource(), self.partition, self.now);
        let decision = policy.decide(&who, Question { action, resource, partition, now });
        (decision.effect, decision.rule.to_string())
    }

    /// All entities, from JSON, with everything that is known.
    fn entities(&self, topics: &crate::topics::Topics) -> Entities {
        let kind = if self.caller.kind == CallerKind::User { "User" } else { "Workload" };
        let parents: Vec<Value> = self.caller.groups.iter().map(|id| json!({"type": "Group", "id": id})).collect();
        let mut about = json!({"issuer": self.caller.issuer, "sub": self.caller.subject});
        if let Some(client) = &self.caller.client {
            about["client"] = json!(client);
        }
        let caller = format!("idp:{}", self.caller.subject);
        let cluster = json!({"type": "Cluster", "id": "main"});
        let facts = topics.classify(self.name);
        let tags = facts.tags.iter().map(|tag| json!({"type": "Tag", "id": tag}));
        let above = [cluster.clone(), json!({"type": "Domain", "id": facts.domain})].into_iter().chain(tags);
        let mut topic = json!({"name": self.name, "domain": facts.domain, "env": facts.env, "tier": facts.tier, "tags": facts.tags});
        if let Some(owner) = &facts.owner {
            topic["owner"] = json!({"__entity": {"type": "Group", "id": owner}});
        }
        let all = json!([
            {"uid": {"type": kind, "id": caller}, "attrs": about, "parents": parents},
            {"uid": cluster, "attrs": {"name": "main"}, "parents": []},
            {"uid": {"type": "Gateway", "id": "gate"}, "attrs": {"name": "gate"}, "parents": []},
            {"uid": {"type": "ConsumerGroup", "id": self.name}, "attrs": {"name": self.name}, "parents": [cluster]},
            {"uid": {"type": "Topic", "id": self.name}, "attrs": topic, "parents": above.collect::<Vec<_>>()},
            {"uid": {"type": "FieldClass", "id": "PII"}, "attrs": {}, "parents": []},
            {"uid": {"type": "FieldClass", "id": CLASS}, "attrs": {}, "parents": [{"type": "FieldClass", "id": "PII"}]},
            {"uid": {"type": "Field", "id": self.field}, "attrs": {"name": CLASS, "topic": self.name},
             "parents": [{"type": "FieldClass", "id": CLASS}, {"type": "Topic", "id": self.name}]},
        ]);
        CEDAR.2.clone().add_entities(Entities::from_json_value(all, None).unwrap(), Some(&CEDAR.0)).unwrap()
    }

    fn request(&self) -> Request {
        let uid = |kind: &str, id: &str| EntityUid::from_json(json!({"type": kind, "id": id})).unwrap();
        let kind = if self.caller.kind == CallerKind::User { "User" } else { "Workload" };
        let resource = match self.action.applies_to() {
            ResourceKind::Topic => uid("Topic", self.name),
            ResourceKind::ConsumerGroup => uid("ConsumerGroup", self.name),
            ResourceKind::Cluster => uid("Cluster", "main"),
            ResourceKind::Field => uid("Field", &self.field),
            _ => uid("Gateway", "gate"),
        };
        let address = IpAddr::from(self.address).to_string();
        let mut context = json!({
            "address": {"__extn": {"fn": "ip", "arg": address}}, "clientId": self.client_id, "tls": self.tls,
            "hour": self.now.hour,
        });
        if let Some(partition) = self.partition {
            context["partition"] = json!(partition);
        }
        if let Some(age) = self.now.mfa_age {
            context["mfaAge"] = json!(age);
        }
        let caller = uid(kind, &format!("idp:{}", self.caller.subject));
        let context = Context::from_json_value(context, None).unwrap();
        Request::new(caller, uid("Action", self.action.name()), resource, context, Some(&CEDAR.0)).unwrap()
    }

    /// What the rules say, read without any of the short cuts.
    fn oracle(&self, made: &[Made], topics: &crate::topics::Topics) -> (Effect, String) {
        let ours = matches!(self.action.applies_to(), ResourceKind::Gateway | ResourceKind::Field);
        let counts = |made: &Made| made.forbids || !made.wide || !ours;
        let rule = |(at, made): (usize, &Made)| {
            let policy =
                CedarPolicy::parse(Some(cedar_policy::PolicyId::new(format!("r.cedar#{}", at + 1))), &made.text)
                    .unwrap();
            if self.caller.groups_known {
                return Some(policy);
            }
            let id = policy.id().clone();
            Some(CedarPolicy::from_json(Some(id), for_unknown_groups(policy.to_json().unwrap())?).unwrap())
        };
        let set = |without_lifted: bool| {
            let kept = made.iter().enumerate().filter(|(_, m)| counts(m) && !(without_lifted && m.on_approval));
            PolicySet::from_policies(kept.filter_map(rule)).unwrap()
        };
        let (request, entities) = (self.request(), self.entities(topics));
        let response = Authorizer::new().is_authorized(&request, &set(false), &entities);
        let mut errors: Vec<String> = response
            .diagnostics()
            .errors()
            .map(|cedar_policy::AuthorizationError::PolicyEvaluationError(error)| error.policy_id().to_string())
            .collect();
        errors.sort();
        if let Some(first) = errors.first() {
            return (Effect::Deny, format!("error:{first}"));
        }
        let mut reasons: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        reasons.sort();
        let more = reasons.len().saturating_sub(8);
        let named = |mut reasons: Vec<String>| {
            reasons.truncate(8);
            if more > 0 {
                reasons.push(format!("+{more}"));
            }
            if reasons.is_empty() { "default-deny".to_owned() } else { reasons.join(",") }
        };
        if response.decision() == cedar_policy::Decision::Allow {
            return (Effect::Allow, named(reasons));
        }
        let lifts =
            |id: &String| id.split_once('#').is_some_and(|(_, at)| made[at.parse::<usize>().unwrap() - 1].on_approval);
        let lifted = Authorizer::new().is_authorized(&request, &set(true), &entities);
        if !reasons.is_empty() && reasons.iter().all(lifts) && lifted.decision() == cedar_policy::Decision::Allow {
            return (Effect::NeedsApproval, format!("approval:{}", named(reasons)));
        }
        (Effect::Deny, named(reasons))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn short_cuts_change_no_decision(made in rules(), scenes in scenes()) {
        let text: Vec<&str> = made.iter().map(|made| made.text.as_str()).collect();
        let files = [("r.cedar".to_owned(), text.join("\n")), ("topics.yaml".to_owned(), TOPICS.to_owned())];
        let policy = Policy::from_files(&files.into()).unwrap();
        for scene in &scenes {
            let wanted = scene.oracle(&made, policy.topics());
            prop_assert_eq!(scene.ask(&policy), wanted.clone(), "{:?}\n{}", scene, text.join("\n"));
            prop_assert_eq!(scene.ask(&policy), wanted, "kept");
        }
    }
}
