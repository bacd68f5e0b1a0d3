//! What a policy names and this gate does not have: callers and groups of an issuer that there is not, groups that nobody who came
//! lately was in, keys of classes. A policy with them is valid, but hardly what its author meant.

use std::collections::BTreeSet;

use anyhow::Result;
use tidegate_identity::SERVICE_ACCOUNT_ISSUER;
use tidegate_policy::{NamedKind, NamedOne, Policy};

use crate::config::FileConfig;
use crate::state::State;

/// Warnings of one kind that are given; a renamed issuer would make one for each rule.
const WARNINGS_MAX: usize = 20;

/// What this gate has.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The names of issuers whose callers it can meet.
    issuers: BTreeSet<String>,
    /// The classes of fields that have a key.
    keyed: BTreeSet<String>,
}

impl Known {
    pub(crate) fn of(file: &FileConfig) -> Known {
        let issuers = file.issuers().map(str::to_owned).chain([SERVICE_ACCOUNT_ISSUER.to_owned()]);
        let keyed = file.class_key.iter().map(|section| section.class.get_ref().clone());
        Known { issuers: issuers.collect(), keyed: keyed.collect() }
    }

    fn names(&self, one: &NamedOne) -> bool {
        self.issuers.contains(one.issuer())
    }

    /// What rules and topics name of issuers that there are not, and classes whose changes need a key that there is not.
    pub(crate) fn strangers(&self, policy: &Policy) -> Vec<String> {
        let known = self.issuers.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let told = |one: &NamedOne| {
            format!("{one}, but no issuer is called {:?}, so that is nobody; there are {known}", one.issuer())
        };
        let people = policy.people().iter().filter(|one| !self.names(one)).map(told);
        let keyless = policy.masking().keyed().filter(|class| !self.keyed.contains(*class)).map(|class| {
            format!("class {class} is changed with a key that this gate does not have, so it is redacted: give it a [[class_key]]")
        });
        bounded(people.chain(keyless))
    }

    /// Groups that the policy names and that nobody was in whose decisions were counted from `first_day` on. Says nothing where
    /// nobody came, and nothing of an issuer that left out somebody's groups.
    ///
    /// # Errors
    /// The state cannot be read.
    pub(crate) fn unseen(&self, policy: &Policy, state: &State, first_day: i64) -> Result<Vec<String>> {
        let seen = state.groups_seen(first_day)?;
        let groups = policy.people().iter().filter(|one| one.kind == NamedKind::Group && self.names(one));
        let unseen = groups.filter(|one| seen.issuers.contains(one.issuer()) && !seen.groups.contains(&one.name));
        Ok(bounded(unseen.map(|one| format!("{one}, but nobody who came lately was in it"))))
    }
}

fn bounded(texts: impl Iterator<Item = String>) -> Vec<String> {
    let mut texts: Vec<String> = texts.collect();
    let more = texts.len().saturating_sub(WARNINGS_MAX);
    texts.truncate(WARNINGS_MAX);
    if more > 0 {
        texts.push(format!("and {more} more of this kind"));
    }
    texts
}
