//! One issuer and its keys: refreshed in the background, refetched for an unknown key id, kept a day when it is down.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use jsonwebtoken::{Algorithm, DecodingKey};
use reqwest::Client;
use tokio::sync::Mutex as AsyncMutex;

use crate::check::{Check, TokenRefused, refused, shown};
use crate::config::{IdentityError, IssuerConfig, algorithm};
use crate::fetch;
use crate::introspect::Introspector;
use crate::keys::KeySet;
use crate::login::LoginProvider;
use crate::token::{Parts, kid};

/// Seconds between two fetches that unknown key ids cause.
const REFETCH_AFTER: u64 = 10;
/// Seconds for which a key id that was not found is refused without a fetch.
const MISSING_FOR: u64 = 60;
const MISSING_KIDS_MAX: usize = 1_024;
/// Seconds for which keys are used without a successful refresh.
const STALE_AFTER: u64 = 24 * 60 * 60;

/// How an issuer's keys are doing; for `/readyz`, metrics and the CLI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerState {
    /// Configured name.
    pub name: String,
    /// Usable keys.
    pub keys: usize,
    /// Unix seconds of the last fetch that worked.
    pub last_refresh_ok_unix: Option<u64>,
    /// Why the last fetch failed, or which keys it had to leave out.
    pub last_error: Option<String>,
}

pub(crate) struct Issuer {
    pub(crate) config: IssuerConfig,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) introspector: Option<Introspector>,
    pub(crate) login: Option<LoginProvider>,
    client: Client,
    current: ArcSwapOption<Current>,
    /// Held while fetching, so that an older answer never replaces a newer one.
    fetching: AsyncMutex<()>,
    /// When an unknown key id last caused a fetch. Held while fetching, so that there is one fetch at a time.
    refetched: AsyncMutex<Option<u64>>,
    /// Key ids that the issuer did not have, with the Unix second until which that is believed.
    missing: Mutex<HashMap<String, u64>>,
    last_error: Mutex<Option<String>>,
}

struct Current {
    keys: KeySet,
    fetched_at: u64,
    /// Another number whenever the keys are others.
    generation: u64,
}

impl Issuer {
    pub(crate) fn new(config: IssuerConfig) -> Result<Issuer, IdentityError> {
        Ok(Issuer {
            algorithms: config.algorithms.iter().filter_map(|name| algorithm(name)).collect(),
            client: fetch::client(&config, config.jwks_url.as_deref().unwrap_or(&config.metadata_base()))?,
            introspector: config.introspection.as_ref().map(|asked| Introspector::new(&config, asked)).transpose()?,
            login: config.login.as_ref().map(|login| LoginProvider::new(&config, login)).transpose()?,
            config,
            current: ArcSwapOption::empty(),
            fetching: AsyncMutex::default(),
            refetched: AsyncMutex::default(),
            missing: Mutex::default(),
            last_error: Mutex::default(),
        })
    }

    /// Fetches the keys. When that fails, those at hand stay.
    pub(crate) async fn refresh(&self, now: u64) -> bool {
        let _one_at_a_time = self.fetching.lock().await;
        let fetched = fetch::key_set(&self.config, &self.client).await;
        let mut last_error = self.last_error.lock().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(keys) => {
                *last_error = (!keys.left_out.is_empty()).then(|| keys.left_out.join(", "));
                let generation = match &*self.current.load() {
                    Some(old) if old.keys.fingerprint == keys.fingerprint => old.generation,
                    Some(old) => old.generation + 1,
                    None => 0,
                };
                self.current.store(Some(Arc::new(Current { keys, fetched_at: now, generation })));
                true
            }
            Err(error) => {
                tracing::warn!(issuer = self.config.name, error, "keys of the issuer could not be fetched");
                *last_error = Some(error);
                false
            }
        }
    }

    /// The number of the present key set; `None` when there is none or it is too old to be used.
    pub(crate) fn generation(&self, now: u64) -> Option<u64> {
        self.usable(now).map(|current| current.generation)
    }

    fn usable(&self, now: u64) -> Option<Arc<Current>> {
        self.current.load_full().filter(|current| now.saturating_sub(current.fetched_at) <= STALE_AFTER)
    }

    /// Checks the signature with the issuer's keys; gives the number of their set.
    pub(crate) async fn check_signature(
        &self,
        parts: &Parts<'_>,
        algorithm: Algorithm,
        now: u64,
    ) -> Result<u64, TokenRefused> {
        let (keys, generation) = self.keys_for(kid(&parts.header)?, algorithm, now).await?;
        let good = |key| jsonwebtoken::crypto::verify(parts.signature, parts.signed.as_bytes(), key, algorithm);
        if !keys.iter().any(|key| matches!(good(key), Ok(true))) {
            return refused(Check::Signature, "not made with the issuer's key, or changed since");
        }
        Ok(generation)
    }

    /// The keys that may have signed a token with this header, with their set's number.
    async fn keys_for(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
        now: u64,
    ) -> Result<(Vec<DecodingKey>, u64), TokenRefused> {
        let known = |issuer: &Issuer| {
            let current = issuer.usable(now)?;
            let keys = current.keys.find(kid, algorithm);
            (!keys.is_empty()).then_some((keys, current.generation))
        };
        if let Some(found) = known(self) {
            return Ok(found);
        }
        if kid.is_some_and(|kid| self.is_missing(kid, now)) {
            return self.no_key(kid, now);
        }
        let mut refetched = self.refetched.lock().await;
        // another token may have caused a fetch while this one waited
        if let Some(found) = known(self) {
            return Ok(found);
        }
        if refetched.is_some_and(|last| (last..last.saturating_add(REFETCH_AFTER)).contains(&now)) {
            return self.no_key(kid, now);
        }
        *refetched = Some(now);
        if self.refresh(now).await {
            if let Some(found) = known(self) {
                return Ok(found);
            }
            if let Some(kid) = kid {
                self.remember_missing(kid, now);
            }
        }
        self.no_key(kid, now)
    }

    fn no_key<T>(&self, kid: Option<&str>, now: u64) -> Result<T, TokenRefused> {
        let name = &self.config.name;
        if self.usable(now).is_none() {
            return refused(
                Check::KeysAvailable,
                format!("the keys of issuer {name} are not known or older than 24 hours; its server cannot be reached"),
            );
        }
        match kid {
            Some(kid) => refused(Check::Key, format!("issuer {name} has no key {} for this algorithm", shown(kid))),
            None => {
                refused(Check::Key, format!("no kid, and issuer {name} has not exactly one key for this algorithm"))
            }
        }
    }

    fn is_missing(&self, kid: &str, now: u64) -> bool {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.get(kid).is_some_and(|until| (until.saturating_sub(MISSING_FOR)..*until).contains(&now))
    }

    fn remember_missing(&self, kid: &str, now: u64) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        if missing.len() >= MISSING_KIDS_MAX {
            missing.clear();
        }
        missing.insert(kid.to_owned(), now.saturating_add(MISSING_FOR));
    }

    pub(crate) fn state(&self) -> IssuerState {
        let current = self.current.load();
        IssuerState {
            name: self.config.name.clone(),
            keys: current.as_ref().map_or(0, |current| current.keys.len()),
            last_refresh_ok_unix: current.as_ref().map(|current| current.fetched_at),
            last_error: self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}
