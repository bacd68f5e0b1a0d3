//! Logins that were begun and are not finished: in memory only, bounded, for ten minutes each.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tidegate_identity::{CodePending, DevicePending};
use tidegate_proxy::failures::origin;

use crate::state::Person;

/// How long a person may take, in seconds.
pub(super) const PENDING_S: u64 = 600;
/// Logins under way at once, and of one address.
const PENDING_MAX: usize = 1_000;
const OF_ONE_ADDRESS_MAX: usize = 20;
/// Wrong codes after which a login is over. A code has 128 bits; who sends wrong ones has none.
const GUESSES_MAX: u8 = 3;

/// A login under way.
pub(super) struct Pending {
    /// Where the person logs in.
    pub(super) provider: String,
    /// The key of the device that began it; only who has it can finish.
    pub(super) device_key: [u8; 32],
    /// What the device calls itself.
    pub(super) machine: String,
    /// From where it was begun.
    pub(super) address: IpAddr,
    /// Where the browser goes in the end: a port of the device, or nowhere.
    pub(super) redirect: Option<Redirect>,
    pub(super) ends_s: u64,
    pub(super) stage: Stage,
}

/// A port of the device that waits for the browser.
#[derive(Clone)]
pub(super) struct Redirect {
    pub(super) url: String,
    pub(super) state: String,
}

/// How far a login has come. What comes back from a provider is taken out of its stage, so that it works once.
pub(super) enum Stage {
    /// No browser has opened it.
    Begun,
    /// Somebody works on it.
    Busy,
    /// A browser, known by the SHA-256 of its cookie, is at an OpenID provider.
    AtOpenId { browser: [u8; 32], pending: CodePending },
    /// A browser is at a SAML provider.
    AtSaml { browser: [u8; 32], pending: tidegate_saml::Pending },
    /// The SAML provider's answer was good. The form that brought it came from another site and so without the cookie; the browser
    /// now has to show it.
    Answered { browser: [u8; 32], key: [u8; 32], who: LoggedIn },
    /// The person is known; whoever shows the code and the device's proof gets the login.
    Known { code: [u8; 32], guesses: u8, who: LoggedIn },
    /// The person is at an OpenID provider's device page; not to be asked about before then.
    AtDevicePage { pending: Box<DevicePending>, next_s: u64 },
}

/// Who has logged in.
#[derive(Clone)]
pub(super) struct LoggedIn {
    pub(super) person: Person,
    /// When the identity provider wants the login to end, Unix seconds.
    pub(super) ends_s: Option<u64>,
}

/// What came of a code.
pub(super) enum Guess {
    Right(Box<(Pending, LoggedIn)>),
    Wrong,
    /// It is not a code's turn.
    Early,
    Missing,
}

/// All logins under way, by id.
#[derive(Default)]
pub(super) struct AllPending(Mutex<HashMap<String, Pending>>);

impl AllPending {
    /// Adds one.
    ///
    /// # Errors
    /// There are too many, of this address or of all.
    pub(super) fn add(&self, id: String, new: Pending, now_s: u64) -> Result<(), &'static str> {
        let mut all = self.all();
        all.retain(|_, one| now_s < one.ends_s);
        let from = origin(new.address);
        if all.values().filter(|one| origin(one.address) == from).count() >= OF_ONE_ADDRESS_MAX {
            return Err("too many logins of this address are under way; finish them or wait ten minutes");
        }
        if all.len() >= PENDING_MAX {
            return Err("too many logins are under way; try again in some minutes");
        }
        all.insert(id, new);
        Ok(())
    }

    /// Works on one while nobody else does.
    pub(super) fn with<T>(&self, id: &str, now_s: u64, work: impl FnOnce(&mut Pending) -> T) -> Option<T> {
        self.all().get_mut(id).filter(|one| now_s < one.ends_s).map(work)
    }

    /// Takes the stage out of the login for which `wanted` says so; its id and the stage.
    pub(super) fn take(&self, now_s: u64, wanted: impl Fn(&str, &Stage) -> bool) -> Option<(String, Stage)> {
        let mut all = self.all();
        let (id, one) = all.iter_mut().find(|(id, one)| now_s < one.ends_s && wanted(id, &one.stage))?;
        Some((id.clone(), std::mem::replace(&mut one.stage, Stage::Busy)))
    }

    /// Puts a login into another stage.
    pub(super) fn put(&self, id: &str, stage: Stage) {
        if let Some(one) = self.all().get_mut(id) {
            one.stage = stage;
        }
    }

    /// Ends one.
    pub(super) fn remove(&self, id: &str) -> Option<Pending> {
        self.all().remove(id)
    }

    /// Ends one by its code, given by its SHA-256.
    pub(super) fn guess(&self, id: &str, given: [u8; 32], now_s: u64) -> Guess {
        let mut all = self.all();
        let Some(one) = all.get_mut(id).filter(|one| now_s < one.ends_s) else { return Guess::Missing };
        let Stage::Known { code, guesses, who } = &mut one.stage else { return Guess::Early };
        if *code == given {
            let who = who.clone();
            return all.remove(id).map_or(Guess::Missing, |one| Guess::Right(Box::new((one, who))));
        }
        *guesses = guesses.saturating_add(1);
        if *guesses >= GUESSES_MAX {
            all.remove(id);
        }
        Guess::Wrong
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
