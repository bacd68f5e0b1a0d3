//! A scripted browser: cookies, redirects and forms over HTTP, without scripts, for the pages of identity providers and of the gate.
//!
//! It does what a person would do with the pages: fills in the name and the password where a page asks for them, agrees where a
//! page asks for consent, and submits the forms that submit themselves (SAML's POST binding). Certificates of a test authority
//! can be trusted. A page that asks for the password twice has refused it.

mod form;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Certificate, Client, Method, RequestBuilder, Url, redirect};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

pub use form::{Form, Input};

/// One page may be the first that a provider renders, which takes seconds.
const ANSWER: Duration = Duration::from_secs(60);
/// Pages and redirects of one walk; a login takes about ten.
const STEPS_MAX: usize = 30;
/// Pages of providers have a few KiB.
const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// A browser of one person, with that person's cookies.
#[derive(Debug)]
pub struct Browser {
    runtime: Runtime,
    client: Client,
    cookies: Vec<Cookie>,
}

/// A cookie (RFC 6265, 5.3). `Secure` is not looked at: everything here is loopback.
#[derive(Debug)]
struct Cookie {
    host: String,
    path: String,
    name: String,
    value: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Page {
    /// What was asked for.
    pub url: Url,
    /// The HTTP status.
    pub status: u16,
    /// Where the answer leads, for a redirect.
    pub location: Option<Url>,
    /// The answer's headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The answer's body.
    pub body: String,
}

impl Page {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none; the error quotes what it is.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("{} answered {} without JSON: {}", self.url, self.status, self.excerpt()))
    }

    /// The page when its status is 2xx.
    ///
    /// # Errors
    /// What it says, when it is not.
    pub fn ok(self) -> Result<Page> {
        ensure!((200..300).contains(&self.status), "{} answered {}: {}", self.url, self.status, self.excerpt());
        Ok(self)
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The forms of the page.
    #[must_use]
    pub fn forms(&self) -> Vec<Form> {
        form::forms(&self.body)
    }

    /// The beginning of what a reader sees.
    #[must_use]
    pub fn excerpt(&self) -> String {
        let text = form::text(&self.body);
        text.chars().take(600).collect()
    }
}

/// The fields as `application/x-www-form-urlencoded`.
#[must_use]
pub fn encode(fields: &[(&str, &str)]) -> String {
    form::encode(fields.iter().copied())
}

/// A name and a password.
#[derive(Clone, Copy)]
pub struct Person<'a> {
    /// The name to log in with.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
}

impl std::fmt::Debug for Person<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Person").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Browser {
    /// A browser without cookies.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new() -> Result<Browser> {
        Browser::build(None)
    }

    /// A browser that trusts this authority (a PEM file) too.
    ///
    /// # Errors
    /// When the file cannot be read or the HTTP client cannot be built.
    pub fn trusting(authority: &Path) -> Result<Browser> {
        let pem = std::fs::read(authority).with_context(|| format!("cannot read {}", authority.display()))?;
        Browser::build(Some(Certificate::from_pem(&pem).context("the authority is no certificate")?))
    }

    fn build(authority: Option<Certificate>) -> Result<Browser> {
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().timeout(ANSWER);
        // Nothing runs between two pages, so that nobody would see when a kept connection is closed by the other side.
        let client = client.pool_max_idle_per_host(0);
        let client = client.tls_certs_merge(authority).build().context("cannot build the HTTP client")?;
        let runtime = Builder::new_current_thread().enable_all().build().context("cannot start the HTTP client")?;
        Ok(Browser { runtime, client, cookies: Vec::new() })
    }

    /// One GET; redirects are not followed.
    ///
    /// # Errors
    /// When the address is none or does not answer.
    pub fn get(&mut self, url: &str) -> Result<Page> {
        self.ask(Method::GET, url, |request| request)
    }

    /// One POST of a form; redirects are not followed.
    ///
    /// # Errors
    /// When the address is none or does not answer.
    pub fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Result<Page> {
        let body = encode(fields);
        self.ask(Method::POST, url, |request| {
            request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
        })
    }

    /// One request with headers and a body of any kind; redirects are not followed.
    ///
    /// # Errors
    /// When the address is none or does not answer, or the answer is too large.
    pub fn ask(
        &mut self,
        method: Method,
        url: &str,
        build: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Page> {
        let url = Url::parse(url).with_context(|| format!("not an address: {url}"))?;
        let mut request = build(self.client.request(method, url.clone()));
        if let Some(cookies) = self.cookies_for(&url) {
            request = request.header(COOKIE, cookies);
        }
        let page = self.runtime.block_on(receive(request, url))?;
        for (_, cookie) in page.headers.iter().filter(|(name, _)| name == SET_COOKIE.as_str()) {
            self.keep(&page.url, cookie);
        }
        Ok(page)
    }

    /// Opens an address as `person` and does what the pages ask for, until a redirect or a form leads to an address that begins
    /// with `until`. That address is returned and not opened; a form's fields are its query.
    ///
    /// # Errors
    /// When a page refuses the login, or the walk ends somewhere else; the error quotes the last page.
    pub fn walk_to(&mut self, url: &str, person: Person<'_>, until: &str) -> Result<Url> {
        match self.walk(url, person, Some(until))? {
            Walked::Reached(url) => Ok(url),
            Walked::Ended(page) => {
                bail!("ended at {} ({}) and not at {until}: {}", page.url, page.status, page.excerpt())
            }
        }
    }

    /// Opens an address as `person` and does what the pages ask for, until a page asks for nothing more.
    ///
    /// # Errors
    /// When a page refuses the login or answers with an error.
    pub fn walk_through(&mut self, url: &str, person: Person<'_>) -> Result<Page> {
        match self.walk(url, person, None)? {
            Walked::Reached(url) => bail!("ended at {url}"),
            Walked::Ended(page) => page.ok(),
        }
    }

    fn walk(&mut self, url: &str, person: Person<'_>, until: Option<&str>) -> Result<Walked> {
        let arrived = |url: &Url| until.is_some_and(|until| url.as_str().starts_with(until));
        let mut page = self.get(url)?;
        let mut asked = false;
        for _ in 0..STEPS_MAX {
            if let Some(location) = page.location.clone() {
                if arrived(&location) {
                    return Ok(Walked::Reached(location));
                }
                page = self.get(location.as_str())?;
                continue;
            }
            let forms = page.forms();
            let Some(form) = forms.iter().find(|form| form.asks_for_password()).or(forms.first()) else {
                return Ok(Walked::Ended(page));
            };
            if form.asks_for_password() {
                ensure!(!asked, "{} refused {:?}: {}", page.url, person.name, page.excerpt());
                asked = true;
            }
            let fields = form.filled(person.name, person.password);
            let fields: Vec<(&str, &str)> =
                fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let mut target =
                page.url.join(&form.action).with_context(|| format!("a form leads to {:?}", form.action))?;
            if !form.post || arrived(&target) {
                target.query_pairs_mut().extend_pairs(&fields);
            }
            if arrived(&target) {
                return Ok(Walked::Reached(target));
            }
            page = if form.post { self.post(target.as_str(), &fields)? } else { self.get(target.as_str())? };
        }
        bail!("no end after {STEPS_MAX} pages; the last is {}: {}", page.url, page.excerpt())
    }

    /// The Cookie header for an address.
    fn cookies_for(&self, url: &Url) -> Option<String> {
        let fits = |cookie: &&Cookie| {
            let below = url.path().strip_prefix(&cookie.path);
            Some(cookie.host.as_str()) == url.host_str()
                && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || cookie.path.ends_with('/'))
        };
        let pairs: Vec<String> =
            self.cookies.iter().filter(fits).map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }

    /// Takes up a Set-Cookie header (RFC 6265, 5.2). Only the end that is now or past is looked at.
    fn keep(&mut self, url: &Url, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let parent = url.path().rsplit_once('/').map_or("", |(parent, _)| parent);
        let mut path = if parent.is_empty() { "/".to_owned() } else { parent.to_owned() };
        let mut gone = false;
        for (key, said) in parts.filter_map(|part| part.split_once('=')) {
            match key.to_ascii_lowercase().as_str() {
                "path" if said.starts_with('/') => said.clone_into(&mut path),
                "max-age" => gone |= said.parse::<i64>().is_ok_and(|seconds| seconds <= 0),
                "expires" => gone |= said.contains(" 1970 "),
                _ => (),
            }
        }
        let host = url.host_str().unwrap_or_default().to_owned();
        self.cookies.retain(|old| old.host != host || old.path != path || old.name != name);
        if !gone {
            self.cookies.push(Cookie { host, path, name: name.to_owned(), value: value.to_owned() });
        }
    }
}

enum Walked {
    Reached(Url),
    Ended(Page),
}

async fn receive(request: RequestBuilder, url: Url) -> Result<Page> {
    let mut response = request.send().await.with_context(|| format!("no answer from {url}"))?;
    let status = response.status();
    let text = |value: &reqwest::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: Vec<(String, String)> =
        response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let location = match response.headers().get(LOCATION).filter(|_| status.is_redirection()) {
        Some(value) => Some(url.join(&text(value)).context("a redirect to no address")?),
        None => None,
    };
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.with_context(|| format!("{url} broke off"))? {
        ensure!(body.len() + chunk.len() <= BODY_BYTES_MAX, "{url}: more than {BODY_BYTES_MAX} bytes");
        body.extend_from_slice(&chunk);
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    Ok(Page { url, status: status.as_u16(), location, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn cookies_go_back_to_their_host_and_path_until_they_end() {
        let mut browser = Browser::new().unwrap();
        let at = url("http://127.0.0.1:1/realms/a/login");
        browser.keep(&at, "one=\"1/+=\";Version=1;Path=/realms/a/;HttpOnly");
        browser.keep(&at, "two=2");
        browser.keep(&at, "all=3; path=/");
        assert_eq!(browser.cookies_for(&at).unwrap(), "one=\"1/+=\"; two=2; all=3");
        // Cookies know no ports.
        assert_eq!(browser.cookies_for(&url("http://127.0.0.1:2/realms/ab")).unwrap(), "all=3");
        assert_eq!(browser.cookies_for(&url("http://localhost:1/realms/a/")), None);
        browser.keep(&at, "all=4; Path=/");
        browser.keep(&at, "one=; Path=/realms/a/; Max-Age=0");
        browser.keep(&at, "two=; expires=Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(browser.cookies_for(&at).unwrap(), "all=4");
    }

    #[test]
    fn a_person_is_shown_without_the_password() {
        let shown = format!("{:?}", Person { name: "alice", password: "s3cret" });
        assert!(shown.contains("alice") && !shown.contains("s3cret"), "{shown}");
    }
}
