//! `tidegate token inspect`: which check of the list a token fails. The token itself and its signature are never printed.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde_json::{Map, Value, json};
use tidegate_identity::{Check, IssuerState, Issuers, TOKEN_BYTES_MAX, TokenRefused, Unverified, look};
use tidegate_model::{Caller, CallerKind, CredentialKind};
use zeroize::Zeroizing;

use crate::cli::evidence::table::{Align, Table, shown};
use crate::cli::evidence::time;
use crate::cli::{EX_USAGE, Output, fail, print};
use crate::config;

/// Exit code: the token is refused.
const REFUSED: u8 = 1;
/// White space around the token that is read with it.
const SPACE_MAX: usize = 1024;
/// The longest line of header, claims or detail.
const LINE_MAX: usize = 2048;

/// What to look at.
#[derive(Args, Debug)]
pub(crate) struct InspectArguments {
    /// The gateway's configuration, which names the issuers.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only this issuer of the configuration.
    #[arg(long, value_name = "NAME", requires = "config")]
    issuer: Option<String>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// What came of the checks.
struct Inspected {
    /// Nothing when the token was only decoded.
    verdict: Option<Result<Caller, TokenRefused>>,
    /// Header and claims, or why there are none.
    parts: Result<Unverified, TokenRefused>,
    /// How the issuers' keys are doing after the checks.
    issuers: Vec<IssuerState>,
}

/// Runs it.
pub(super) fn run(arguments: &InspectArguments) -> ExitCode {
    let InspectArguments { config, issuer, output } = arguments;
    let inspected = match inspect(config.as_deref(), issuer.as_deref()) {
        Ok(inspected) => inspected,
        Err(error) => return fail(&error, EX_USAGE),
    };
    match output {
        Output::Table => print(inspected.table().trim_end()),
        Output::Json => print(&inspected.json().to_string()),
    }
    if inspected.refused().is_none() { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) }
}

fn inspect(config: Option<&Path>, issuer: Option<&str>) -> Result<Inspected> {
    let issuers = config.map(|file| issuers(file, issuer)).transpose()?;
    let token = read_token()?;
    let parts = look(&token);
    let Some(issuers) = issuers else {
        return Ok(Inspected { verdict: None, parts, issuers: Vec::new() });
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let verified = runtime.block_on(issuers.verify(&token, CredentialKind::OauthBearer, time::now_ms() / 1000));
    let verdict = Some(verified.map(|caller| Caller::clone(&caller)));
    Ok(Inspected { verdict, parts, issuers: issuers.state() })
}

fn issuers(file: &Path, only: Option<&str>) -> Result<std::sync::Arc<Issuers>> {
    let mut configs = config::load(file)?.file.issuer;
    if let Some(name) = only {
        let known: Vec<String> = configs.iter().map(|config| config.name.clone()).collect();
        configs.retain(|config| config.name == name);
        if configs.is_empty() {
            bail!("{} has no issuer {name:?}; it has {}", file.display(), known.join(", "));
        }
    }
    Ok(Issuers::new(configs)?)
}

/// One token from standard input. A longer one fails the check of its size.
fn read_token() -> Result<Zeroizing<String>> {
    let mut input = std::io::stdin();
    if input.is_terminal() {
        let _closed = writeln!(std::io::stderr(), "paste the token, then press Enter and Ctrl-D");
    }
    let limit = TOKEN_BYTES_MAX.saturating_add(SPACE_MAX);
    // The room is taken at once: growing would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit));
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    input.by_ref().take(most).read_to_end(&mut bytes).context("cannot read standard input")?;
    let text = std::str::from_utf8(bytes.trim_ascii()).ok();
    match text.ok_or_else(|| anyhow!("standard input is no text; it takes one JWT"))? {
        "" => bail!("standard input is empty; it takes one JWT, such as: tidegate token inspect < token.jwt"),
        token => Ok(Zeroizing::new(token.to_owned())),
    }
}

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Passed,
    Failed,
    NotReached,
}

impl Came {
    fn word(self) -> &'static str {
        match self {
            Came::Passed => "passed",
            Came::Failed => "FAILED",
            Came::NotReached => "not reached",
        }
    }
}

impl Inspected {
    fn refused(&self) -> Option<&TokenRefused> {
        match &self.verdict {
            Some(verdict) => verdict.as_ref().err(),
            None => self.parts.as_ref().err(),
        }
    }

    /// Every check in order. They are made in the order of the list, and the first that fails ends it.
    fn checks(&self) -> Vec<(Check, Came)> {
        let failed = self.refused().map(|refused| refused.check);
        let fetched = self.issuers.iter().any(|issuer| issuer.last_refresh_ok_unix.is_some());
        let came = |check: Check| match failed {
            Some(failed) if check == failed => Came::Failed,
            Some(failed) if check > failed => Came::NotReached,
            // A key id of the wrong shape is refused before any key is fetched.
            Some(Check::Key) if check == Check::KeysAvailable && !fetched => Came::NotReached,
            None if self.verdict.is_none() && check > Check::DuplicateNames => Came::NotReached,
            _ => Came::Passed,
        };
        Check::ALL.iter().map(|check| (*check, came(*check))).collect()
    }

    /// What was found, and for keys why they could not be fetched.
    fn detail(&self) -> Option<String> {
        let refused = self.refused()?;
        let why = self.issuers.iter().filter_map(|issuer| Some((&issuer.name, issuer.last_error.as_ref()?)));
        let why: Vec<String> = why.map(|(name, error)| format!("; {name}: {error}")).collect();
        let why = if matches!(refused.check, Check::KeysAvailable | Check::Key) { why.concat() } else { String::new() };
        Some(format!("{}{why}", refused.detail))
    }

    fn table(&self) -> String {
        let mut text = String::new();
        if let Ok(Unverified { header, claims }) = &self.parts {
            for (title, part) in [("header", header), ("claims", claims)] {
                text.push_str(&format!("{title} (as the sender wrote it)\n{}", indented(part)));
            }
            text.push_str(&times(claims));
            text.push('\n');
        }
        let columns = [("CHECK", Align::Left), ("RESULT", Align::Left), ("DETAIL", Align::Left)];
        let mut table = Table::new(columns.map(|(name, align)| (name.to_owned(), align)).to_vec());
        for (check, came) in self.checks() {
            let detail = if came == Came::Failed { self.detail() } else { None };
            let detail = shown(&detail.unwrap_or_default(), LINE_MAX);
            table.row(vec![check.name().to_owned(), came.word().to_owned(), detail]);
        }
        format!("{text}{}\n{}", table.take(), self.verdict_line())
    }

    fn verdict_line(&self) -> String {
        match (&self.verdict, self.refused()) {
            (_, Some(refused)) => format!("REFUSED by check {}", refused.check),
            (Some(Ok(caller)), None) => {
                let groups = match (caller.groups_known, caller.groups.is_empty()) {
                    (false, _) => "unknown".to_owned(),
                    (true, true) => "none".to_owned(),
                    (true, false) => caller.groups.join(", "),
                };
                let name = format!("{}:{}", caller.issuer, caller.subject);
                let until = time::rfc3339(caller.expires_at.saturating_mul(1000));
                let (name, groups) = (shown(&name, LINE_MAX), shown(&groups, LINE_MAX));
                format!("ACCEPTED as {} {name}, groups: {groups}, until {until}", kind(caller.kind))
            }
            _ => "NOTHING WAS VERIFIED: the token was only decoded; give --config FILE to check it".to_owned(),
        }
    }

    fn json(&self) -> Value {
        let checks = self.checks().into_iter().map(|(check, came)| {
            let detail = if came == Came::Failed { self.detail() } else { None };
            json!({ "check": check.name(), "result": came.word().to_ascii_lowercase(), "detail": detail })
        });
        let caller = self.verdict.as_ref().and_then(|verdict| verdict.as_ref().ok()).map(|caller| {
            json!({
                "kind": kind(caller.kind), "issuer": caller.issuer, "subject": caller.subject,
                "groups": caller.groups_known.then_some(&caller.groups), "client": caller.client,
                "token_id": caller.token_id, "expires_at": caller.expires_at.to_string(),
            })
        });
        let parts = self.parts.as_ref().ok();
        json!({
            "verified": self.verdict.is_some(), "accepted": caller.is_some(),
            "failed": self.refused().map(|refused| refused.check.name()),
            "checks": checks.collect::<Vec<_>>(), "caller": caller, "header": parts.map(|parts| &parts.header),
            "claims": parts.map(|parts| &parts.claims),
        })
    }
}

fn kind(kind: CallerKind) -> &'static str {
    match kind {
        CallerKind::User => "user",
        CallerKind::Workload => "workload",
    }
}

/// JSON for people, a line a value, harmless for a terminal.
fn indented(part: &Map<String, Value>) -> String {
    let pretty = serde_json::to_string_pretty(part).unwrap_or_default();
    pretty.lines().map(|line| format!("  {}\n", shown(line, LINE_MAX))).collect()
}

/// The times among the claims in words.
fn times(claims: &Map<String, Value>) -> String {
    let names = ["iat", "nbf", "exp", "auth_time"];
    let known = names.iter().filter_map(|name| Some((name, claims.get(*name)?.as_u64()?)));
    known.map(|(name, at)| format!("  {name} = {}\n", time::rfc3339(at.saturating_mul(1000)))).collect()
}
