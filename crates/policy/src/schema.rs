//! The fixed Cedar schema and the names that are made from it.

use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{Entities, EntityId, EntityTypeName, EntityUid, Schema};
use tidegate_model::{Action, CallerKind, ResourceKind};

use crate::error::PolicyError;

/// The fixed schema, as text in Cedar's own form.
pub const SCHEMA: &str = include_str!("../schema.cedarschema");

/// Parses the compiled-in schema.
pub(crate) fn schema() -> Result<Schema, PolicyError> {
    let (schema, warnings) =
        Schema::from_cedarschema_str(SCHEMA).map_err(|error| PolicyError::Schema(error.to_string()))?;
    match warnings.into_iter().next() {
        Some(warning) => Err(PolicyError::Schema(warning.to_string())),
        None => Ok(schema),
    }
}

/// The actions of a group of actions, such as `read`; none when there is no group of that name.
pub(crate) fn members(group: &str) -> Result<Vec<Action>, PolicyError> {
    static ACTIONS: LazyLock<Result<Entities, String>> = LazyLock::new(|| {
        schema().map_err(|error| error.to_string())?.action_entities().map_err(|error| error.to_string())
    });
    let actions = ACTIONS.as_ref().map_err(|error| PolicyError::Schema(error.clone()))?;
    let types = Types::new()?;
    let group = types.action(group);
    let within = |action: &&Action| {
        let uid = types.action(action.name());
        uid != group && actions.is_ancestor_of(&group, &uid)
    };
    Ok(Action::ALL.iter().filter(within).copied().collect())
}

/// The entity types, parsed once.
#[derive(Debug)]
pub(crate) struct Types {
    user: EntityTypeName,
    workload: EntityTypeName,
    group: EntityTypeName,
    topic: EntityTypeName,
    consumer_group: EntityTypeName,
    transactional_id: EntityTypeName,
    cluster: EntityTypeName,
    gateway: EntityTypeName,
    field: EntityTypeName,
    field_class: EntityTypeName,
    domain: EntityTypeName,
    tag: EntityTypeName,
    action: EntityTypeName,
}

impl Types {
    pub(crate) fn new() -> Result<Types, PolicyError> {
        let name = |text| EntityTypeName::from_str(text).map_err(|error| PolicyError::Schema(error.to_string()));
        Ok(Types {
            user: name("User")?,
            workload: name("Workload")?,
            group: name("Group")?,
            topic: name("Topic")?,
            consumer_group: name("ConsumerGroup")?,
            transactional_id: name("TransactionalId")?,
            cluster: name("Cluster")?,
            gateway: name("Gateway")?,
            field: name("Field")?,
            field_class: name("FieldClass")?,
            domain: name("Domain")?,
            tag: name("Tag")?,
            action: name("Action")?,
        })
    }

    pub(crate) fn caller(&self, kind: CallerKind, id: &str) -> EntityUid {
        match kind {
            CallerKind::User => uid(&self.user, id),
            CallerKind::Workload => uid(&self.workload, id),
        }
    }

    pub(crate) fn group(&self, id: &str) -> EntityUid {
        uid(&self.group, id)
    }

    pub(crate) fn resource(&self, kind: ResourceKind, id: &str) -> EntityUid {
        match kind {
            ResourceKind::Topic => uid(&self.topic, id),
            ResourceKind::ConsumerGroup => uid(&self.consumer_group, id),
            ResourceKind::TransactionalId => uid(&self.transactional_id, id),
            ResourceKind::Cluster => uid(&self.cluster, id),
            ResourceKind::Gateway => uid(&self.gateway, id),
            ResourceKind::Field => uid(&self.field, id),
        }
    }

    pub(crate) fn domain(&self, id: &str) -> EntityUid {
        uid(&self.domain, id)
    }

    pub(crate) fn tag(&self, id: &str) -> EntityUid {
        uid(&self.tag, id)
    }

    pub(crate) fn field_class(&self, id: &str) -> EntityUid {
        uid(&self.field_class, id)
    }

    pub(crate) fn action(&self, id: &str) -> EntityUid {
        uid(&self.action, id)
    }
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tidegate_model::{Action, ResourceKind};

    use super::*;

    #[test]
    fn every_action_stands_in_the_schema_and_applies_to_its_resource() {
        let schema = schema().unwrap();
        let types = Types::new().unwrap();
        for action in Action::ALL {
            let uid = types.action(action.name());
            let kinds: BTreeSet<String> = schema
                .request_envs()
                .filter(|env| *env.action() == uid)
                .map(|env| env.resource().to_string())
                .collect();
            let wanted = match action.applies_to() {
                ResourceKind::Topic => "Topic",
                ResourceKind::ConsumerGroup => "ConsumerGroup",
                ResourceKind::TransactionalId => "TransactionalId",
                ResourceKind::Cluster => "Cluster",
                ResourceKind::Gateway => "Gateway",
                ResourceKind::Field => "Field",
            };
            assert_eq!(kinds, BTreeSet::from([wanted.to_owned()]), "{}", action.name());
        }
    }

    #[test]
    fn the_schema_has_no_action_that_the_code_does_not_know() {
        let known: BTreeSet<&str> = Action::ALL.iter().map(|action| action.name()).collect();
        for uid in schema().unwrap().actions() {
            let id: &str = uid.id().as_ref();
            assert!(known.contains(id) || ["read", "write", "admin"].contains(&id), "{id}");
        }
    }
}
