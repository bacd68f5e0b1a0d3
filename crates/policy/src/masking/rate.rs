//! How fast may be written.

use std::num::NonZeroU64;

/// Records or bytes in a second that a bound may be: more than any topic takes, and few enough to count with.
const PER_SECOND_MAX: u64 = 1_000_000_000_000;

/// How fast one caller may write to a topic, over time; a second's worth at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rate {
    /// Records in a second.
    pub records: Option<NonZeroU64>,
    /// Bytes of batches in a second, as they come from the client.
    pub bytes: Option<NonZeroU64>,
}

impl Rate {
    pub(super) fn read(records: Option<u64>, bytes: Option<u64>) -> Result<Rate, String> {
        let records = per_second(records, "records_per_second_max")?;
        Ok(Rate { records, bytes: per_second(bytes, "bytes_per_second_max")? })
    }

    /// Whether there is no bound.
    #[must_use]
    pub fn is_unbounded(self) -> bool {
        self == Rate::default()
    }

    /// The lower of both bounds.
    pub(super) fn and(self, other: Rate) -> Rate {
        let lower = |one: Option<NonZeroU64>, other| one.into_iter().chain(other).min();
        Rate { records: lower(self.records, other.records), bytes: lower(self.bytes, other.bytes) }
    }
}

/// A bound on what is written in a second.
fn per_second(bound: Option<u64>, name: &str) -> Result<Option<NonZeroU64>, String> {
    let Some(bound) = bound else { return Ok(None) };
    let whole = NonZeroU64::new(bound).filter(|bound| bound.get() <= PER_SECOND_MAX);
    whole
        .map(Some)
        .ok_or_else(|| format!("{name} is 1 to {PER_SECOND_MAX}; who may not write at all needs no right to"))
}
