//! What decides when nothing is kept: the question and its entities as Cedar takes them, and Cedar's answer.

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Entities, Entity, EntityUid, Request, RestrictedExpression, Schema,
};
use tidegate_model::{Action, Resource, ResourceKind};

use crate::answers::{AnswerKey, Kept};
use crate::class::{Class, Traits, Way};
use crate::decide::{ALIAS, DEFAULT_DENY, Decision, Effect, Question};
use crate::error::PolicyError;
use crate::folder::Loaded;
use crate::masking::and_above;
use crate::rules::Rules;
use crate::schema::{Types, schema};
use crate::topics::Topics;

/// The one entity of type `Gateway`.
const GATEWAY_ID: &str = "gate";
/// Classes kept; more callers that the rules tell apart than this make the table start anew.
const CLASSES_MAX: usize = 1_024;
/// Rules named in one decision; more are counted.
const RULES_NAMED_MAX: usize = 8;

/// What does not depend on blocks: the rules, the classes that they make of callers, and the answers kept for these.
pub(crate) struct Core {
    pub(crate) loaded: Arc<Loaded>,
    schema: Schema,
    types: Types,
    actions: Entities,
    authorizer: Authorizer,
    pub(crate) classes: Mutex<HashMap<Traits, Arc<Class>>>,
    pub(crate) answers_kept: Arc<AtomicUsize>,
}

impl Core {
    pub(crate) fn new(loaded: Arc<Loaded>) -> Result<Core, PolicyError> {
        let schema = schema()?;
        let actions = schema.action_entities().map_err(|error| PolicyError::Schema(error.to_string()))?;
        Ok(Core {
            loaded,
            schema,
            types: Types::new()?,
            actions,
            authorizer: Authorizer::new(),
            classes: Mutex::default(),
            answers_kept: Arc::default(),
        })
    }

    pub(crate) fn class(&self, traits: Traits) -> Arc<Class> {
        let mut classes = self.classes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = classes.get(&traits) {
            return Arc::clone(known);
        }
        let answers_kept = Arc::clone(&self.answers_kept);
        let new = Arc::new(Class::new(traits.clone(), &self.types, answers_kept));
        if classes.len() >= CLASSES_MAX {
            classes.clear();
        }
        classes.insert(traits, Arc::clone(&new));
        new
    }

    /// What is kept of the answer to this question; `None` if there is no telling which answers are alike.
    fn key(&self, question: &Question<'_>) -> Option<AnswerKey> {
        let looks = &self.loaded.looks;
        let mfa = looks.mfa.bucket(question.now.mfa_age.map(seconds))?;
        let partition = question.partition.filter(|_| looks.partition);
        AnswerKey::new(question.action, partition, if looks.hour { question.now.hour } else { 0 }, mfa)
    }

    /// The answer, if it is kept.
    pub(crate) fn kept<'k>(&self, kept: &'k Kept, question: &Question<'_>) -> Option<&'k Decision> {
        kept.find(self.key(question)?, question.resource.name())
    }

    /// Asks Cedar and keeps the answer, unless somebody else did since `kept` was taken.
    pub(crate) fn decide(&self, who: &Class, question: Question<'_>) -> Decision {
        let (key, name) = (self.key(&question), question.resource.name());
        if let Some(decision) = key.and_then(|key| who.answers.kept().find(key, name).cloned()) {
            return decision;
        }
        let decision = self.evaluate(who, question, &self.loaded.topics).unwrap_or_else(Decision::deny);
        if let Some(key) = key {
            who.answers.keep(key, name, &decision);
        }
        decision
    }

    /// The question as Cedar takes it. The error is the rule to deny with.
    pub(crate) fn prepare(&self, who: &Class, question: Question<'_>) -> Result<(Request, Entities), String> {
        let way = self.way(who, question.action)?;
        let resource =
            self.placed(who, question.resource, &self.loaded.topics).ok_or_else(|| "error:resource".to_owned())?;
        self.request(who, way, question, resource)
    }

    /// What would be answered if no row of `topics.yaml` named any topic.
    pub(crate) fn decide_unnamed(&self, who: &Class, question: Question<'_>) -> Decision {
        self.evaluate(who, question, &Topics::default()).unwrap_or_else(Decision::deny)
    }

    fn rules_for(&self, who: &Class) -> &Rules {
        if who.groups_unknown() { &self.loaded.for_unknown_groups } else { &self.loaded.for_known_groups }
    }

    fn way<'a>(&self, who: &'a Class, action: Action) -> Result<&'a Way, String> {
        who.way(action, self.rules_for(who), &self.types, &self.actions).ok_or_else(|| "error:rules".to_owned())
    }

    fn request(
        &self,
        who: &Class,
        way: &Way,
        question: Question<'_>,
        resource: Placed,
    ) -> Result<(Request, Entities), String> {
        let Placed { uid, above, attributes, beside } = resource;
        let mut entities = way.entities.clone();
        if !beside.is_empty() {
            entities = entities.add_entities(beside, None).ok().ok_or_else(|| "error:entities".to_owned())?;
        }
        // the class has its cluster already
        if let Some(attributes) = attributes {
            let entity = Entity::new(uid.clone(), attributes, above.into_iter().collect());
            let entity = entity.ok().ok_or_else(|| "error:resource".to_owned())?;
            entities = entities.add_entities([entity], None).ok().ok_or_else(|| "error:entities".to_owned())?;
        }
        let action = self.types.action(question.action.name());
        let request = Request::new(who.principal.clone(), action, uid, context(who, question)?, Some(&self.schema));
        Ok((request.ok().ok_or_else(|| "error:request".to_owned())?, entities))
    }

    /// Asks Cedar. The error is the rule to deny with.
    fn evaluate(&self, who: &Class, question: Question<'_>, topics: &Topics) -> Result<Decision, String> {
        if let Resource::Topic(name) = question.resource
            && self.loaded.topics.aliases().topic(name).is_some()
        {
            // Whoever asks about an alias by itself has not found out what it means.
            return Err(format!("{ALIAS}{name}"));
        }
        let way = self.way(who, question.action)?;
        let resource = self.placed(who, question.resource, topics).ok_or_else(|| "error:resource".to_owned())?;
        let rules = self.rules_for(who).of_resource(&way.rules, &resource.uid, &resource.above);
        let rules = rules.ok_or_else(|| "error:rules".to_owned())?;
        let (request, entities) = self.request(who, way, question, resource)?;
        let response = self.authorizer.is_authorized(&request, &rules.all, &entities);
        // Cedar skips a rule that cannot be evaluated, also a forbid: so any error denies
        if let Some(AuthorizationError::PolicyEvaluationError(error)) = response
            .diagnostics()
            .errors()
            .min_by_key(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id())
        {
            return Err(format!("error:{}", error.policy_id()));
        }
        let reasons: Vec<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        if response.decision() == cedar_policy::Decision::Allow {
            return Ok(Decision { effect: Effect::Allow, rule: named(reasons).into() });
        }
        // The reasons are all forbids that apply. When each of them can be lifted, what is left are the permits.
        let on_approval = |id: &String| self.loaded.rules.get(id).is_some_and(|rule| rule.on_approval);
        if !reasons.is_empty() && reasons.iter().all(on_approval) {
            let permits = rules.permits().ok_or_else(|| "error:rules".to_owned())?;
            let lifted = self.authorizer.is_authorized(&request, permits, &entities);
            if lifted.decision() == cedar_policy::Decision::Allow {
                let rule = format!("approval:{}", named(reasons)).into();
                return Ok(Decision { effect: Effect::NeedsApproval, rule });
            }
        }
        Ok(Decision { effect: Effect::Deny, rule: named(reasons).into() })
    }

    /// The fields of a class in a topic: below the class and those above it, and below the topic and what that is below.
    fn placed_field(&self, who: &Class, name: &str, topics: &Topics) -> Option<Placed> {
        let (class, topic) = name.split_once('/')?;
        let Placed { uid: topic_uid, above: mut of_topic, attributes, .. } =
            self.placed(who, Resource::Topic(topic), topics)?;
        let topic_entity = Entity::new(topic_uid.clone(), attributes?, of_topic.iter().cloned().collect()).ok()?;
        let mut beside = vec![topic_entity];
        let classes: Vec<EntityUid> = and_above(class).map(|class| self.types.field_class(class)).collect();
        for (at, class) in classes.iter().enumerate() {
            let above = classes.get(at + 1).cloned().into_iter().collect();
            beside.push(Entity::new(class.clone(), HashMap::new(), above).ok()?);
        }
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let attributes = HashMap::from([("name".to_owned(), text(class)), ("topic".to_owned(), text(topic))]);
        let mut above = classes;
        above.push(topic_uid);
        above.append(&mut of_topic);
        let uid = self.types.resource(ResourceKind::Field, name);
        Some(Placed { uid, above, attributes: Some(attributes), beside })
    }

    /// The resource and where it stands; `None` for a field of no class.
    fn placed(&self, who: &Class, resource: Resource<'_>, topics: &Topics) -> Option<Placed> {
        let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
        let cluster = self.types.resource(ResourceKind::Cluster, who.traits.cluster());
        let name = resource.name();
        let beside = Vec::new();
        let uid = match resource.kind() {
            ResourceKind::Cluster => return Some(Placed { uid: cluster, above: Vec::new(), attributes: None, beside }),
            ResourceKind::Gateway => {
                let uid = self.types.resource(ResourceKind::Gateway, GATEWAY_ID);
                let attributes = HashMap::from([("name".to_owned(), text(GATEWAY_ID))]);
                return Some(Placed { uid, above: Vec::new(), attributes: Some(attributes), beside });
            }
            ResourceKind::Field => return self.placed_field(who, name, topics),
            kind => self.types.resource(kind, name),
        };
        let mut attributes = HashMap::from([("name".to_owned(), text(name))]);
        let mut above = vec![cluster];
        if let Resource::Topic(name) = resource {
            let facts = topics.classify(name);
            above.push(self.types.domain(&facts.domain));
            above.extend(facts.tags.iter().map(|tag| self.types.tag(tag)));
            attributes.extend([
                ("domain".to_owned(), text(&facts.domain)),
                ("env".to_owned(), text(&facts.env)),
                ("tier".to_owned(), text(&facts.tier)),
                ("tags".to_owned(), RestrictedExpression::new_set(facts.tags.iter().map(|tag| text(tag)))),
            ]);
            if let Some(owner) = &facts.owner {
                attributes.insert("owner".to_owned(), RestrictedExpression::new_entity_uid(self.types.group(owner)));
            }
        }
        Some(Placed { uid, above, attributes: Some(attributes), beside })
    }
}

/// A resource in the hierarchy of entities.
struct Placed {
    uid: EntityUid,
    /// What it stands below: its cluster, its domain, its tags.
    above: Vec<EntityUid>,
    /// `None` for the cluster, whose entity the class has.
    attributes: Option<HashMap<String, RestrictedExpression>>,
    /// Entities that have to be known beside it: what fields are of.
    beside: Vec<Entity>,
}

/// The ids as a decision names them.
fn named(mut ids: Vec<String>) -> String {
    ids.sort_unstable();
    let more = ids.len().saturating_sub(RULES_NAMED_MAX);
    ids.truncate(RULES_NAMED_MAX);
    if more > 0 {
        ids.push(format!("+{more}"));
    }
    if ids.is_empty() { DEFAULT_DENY.to_owned() } else { ids.join(",") }
}

fn context(who: &Class, question: Question<'_>) -> Result<Context, String> {
    let mut pairs = vec![
        ("address".to_owned(), RestrictedExpression::new_ip(who.traits.address.to_string())),
        ("clientId".to_owned(), RestrictedExpression::new_string(who.traits.client_id.to_string())),
        ("tls".to_owned(), RestrictedExpression::new_bool(who.traits.tls)),
        ("hour".to_owned(), RestrictedExpression::new_long(i64::from(question.now.hour))),
    ];
    if let Some(partition) = question.partition {
        pairs.push(("partition".to_owned(), RestrictedExpression::new_long(i64::from(partition))));
    }
    if let Some(age) = question.now.mfa_age {
        pairs.push(("mfaAge".to_owned(), RestrictedExpression::new_long(seconds(age))));
    }
    Context::from_pairs(pairs).ok().ok_or_else(|| "error:context".to_owned())
}

fn seconds(age: u64) -> i64 {
    i64::try_from(age).unwrap_or(i64::MAX)
}
