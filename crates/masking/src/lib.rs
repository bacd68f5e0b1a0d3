//! Rewrites payloads so that each caller sees only what it may: which fields are whose class, how a class is changed, and the
//! rewriting itself. Pure: bytes and a plan in, bytes and what was found out.
//!
//! What is *not* here: who may see which class (policy), where records stand in a protocol's frames (the protocols), where keys and
//! schemas come from (the gateway).
//!
//! Every rewriter fails closed: what it cannot read to its end is [`Unmaskable`], and never passes.

pub mod avro;
pub mod detect;
pub mod fields;
pub mod file_schema;
pub mod found;
pub mod framed;
pub mod json;
pub mod json_schema;
pub mod packed;
pub mod plan;
pub mod protobuf;
pub mod record;
pub mod schema;
pub mod text;
pub mod transform;

pub use avro::AvroPlan;
pub use detect::{Detector, Hit};
pub use fields::{Fields, Node};
pub use file_schema::{FilePlan, FileSchema, SchemaFault, SchemaTexts};
pub use found::Found;
pub use json_schema::JsonPlan;
pub use plan::{Class, ClassId, Format, Mask, OnUnmaskable, Plan, Rewritten, Scope, Unknown, Unmaskable};
pub use protobuf::ProtobufPlan;
pub use schema::{Earlier, RemovedTags, SchemaError};
pub use transform::{Fate, Transform};
