//! The one file that names protocols: a new one is a line here.

pub use tidegate_kafka::kept::{KeptRecord, read as kept_records};
use tidegate_model::Protocol;

/// Every protocol that a gate speaks.
pub static PROTOCOLS: &[&(dyn Protocol + 'static)] =
    &[&tidegate_kafka::Kafka { frame_bytes_max: tidegate_kafka::FRAME_BYTES_MAX }];

/// The protocol with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static dyn Protocol> {
    PROTOCOLS.iter().copied().find(|protocol| protocol.id() == id)
}

/// The name of an operation by the API key that evidence carries (Kafka's own names); nothing for a key that no table has.
#[must_use]
pub fn operation(key: i16) -> Option<&'static str> {
    tidegate_kafka::classify::api(key).map(|api| api.name)
}
