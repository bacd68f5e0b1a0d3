//! `tidegate login` and `tidegate logout`: a person, by the identity provider that the gate trusts.

mod browser;
mod redirect;

use std::io::{BufRead as _, IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::cli::evidence::table::shown;
use crate::cli::evidence::time;
use crate::cli::gate::device::DeviceKey;
use crate::cli::gate::logins::{Begun, Login, Logins};
use crate::cli::gate::session::{ANSWER, Session, find, is_word};
use crate::cli::gate::web::{Request, Web};
use crate::cli::gate::{EX_UNAVAILABLE, Failed, GateUrl, Place, TEXT_MAX, field, run, show, text};
use crate::cli::{Output, note, print};
use crate::secrets::random_word;
use redirect::Redirect;

/// A person has this long at the identity provider, whatever the gate says.
const LOGIN_S_MAX: u64 = 600;
/// Seconds between two questions whether the person is done.
const INTERVAL_S: std::ops::RangeInclusive<u64> = 1..=60;
/// Longest machine name that the gate takes.
const MACHINE_MAX: usize = 64;
/// A code that a person pastes.
const CODE_BYTES_MAX: u64 = 1024;

/// Arguments of `login`.
#[derive(Args, Debug)]
pub(crate) struct LoginArguments {
    /// The gate's address, https://GATE:PORT. Without it the gate of the last login.
    #[arg(long, value_name = "URL", env = "TIDEGATE_GATE")]
    gate: Option<String>,
    /// The identity provider, where the gate has several.
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Log in on another device: this one shows an address and a code.
    #[arg(long, conflicts_with = "no_browser")]
    device: bool,
    /// Open no browser, and take the code that the last page shows on standard input.
    #[arg(long)]
    no_browser: bool,
    /// Certificates (PEM) to trust for the gate's address, beside the system's. Kept with the login.
    #[arg(long, value_name = "FILE", env = "TIDEGATE_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Arguments of `logout`.
#[derive(Args, Debug)]
pub(crate) struct LogoutArguments {
    /// The gate's address, https://GATE:PORT. Without it the gate of the last login.
    #[arg(long, value_name = "URL", env = "TIDEGATE_GATE")]
    gate: Option<String>,
    /// Forget the login here even if the gate cannot be told; there it goes on until its time is over.
    #[arg(long)]
    forget: bool,
    /// Certificates (PEM) to trust for the gate's address, beside the system's and those of the login.
    #[arg(long, value_name = "FILE", env = "TIDEGATE_CA_FILE")]
    ca_file: Option<PathBuf>,
}

/// Logs in.
pub(crate) fn login(arguments: &LoginArguments) -> ExitCode {
    show(arguments.output, run(log_in(arguments)), |answer| {
        let ends_at = field(answer, "ends_at").as_u64().unwrap_or(0);
        let left = ends_at.saturating_sub(time::now_ms() / 1000);
        format!(
            "logged in as {} at {}\ngroups: {}\nuntil {} ({})",
            text(answer, "name"),
            text(answer, "gate"),
            groups(field(answer, "groups")),
            time::rfc3339(ends_at.saturating_mul(1000)),
            span(left),
        )
    })
}

/// Groups for people.
pub(crate) fn groups(groups: &Value) -> String {
    match groups.as_array().map(Vec::as_slice) {
        None => "unknown".to_owned(),
        Some([]) => "none".to_owned(),
        Some(groups) => {
            let names = groups.iter().filter_map(Value::as_str).map(|group| shown(group, TEXT_MAX));
            names.collect::<Vec<_>>().join(", ")
        }
    }
}

/// A span of time for people.
pub(crate) fn span(seconds: u64) -> String {
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

async fn log_in(arguments: &LoginArguments) -> Result<Value, Failed> {
    let logins = Logins::here()?;
    // A login that cannot be kept is not begun.
    logins.prepare()?;
    let (gate, known_ca) = gate_of(arguments.gate.as_deref(), &logins)?;
    // It will be used from other folders.
    let ca_file = arguments.ca_file.as_deref().or(known_ca.as_deref()).map(std::path::absolute).transpose();
    let ca_file = ca_file.context("the folder that --ca-file starts from is gone")?;
    let web = Web::new(gate, ca_file.as_deref())?;
    let key = DeviceKey::generate()?;
    let named = providers(&web).await?;
    let flow = Flow { web: &web, key: &key, gate: &named, provider: arguments.provider.as_deref() };
    let begun = match (arguments.device, arguments.no_browser) {
        (true, _) => flow.by_device().await?,
        (_, true) => flow.by_hand().await?,
        _ => flow.by_browser().await?,
    };
    let now = time::now_ms();
    let login = Login::new(begun, now, ca_file, &key.to_text()?);
    if let Err(error) = logins.keep(&login) {
        // Nobody could end it any more.
        if let Ok(session) = Session::of(login, None) {
            let _told = session.log_out().await;
        }
        return Err(Failed::from(error.context("the login could not be kept and was ended")));
    }
    Ok(json!({ "gate": login.gate, "name": login.name, "groups": login.groups, "ends_at": login.ends_at }))
}

/// The gate to log in at, and the certificates that the login before trusted for it.
fn gate_of(named: Option<&str>, logins: &Logins) -> Result<(GateUrl, Option<PathBuf>), Failed> {
    let Some(named) = named else {
        let none = || anyhow!("name the gate: tidegate login --gate https://GATE:PORT");
        let last = logins.last()?.ok_or_else(none)?;
        return Ok((GateUrl::parse(&last.gate)?, last.ca_file));
    };
    match Place::parse(named)? {
        Place::Web(gate) => {
            // One that cannot be believed is replaced.
            let before = logins.at(&gate).ok().flatten();
            Ok((gate, before.and_then(|login| login.ca_file)))
        }
        Place::Socket(_) => Err(Failed::from(anyhow!(
            "{named:?} is no address to log in at; give the gate's: tidegate login --gate https://GATE:PORT"
        ))),
    }
}

/// Asks who may log in here, and checks that the gate is the one that was meant: every proof names its address, so that what
/// is proven to one gate is nothing to another.
async fn providers(web: &Web) -> Result<String, Failed> {
    let request =
        Request { method: Method::GET, path: "/v1/login/providers", bearer: None, body: None, within: ANSWER };
    let (_, answer) = web.ask(request).await?;
    let Some(named) = field(&answer, "gate").as_str() else {
        return Err(Failed::unreachable(anyhow!("what answers at {} is no gate; check --gate", web.gate())));
    };
    if !web.gate().is(named) {
        let named = shown(named, TEXT_MAX);
        let error = anyhow!("{} calls itself {named}; log in there if you mean it: --gate {named}", web.gate());
        return Err(Failed::not_allowed(error));
    }
    Ok(named.to_owned())
}

/// One login on its way.
struct Flow<'a> {
    web: &'a Web,
    key: &'a DeviceKey,
    /// The gate's address as it writes it itself.
    gate: &'a str,
    provider: Option<&'a str>,
}

/// A login that the gate has begun.
struct Started {
    id: String,
    answer: Value,
    until: Instant,
}

impl Flow<'_> {
    async fn by_browser(&self) -> Result<Begun, Failed> {
        let redirect = Redirect::listen(random_word::<32>()?).await?;
        let started = self.start("browser", Some(&redirect.url()), Some(redirect.state())).await?;
        let url = self.page(&started)?;
        note(&format!(
            "Log in with your browser. If none opens, go to\n\n    {url}\n\nor use --device or --no-browser."
        ));
        browser::open(&url);
        let waiting = redirect.wait(|code| async move { self.finish(&started.id, &code).await });
        tokio::time::timeout_at(started.until, waiting).await.unwrap_or_else(|_late| Err(late()))
    }

    /// The person carries the code over.
    async fn by_hand(&self) -> Result<Begun, Failed> {
        let started = self.start("browser", None, None).await?;
        let url = self.page(&started)?;
        note(&format!("Open this address in a browser and log in:\n\n    {url}\n"));
        if std::io::stdin().is_terminal() {
            note("Then paste the code that the last page shows, and press Enter.");
        }
        let code = tokio::task::spawn_blocking(read_code).await.context("standard input cannot be read")??;
        self.finish(&started.id, &code).await
    }

    async fn by_device(&self) -> Result<Begun, Failed> {
        let started = self.start("device", None, None).await?;
        let said = |name| field(&started.answer, name).as_str().map(|text| shown(text, 1000));
        let (Some(code), Some(uri)) = (said("user_code"), said("verification_uri")) else {
            return Err(self.nonsense());
        };
        note(&format!("On any device, open\n\n    {uri}\n\nand enter the code\n\n    {code}\n"));
        if let Some(complete) = said("verification_uri_complete") {
            note(&format!("or open this, which has the code in it, and compare it:\n\n    {complete}\n"));
        }
        note("Only go on with a login that you began yourself. Waiting …");
        let mut interval = interval(&started.answer, 5);
        loop {
            tokio::time::sleep(Duration::from_secs(interval)).await;
            if Instant::now() >= started.until {
                return Err(late());
            }
            match self.ask_finish(&started.id, None).await {
                Ok((202, answer)) => interval = self::interval(&answer, interval),
                Ok((_, answer)) => return self.begun(&answer),
                // RFC 8628, 3.5: slower when there is no answer
                Err(failed) if failed.code() == EX_UNAVAILABLE => {
                    interval = interval.saturating_mul(2).min(*INTERVAL_S.end());
                }
                Err(failed) => return Err(failed),
            }
        }
    }

    async fn start(&self, method: &str, redirect: Option<&str>, state: Option<&str>) -> Result<Started, Failed> {
        let body = json!({
            "provider": self.provider, "method": method, "redirect": redirect, "state": state,
            "device_key": self.key.public(), "machine": machine(),
        });
        let request =
            Request { method: Method::POST, path: "/v1/login", bearer: None, body: Some(&body), within: ANSWER };
        let (_, answer) = self.web.ask(request).await?;
        let id = field(&answer, "login").as_str().filter(|id| is_word(id)).ok_or_else(|| self.nonsense())?.to_owned();
        let seconds = field(&answer, "expires_in_s").as_u64().unwrap_or(LOGIN_S_MAX).min(LOGIN_S_MAX);
        Ok(Started { id, answer, until: Instant::now() + Duration::from_secs(seconds) })
    }

    /// The page of the gate where the browser begins; no other is opened.
    fn page(&self, started: &Started) -> Result<String, Failed> {
        let url = field(&started.answer, "url").as_str().filter(|url| self.web.gate().has(url));
        let url = url.filter(|url| url.bytes().all(|byte| byte.is_ascii_graphic()));
        url.map(str::to_owned).ok_or_else(|| self.nonsense())
    }

    async fn finish(&self, id: &str, code: &str) -> Result<Begun, Failed> {
        let (_, answer) = self.ask_finish(id, Some(code)).await?;
        self.begun(&answer)
    }

    async fn ask_finish(&self, id: &str, code: Option<&str>) -> Result<(u16, Value), Failed> {
        let proof = self.key.proof(&["tidegate finish v1", self.gate, id, code.unwrap_or("")]);
        let (path, body) = (format!("/v1/login/{id}/finish"), json!({ "code": code, "proof": proof }));
        let request = Request { method: Method::POST, path: &path, bearer: None, body: Some(&body), within: ANSWER };
        self.web.ask(request).await
    }

    fn begun(&self, answer: &Value) -> Result<Begun, Failed> {
        let session = field(answer, "session").as_str().filter(|session| is_word(session));
        let (name, ends_at) = (field(answer, "name").as_str(), field(answer, "ends_at").as_u64());
        let (Some(session), Some(name), Some(ends_at)) = (session, name, ends_at) else { return Err(self.nonsense()) };
        let groups = field(answer, "groups").as_array();
        let groups = groups.map(|groups| groups.iter().filter_map(Value::as_str).map(str::to_owned).collect());
        Ok(Begun { gate: self.gate.to_owned(), session: session.to_owned(), name: name.to_owned(), groups, ends_at })
    }

    fn nonsense(&self) -> Failed {
        let what = "answers what this program does not understand; are both of the same version?";
        Failed::unreachable(anyhow!("{} {what}", self.web.gate()))
    }
}

fn interval(answer: &Value, before: u64) -> u64 {
    field(answer, "interval_s").as_u64().unwrap_or(before).clamp(*INTERVAL_S.start(), *INTERVAL_S.end())
}

fn late() -> Failed {
    Failed::not_allowed(anyhow!("nobody logged in within the time that there is; begin again"))
}

/// One line of standard input.
fn read_code() -> anyhow::Result<String> {
    let mut line = String::new();
    let mut input = std::io::stdin().lock().take(CODE_BYTES_MAX);
    input.read_line(&mut line).context("standard input cannot be read")?;
    let code = line.trim();
    if !is_word(code) {
        bail!("this is no code; paste what the last page shows, or begin again");
    }
    Ok(code.to_owned())
}

/// This machine's name, for the page that asks the person whether the login is theirs.
fn machine() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let name: String = name.chars().filter(char::is_ascii_graphic).take(MACHINE_MAX).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}

/// Logs out.
pub(crate) fn logout(arguments: &LogoutArguments) -> ExitCode {
    match run(log_out(arguments)) {
        Ok(said) => {
            print(&said);
            ExitCode::SUCCESS
        }
        Err(failed) => failed.say(),
    }
}

async fn log_out(arguments: &LogoutArguments) -> Result<String, Failed> {
    let logins = Logins::here()?;
    let login = find(arguments.gate.as_deref())?;
    let (gate, name) = (GateUrl::parse(&login.gate)?, shown(&login.name, TEXT_MAX));
    let (told, over) = match Session::of(login, arguments.ca_file.as_deref()) {
        Ok(session) => (session.log_out().await, false),
        // Its time is over, by what was kept here.
        Err(failed) => {
            let over = failed.is_refusal();
            (Err(failed), over)
        }
    };
    let said = match told {
        Ok(()) => format!("{name} is logged out at {gate}, and the sessions of the login are cut"),
        Err(failed) if over || failed.is_ended() => format!("the login of {name} at {gate} had ended already"),
        Err(failed) if arguments.forget => {
            format!("the login of {name} at {gate} is forgotten here; the gate could not be told: {}", failed.text())
        }
        Err(failed) => {
            return Err(failed.with_mend("nothing was ended: try again, or forget it here alone with --forget"));
        }
    };
    logins.forget(&gate)?;
    Ok(said)
}
