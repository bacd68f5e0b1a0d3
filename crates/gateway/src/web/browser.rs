//! The browser's side of a login: from the device's link to the identity provider and back.
//!
//! A cookie ties the login to the browser that opened the link last; what comes back from a provider in another browser, or twice,
//! or for a login that nobody began, is refused.

use std::sync::Arc;
use std::time::SystemTime;

use axum::extract::rejection::FormRejection;
use axum::extract::{ConnectInfo, Form, Path, RawQuery, State};
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tidegate_identity::redirect_refused;
use url::form_urlencoded;

use super::login::person_of;
use super::pages::{self, page};
use super::pending::{LoggedIn, PENDING_S, Redirect, Stage};
use super::{Web, digest_of, random_word};
use crate::control::{Peer, Refused};
use crate::state::Person;

/// The cookie's name; with TLS no other host and no plain HTTP can set one of this name.
const COOKIE_NAME: &str = "tidegate-login";
const SECURE_COOKIE_NAME: &str = "__Host-tidegate-login";

/// For whoever opens the gate's address.
pub(super) async fn front(State(web): State<Arc<Web>>) -> Response {
    pages::front(&web.url)
}

/// The device's link: on to the identity provider.
pub(super) async fn open(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(id): Path<String>,
) -> Response {
    let now_s = web.now_s();
    let open = |stage: &Stage| matches!(stage, Stage::Begun | Stage::AtOpenId { .. } | Stage::AtSaml { .. });
    let taken = web.pending.take(now_s, |one, stage| one == id && open(stage));
    let provider = web.pending.with(&id, now_s, |one| one.provider.clone());
    let (Some((id, _)), Some(provider)) = (taken, provider) else { return pages::over() };
    let cookie = match random_word::<32>() {
        Ok(cookie) => cookie,
        Err(refused) => return pages::broken(&refused),
    };
    match web.begin_at(&provider, digest_of(&cookie), now_s).await {
        Ok((url, stage)) => {
            web.pending.put(&id, stage);
            let set = web.cookie(&cookie);
            ([(SET_COOKIE, set)], see_other(&url)).into_response()
        }
        Err((check, detail)) => web.refuse(&id, peer, check, &detail).await,
    }
}

/// An OpenID provider's answer (RFC 6749, 4.1.2).
pub(super) async fn callback(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let Ok(said) = Answer::read(&query) else { return pages::over() };
    let (Some(state), Some(browser)) = (said.state, web.browser(&headers)) else {
        web.failed_without_blame(peer.address(), "login_browser").await;
        return pages::over();
    };
    let now_s = web.now_s();
    let mine = |stage: &Stage| match stage {
        Stage::AtOpenId { browser: own, pending } => *own == browser && pending.state == state,
        _ => false,
    };
    let Some((id, Stage::AtOpenId { pending, .. })) = web.pending.take(now_s, |_, stage| mine(stage)) else {
        web.failed_without_blame(peer.address(), "login_state").await;
        return pages::over();
    };
    let code = match (said.error, said.code) {
        (None, Some(code)) => code,
        (Some(error), _) => {
            let provider = web.pending.with(&id, now_s, |one| one.provider.clone()).unwrap_or_default();
            let refused = redirect_refused(&provider, &error);
            return web.refuse(&id, peer, refused.check.name(), &refused.detail).await;
        }
        (None, None) => return web.refuse(&id, peer, "login_provider", "the identity provider sent no code").await,
    };
    let issuers = web.shared().issuers.load_full();
    match issuers.finish_code(pending, &code, said.iss.as_deref(), now_s).await {
        Ok(caller) => web.known(&id, LoggedIn { person: person_of(&caller, now_s), ends_s: None }),
        Err(refused) => web.refuse(&id, peer, refused.check.name(), &refused.detail).await,
    }
}

#[derive(serde::Deserialize)]
pub(super) struct SamlForm {
    #[serde(rename = "SAMLResponse")]
    response: String,
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

/// A SAML provider's answer (assertion consumer service, HTTP POST binding).
pub(super) async fn saml_response(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(name): Path<String>,
    form: Result<Form<SamlForm>, FormRejection>,
) -> Response {
    let Ok(Form(SamlForm { response, relay_state })) = form else {
        web.failed_without_blame(peer.address(), "saml_form").await;
        return pages::over();
    };
    let now_s = web.now_s();
    let mine = |stage: &Stage| match stage {
        Stage::AtSaml { pending, .. } => pending.provider == name && relay_state.as_ref() == Some(&pending.relay_state),
        _ => false,
    };
    let Some((id, Stage::AtSaml { browser, pending })) = web.pending.take(now_s, |_, stage| mine(stage)) else {
        web.failed_without_blame(peer.address(), "login_state").await;
        return pages::over();
    };
    let settings = web.settings.load_full();
    let finished = tokio::task::block_in_place(|| {
        let mut replay = web.replay.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let provider = settings.saml.get(&name)?;
        Some(provider.finish(&response, relay_state.as_deref(), pending, &mut *replay, SystemTime::now()))
    });
    let login = match finished {
        Some(Ok(login)) => login,
        Some(Err(refused)) => return web.refuse(&id, peer, refused.check.name(), &refused.detail).await,
        None => return web.refuse(&id, peer, "saml_provider", "the identity provider is no longer configured").await,
    };
    let who = LoggedIn {
        person: Person {
            issuer: login.issuer,
            subject: login.subject,
            groups: login.groups,
            client: None,
            issued_at: Some(now_s),
            mfa_at: login.mfa.then_some(login.authenticated_at),
        },
        ends_s: Some(login.session_ends_at),
    };
    let key = match random_word::<32>() {
        Ok(key) => key,
        Err(refused) => return pages::broken(&refused),
    };
    web.pending.put(&id, Stage::Answered { browser, key: digest_of(&key), who });
    see_other(&format!("{}/login/{id}/done?key={key}", web.url))
}

/// After a SAML provider's answer: the browser shows its cookie.
pub(super) async fn done(
    State(web): State<Arc<Web>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let query = query.unwrap_or_default();
    let shown = query.strip_prefix("key=").map(digest_of);
    let browser = web.browser(&headers);
    let mine = |stage: &Stage| match stage {
        Stage::Answered { browser: own, key, .. } => Some(*own) == browser && Some(*key) == shown,
        _ => false,
    };
    match web.pending.take(web.now_s(), |one, stage| one == id && mine(stage)) {
        Some((id, Stage::Answered { who, .. })) => web.known(&id, who),
        _ => {
            web.failed_without_blame(peer.address(), "login_browser").await;
            pages::over()
        }
    }
}

/// The gate's metadata as a SAML service provider.
pub(super) async fn saml_metadata(State(web): State<Arc<Web>>, Path(name): Path<String>) -> Response {
    match web.settings.load().saml.get(&name) {
        Some(provider) => {
            ([(CONTENT_TYPE, "application/samlmetadata+xml")], provider.metadata_xml().to_owned()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

impl Web {
    /// Begins at a provider: where the browser has to go, and what is kept meanwhile.
    async fn begin_at(
        &self,
        provider: &str,
        browser: [u8; 32],
        now_s: u64,
    ) -> Result<(String, Stage), (&'static str, String)> {
        let settings = self.settings.load_full();
        if let Some(saml) = settings.saml.get(provider) {
            let begun = saml.begin(SystemTime::now()).map_err(|refused| (refused.check.name(), refused.detail))?;
            return Ok((begun.url, Stage::AtSaml { browser, pending: begun.pending }));
        }
        let callback = format!("{}/login/callback", self.url);
        let begun = self.shared().issuers.load_full().begin_code(provider, &callback, now_s).await;
        let begun = begun.map_err(|refused| (refused.check.name(), refused.detail))?;
        Ok((begun.url, Stage::AtOpenId { browser, pending: begun.pending }))
    }

    /// The person is known: the browser takes a code to the device, or shows it.
    fn known(&self, id: &str, who: LoggedIn) -> Response {
        let code = match random_word::<16>() {
            Ok(code) => code,
            Err(refused) => return pages::broken(&refused),
        };
        let whither = self.pending.with(id, self.now_s(), |one| {
            one.stage = Stage::Known { code: digest_of(&code), guesses: 0, who };
            (one.redirect.clone(), one.machine.clone(), one.address)
        });
        match whither {
            None => pages::over(),
            Some((Some(redirect), ..)) => see_other(&with_query(&redirect, &[("code", &code)])),
            Some((None, machine, address)) => pages::code(&code, &machine, address),
        }
    }

    /// Ends a login that failed, and tells the person; the device learns it from the browser, or when it asks.
    async fn refuse(&self, id: &str, peer: Peer, check: &'static str, detail: &str) -> Response {
        let ended = self.pending.remove(id);
        self.failed_without_blame(peer.address(), check).await;
        match ended.and_then(|one| one.redirect) {
            Some(redirect) => see_other(&with_query(&redirect, &[("error", detail)])),
            None => page(StatusCode::FORBIDDEN, "The login was refused", &[detail, "Begin again in the terminal."]),
        }
    }

    fn cookie_name(&self) -> &'static str {
        if self.secure() { SECURE_COOKIE_NAME } else { COOKIE_NAME }
    }

    /// Lax: it comes along when another site sends the browser here, but not with another site's forms.
    fn cookie(&self, value: &str) -> HeaderValue {
        let secure = if self.secure() { "; Secure" } else { "" };
        let text =
            format!("{}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={PENDING_S}{secure}", self.cookie_name());
        HeaderValue::from_str(&text).unwrap_or_else(|_never| HeaderValue::from_static(""))
    }

    /// The digest of the browser's cookie. Of two with one name neither is believed.
    fn browser(&self, headers: &HeaderMap) -> Option<[u8; 32]> {
        let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut own = pairs.filter(|(name, _)| *name == self.cookie_name()).map(|(_, value)| value);
        match (own.next(), own.next()) {
            (Some(value), None) => Some(digest_of(value)),
            _ => None,
        }
    }
}

fn see_other(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(location) => (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response(),
        Err(error) => pages::broken(&Refused::Failed(anyhow::Error::from(error).context("no browser can be sent on"))),
    }
}

fn with_query(redirect: &Redirect, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .append_pair("state", &redirect.state)
        .finish();
    format!("{}?{query}", redirect.url)
}

/// What a provider sends back with the browser. Each name may stand there once.
#[derive(Default)]
struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

impl Answer {
    fn read(query: &str) -> Result<Answer, ()> {
        let mut answer = Answer::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "code" => &mut answer.code,
                "state" => &mut answer.state,
                "iss" => &mut answer.iss,
                "error" => &mut answer.error,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(());
            }
        }
        Ok(answer)
    }
}
