//! The gate's web listener: people log in here, devices and clients get tokens here, and commands come here from elsewhere.
//!
//! What is begun without a login is bounded in number, size and time. Nothing here acts for a browser because of a cookie: the one
//! cookie there is ties a login to the browser that began it, and commands want a bearer token.

mod browser;
mod grants;
mod login;
mod pages;
mod pending;
mod proof;
mod server;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use arc_swap::ArcSwap;
use tidegate_evidence::entry::{Effect, Entry, Kind, Label};
use tidegate_evidence::merkle::sha256;
use tidegate_identity::{Audience, GateLogin, MintError, Minted};
use tidegate_model::Caller;
use tidegate_proxy::gate::Shared;
use tidegate_saml::{MemoryReplay, Provider};

pub(crate) use server::{Tls, bind, serve};

use crate::config::{Config, WebSection};
use crate::control::{Control, Refused, name_of};
use crate::rates::Rates;
use crate::secrets;
use crate::tokens::GateTokens;

/// SAML messages remembered at once; a login takes two, and none is remembered longer than its login may take.
const REPLAY_MAX: usize = 20_000;

/// Tokens of one caller in a minute: each is a leaf on the disk, and hundreds of clients that renew every four minutes are served.
const TOKENS_A_MINUTE: u32 = 300;

/// What the web listener works on.
pub(crate) struct Web {
    control: Arc<Control>,
    tokens: Arc<GateTokens>,
    /// The URL that people and devices call the gate by.
    url: String,
    settings: ArcSwap<Settings>,
    pending: pending::AllPending,
    nonces: proof::Nonces,
    replay: Mutex<MemoryReplay>,
    /// Tokens by login.
    minted: Rates,
}

/// What a reload may change.
pub(crate) struct Settings {
    login_s: u64,
    saml: BTreeMap<String, Provider>,
}

impl Settings {
    /// # Errors
    /// A SAML provider's files cannot be used.
    pub(crate) fn of(config: &Config, web: &WebSection) -> Result<Settings> {
        let saml = config.file.saml.iter().map(|saml| Ok((saml.name.clone(), saml.load()?)));
        let login_s = web.login_hours.get_ref().saturating_mul(60 * 60);
        Ok(Settings { login_s, saml: saml.collect::<Result<_>>()? })
    }
}

impl Web {
    /// # Errors
    /// A SAML provider's files cannot be used.
    pub(crate) fn new(
        config: &Config,
        web: &WebSection,
        control: Arc<Control>,
        tokens: Arc<GateTokens>,
    ) -> Result<Arc<Web>> {
        Ok(Arc::new(Web {
            control,
            tokens,
            url: web.origin().to_owned(),
            settings: ArcSwap::from_pointee(Settings::of(config, web)?),
            pending: pending::AllPending::default(),
            nonces: proof::Nonces::default(),
            replay: Mutex::new(MemoryReplay::new(REPLAY_MAX)),
            minted: Rates::default(),
        }))
    }

    /// Takes up the settings of another configuration.
    pub(crate) fn take_up(&self, settings: Settings) {
        self.settings.store(Arc::new(settings));
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.control.shared
    }

    fn now_s(&self) -> u64 {
        self.shared().now_ms() / 1000
    }

    fn secure(&self) -> bool {
        self.url.starts_with("https:")
    }

    /// Notes a failure that counts against nobody: what a browser brought, as any web page can make it ask for such an address, and
    /// what clients go on sending by themselves when their login has ended.
    async fn failed_without_blame(&self, address: IpAddr, reason: &'static str) {
        self.control.note_failure(address, reason, false).await;
    }

    /// Notes a failed login or request of a program, against its address.
    async fn failed(&self, address: IpAddr, reason: &'static str) {
        self.control.note_failure(address, reason, true).await;
    }

    /// Makes a token and records it before anybody has it.
    async fn mint(&self, login: &GateLogin<'_>, audience: Audience, how: &Asked) -> Result<Minted, Refused> {
        let now_ms = self.shared().now_ms();
        if !self.minted.allow(&name_of(login.caller), TOKENS_A_MINUTE, now_ms) {
            return Err(Refused::TooMany("too many tokens for this caller; try again in a minute".into()));
        }
        self.control.admit(login.caller, how.address, self.secure())?;
        let minted = self.tokens.issuer.mint(login, audience, now_ms / 1000);
        let minted = minted.map_err(|error| match error {
            MintError::Random => Refused::Failed(error.into()),
            error => Refused::Unknown(error.to_string()),
        })?;
        let mut entry = leaf_of(Kind::TokenIssued, login.caller, login.session, how.address, now_ms);
        entry.facts = vec![
            ("audience".into(), audience.name().into()),
            ("grant".into(), how.grant.into()),
            ("expires_at".into(), minted.expires_at.to_string()),
        ];
        entry.disclosures.push((Label::TokenId, minted.token_id.clone().into_bytes()));
        self.shared().log.append(entry).await.map_err(Refused::Unrecorded)?;
        Ok(minted)
    }
}

/// How a token was asked for.
struct Asked {
    address: IpAddr,
    grant: &'static str,
}

/// A leaf about a login.
fn leaf_of(kind: Kind, caller: &Caller, session: &str, address: IpAddr, now_ms: u64) -> Entry {
    let mut entry = Entry::new(kind, now_ms);
    entry.effect = Some(Effect::Delivered);
    entry.disclosures = vec![
        (Label::Subject, caller.subject.clone().into_bytes()),
        (Label::Issuer, caller.issuer.clone().into_bytes()),
        (Label::SourceAddress, address.to_string().into_bytes()),
        (Label::LoginId, session.as_bytes().to_vec()),
    ];
    entry
}

/// A word of so many random bytes.
fn random_word<const BYTES: usize>() -> Result<String, Refused> {
    secrets::random_word::<BYTES>().map_err(Refused::Failed)
}

/// What is kept of a word that somebody else has to show. Compared as it is: a digest tells nothing that could be guessed on.
fn digest_of(word: &str) -> [u8; 32] {
    sha256(word.as_bytes())
}
