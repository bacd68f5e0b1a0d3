//! Tests of the policy as a whole: rules in a folder, callers, answers.

use std::net::IpAddr;

use tempfile::TempDir;
use tidegate_model::{CallerKind, CredentialKind, ResourceKind};

use super::*;
use crate::answers::AnswerKey;
use crate::blocks::{Block, Target};

fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

fn policy(rules: &str) -> Policy {
    policy_with_topics(
        rules,
        "- {name: orders, domain: sales, owner: 'idp:sales', env: prod, tier: tier1, tags: [pii]}\n",
    )
}

fn policy_with_topics(rules: &str, topics: &str) -> Policy {
    Policy::load(folder(&[("rules.cedar", rules), ("topics.yaml", topics)]).path()).unwrap()
}

fn caller(subject: &str, groups: &[&str]) -> Caller {
    Caller {
        kind: CallerKind::User,
        issuer: "idp".to_owned(),
        subject: subject.to_owned(),
        groups: groups.iter().map(|group| format!("idp:{group}")).collect(),
        groups_known: true,
        client: Some("cli".to_owned()),
        token_id: None,
        token_hash: None,
        session: None,
        credential: CredentialKind::OauthBearer,
        via_gate: false,
        issued_at: None,
        expires_at: u64::MAX,
        mfa_at: None,
    }
}

fn here() -> Circumstances<'static> {
    Circumstances { cluster: "main", address: IpAddr::from([127, 0, 0, 1]), client_id: "c", tls: true }
}

fn topic(action: Action, name: &str) -> Question<'_> {
    let now = Now { hour: 12, mfa_age: None };
    Question { action, resource: Resource::Topic(name), partition: None, now }
}

fn consume(name: &str) -> Question<'_> {
    topic(Action::Consume, name)
}

/// Asks twice: the second answer is the kept one and has to be the same.
#[track_caller]
fn ask(policy: &Policy, caller: &Caller, question: Question<'_>) -> (bool, String) {
    let who = policy.entitlement(caller, &here());
    let first = policy.decide(&who, question);
    assert_eq!(first, policy.decide(&who, question));
    (first.allowed(), first.rule.to_string())
}

fn answer(allowed: bool, rule: &str) -> (bool, String) {
    (allowed, rule.to_owned())
}

const TEAM: &str =
    r#"@id("team") permit (principal in Group::"idp:sales", action in Action::"read", resource in Domain::"sales");"#;

#[test]
fn only_what_needs_no_asking_is_answered_at_once() {
    let policy = policy(TEAM);
    let who = policy.entitlement(&caller("ann", &["sales"]), &here());
    assert_eq!(policy.asking(&who).at_once(consume("orders")), None);
    assert!(policy.decide(&who, consume("orders")).allowed());
    assert!(policy.asking(&who).at_once(consume("orders")).unwrap().allowed());
    assert_eq!(policy.asking(&who).at_once(consume("other")), None);
    let wrong = Question { resource: Resource::Cluster, ..consume("orders") };
    assert_eq!(&*policy.asking(&who).at_once(wrong).unwrap().rule, "error:wrong-resource");
}

#[test]
fn denies_what_no_rule_allows() {
    let policy = policy(TEAM);
    assert_eq!(ask(&policy, &caller("ann", &["sales"]), consume("orders")), answer(true, "team"));
    assert_eq!(
        ask(&policy, &caller("ann", &["sales"]), topic(Action::Produce, "orders")),
        answer(false, "default-deny")
    );
    assert_eq!(ask(&policy, &caller("ann", &["sales"]), consume("other")), answer(false, "default-deny"));
    assert_eq!(ask(&policy, &caller("bob", &["hr"]), consume("orders")), answer(false, "default-deny"));
    let mut other_issuer = caller("ann", &[]);
    other_issuer.groups = vec!["evil:sales".to_owned(), "sales".to_owned()];
    assert_eq!(ask(&policy, &other_issuer, consume("orders")), answer(false, "default-deny"));
}

#[test]
fn a_forbid_wins_and_both_deciding_rules_are_named() {
    let policy = policy(
        r#"@id("all") permit (principal, action, resource);
           @id("b") forbid (principal, action, resource in Tag::"pii");
           @id("a") forbid (principal, action, resource is Topic) when { resource.env == "prod" };"#,
    );
    assert_eq!(ask(&policy, &caller("ann", &[]), consume("orders")), answer(false, "a,b"));
    assert_eq!(
        ask(&policy, &caller("ann", &[]), consume("orders.dlq")),
        answer(false, "a,b"),
        "a dead letter topic is its source"
    );
    assert_eq!(ask(&policy, &caller("ann", &[]), consume("zebra")), answer(true, "all"));
}

#[test]
fn a_rule_that_cannot_be_evaluated_denies() {
    let overflow = r#"@id("all") permit (principal, action, resource);
        @id("boom") forbid (principal, action, resource) when { 9223372036854775807 + context.hour == 0 };"#;
    assert_eq!(ask(&policy(overflow), &caller("ann", &[]), consume("orders")), answer(false, "error:boom"));
}

#[test]
fn only_a_rule_that_names_them_allows_the_gates_own_operations() {
    let policy = policy(
        r#"@id("all") permit (principal, action, resource);
           @id("auditors") permit (principal in Group::"idp:audit", action in [Action::"audit", Action::"export"], resource);
           @id("root") permit (principal == User::"idp:root", action == Action::"administer", resource is Gateway);
           @id("never") forbid (principal == User::"idp:eve", action, resource);"#,
    );
    let gate =
        |who: &Caller, action| ask(&policy, who, Question { action, resource: Resource::Gateway, ..consume("") });
    for action in [Action::Administer, Action::Block, Action::Audit, Action::Export] {
        assert_eq!(gate(&caller("ann", &[]), action), answer(false, "default-deny"), "{}", action.name());
    }
    assert_eq!(gate(&caller("ann", &["audit"]), Action::Export), answer(true, "auditors"));
    assert_eq!(gate(&caller("ann", &["audit"]), Action::Block), answer(false, "default-deny"));
    assert_eq!(gate(&caller("root", &[]), Action::Administer), answer(true, "root"));
    assert_eq!(gate(&caller("eve", &["audit"]), Action::Audit), answer(false, "never"), "a forbid need not name them");
    assert_eq!(ask(&policy, &caller("ann", &[]), consume("orders")), answer(true, "all"));
    assert!(policy.report().warnings.iter().any(|text| text.what.contains("all actions but administer")));
    assert_eq!(policy.report().warnings.iter().filter(|text| text.what.contains("all actions but")).count(), 1);
}

#[test]
fn what_only_an_approval_lifts_needs_one() {
    let policy = policy(
        r#"@id("may") permit (principal in Group::"idp:sales", action == Action::"deleteTopic", resource);
           @id("two-eyes") @on_deny("require_approval") @why("Deletion needs a second person") @ask("platform team")
           forbid (principal, action == Action::"deleteTopic", resource) when { resource.env == "prod" };
           @id("never") forbid (principal, action, resource is Topic) when { resource.name == "payroll" };
           @id("payroll") @on_deny("require_approval")
           forbid (principal, action == Action::"deleteTopic", resource) when { resource.name == "payroll" };"#,
    );
    let delete = |subject: &Caller, name: &'static str| {
        let who = policy.entitlement(subject, &here());
        policy.decide(&who, topic(Action::DeleteTopic, name))
    };
    let ann = caller("ann", &["sales"]);
    let lifted = delete(&ann, "orders");
    assert_eq!((lifted.effect, &*lifted.rule), (Effect::NeedsApproval, "approval:two-eyes"));
    assert!(!lifted.allowed(), "nobody can approve yet");
    let rule = policy.rules_in(&lifted.rule).next().unwrap();
    assert_eq!(
        (rule.why.as_deref(), rule.ask.as_deref()),
        (Some("Deletion needs a second person"), Some("platform team"))
    );
    assert_eq!((rule.file.as_str(), rule.line, rule.column), ("rules.cedar", 2, 12));
    let none_allows = delete(&caller("bob", &[]), "orders");
    assert_eq!((none_allows.effect, &*none_allows.rule), (Effect::Deny, "two-eyes"));
    let also_forbidden = delete(&ann, "payroll");
    assert_eq!((also_forbidden.effect, &*also_forbidden.rule), (Effect::Deny, "never,payroll"));
    assert_eq!(delete(&ann, "zebra").effect, Effect::Allow);
    let mut unknown = ann.clone();
    unknown.groups_known = false;
    assert_eq!(delete(&unknown, "orders").effect, Effect::Deny, "an approval makes nobody a member");
}

#[test]
fn a_right_may_be_of_some_partitions_only() {
    let policy = policy(
        r#"@id("p") permit (principal, action == Action::"consume", resource)
           when { context has partition && context.partition < 2 };"#,
    );
    let ann = caller("ann", &[]);
    for (partition, allowed) in [(Some(0), true), (Some(1), true), (Some(2), false), (None, false), (Some(0), true)] {
        assert_eq!(ask(&policy, &ann, Question { partition, ..consume("orders") }).0, allowed, "{partition:?}");
    }
}

#[test]
fn answers_follow_hour_and_mfa_age() {
    let policy = policy(
        r#"@id("h") permit (principal, action == Action::"consume", resource) when { context.hour >= 8 && context.hour < 18 };
           @id("m") permit (principal, action == Action::"produce", resource)
           when { context has mfaAge && context.mfaAge <= 100 };"#,
    );
    let ann = caller("ann", &[]);
    for (hour, allowed) in [(7, false), (8, true), (18, false), (12, true)] {
        let question = Question { now: Now { hour, mfa_age: None }, ..consume("orders") };
        assert_eq!(ask(&policy, &ann, question).0, allowed, "{hour}");
    }
    for (mfa_age, allowed) in
        [(Some(100), true), (Some(101), false), (None, false), (Some(u64::MAX), false), (Some(0), true)]
    {
        let question = Question { now: Now { hour: 1, mfa_age }, ..topic(Action::Produce, "orders") };
        assert_eq!(ask(&policy, &ann, question).0, allowed, "{mfa_age:?}");
    }
}

#[test]
fn a_caller_of_unknown_groups_is_in_no_permit_and_in_every_forbid() {
    let policy = policy(
        r#"@id("team") permit (principal in Group::"idp:sales", action == Action::"produce", resource);
           @id("people") permit (principal is User, action == Action::"consume", resource);
           @id("contractors") forbid (principal, action, resource is Topic)
           when { principal in Group::"idp:contractors" && resource.tier == "tier0" };
           @id("odd") forbid (principal, action == Action::"describe", resource)
           when { principal in Group::"idp:x" && !(principal in Group::"idp:y") };
           @id("see") permit (principal, action == Action::"describe", resource);
           @id("owner") permit (principal, action == Action::"alterConfigs", resource)
           when { resource has owner && principal in resource.owner };"#,
    );
    let mut ann = caller("ann", &["sales"]);
    assert!(ask(&policy, &ann, topic(Action::Produce, "orders")).0);
    assert!(ask(&policy, &ann, topic(Action::AlterConfigs, "orders")).0);
    assert!(ask(&policy, &ann, consume("zebra")).0);
    ann.groups_known = false;
    assert_eq!(ask(&policy, &ann, topic(Action::Produce, "orders")), answer(false, "default-deny"));
    assert_eq!(ask(&policy, &ann, topic(Action::AlterConfigs, "orders")), answer(false, "default-deny"));
    assert_eq!(ask(&policy, &ann, consume("zebra")), answer(false, "contractors"));
    assert_eq!(ask(&policy, &ann, consume("orders")), answer(true, "people"));
    assert_eq!(
        ask(&policy, &ann, topic(Action::Describe, "orders")),
        answer(false, "odd"),
        "true only of some members"
    );
}

#[test]
fn callers_that_the_rules_cannot_tell_apart_share_their_class() {
    let rules = r#"@id("team") permit (principal in Group::"idp:sales", action, resource);
                   @id("bob") forbid (principal == User::"idp:bob", action, resource);"#;
    let policy = policy(rules);
    let class = |caller: &Caller| policy.entitlement(caller, &here()).class;
    let ann = class(&caller("ann", &["sales", "chess"]));
    assert!(Arc::ptr_eq(&ann, &class(&caller("amy", &["golf", "sales"]))));
    assert!(!Arc::ptr_eq(&ann, &class(&caller("amy", &["golf"]))), "a named group tells them apart");
    assert!(!Arc::ptr_eq(&ann, &class(&caller("bob", &["sales"]))), "a named caller is apart");
    let mut workload = caller("ann", &["sales"]);
    workload.kind = CallerKind::Workload;
    assert!(!Arc::ptr_eq(&ann, &class(&workload)));
    let mut unknown = caller("ann", &["sales"]);
    unknown.groups_known = false;
    assert!(!Arc::ptr_eq(&ann, &class(&unknown)));
    let elsewhere = Circumstances { address: IpAddr::from([10, 0, 0, 1]), client_id: "other", tls: false, ..here() };
    assert!(Arc::ptr_eq(&ann, &policy.entitlement(&caller("ann", &["sales"]), &elsewhere).class));
    let other_cluster = Circumstances { cluster: "second", ..here() };
    assert!(!Arc::ptr_eq(&ann, &policy.entitlement(&caller("ann", &["sales"]), &other_cluster).class));
}

#[test]
fn swapped_identities_do_not_share_answers() {
    let policy = policy(
        r#"@id("sub") permit (principal, action, resource) when { principal.sub == "ann" };
           @id("bob") forbid (principal == User::"idp:bob", action, resource);"#,
    );
    for _ in 0..3 {
        assert_eq!(ask(&policy, &caller("ann", &[]), consume("orders")), answer(true, "sub"));
        assert_eq!(ask(&policy, &caller("bob", &[]), consume("orders")), answer(false, "bob"));
        assert_eq!(ask(&policy, &caller("eve", &[]), consume("orders")), answer(false, "default-deny"));
        let mut workload = caller("bob", &[]);
        workload.kind = CallerKind::Workload;
        assert_eq!(ask(&policy, &workload, consume("orders")), answer(false, "default-deny"));
    }
}

/// The same rules in two policies: one with classes and kept answers as they are, one that is made to believe that the
/// rules can tell everything apart and that no answer may be kept. They have to agree on every question.
#[test]
fn classes_and_kept_answers_change_no_decision() {
    let rules = r#"
        @id("team") permit (principal in Group::"idp:a", action in Action::"read", resource);
        @id("sub") permit (principal, action, resource is Topic) when { principal.sub like "am*" && context.hour < 12 };
        @id("bob") forbid (principal == User::"idp:bob", action, resource) unless { context has mfaAge && context.mfaAge < 60 };
        @id("part") forbid (principal in Group::"idp:b", action, resource) when { context has partition && context.partition == 1 };
        @id("net") forbid (principal is Workload, action, resource) unless { context.address.isInRange(ip("10.0.0.0/8")) };
        @id("id") forbid (principal, action == Action::"produce", resource in Cluster::"second") when { context.clientId == "bad" };
        @id("own") permit (principal, action, resource is Topic) when { resource has owner && principal in resource.owner };"#;
    let (sharing, mut apart) = (policy(rules), policy(rules));
    let loaded = &mut Arc::get_mut(&mut apart.core).unwrap().loaded;
    let looks = &mut Arc::get_mut(loaded).unwrap().looks;
    (looks.issuer, looks.sub, looks.client, looks.address, looks.client_id) = (true, true, true, true, true);
    (looks.tls, looks.partition, looks.hour, looks.mfa.read, looks.mfa.opaque) = (true, true, true, true, true);
    looks.groups.extend(["idp:a", "idp:b", "idp:c", "idp:sales"].map(str::to_owned));
    for (subject, kind) in [("ann", CallerKind::User), ("bob", CallerKind::User), ("bob", CallerKind::Workload)] {
        looks.callers.insert((kind, format!("idp:{subject}")));
    }
    let mut callers = Vec::new();
    for (subject, groups) in
        [("ann", &["a"][..]), ("bob", &["a", "b"]), ("amy", &["c"]), ("eve", &["sales", "b"]), ("bob", &["a"])]
    {
        callers.push(caller(subject, groups));
    }
    callers.push(Caller { groups_known: false, ..caller("amy", &[]) });
    callers.push(Caller { kind: CallerKind::Workload, ..caller("bob", &["a"]) });
    let mut asked = 0;
    for (round, caller) in callers.iter().enumerate().cycle().take(21) {
        let odd = (round + asked) % 2 == 0;
        let address = IpAddr::from(if odd { [10, 1, 1, 1] } else { [11, 1, 1, 1] });
        let client_id = if asked % 3 == 0 { "bad" } else { "good" };
        let cluster = if asked % 5 == 0 { "second" } else { "main" };
        let circumstances = Circumstances { cluster, address, client_id, tls: odd };
        let (one, two) = (sharing.entitlement(caller, &circumstances), apart.entitlement(caller, &circumstances));
        for name in ["orders", "zebra"] {
            for action in [Action::Consume, Action::Produce] {
                for (partition, hour, mfa_age) in [
                    (None, 1, None),
                    (Some(1), 1, Some(59)),
                    (Some(2), 13, Some(60)),
                    (None, 13, Some(61)),
                    (Some(1), 13, None),
                ] {
                    let now = Now { hour, mfa_age };
                    let question = Question { action, resource: Resource::Topic(name), partition, now };
                    assert_eq!(sharing.decide(&one, question), apart.decide(&two, question), "{caller:?} {question:?}");
                    asked += 1;
                }
            }
        }
        asked += 1;
    }
    assert!(asked > 400);
}

#[test]
fn address_client_and_tls_are_what_the_session_has() {
    let policy = policy(
        r#"@id("net") permit (principal, action, resource)
           when { context.address.isInRange(ip("10.0.0.0/8")) && context.tls && principal has client && principal.client == "cli" };
           @id("bad") forbid (principal, action, resource) when { context.clientId like "bad*" };"#,
    );
    let ask = |address: &str, client_id, tls| {
        let circumstances = Circumstances { cluster: "main", address: address.parse().unwrap(), client_id, tls };
        policy.decide(&policy.entitlement(&caller("ann", &[]), &circumstances), consume("orders")).rule.to_string()
    };
    assert_eq!(ask("10.1.1.1", "c", true), "net");
    assert_eq!(ask("::ffff:10.1.1.1", "c", true), "net", "an IPv4-mapped address is IPv4");
    assert_eq!(ask("11.1.1.1", "c", true), "default-deny");
    assert_eq!(ask("fe80::1", "c", true), "default-deny");
    assert_eq!(ask("10.1.1.1", "c", false), "default-deny");
    assert_eq!(ask("10.1.1.1", "bad-1", true), "bad");
}

#[test]
fn every_action_can_be_allowed_on_its_resource_and_on_no_other() {
    let policy = policy(r#"@id("all") permit (principal, action, resource) when { resource.name like "*" };"#);
    let who = policy.entitlement(&caller("ann", &[]), &here());
    let resources =
        [Resource::Topic("x"), Resource::ConsumerGroup("x"), Resource::TransactionalId("x"), Resource::Cluster];
    for action in Action::ALL {
        for resource in resources {
            let now = Now { hour: 0, mfa_age: None };
            let decision = policy.decide(&who, Question { action: *action, resource, partition: None, now });
            let rule = if action.applies_to() == resource.kind() { "all" } else { "error:wrong-resource" };
            assert_eq!(&*decision.rule, rule, "{} {resource:?}", action.name());
        }
    }
}

#[test]
fn names_may_hold_any_characters() {
    let policy = policy(r#"@id("q") permit (principal, action, resource) when { resource.name == "a\"b\\c" };"#);
    let who = policy.entitlement(&caller("ann\"; permit", &["x\"y"]), &here());
    let group = |name| Question { action: Action::JoinGroup, resource: Resource::ConsumerGroup(name), ..consume("") };
    assert!(policy.decide(&who, group("a\"b\\c")).allowed());
    for name in ["", "\0", "\" || true", "ünïcode", &"x".repeat(40_000)] {
        assert!(!policy.decide(&who, group(name)).allowed());
    }
}

#[test]
fn kept_answers_are_bounded() {
    let policy = policy(TEAM);
    let who = policy.entitlement(&caller("ann", &["sales"]), &here());
    for i in 0..40_000 {
        who.class.answers.keep(
            AnswerKey::new(Action::Consume, None, 0, 0).unwrap(),
            &i.to_string(),
            &Decision::deny("x"),
        );
        assert!(who.class.answers.count() <= 32_768);
    }
    assert_eq!(policy.core.answers_kept.load(Ordering::Relaxed), who.class.answers.count());
    who.class.answers.keep(
        AnswerKey::new(Action::Consume, None, 0, 0).unwrap(),
        &"n".repeat(300),
        &Decision::deny("x"),
    );
    assert!(policy.decide(&who, consume("orders")).allowed());
    drop(who);
    policy.core.classes.lock().unwrap().clear();
    assert_eq!(policy.core.answers_kept.load(Ordering::Relaxed), 0);
}

#[test]
fn an_entitlement_of_another_policy_is_denied() {
    let (old, new) = (policy(TEAM), policy(TEAM));
    let who = old.entitlement(&caller("ann", &["sales"]), &here());
    assert!(old.decide(&who, consume("orders")).allowed());
    assert_eq!(&*new.decide(&who, consume("orders")).rule, "error:other-policy");
    assert_eq!(old.version(), new.version());
}

fn blocks(targets: &[(&str, &str)]) -> Arc<Blocks> {
    let block = |(at, (kind, value)): (usize, &(&str, &str))| Block {
        id: format!("b{at}"),
        target: Target::parse(kind, value).unwrap(),
        reason: "leak".to_owned(),
        at_ms: 0,
        until_s: None,
        who: "idp:root".to_owned(),
    };
    Arc::new(Blocks::new(targets.iter().enumerate().map(block).collect()))
}

#[test]
fn a_block_is_decided_before_any_rule() {
    let open = policy(r#"@id("all") permit (principal, action, resource) when { resource.name like "*" };"#);
    let (ann, bob) = (caller("ann", &[]), caller("bob", &[]));
    assert_eq!(ask(&open, &ann, consume("orders")), answer(true, "all"));
    let blocked = open.with_blocks(blocks(&[
        ("topic", "pay*"),
        ("operation", "createTopic"),
        ("subject", "idp:ann"),
        ("client_id", "stolen-*"),
    ]));
    assert_eq!(ask(&blocked, &bob, consume("orders")), answer(true, "all"));
    assert_eq!(ask(&blocked, &bob, consume("payroll")), answer(false, "block:b0"));
    assert_eq!(ask(&blocked, &bob, topic(Action::CreateTopic, "x")), answer(false, "block:b1"));
    let any = Question { action: Action::CreateAnyTopic, resource: Resource::Cluster, ..consume("") };
    assert_eq!(ask(&blocked, &bob, any), answer(false, "block:b1"), "the wider right is no way around");
    for action in Action::ALL.iter().filter(|action| action.applies_to() == ResourceKind::Topic) {
        assert_eq!(ask(&blocked, &ann, topic(*action, "orders")), answer(false, "block:b2"));
    }
    let gate = Question { action: Action::Administer, resource: Resource::Gateway, ..consume("") };
    assert_eq!(ask(&blocked, &ann, gate), answer(false, "block:b2"));
    let with_client_id = |client_id| {
        let circumstances = Circumstances { client_id, ..here() };
        blocked.decide(&blocked.entitlement(&bob, &circumstances), consume("orders"))
    };
    assert_eq!((with_client_id("stolen-7").effect, with_client_id("stolen").effect), (Effect::Blocked, Effect::Allow));
    let token_of = Caller { client: Some("stolen-app".to_owned()), ..bob.clone() };
    assert_eq!(ask(&blocked, &token_of, consume("orders")), answer(false, "block:b3"));
    let other_issuer = Caller { issuer: "evil".to_owned(), ..ann.clone() };
    assert_eq!(ask(&blocked, &other_issuer, consume("orders")), answer(true, "all"));
    let over = blocked.with_blocks(Arc::default());
    assert_eq!(ask(&over, &ann, consume("payroll")), answer(true, "all"), "nothing of a block is kept");
}

#[test]
fn other_blocks_share_classes_and_kept_answers_but_no_entitlement() {
    let before = policy(TEAM);
    let ann = caller("ann", &["sales"]);
    assert_eq!(ask(&before, &ann, consume("orders")), answer(true, "team"));
    let kept = before.core.answers_kept.load(Ordering::Relaxed);
    let after = before.with_blocks(blocks(&[("subject", "idp:eve")]));
    let who = before.entitlement(&ann, &here());
    assert_eq!(&*after.decide(&who, consume("orders")).rule, "error:other-policy", "it may know of no block");
    assert!(Arc::ptr_eq(&who.class, &after.entitlement(&ann, &here()).class));
    assert_eq!(ask(&after, &ann, consume("orders")), answer(true, "team"));
    assert_eq!((kept, after.core.answers_kept.load(Ordering::Relaxed)), (1, 1));
    assert_eq!(before.version(), after.version());
}

#[test]
fn the_version_follows_every_file() {
    let version = |files: &[(&str, &str)]| Policy::load(folder(files).path()).unwrap().version();
    let one = version(&[("a.cedar", TEAM)]);
    assert_eq!(one, version(&[("a.cedar", TEAM), ("notes.txt", "x"), (".hidden.cedar", "broken")]));
    assert_ne!(one, version(&[("b.cedar", TEAM)]));
    assert_ne!(one, version(&[("a.cedar", TEAM), ("topics.yaml", "")]));
}

/// The error as `line: text` for each mistake that the folder's one rule file has.
fn mistakes(rules: &str) -> Vec<String> {
    let dir = folder(&[("ok.cedar", "@id(\"ok\") permit (principal, action, resource);"), ("r.cedar", rules)]);
    let errors = folder::check(dir.path()).unwrap_err();
    assert!(Policy::load(dir.path()).is_err());
    errors.iter().map(|error| error.to_string().strip_prefix("r.cedar:").unwrap().to_owned()).collect()
}

#[test]
fn mistakes_name_file_line_and_mend() {
    for (rules, wanted) in [
        ("// one; \"two\nforbid (principal, action, resource) when { resource.colour == 1 };", "2:45: "),
        ("\n\npermit (principal, action, resource)\nwhen { context.partition == 1 };", "4:8: "),
        ("permit (principal, action == Action::\"fly\", resource);", "1:"),
        ("permit (principal, action, resource)\nwhen { 1 + \"a\" == 2 };", "2:12: "),
        ("permit (principal, action, resource);\n\npermit (principal action, resource);", "3:19: "),
        ("permit (principal, action, resource)", "1:"),
        ("permit (principal == ?principal, action, resource);", "1:"),
        ("permit (principal, action, resource)\nwhen { false };", "1:"),
        ("@id(\"a b\") permit (principal, action, resource);", "1:1: @id \"a b\" cannot be used"),
        ("\n@id(\"ok\") permit (principal, action, resource);", "2:5: @id \"ok\" stands also at ok.cedar:1"),
        (
            "permit (principal, action, resource)\nwhen { context.clientId == \"x\" };",
            "1:1: a permit looks at context.clientId",
        ),
        (
            "permit (principal, action, resource)\nunless { context.clientId == \"x\" };",
            "1:1: a permit looks at context.clientId",
        ),
        (
            "permit (principal, action, resource)\nwhen { {c: context}.c.clientId == \"x\" };",
            "1:1: a permit looks at context.clientId",
        ),
        ("@on_deny(\"require_approval\") permit (principal, action, resource);", "1:1: @on_deny stands at a permit"),
        ("permit (principal, action, resource is Gateway);", "1:1: a permit of what has to be named names no action"),
        ("permit (principal, action, resource is Field);", "1:1: a permit of what has to be named names no action"),
        (
            "permit (principal, action, resource == Gateway::\"gate\");",
            "1:1: a permit of what has to be named names no action",
        ),
        ("@on_deny(\"wait\") forbid (principal, action, resource);", "1:1: @on_deny(\"wait\") is not known"),
        ("@id(\"approval:x\") forbid (principal, action, resource);", "1:1: @id \"approval:x\" cannot be used"),
        ("permit (principal in Group::\"sales\", action, resource);", "1:1: \"sales\" names no issuer"),
        ("forbid (principal == User::\"ann\", action, resource);", "1:1: \"ann\" names no issuer"),
    ] {
        let found = mistakes(rules);
        assert!(found.iter().any(|text| text.starts_with(wanted)), "{rules}\n{found:?}");
        assert!(found.iter().all(|text| text.contains("; ") && !text.contains('\n')), "{found:?}");
    }
    assert_eq!(mistakes("permit (principal, action, fly);\npermit (").len(), 2, "all are told");
}

#[test]
fn a_permit_may_read_what_is_verified_and_a_forbid_the_client_id() {
    _ = policy(
        r#"permit (principal, action, resource) when { principal has client && principal.client == "x" };
           forbid (principal, action, resource) when { context.clientId == "x" };"#,
    );
}

#[test]
fn a_folder_that_would_not_hold_all_rules_is_refused() {
    let load = |dir: &TempDir| Policy::load(dir.path()).unwrap_err().to_string();
    assert!(load(&folder(&[("topics.yaml", "")])).contains("no file *.cedar"));
    assert!(load(&folder(&[("a.cedar", TEAM), ("topics.yml", "")])).contains("name it topics.yaml"));
    let dir = folder(&[("a.cedar", TEAM)]);
    std::fs::create_dir(dir.path().join("more")).unwrap();
    std::fs::write(dir.path().join("more/b.cedar"), TEAM).unwrap();
    assert!(load(&dir).contains("sub-folders are not read"));
    let dir = folder(&[]);
    std::fs::write(dir.path().join("a.cedar"), b"// a\n\xff").unwrap();
    assert!(load(&dir).starts_with("a.cedar:2:1: is not UTF-8"));
    assert!(Policy::load(Path::new("/nonexistent/policy")).unwrap_err().to_string().contains("cannot be read"));
    let found = load(&folder(&[("a.cedar", TEAM), ("topics.yaml", "- {name: a, colour: red}\n")]));
    assert!(found.starts_with("topics.yaml:1:") && found.contains("colour"), "{found}");
}

#[test]
fn the_report_counts_and_warns() {
    let dir = folder(&[("a.cedar", TEAM), ("b.cedar", "@wy(\"all\") permit (principal, action, resource is Topic);")]);
    let report = folder::check(dir.path()).unwrap();
    assert_eq!((report.rules, report.topics, report.files), (2, 0, vec!["a.cedar".to_owned(), "b.cedar".to_owned()]));
    assert_eq!(report.warnings.len(), 4, "{:?}", report.warnings);
    assert!(report.warnings[2].to_string().starts_with("b.cedar:1:1: "), "{:?}", report.warnings);
    assert!(report.warnings[3].what.contains("@wy means nothing"), "{:?}", report.warnings);
    assert_eq!(Policy::load(dir.path()).unwrap().rules(), 2);
}

#[test]
fn files_from_elsewhere_are_held_to_what_a_folder_is_held_to() {
    let policy = |name: &str, text: &str| Policy::from_files(&[(name.to_owned(), text.to_owned())].into());
    let rule = r#"@id("a") permit (principal, action == Action::"describe", resource);"#;
    let folder = folder(&[("a.cedar", rule)]);
    let sent = policy("a.cedar", rule).unwrap();
    assert_eq!(sent.version(), Policy::load(folder.path()).unwrap().version());
    for odd in ["../a.cedar", ".a.cedar", "b/a.cedar", "a.txt", "a.cedar\0"] {
        let refused = policy(odd, rule).unwrap_err().to_string();
        assert!(refused.contains("is no file of a policy"), "{odd:?}: {refused}");
    }
    assert!(policy("topics.yaml", "[]").unwrap_err().to_string().contains("no file *.cedar"));
    assert!(policy("a.cedar", &" ".repeat(2 << 20)).unwrap_err().to_string().contains("larger than"));
}
