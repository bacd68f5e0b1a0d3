//! Requests to a gate's web listener. A redirect is never followed: what follows may carry a token.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use reqwest::header::{DATE, HeaderMap};
use reqwest::{Certificate, Client, Method, Response, redirect};
use serde_json::Value;

use super::{Failed, GateUrl, said_otherwise};
use crate::cli::evidence::table::shown;
use crate::cli::evidence::time;

/// What a command may answer: a dry run has many rows.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// A refusal is a sentence.
const TEXT_BYTES_MAX: usize = 2000;
/// Some dozens of certificates.
const CA_BYTES_MAX: u64 = 1 << 20;
const CONNECT: Duration = Duration::from_secs(10);
/// A proof is good for a minute on either side of the gate's clock.
const SKEW_MAX: u64 = 60;

/// A gate's web listener.
#[derive(Debug)]
pub(crate) struct Web {
    gate: GateUrl,
    client: Client,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// A token to send along.
    pub(crate) bearer: Option<&'a str>,
    pub(crate) body: Option<&'a Value>,
    pub(crate) within: Duration,
}

impl Web {
    /// `ca_file` has certificates (PEM) that are trusted beside the system's.
    ///
    /// # Errors
    /// The file holds none, or no client can be made.
    pub(crate) fn new(gate: GateUrl, ca_file: Option<&Path>) -> Result<Web> {
        let mut builder = Client::builder()
            .user_agent("tidegate")
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT)
            .https_only(!gate.is_here());
        if gate.is_here() {
            builder = builder.no_proxy();
        }
        if let Some(file) = ca_file {
            builder = builder.tls_certs_merge(certificates(file)?);
        }
        Ok(Web { gate, client: builder.build().context("no HTTP client can be made")? })
    }

    /// The gate.
    pub(crate) fn gate(&self) -> &GateUrl {
        &self.gate
    }

    /// Asks, and takes an answer with a status of success.
    ///
    /// # Errors
    /// The gate does not answer, or refuses; the text is its own, made harmless for a terminal.
    pub(crate) async fn ask(&self, request: Request<'_>) -> Result<(u16, Value), Failed> {
        let Request { method, path, bearer, body, within } = request;
        let mut sent = self.client.request(method, self.gate.at(path)).timeout(within);
        if let Some(token) = bearer {
            sent = sent.bearer_auth(token);
        }
        if let Some(body) = body {
            sent = sent.json(body);
        }
        let answer = sent.send().await.map_err(|error| self.unreachable(error))?;
        let (status, skew) = (answer.status(), skew(answer.headers()));
        if status.is_redirection() {
            return Err(Failed::unreachable(anyhow!(
                "{} answers with a redirect, which is never followed: a token could go anywhere; give the gate's own address with --gate",
                self.gate
            )));
        }
        let text = self.text(answer).await?;
        let value: Option<Value> = serde_json::from_slice(&text).ok();
        if status.is_success() {
            let nonsense = || Failed::unreachable(anyhow!("what answers at {} is no gate; check --gate", self.gate));
            return Ok((status.as_u16(), value.ok_or_else(nonsense)?));
        }
        let part = |name: &str| value.as_ref().and_then(|value| value.get(name)).and_then(Value::as_str);
        let (said, ended) = (part("error"), part("code") == Some("login_ended"));
        // What stands before the gate answers in a form of its own.
        let other = || {
            format!("{} answers with HTTP status {}: {}", self.gate, status.as_u16(), String::from_utf8_lossy(&text))
        };
        let said = shown(&said.map_or_else(other, str::to_owned), TEXT_BYTES_MAX);
        let mut failed = said_otherwise(status.as_u16(), &said);
        failed.ended = ended;
        if let Some(skew) = skew.filter(|_| status.as_u16() == 401) {
            failed.error = anyhow!("{:#}; this machine's clock is {skew} the gate's: set it right", failed.error);
            failed.clock = true;
        }
        Err(failed)
    }

    async fn text(&self, mut answer: Response) -> Result<Vec<u8>, Failed> {
        let mut text = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.unreachable(error))? {
            if text.len().saturating_add(chunk.len()) > ANSWER_BYTES_MAX {
                let error = anyhow!("{} answers with more than {ANSWER_BYTES_MAX} bytes", self.gate);
                return Err(Failed::unreachable(error));
            }
            text.extend_from_slice(&chunk);
        }
        Ok(text)
    }

    fn unreachable(&self, error: reqwest::Error) -> Failed {
        let context = format!("no gate answers at {}; check --gate, and --ca-file for its certificate", self.gate);
        Failed::unreachable(anyhow::Error::from(error.without_url()).context(context))
    }
}

fn certificates(file: &Path) -> Result<Vec<Certificate>> {
    let named = || format!("cannot read the certificates {}", file.display());
    let size = std::fs::metadata(file).with_context(named)?.len();
    if size > CA_BYTES_MAX {
        bail!(
            "{} is larger than {CA_BYTES_MAX} bytes; name a PEM file with the authority's certificate",
            file.display()
        );
    }
    let certificates = Certificate::from_pem_bundle(&std::fs::read(file).with_context(named)?).with_context(named)?;
    if certificates.is_empty() {
        bail!("{} holds no PEM certificate; name a file with the authority's certificate", file.display());
    }
    Ok(certificates)
}

/// How far this machine's clock is from the one of an answer, in words, when it is too far for a proof.
fn skew(headers: &HeaderMap) -> Option<String> {
    let theirs = date(headers.get(DATE)?.to_str().ok()?)?;
    let ours = time::now_ms() / 1000;
    let apart = ours.abs_diff(theirs);
    (apart > SKEW_MAX).then(|| format!("{apart} s {}", if ours > theirs { "ahead of" } else { "behind" }))
}

/// An IMF-fixdate (RFC 9110, 5.6.7) as Unix seconds.
fn date(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut parts = text.strip_suffix(" GMT")?.split(' ').skip(1);
    let (day, month, year, clock) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)?.checked_add(1)?;
    time::parse(&format!("{year}-{month:02}-{day}T{clock}Z"), 0).map(|ms| ms / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_of_an_answer() {
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for wrong in
            ["", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Foo 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"]
        {
            assert_eq!(date(wrong), None, "{wrong}");
        }
        let headers = |text: &str| HeaderMap::from_iter([(DATE, text.parse().unwrap())]);
        assert!(skew(&headers("Sun, 06 Nov 1994 08:49:37 GMT")).unwrap().ends_with(" s ahead of"));
        assert!(skew(&headers("Fri, 06 Nov 9994 08:49:37 GMT")).unwrap().ends_with(" s behind"));
        assert_eq!(skew(&HeaderMap::new()), None);
    }
}
