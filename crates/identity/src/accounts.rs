//! Service accounts of the gate, for clients that can send no token: a name and a password, over SCRAM or PLAIN.
//!
//! The gate makes the passwords, shows each once, and keeps what SCRAM's server keeps of it (RFC 5802, 3); PLAIN is checked
//! against the same. An account has an owner and an end. While a password is being replaced two are valid: both have the
//! account's salt, since a server must name the salt before it knows which password the client has.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tidegate_model::{Caller, CallerKind, CredentialKind};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::sasl::Plain;
use crate::scram::{Challenge, ITERATIONS, ScramError, ScramHash, ScramKeys, ScramServer, as_base64};

/// What stands in an issuer's place for service accounts: policy names `service-account:NAME`. No issuer may have this name.
pub const SERVICE_ACCOUNT_ISSUER: &str = "service-account";
/// The longest life of an account from its making or its last renewal, in seconds: a year and a day.
pub const ACCOUNT_LIFE_MAX_S: u64 = 366 * 24 * 60 * 60;
const NAME_BYTES_MAX: usize = 64;
const WORDS_BYTES_MAX: usize = 256;
const GROUPS_MAX: usize = 100;
/// Passwords that work at once: the one in use and the one before it.
const PASSWORDS_MAX: usize = 2;
const SALT_BYTES: usize = 16;
/// Random bytes of a password.
const PASSWORD_BYTES: usize = 32;
/// So that people and secret scanners know one when they see it.
const PASSWORD_PREFIX: &str = "tgsa_";
/// Checks of PLAIN passwords at once; each is some thousand rounds of a hash.
const PLAIN_CHECKS_MAX: usize = 2;
/// How long one waits for its turn. Whoever floods the gate with passwords makes others wait; they are told so in time.
const PLAIN_WAIT: Duration = Duration::from_secs(3);

/// Why an account cannot be as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    /// The name is none that a client could log in with.
    #[error("a service account's name is made of 1 to 64 letters, digits, `-`, `_` and `.`, and is not `token`")]
    Name,
    /// Nobody owns it.
    #[error("a service account needs an owner: 1 to 256 characters that say whom to ask, such as a team's address")]
    Owner,
    /// A group that cannot be one.
    #[error("a service account has at most 100 groups, each of 1 to 256 characters")]
    Groups,
    /// It ends too late, or has ended.
    #[error("a service account needs an end that lies in the future, at most 366 days away")]
    Expiry,
    /// The old password's end lies beyond the account's, or is past.
    #[error("the replaced password may go on until the account ends at the latest")]
    OldUntil,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a password")]
    NoRandom,
}

/// The key from which salts are made. A name has the same salt whether or not there is an account of it, so that nobody finds
/// out which names there are. It must outlive restarts; it opens nothing.
#[derive(Clone)]
pub struct SaltKey(Zeroizing<[u8; 32]>);

impl fmt::Debug for SaltKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaltKey").finish_non_exhaustive()
    }
}

impl SaltKey {
    /// A new one.
    ///
    /// # Errors
    /// [`AccountError::NoRandom`]
    pub fn generate() -> Result<Self, AccountError> {
        let mut key = Zeroizing::new([0; 32]);
        rand::fill(&mut *key).map_err(|_unspecified| AccountError::NoRandom)?;
        Ok(Self(key))
    }

    /// The one that was kept.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// What is to be kept.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn of(&self, hash: ScramHash, name: &str, what: &str) -> Vec<u8> {
        let key = hmac::Key::new(hmac::HMAC_SHA512, &*self.0);
        hmac::sign(&key, format!("{what} {hash:?} {name}").as_bytes()).as_ref().to_vec()
    }

    fn salt(&self, hash: ScramHash, name: &str) -> Vec<u8> {
        let mut salt = self.of(hash, name, "salt");
        salt.truncate(SALT_BYTES);
        salt
    }

    /// For a name without an account: keys that no password has, so that the check takes as long.
    fn nobody(&self, hash: ScramHash, name: &str) -> Challenge {
        let mut stored = self.of(hash, name, "nobody");
        stored.truncate(hash.bytes());
        let keys = vec![ScramKeys { server: stored.clone(), stored }];
        Challenge { salt: self.salt(hash, name), iterations: ITERATIONS, keys }
    }
}

/// Salt and rounds of an account, per hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Salts {
    iterations: u32,
    #[serde(with = "as_base64")]
    sha256: Vec<u8>,
    #[serde(with = "as_base64")]
    sha512: Vec<u8>,
}

impl Salts {
    fn of(&self, hash: ScramHash) -> &[u8] {
        match hash {
            ScramHash::Sha256 => &self.sha256,
            ScramHash::Sha512 => &self.sha512,
        }
    }
}

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Verifier {
    /// Counts an account's passwords from 1.
    number: u32,
    created_at: u64,
    /// When it stops working, once it has been replaced.
    ends_at: Option<u64>,
    sha256: ScramKeys,
    sha512: ScramKeys,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Verifier {
    fn of(&self, hash: ScramHash) -> &ScramKeys {
        match hash {
            ScramHash::Sha256 => &self.sha256,
            ScramHash::Sha512 => &self.sha512,
        }
    }

    fn has_ended(&self, now: u64) -> bool {
        self.ends_at.is_some_and(|ends| ends <= now)
    }
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// The user name for SCRAM and PLAIN, and the subject in policy.
    pub name: String,
    /// Whom to ask about it.
    pub owner: String,
    /// Its groups; policy sees `service-account:GROUP`.
    pub groups: Vec<String>,
    /// Its end, Unix seconds.
    pub expires_at: u64,
}

/// A service account, as it is kept. It holds no password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccount {
    /// The user name.
    pub name: String,
    /// Whom to ask about it.
    pub owner: String,
    /// Its groups, without prefix.
    pub groups: Vec<String>,
    /// When it was made, Unix seconds.
    pub created_at: u64,
    /// Its end, Unix seconds.
    pub expires_at: u64,
    /// Whether it is shut out until somebody lets it in again.
    pub disabled: bool,
    salts: Salts,
    /// The newest first; never empty.
    verifiers: Vec<Verifier>,
}

/// A password, to be shown once.
pub type Password = Zeroizing<String>;

impl ServiceAccount {
    /// Makes an account and its first password.
    ///
    /// # Errors
    /// Name, owner, groups or end are not as they must be.
    pub fn create(new: NewAccount, salts: &SaltKey, now: u64) -> Result<(Self, Password), AccountError> {
        let NewAccount { name, owner, mut groups, expires_at } = new;
        if !is_account_name(&name) {
            return Err(AccountError::Name);
        }
        let words = |text: &str| (1..=WORDS_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
        if !words(&owner) {
            return Err(AccountError::Owner);
        }
        groups.sort_unstable();
        groups.dedup();
        if groups.len() > GROUPS_MAX || !groups.iter().all(|group| words(group)) {
            return Err(AccountError::Groups);
        }
        check_end(expires_at, now)?;
        let salts = Salts {
            iterations: ITERATIONS,
            sha256: salts.salt(ScramHash::Sha256, &name),
            sha512: salts.salt(ScramHash::Sha512, &name),
        };
        let password = new_password()?;
        let verifiers = vec![verifier(&salts, &password, 1, now)];
        let account = Self { name, owner, groups, created_at: now, expires_at, disabled: false, salts, verifiers };
        Ok((account, password))
    }

    /// Makes a new password. The one before it works until `old_until` (Unix seconds), older ones no longer; `expires_at` gives
    /// the account another end.
    ///
    /// # Errors
    /// An end that cannot be.
    pub fn rotate(&mut self, old_until: u64, expires_at: Option<u64>, now: u64) -> Result<Password, AccountError> {
        let end = expires_at.unwrap_or(self.expires_at);
        check_end(end, now)?;
        if old_until > end {
            return Err(AccountError::OldUntil);
        }
        let password = new_password()?;
        let number = self.verifiers.first().map_or(1, |newest| newest.number.saturating_add(1));
        self.verifiers.truncate(PASSWORDS_MAX.saturating_sub(1));
        for old in &mut self.verifiers {
            old.ends_at = Some(old.ends_at.map_or(old_until, |ends| ends.min(old_until)));
        }
        self.verifiers.retain(|old| !old.has_ended(now));
        self.verifiers.insert(0, verifier(&self.salts, &password, number, now));
        self.expires_at = end;
        Ok(password)
    }

    /// The passwords that work at `now` or did: number, when made, and when it stops or stopped working.
    #[must_use]
    pub fn passwords(&self) -> Vec<(u32, u64, Option<u64>)> {
        self.verifiers.iter().map(|one| (one.number, one.created_at, one.ends_at)).collect()
    }

    fn challenge(&self, hash: ScramHash) -> Challenge {
        let keys = self.verifiers.iter().map(|one| one.of(hash).clone()).collect();
        Challenge { salt: self.salts.of(hash).to_vec(), iterations: self.salts.iterations, keys }
    }

    /// Whether this password may be used now.
    fn admits(&self, verifier: &Verifier, now: u64) -> Result<(), AccountRefused> {
        if self.disabled {
            return Err(AccountRefused::Disabled);
        }
        if self.expires_at <= now {
            return Err(AccountRefused::Expired);
        }
        if verifier.has_ended(now) {
            return Err(AccountRefused::Replaced);
        }
        Ok(())
    }

    fn end_of(&self, verifier: &Verifier) -> u64 {
        verifier.ends_at.map_or(self.expires_at, |ends| ends.min(self.expires_at))
    }

    /// The password that this caller came with, if it is still there.
    fn used_by(&self, caller: &Caller) -> Option<&Verifier> {
        // Without text being made: this is asked often.
        let number = caller.token_id.as_deref().and_then(|id| id.rsplit_once('/')?.1.parse().ok());
        let used = |one: &&Verifier| number == Some(one.number) && caller.issued_at == Some(one.created_at);
        self.verifiers.iter().find(used)
    }

    fn caller(&self, verifier: &Verifier, credential: CredentialKind) -> Caller {
        Caller {
            kind: CallerKind::Workload,
            issuer: SERVICE_ACCOUNT_ISSUER.to_owned(),
            subject: self.name.clone(),
            groups: self.groups.iter().map(|group| format!("{SERVICE_ACCOUNT_ISSUER}:{group}")).collect(),
            groups_known: true,
            client: None,
            token_id: Some(password_id(&self.name, verifier)),
            session: None,
            token_hash: None,
            via_gate: false,
            credential,
            issued_at: Some(verifier.created_at),
            expires_at: self.end_of(verifier),
            mfa_at: None,
        }
    }
}

/// What leaves call a password: the account and the password's number.
fn password_id(name: &str, verifier: &Verifier) -> String {
    format!("{name}/{}", verifier.number)
}

/// Whether an account may have this name. `token` is what PLAIN carries a token under.
fn is_account_name(name: &str) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(good) && name != "token"
}

fn check_end(expires_at: u64, now: u64) -> Result<(), AccountError> {
    match expires_at > now && expires_at.saturating_sub(now) <= ACCOUNT_LIFE_MAX_S {
        true => Ok(()),
        false => Err(AccountError::Expiry),
    }
}

fn new_password() -> Result<Password, AccountError> {
    let mut random = Zeroizing::new([0; PASSWORD_BYTES]);
    rand::fill(&mut *random).map_err(|_unspecified| AccountError::NoRandom)?;
    let mut password = Zeroizing::new(String::with_capacity(PASSWORD_PREFIX.len().saturating_add(PASSWORD_BYTES * 2)));
    password.push_str(PASSWORD_PREFIX);
    URL_SAFE_NO_PAD.encode_string(random.as_slice(), &mut password);
    Ok(password)
}

fn verifier(salts: &Salts, password: &str, number: u32, now: u64) -> Verifier {
    let keys = |hash| ScramKeys::derive(hash, password, salts.of(hash), salts.iterations);
    let (sha256, sha512) = (keys(ScramHash::Sha256), keys(ScramHash::Sha512));
    Verifier { number, created_at: now, ends_at: None, sha256, sha512 }
}

/// A login with a service account that was refused. The text is safe to show: it tells more than "wrong" only to who has the
/// right password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountRefused {
    /// A SCRAM message that cannot be taken, or a proof that is wrong.
    #[error("{0}")]
    Scram(ScramError),
    /// The name or the password is wrong.
    #[error("{}", ScramError::Proof)]
    Password,
    /// The authorization id is not the user name.
    #[error("{}", ScramError::OtherIdentity)]
    OtherIdentity,
    /// The account was disabled.
    #[error("this service account is disabled; ask its owner")]
    Disabled,
    /// The account has ended.
    #[error("this service account has expired; have it rotated with a new end")]
    Expired,
    /// The password was replaced.
    #[error("this password of the service account was replaced by a newer one")]
    Replaced,
    /// The gate cannot check passwords at the moment.
    #[error("the gate cannot check the password now; try again")]
    Busy,
}

impl AccountRefused {
    /// The word for it in leaves and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scram(ScramError::Proof) | Self::Password => "account-password",
            Self::Scram(_) | Self::OtherIdentity => "malformed",
            Self::Disabled => "account-disabled",
            Self::Expired => "account-expired",
            Self::Replaced => "account-password-replaced",
            Self::Busy => "account-busy",
        }
    }
}

/// How an account was last used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountUse {
    /// The account.
    pub name: String,
    /// The last login, Unix milliseconds.
    pub last_used_ms: u64,
    /// Logins since the count began.
    pub logins: u64,
    /// `scram` or `plain_password`.
    pub credential: String,
    /// The password that was used: `NAME/NUMBER`.
    pub password: String,
    /// What the client called itself.
    pub client_id: String,
    /// Where it came from.
    pub address: IpAddr,
}

type Set = HashMap<String, Arc<ServiceAccount>>;

/// The accounts in force, and how they are used.
pub struct Accounts {
    set: ArcSwap<Set>,
    salts: SaltKey,
    uses: Mutex<BTreeMap<String, AccountUse>>,
    plain: Arc<Semaphore>,
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").field("accounts", &self.set.load().len()).finish_non_exhaustive()
    }
}

impl Accounts {
    /// These accounts, with the key that made their salts.
    #[must_use]
    pub fn new(salts: SaltKey, accounts: Vec<ServiceAccount>) -> Self {
        let all = Self {
            set: ArcSwap::default(),
            salts,
            uses: Mutex::default(),
            plain: Arc::new(Semaphore::new(PLAIN_CHECKS_MAX)),
        };
        all.replace(accounts);
        all
    }

    /// The key of the salts, for new accounts.
    #[must_use]
    pub fn salts(&self) -> &SaltKey {
        &self.salts
    }

    /// Takes other accounts from now on. What was seen of those that are gone is forgotten.
    pub fn replace(&self, accounts: Vec<ServiceAccount>) {
        let set: Set = accounts.into_iter().map(|account| (account.name.clone(), Arc::new(account))).collect();
        self.uses().retain(|name, _| set.contains_key(name));
        self.set.store(Arc::new(set));
    }

    fn find(&self, name: &str) -> Option<Arc<ServiceAccount>> {
        self.set.load().get(name).cloned()
    }

    fn challenge(&self, hash: ScramHash, name: &str) -> Challenge {
        self.find(name).map_or_else(|| self.salts.nobody(hash, name), |account| account.challenge(hash))
    }

    /// Takes the client's first SCRAM message; the answer to it.
    ///
    /// # Errors
    /// The message is not as it must be. An unknown name is no error here: it looks as any other.
    pub fn scram(&self, hash: ScramHash, message: &[u8]) -> Result<(ScramServer, String), AccountRefused> {
        ScramServer::start(hash, message, |name| self.challenge(hash, name)).map_err(AccountRefused::Scram)
    }

    /// Takes the client's last SCRAM message: who it is, and the answer to it.
    ///
    /// # Errors
    /// The proof is wrong, or the account may not be used now.
    pub fn scram_finish(
        &self,
        exchange: &ScramServer,
        message: &[u8],
        now: u64,
    ) -> Result<(Arc<Caller>, String), AccountRefused> {
        let (keys, answer) = exchange.finish(message).map_err(AccountRefused::Scram)?;
        // The account as it is now: it may have changed since the first message.
        let caller = self.admitted(exchange.user(), exchange.hash(), keys, CredentialKind::Scram, now)?;
        Ok((caller, answer))
    }

    /// Checks the name and password of a PLAIN message.
    ///
    /// # Errors
    /// The password is wrong, or the account may not be used now.
    pub async fn plain(&self, message: Plain, now: u64) -> Result<Arc<Caller>, AccountRefused> {
        let Plain { authzid, user, password } = message;
        if authzid.is_some_and(|wanted| wanted != user) {
            return Err(AccountRefused::OtherIdentity);
        }
        let hash = ScramHash::Sha512;
        let Challenge { salt, iterations, .. } = self.challenge(hash, &user);
        let turn = tokio::time::timeout(PLAIN_WAIT, Arc::clone(&self.plain).acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(AccountRefused::Busy)?;
        let derive = move || {
            // Until the work is done, not until the client has gone: nobody can stop the work.
            let _few_at_once = turn;
            ScramKeys::derive(hash, &password, &salt, iterations)
        };
        let keys = tokio::task::spawn_blocking(derive).await.map_err(|_stopping| AccountRefused::Busy)?;
        self.admitted(&user, hash, &keys, CredentialKind::PlainPassword, now)
    }

    fn admitted(
        &self,
        name: &str,
        hash: ScramHash,
        keys: &ScramKeys,
        credential: CredentialKind,
        now: u64,
    ) -> Result<Arc<Caller>, AccountRefused> {
        let account = self.find(name).ok_or(AccountRefused::Password)?;
        let mut proved = account.verifiers.iter().filter(|one| one.of(hash).is(keys));
        let verifier = proved.next().ok_or(AccountRefused::Password)?;
        account.admits(verifier, now)?;
        Ok(Arc::new(account.caller(verifier, credential)))
    }

    /// Whether a caller who logged in with a service account could do so again; true for everybody else. For live sessions.
    #[must_use]
    pub fn still_valid(&self, caller: &Caller, now: u64) -> bool {
        if !caller.credential.is_static() {
            return true;
        }
        let Some(account) = self.find(&caller.subject) else { return false };
        account.used_by(caller).is_some_and(|one| account.admits(one, now).is_ok())
    }

    /// When the password of a caller who logged in with a service account stops working by what is known now, Unix seconds;
    /// `None` for everybody else.
    #[must_use]
    pub fn ends_at(&self, caller: &Caller) -> Option<u64> {
        let account = self.find(&caller.subject).filter(|_| caller.credential.is_static())?;
        account.used_by(caller).map(|used| account.end_of(used))
    }

    /// Notes a login, if it was with a service account.
    pub fn used(&self, caller: &Caller, client_id: &str, address: IpAddr, now_ms: u64) {
        if !caller.credential.is_static() || self.find(&caller.subject).is_none() {
            return;
        }
        let mut uses = self.uses();
        let logins = uses.get(&caller.subject).map_or(0, |before| before.logins).saturating_add(1);
        let last = AccountUse {
            name: caller.subject.clone(),
            last_used_ms: now_ms,
            logins,
            credential: caller.credential.name().to_owned(),
            password: caller.token_id.clone().unwrap_or_default(),
            client_id: client_id.to_owned(),
            address,
        };
        uses.insert(caller.subject.clone(), last);
    }

    /// The last use of each account that was used, by name.
    #[must_use]
    pub fn last_uses(&self) -> Vec<AccountUse> {
        self.uses().values().cloned().collect()
    }

    /// Takes up what was kept of earlier uses.
    pub fn remember(&self, earlier: Vec<AccountUse>) {
        let set = self.set.load();
        let mut uses = self.uses();
        for one in earlier.into_iter().filter(|one| set.contains_key(&one.name)) {
            uses.entry(one.name.clone()).or_insert(one);
        }
    }

    fn uses(&self) -> MutexGuard<'_, BTreeMap<String, AccountUse>> {
        self.uses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
