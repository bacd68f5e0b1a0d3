//! Answers a session's questions for one frame, and remembers them for its leaf.

use std::any::Any;
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, LazyLock};

use tidegate_model::{
    Action, Asks, Caller, Copied, Endpoint, Gate, Keeps, Level, Quarantine, Resource, ResourceKind, TooFast, View,
    Written,
};
use tidegate_policy::{Asking, Circumstances, Decision, Effect, Entitlement, Now, Policy, Question, Storage};
use tokio::runtime::{Handle, RuntimeFlavor};
use tracing::warn;

use crate::gate::Shared;
use crate::listener::Endpoints;
use crate::masks::{TopicMask, TopicRules, TopicStorage};
use crate::rates::Offer;
use crate::schemas::AtHand;

/// Distinct questions of one frame that are named; more are counted.
const ASKED_MAX: usize = 1024;
/// Questions of one frame that Cedar is asked where the frame is decided, at tens of microseconds each. A frame with more, such as a
/// listing of thousands of topics under a new policy, gives up its thread, so that other connections are served meanwhile.
const IN_PLACE_MAX: u32 = 32;

/// Keyed, so that no client can choose two questions that look equal.
static KEYED: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Who is logged in on a connection, and what the policy in force makes of it.
#[derive(Clone, Debug)]
pub struct Access {
    /// The caller.
    pub caller: Arc<Caller>,
    /// When the session must be authenticated anew, Unix milliseconds.
    pub ends_at_ms: u64,
    /// The policy that `entitlement` belongs to.
    pub policy: Arc<Policy>,
    /// The caller's class under it.
    pub entitlement: Entitlement,
    /// What the client called itself when that was found out.
    pub client_id: Arc<str>,
}

impl Access {
    /// Of a caller who has just logged in.
    #[must_use]
    pub fn new(caller: Arc<Caller>, ends_at_ms: u64, policy: Arc<Policy>, circumstances: &Circumstances<'_>) -> Self {
        let entitlement = policy.entitlement(&caller, circumstances);
        Self { caller, ends_at_ms, policy, entitlement, client_id: circumstances.client_id.into() }
    }

    /// Whether no other policy has come into force since.
    #[must_use]
    pub fn is_current(&self, shared: &Shared) -> bool {
        Arc::ptr_eq(&shared.policy.load(), &self.policy)
    }

    /// Takes up the policy in force.
    pub fn refresh(&mut self, shared: &Shared, circumstances: &Circumstances<'_>) {
        self.policy = shared.policy();
        self.entitlement = self.policy.entitlement(&self.caller, circumstances);
        if *self.client_id != *circumstances.client_id {
            self.client_id = circumstances.client_id.into();
        }
    }
}

/// One question and its answer.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What was asked for.
    pub action: Action,
    /// Of what kind of thing.
    pub kind: ResourceKind,
    /// Its name.
    pub name: String,
    /// The first partition that was asked for; `None` for the whole topic.
    pub partition: Option<i32>,
    /// The answer.
    pub effect: Effect,
    /// The rules that gave it.
    pub rule: Arc<str>,
    /// Equal for equal questions with equal answers, within this process.
    pub(crate) hash: u64,
}

impl Asked {
    /// Whether the caller may.
    #[must_use]
    pub fn allowed(&self) -> bool {
        self.effect == Effect::Allow
    }

    fn resource(&self) -> Resource<'_> {
        match self.kind {
            ResourceKind::Topic => Resource::Topic(&self.name),
            ResourceKind::ConsumerGroup => Resource::ConsumerGroup(&self.name),
            ResourceKind::TransactionalId => Resource::TransactionalId(&self.name),
            ResourceKind::Cluster => Resource::Cluster,
            ResourceKind::Gateway => Resource::Gateway,
            ResourceKind::Field => Resource::Field(&self.name),
        }
    }
}

/// The questions of one frame. Only a [`Decider`] makes them.
#[derive(Clone, Debug)]
pub struct Questions {
    /// Distinct ones, in order.
    pub asked: Vec<Asked>,
    /// How many more there were.
    pub more: u64,
    /// SHA-256 of the policy that answered.
    pub policy_version: [u8; 32],
    /// Whether its rules look at partitions, so that each is a question of its own; else only the first of a topic is kept.
    pub by_partition: bool,
    /// The bound that the caller met by writing too fast.
    pub too_fast: Option<String>,
    refused: u64,
}

impl Questions {
    /// Equal for frames of which the same was refused; of no meaning outside this process.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }
}

/// Decides for one frame.
pub struct Decider<'a> {
    access: Option<(&'a Access, Asking<'a>)>,
    endpoints: &'a Endpoints,
    shared: &'a Shared,
    now_ms: u64,
    now: Now,
    asked: Memory,
    /// Questions that Cedar was asked.
    unkept: u32,
    /// Of the records of the frame.
    schemas: AtHand,
}

/// What a decider was asked.
struct Memory {
    questions: Questions,
    /// Hashes of the distinct questions; as many as the frame has names, so bounded by the frame.
    seen: HashSet<u64>,
    last: Option<u64>,
}

impl Memory {
    fn remember(&mut self, (action, resource, partition): (Action, Resource<'_>, Option<i32>), decision: &Decision) {
        let effect = decision.effect;
        let part = partition.filter(|_| self.questions.by_partition);
        let hash = KEYED.hash_one((action, resource.kind(), resource.name(), part, effect));
        // The partitions of a topic ask the same in a row.
        if self.last.replace(hash) == Some(hash) || !self.seen.insert(hash) {
            return;
        }
        if !decision.allowed() {
            self.questions.refused = self.questions.refused.wrapping_add(hash);
        }
        if self.questions.asked.len() >= ASKED_MAX {
            self.questions.more = self.questions.more.saturating_add(1);
            return;
        }
        let (kind, name) = (resource.kind(), resource.name().to_owned());
        self.questions.asked.push(Asked {
            action,
            kind,
            name,
            partition,
            effect,
            rule: Arc::clone(&decision.rule),
            hash,
        });
    }
}

impl std::fmt::Debug for Decider<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decider").field("questions", &self.asked.questions.asked.len()).finish_non_exhaustive()
    }
}

impl<'a> Decider<'a> {
    /// For a frame of `access`, or of nobody yet.
    #[must_use]
    pub fn new(shared: &'a Shared, endpoints: &'a Endpoints, access: Option<&'a Access>) -> Self {
        let now_ms = shared.now_ms();
        let now = Now::at(now_ms / 1000, access.and_then(|a| a.caller.mfa_at));
        let policy_version = access.map(|a| a.policy.version()).unwrap_or_default();
        let by_partition = access.is_some_and(|a| a.policy.looks_at_partitions());
        let questions =
            Questions { asked: Vec::new(), more: 0, policy_version, by_partition, too_fast: None, refused: 0 };
        let asked = Memory { questions, seen: HashSet::new(), last: None };
        let access = access.map(|access| (access, access.policy.asking(&access.entitlement)));
        Self { access, endpoints, shared, now_ms, now, asked, unkept: 0, schemas: AtHand::default() }
    }

    /// Whether an answer may still be shown to what was allowed by other rules. What only reads shows what it asked for, and a
    /// member of a group is told what the group does. What was too much to remember cannot be asked again.
    pub(crate) fn allows_still(&mut self, before: &Questions, reads: bool) -> bool {
        let shows = |asked: &&Asked| asked.allowed() && (reads || asked.action == Action::JoinGroup);
        let mut again = before.asked.iter().filter(shows);
        (!reads || before.more == 0) && again.all(|asked| self.allows(asked.action, asked.resource(), asked.partition))
    }

    /// Numbers of schemas that records of the frame need and that are not known yet.
    pub(crate) fn missing_schemas(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.schemas.missing)
    }

    /// What was asked.
    #[must_use]
    pub fn into_questions(self) -> Questions {
        self.asked.questions
    }
}

impl Gate for Decider<'_> {
    fn has_aliases(&self) -> bool {
        self.access.as_ref().is_some_and(|(access, _)| !access.policy.topics().aliases().is_empty())
    }

    fn alias(&self, name: &str) -> Option<Arc<str>> {
        self.access.as_ref()?.0.policy.alias(name).map(Arc::clone)
    }

    fn is_aliased(&self, topic: &str) -> bool {
        self.access.as_ref().is_some_and(|(access, _)| access.policy.topics().aliases().names_topic(topic))
    }

    fn alias_is_a_topic(&mut self, alias: &str) {
        self.endpoints.cluster().tell_of_alias(alias);
    }

    fn writes_as(&mut self, writer: i64, topic: &str, name: &str) -> bool {
        self.endpoints.cluster().writers().writes_as(writer, topic, name)
    }

    fn allows(&mut self, action: Action, resource: Resource<'_>, partition: Option<i32>) -> bool {
        let Some((_, asking)) = &self.access else { return false };
        let question = Question { action, resource, partition, now: self.now };
        let decision = match asking.at_once(question) {
            Some(decision) => decision,
            None => {
                self.unkept = self.unkept.saturating_add(1);
                aside(self.unkept > IN_PLACE_MAX, || asking.decide(question))
            }
        };
        self.asked.remember((action, resource, partition), &decision);
        if !decision.allowed() {
            self.shared.metrics.undecided.notice(&decision, self.now_ms);
        }
        decision.allowed()
    }

    fn refusal(
        &mut self,
        action: Action,
        resource: Resource<'_>,
        partition: Option<i32>,
        called: &str,
    ) -> Option<String> {
        let (_, asking) = self.access.as_ref()?;
        // What hides a topic is asked of Cedar each time.
        self.unkept = self.unkept.saturating_add(1);
        let question = Question { action, resource, partition, now: self.now };
        aside(self.unkept > IN_PLACE_MAX, || asking.words(question, called))
    }

    fn creates(&mut self, topic: &str) -> bool {
        // A topic that is blocked is blocked for those too who may create any; and nobody makes a topic of an alias.
        let refused = self.access.as_ref().is_some_and(|(access, _)| {
            access.policy.blocks().topic(topic).is_some() || access.policy.topics().aliases().topic(topic).is_some()
        });
        (!refused && self.allows(Action::CreateAnyTopic, Resource::Cluster, None))
            || self.allows(Action::CreateTopic, Resource::Topic(topic), None)
    }

    fn sees_group(&mut self, group: &str) -> bool {
        // Groups that are blocked are blocked for those too who may describe the cluster.
        let blocked = |access: &Access| access.policy.blocks().operation(Action::DescribeGroup).is_some();
        let blocked = self.access.as_ref().is_some_and(|(access, _)| blocked(access));
        (!blocked && self.allows(Action::DescribeCluster, Resource::Cluster, None))
            || self.allows(Action::DescribeGroup, Resource::ConsumerGroup(group), None)
    }

    fn view(&mut self, topic: &str) -> View<'_> {
        let Some((_, asking)) = &self.access else { return View::Withheld };
        match asking.view(topic, self.now) {
            Ok(None) => View::Plain,
            Ok(Some(view)) => {
                let shared = (&**self.endpoints.cluster(), self.shared);
                View::Masked(Box::new(TopicMask::new(view, topic, shared, &mut self.schemas, self.now_ms)))
            }
            Err(why) => {
                self.cannot_show(topic, -1, &why);
                View::Withheld
            }
        }
    }

    fn asks(&mut self, topic: &str) -> Asks<'_> {
        let Some((access, _)) = &self.access else { return Asks::Unknown };
        match access.policy.writes(topic) {
            Ok(None) => Asks::Nothing,
            Ok(Some(writes)) if !writes.looks => Asks::Nothing,
            Ok(Some(writes)) => {
                let shared = (&**self.endpoints.cluster(), self.shared);
                Asks::Rules(Box::new(TopicRules::new(writes, topic, shared, &mut self.schemas, self.now_ms)))
            }
            Err(why) => {
                if let Some(times) = self.shared.metrics.unmaskable.again(self.now_ms) {
                    warn!(
                        topic,
                        why,
                        times,
                        "what masking.yaml asks of records written to this topic cannot be made, so they are refused: shorten its paths"
                    );
                }
                Asks::Unknown
            }
        }
    }

    fn keeps(&mut self, topic: &str) -> Keeps<'_> {
        let Some((access, _)) = &self.access else { return Keeps::Nothing(Level::Digest) };
        match access.policy.storage(topic) {
            Ok(Storage { level: Level::Full, plan }) => {
                let shared = (&**self.endpoints.cluster(), self.shared);
                Keeps::Records(Box::new(TopicStorage::new(plan, topic, shared, &mut self.schemas, self.now_ms)))
            }
            Ok(Storage { level, .. }) => Keeps::Nothing(level),
            // Nobody can say how they would be masked; who reads or writes them is told elsewhere.
            Err(_too_many_paths) => Keeps::Nothing(Level::Digest),
        }
    }

    fn quarantine(&mut self, topic: &str) -> Option<Quarantine<'_>> {
        let (access, _) = self.access.as_ref()?;
        let writes = access.policy.writes(topic).ok()??;
        let to = writes.quarantine.as_ref()?;
        let copy = match &to.copy {
            tidegate_policy::Copied::Original => Copied::Original,
            tidegate_policy::Copied::Nothing => Copied::Nothing,
            tidegate_policy::Copied::Masked(plan) => {
                let shared = (&**self.endpoints.cluster(), self.shared);
                let mask = TopicStorage::new(plan.clone(), topic, shared, &mut self.schemas, self.now_ms);
                Copied::Masked(Box::new(mask))
            }
        };
        Some(Quarantine { topic: Arc::clone(&to.topic), copy })
    }

    fn too_fast(&mut self, written: &[Written<'_>]) -> Option<TooFast> {
        let (access, _) = self.access.as_ref()?;
        let (cluster, caller) = (&*self.endpoints.cluster().name, &*access.caller);
        let bounded = written.iter().filter_map(|written| {
            let rate = access.policy.writes(written.topic).ok()??.rate;
            let writer = KEYED.hash_one((cluster, written.topic, caller.kind, &caller.issuer, &caller.subject));
            (!rate.is_unbounded()).then_some(Offer { writer, rate, written: *written })
        });
        let too_fast = self.shared.rates.take(&bounded.collect::<Vec<_>>(), self.now_ms)?;
        self.asked.questions.too_fast = Some(too_fast.why.clone());
        Some(too_fast)
    }

    fn cannot_show(&mut self, topic: &str, partition: i32, why: &str) {
        if let Some(times) = self.shared.metrics.unmaskable.again(self.now_ms) {
            warn!(
                topic,
                partition,
                why,
                times,
                "records that are masked for their reader cannot be shown, so their partition is refused"
            );
        }
    }

    fn endpoint(&mut self, node_id: i32, host: &str, port: u16) -> Option<Endpoint> {
        self.endpoints.of_broker(node_id, host, port)
    }

    fn knowledge(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.endpoints.cluster().learned().map(|learned| Arc::clone(&learned.knowledge))
    }

    fn answer_bytes_target(&self) -> i32 {
        self.shared.limits.answer_bytes
    }

    fn now_ms(&self) -> u64 {
        self.now_ms
    }
}

/// Does work that takes long where it holds up no other connection: its thread hands them to another, once for as many pieces of work
/// as follow without a wait.
pub(crate) fn aside<T>(long: bool, work: impl FnOnce() -> T) -> T {
    let others = || Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    if long && others() { tokio::task::block_in_place(work) } else { work() }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tidegate_policy::{Block, Blocks, Target};

    use super::*;
    use crate::connection::circumstances;
    use crate::testing::{Gatehouse, caller, limits};

    #[tokio::test]
    async fn an_alias_means_its_topic_unless_it_is_blocked_and_is_never_created_itself() {
        let gate = Gatehouse::new(limits()).await;
        let rules = r#"@id("any") permit (principal, action, resource);"#;
        let topics = "- {alias: orders, topic: orders-v2}\n- {alias: pay, topic: payments}\n";
        let files = [("rules.cedar", rules), ("topics.yaml", topics)];
        let files = files.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let target = Target::parse("topic", "pay").unwrap();
        let (reason, who) = (String::new(), String::new());
        let block = Block { id: "b1".into(), target, reason, at_ms: 0, until_s: None, who };
        let policy = Policy::from_files(&files).unwrap().with_blocks(Arc::new(Blocks::new(vec![block])));
        let around = circumstances(&gate.listener, "127.0.0.1:9".parse().unwrap(), "");
        let access = Access::new(Arc::new(caller()), u64::MAX, Arc::new(policy), &around);
        let mut decider = Decider::new(&gate.listener.shared, &gate.listener.endpoints, Some(&access));
        assert!(decider.has_aliases() && decider.is_aliased("orders-v2") && !decider.is_aliased("orders"));
        assert_eq!(decider.alias("orders").as_deref(), Some("orders-v2"));
        assert_eq!(decider.alias("pay"), None);
        assert!(decider.creates("orders-v2") && !decider.creates("orders"));
        assert!(!decider.allows(Action::Consume, Resource::Topic("pay"), None));
        let rules: Vec<_> = decider.into_questions().asked.iter().map(|asked| asked.rule.to_string()).collect();
        assert_eq!(rules, ["any", "alias:orders", "block:b1"]);
    }

    #[tokio::test]
    async fn groups_that_are_blocked_are_not_seen_by_the_right_to_describe_the_cluster() {
        let gate = Gatehouse::new(limits()).await;
        let rules = r#"@id("all") permit (principal, action == Action::"describeCluster", resource);"#;
        let files = [("rules.cedar".to_owned(), rules.to_owned())].into();
        let policy = Policy::from_files(&files).unwrap();
        let target = Target::parse("operation", "describeGroup").unwrap();
        let (reason, who) = (String::new(), String::new());
        let block = Block { id: "b1".into(), target, reason, at_ms: 0, until_s: None, who };
        let around = circumstances(&gate.listener, "127.0.0.1:9".parse().unwrap(), "");
        for (blocks, seen) in [(vec![], true), (vec![block], false)] {
            let policy = Arc::new(policy.with_blocks(Arc::new(Blocks::new(blocks))));
            let access = Access::new(Arc::new(caller()), u64::MAX, policy, &around);
            let mut decider = Decider::new(&gate.listener.shared, &gate.listener.endpoints, Some(&access));
            assert_eq!(decider.sees_group("g"), seen);
        }
    }

    #[tokio::test]
    async fn where_the_rules_look_at_partitions_each_is_a_question() {
        let gate = Gatehouse::new(limits()).await;
        let around = circumstances(&gate.listener, "127.0.0.1:9".parse().unwrap(), "");
        let all = "permit (principal, action, resource)";
        for (rules, asked) in [
            (format!("{all};"), vec![Some(0)]),
            (format!("{all} when {{ context has partition && context.partition >= 0 }};"), vec![Some(0), Some(1)]),
        ] {
            let files = [("rules.cedar".to_owned(), format!("@id(\"r\") {rules}"))].into();
            let access =
                Access::new(Arc::new(caller()), u64::MAX, Arc::new(Policy::from_files(&files).unwrap()), &around);
            let mut decider = Decider::new(&gate.listener.shared, &gate.listener.endpoints, Some(&access));
            for partition in [0, 1] {
                assert!(decider.allows(Action::Consume, Resource::Topic("t"), Some(partition)));
            }
            let found: Vec<_> = decider.into_questions().asked.iter().map(|asked| asked.partition).collect();
            assert_eq!(found, asked);
        }
    }

    #[tokio::test]
    async fn a_blocked_topic_cannot_be_created_by_the_right_to_create_any() {
        let gate = Gatehouse::new(limits()).await;
        let rules = r#"@id("any") permit (principal, action == Action::"createAnyTopic", resource);"#;
        let files = [("rules.cedar".to_owned(), rules.to_owned())].into();
        let target = Target::parse("topic", "pay*").unwrap();
        let (reason, who) = (String::new(), String::new());
        let block = Block { id: "b1".into(), target, reason, at_ms: 0, until_s: None, who };
        let policy = Policy::from_files(&files).unwrap().with_blocks(Arc::new(Blocks::new(vec![block])));
        let around = circumstances(&gate.listener, "127.0.0.1:9".parse().unwrap(), "");
        let access = Access::new(Arc::new(caller()), u64::MAX, Arc::new(policy), &around);
        let mut decider = Decider::new(&gate.listener.shared, &gate.listener.endpoints, Some(&access));
        assert!(decider.creates("orders"));
        assert!(!decider.creates("payroll"));
        let asked = decider.into_questions().asked;
        let said: Vec<_> = asked.iter().map(|a| (a.action, a.effect, &*a.rule)).collect();
        assert_eq!(
            said,
            [(Action::CreateAnyTopic, Effect::Allow, "any"), (Action::CreateTopic, Effect::Blocked, "block:b1"),]
        );
    }

    /// With one thread, so that nobody else can run while a frame is decided unless the thread is given up.
    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_frame_of_many_new_questions_holds_nobody_else_up() {
        let gate = Gatehouse::new(limits()).await;
        let (listener, served) = (Arc::clone(&gate.listener), Arc::new(AtomicBool::new(false)));
        let (begins, begun) = tokio::sync::oneshot::channel();
        let seen = Arc::clone(&served);
        let other = tokio::spawn(async move {
            begun.await.unwrap();
            seen.store(true, Ordering::Relaxed);
        });
        let deciding = tokio::spawn(async move {
            let around = circumstances(&listener, "127.0.0.1:9".parse().unwrap(), "");
            let access = Access::new(Arc::new(caller()), u64::MAX, listener.shared.policy(), &around);
            let mut decider = Decider::new(&listener.shared, &listener.endpoints, Some(&access));
            begins.send(()).unwrap();
            // Without a wait between them.
            let mut topics = (0..100_000).map(|number| format!("t{number}"));
            topics.any(|topic| {
                decider.allows(Action::Consume, Resource::Topic(&topic), None);
                served.load(Ordering::Relaxed)
            })
        });
        assert!(deciding.await.unwrap(), "somebody else was served before the last question");
        other.await.unwrap();
    }
}
