//! Cedar itself, without what this crate does around it: one set of all rules, one request for each question.

use std::collections::{HashMap, HashSet};
use std::hint::black_box;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression, Schema,
};
use tidegate_policy::{PolicyFiles, SCHEMA};

type Error = Box<dyn std::error::Error>;

/// Rules, entities and schema as Cedar takes them.
pub(crate) struct Cedar {
    rules: PolicySet,
    entities: Entities,
    schema: Schema,
    authorizer: Authorizer,
    callers: Vec<EntityUid>,
    topics: Vec<EntityUid>,
    action: EntityUid,
}

/// Class and topic of a question.
pub(crate) fn pair(question: usize, classes: usize, topics: usize) -> (usize, usize) {
    (question % classes, question / classes % topics)
}

impl Cedar {
    pub(crate) fn new(files: &PolicyFiles, classes: usize, topics: usize) -> Result<Cedar, Error> {
        let text = files.get("rules.cedar").map_or("", String::as_str);
        let (schema, _warnings) = Schema::from_cedarschema_str(SCHEMA)?;
        let callers =
            (0..classes).map(|class| uid("User", &format!("idp:person-{class}"))).collect::<Result<Vec<_>, _>>()?;
        let names: Vec<String> = (0..topics).map(|topic| format!("t{topic}-events")).collect();
        let topics = names.iter().map(|name| uid("Topic", name)).collect::<Result<Vec<_>, _>>()?;
        let mut entities = Vec::new();
        for (class, uid) in callers.iter().enumerate() {
            entities.push(caller(uid, class)?);
        }
        for (topic, (uid, name)) in topics.iter().zip(&names).enumerate() {
            entities.push(topic_entity(uid, name, topic, classes)?);
        }
        let cluster = HashMap::from([("name".to_owned(), string("main"))]);
        entities.push(Entity::new(uid("Cluster", "main")?, cluster, HashSet::new())?);
        Ok(Cedar {
            rules: PolicySet::from_str(text)?,
            entities: Entities::from_entities(entities, Some(&schema))?,
            schema,
            authorizer: Authorizer::new(),
            callers,
            topics,
            action: uid("Action", "consume")?,
        })
    }

    /// Asks so many questions from this one on: how long it took, and how many are allowed.
    pub(crate) fn ask(&self, from: usize, count: usize) -> Result<(Duration, usize), Error> {
        let begun = Instant::now();
        let mut allowed = 0;
        for question in from..from + count {
            let (class, topic) = pair(question, self.callers.len(), self.topics.len());
            let (Some(caller), Some(topic)) = (self.callers.get(class), self.topics.get(topic)) else { continue };
            let context = Context::from_pairs([
                ("address".to_owned(), RestrictedExpression::new_ip("127.0.0.1")),
                ("clientId".to_owned(), string("bench")),
                ("tls".to_owned(), RestrictedExpression::new_bool(true)),
                ("hour".to_owned(), RestrictedExpression::new_long(12)),
            ])?;
            let request =
                Request::new(caller.clone(), self.action.clone(), topic.clone(), context, Some(&self.schema))?;
            let answer = black_box(self.authorizer.is_authorized(&request, &self.rules, &self.entities));
            allowed += usize::from(answer.decision() == Decision::Allow);
        }
        Ok((begun.elapsed(), allowed))
    }
}

fn caller(uid_of: &EntityUid, class: usize) -> Result<Entity, Error> {
    let about =
        HashMap::from([("issuer".to_owned(), string("idp")), ("sub".to_owned(), string(&format!("person-{class}")))]);
    Ok(Entity::new(uid_of.clone(), about, HashSet::from([uid("Group", &format!("idp:g{class}"))?]))?)
}

fn topic_entity(uid_of: &EntityUid, name: &str, topic: usize, classes: usize) -> Result<Entity, Error> {
    let owner = uid("Group", &format!("idp:g{}", topic % classes))?;
    let about = HashMap::from([
        ("name".to_owned(), string(name)),
        ("domain".to_owned(), string(&format!("d{topic}"))),
        ("env".to_owned(), string("prod")),
        ("tier".to_owned(), string("tier2")),
        ("tags".to_owned(), RestrictedExpression::new_set([string("pii")])),
        ("owner".to_owned(), RestrictedExpression::new_entity_uid(owner)),
    ]);
    let above = [uid("Cluster", "main")?, uid("Domain", &format!("d{topic}"))?, uid("Tag", "pii")?];
    Ok(Entity::new(uid_of.clone(), about, above.into())?)
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, Error> {
    Ok(EntityUid::from_str(&format!("{kind}::{id:?}"))?)
}

fn string(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}
