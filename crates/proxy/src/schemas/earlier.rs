//! What came before schemas in their subjects: asked for when a mask that looks for tags first meets them, by subject and version.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use quick_cache::Weighter;
use tidegate_masking::{Earlier, Mask};
use tracing::warn;

use super::{
    DOWN_MS, KEPT_BYTES, KEPT_BYTES_MAX, MISSING_MS, Registered, STRANGE_MAX, SchemaRegistry, SchemaTexts, Schemas,
    Subject, Version, Weight,
};
use crate::gate::now_ms;

/// The versions of a subject before one.
#[derive(Clone)]
pub(super) struct History {
    /// The last first; `None` where the registry did not answer.
    pub(super) versions: Option<Arc<[Version]>>,
    pub(super) at_ms: u64,
    /// Another number for each time that it was asked for, so that what was compiled by it is not taken for what is compiled by another.
    pub(super) turn: u64,
}

/// A subject, the version that it is the history of, and the first version that it has.
pub(super) type HistoryOf = (String, u32, u32);

/// Subjects of one schema whose histories are looked at: those of all schemas that a batch may name have room together.
const SUBJECTS_MAX: usize = 4;

impl Weighter<HistoryOf, History> for Weight {
    fn weight(&self, _of: &HistoryOf, history: &History) -> u64 {
        let versions = history.versions.iter().flat_map(|versions| versions.iter());
        let bytes = versions.map(|version| version.texts.as_ref().map_or(0, |texts| texts.bytes()).saturating_add(64));
        // Those that one batch may need have room together: else nobody would ever get past it.
        let most = KEPT_BYTES_MAX / u64::try_from(STRANGE_MAX * SUBJECTS_MAX).unwrap_or(1);
        bytes.fold(KEPT_BYTES, u64::saturating_add).min(most)
    }
}

/// The versions whose tags count for a schema under a mask.
#[derive(Default)]
pub(super) struct Before {
    versions: Vec<Arc<[Version]>>,
    /// Of all histories.
    pub(super) turns: Vec<u64>,
}

impl Before {
    fn readable(&self) -> impl Iterator<Item = (u32, &SchemaTexts)> {
        let all = self.versions.iter().flat_map(|versions| versions.iter());
        all.filter_map(|one| Some((one.number, &**one.texts.as_ref().ok()?)))
    }

    pub(super) fn texts(&self) -> Vec<Earlier<'_>> {
        let mut all = Vec::new();
        for (version, SchemaTexts { text, references, .. }) in self.readable() {
            all.push(Earlier { version, text, references });
        }
        all
    }

    pub(super) fn bytes(&self) -> u64 {
        self.readable().fold(0, |sum, (_, texts)| sum.saturating_add(texts.bytes()))
    }
}

/// Why there are none.
pub(super) enum NoBefore {
    /// They are to be asked for.
    Ask,
    /// They cannot be had or read, today.
    Unknown,
}

/// From which version on tags count for a version of a subject: the last that somebody has approved, up to itself.
fn since(subject: &Subject, mask: &Mask) -> u32 {
    let approved = mask.tags_since.iter().filter(|(of, since)| **of == *subject.name && *since <= subject.version);
    approved.map(|(_, since)| *since).max().unwrap_or(1)
}

impl Schemas {
    /// What counts before a schema, if it is at hand; else what is to be asked for is noted.
    pub(super) fn before(&self, number: u32, registered: &Registered, mask: &Mask) -> Result<Before, NoBefore> {
        let mut before = Before::default();
        if mask.tags.is_empty() {
            return Ok(before);
        }
        let (mut wanted, mut unknown) = (Vec::new(), false);
        for subject in registered.subjects_for(mask) {
            let since = since(subject, mask);
            if since >= subject.version {
                continue;
            }
            if before.versions.len().saturating_add(wanted.len()) >= SUBJECTS_MAX {
                self.cannot_tell(number, subject, since, "its schema is of too many subjects");
                return Err(NoBefore::Unknown);
            }
            let of = (subject.name.clone(), subject.version, since);
            let known = self.histories.get(&of).and_then(|known| Some((known.versions?, known.at_ms, known.turn)));
            let Some((versions, at_ms, turn)) = known else {
                wanted.push(of);
                continue;
            };
            let lacks = |version: &Version| Some((version.number, registered.why_unknown(version, mask)?));
            if let Some((version, why)) = versions.iter().find_map(lacks) {
                if now_ms().saturating_sub(at_ms) >= MISSING_MS {
                    wanted.push(of);
                    continue;
                }
                unknown = true;
                self.cannot_tell(number, subject, version, why);
            }
            before.versions.push(versions);
            before.turns.push(turn);
        }
        match (wanted.is_empty(), unknown) {
            (false, _) => {
                self.wanted.insert(number, Arc::new(wanted));
                Err(NoBefore::Ask)
            }
            (true, true) => Err(NoBefore::Unknown),
            (true, false) => Ok(before),
        }
    }

    /// Tells that nobody can say what a version of a subject tags.
    fn cannot_tell(&self, number: u32, subject: &Subject, version: u32, why: &str) {
        if let Some(times) = self.unusable.again(now_ms()) {
            warn!(
                schema = number, subject = ?subject.name, version, why, times,
                "whether an earlier version has more tags is not known, so records are withheld from who sees them masked; \
                 who has seen that a version has all tags that it should can say so under removed_tags in masking.yaml"
            );
        }
    }

    /// Asks for histories. Whether the registry answered.
    pub(super) async fn learn_earlier(&self, registry: &Arc<dyn SchemaRegistry>, wanted: &[HistoryOf]) -> bool {
        let mut answered = true;
        for of in wanted {
            self.histories.remove_if(of, |known| {
                let kept = if known.versions.is_some() { MISSING_MS } else { DOWN_MS };
                now_ms().saturating_sub(known.at_ms) >= kept
            });
            // Many that wait for one history are one question.
            let place = match self.histories.get_value_or_guard_async(of).await {
                Ok(known) => {
                    answered &= known.versions.is_some();
                    continue;
                }
                Err(place) => place,
            };
            let Ok(_one_of_few) = self.fetches.acquire().await else { return false };
            let versions = match registry.earlier(&of.0, of.1, of.2).await {
                Ok(versions) => Some(Arc::from(versions)),
                Err(why) => {
                    self.is_down(&why);
                    None
                }
            };
            answered &= versions.is_some();
            let turn = self.turns.fetch_add(1, Ordering::Relaxed);
            let _superseded = place.insert(History { versions, at_ms: now_ms(), turn }).is_err();
        }
        answered
    }
}
