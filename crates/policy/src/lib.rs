//! Decides operations with Cedar; pure: no clock, no network, no I/O except reading a policy folder.
//!
//! A policy is a folder of `*.cedar` files and, beside them, an optional `topics.yaml` that says what topics are, and an optional
//! `masking.yaml` that says what is looked for in records and how it is changed. The schema is fixed (`schema.cedarschema`) and
//! validation is strict; a warning of the validator is an error.
//!
//! The path of a question: [`Policy::entitlement`] finds the class of callers that the rules cannot tell apart, once a
//! session; [`Policy::decide`] looks an answer up in that class's table, or asks Cedar and keeps the answer.

mod aliases;
mod answers;
mod asked;
mod blocks;
mod class;
mod compare;
mod decide;
mod error;
mod evaluate;
mod expect;
mod explain;
mod folder;
mod invariants;
mod looks;
mod masking;
mod named;
mod people;
mod replay;
mod rule;
mod rules;
mod schema;
mod topics;
mod unmask;
mod unwise;
mod widen;
mod words;

pub use aliases::Aliases;
pub use asked::{Around, Asked, Who, actions, field};
pub use blocks::{Block, Blocks, Pattern, Target, TargetRefused};
pub use class::{Circumstances, Entitlement};
pub use compare::{AliasChange, AnswerChange, Comparison, FileChange, RuleChange, RuleFate, TopicChange, compare};
pub use decide::{Asking, Decision, Effect, Now, Policy, Question};
pub use error::{Place, PolicyError, Warning};
pub use expect::{Expectation, Expected, Outcome, Outcomes, test};
pub use explain::{Explanation, Lack, NearMiss, PartKind, explain};
pub use folder::{PolicyFiles, Report, check, read, schemas_below};
pub use invariants::{
    Example, Finding, Invariant, RuleFinding, findings, findings_beyond, findings_of_rules, invariant, invariants, job,
    job_beyond, job_of_rules,
};
pub use masking::{ClassKeys, Copied, Masking, Quarantine, Rate, Storage, Writes};
pub use people::{NamedKind, NamedOne};
pub use replay::{Change, Changes, Recorded, replay};
pub use rule::Rule;
pub use schema::SCHEMA;
pub use topics::{TopicFacts, Topics, matches};
pub use unmask::View;
