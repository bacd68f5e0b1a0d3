//! Talks to a running gate: over its control socket, or with a token over HTTPS.

pub(crate) mod address;
pub(crate) mod device;
pub(crate) mod logins;
pub(crate) mod session;
pub(crate) mod web;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use reqwest::Method;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cli::evidence::table::shown;
use crate::cli::{Output, fail, print};
pub(crate) use address::{GateUrl, Place};
use logins::{Login, Logins};
use session::Session;
use web::{Request, Web};

/// Exit code: the gate does not answer (sysexits.h, EX_UNAVAILABLE).
pub(crate) const EX_UNAVAILABLE: u8 = 69;
/// Exit code: the gate does not know the caller, or the policy does not allow it (EX_NOPERM).
pub(crate) const EX_NOPERM: u8 = 77;
/// Exit code: the gate refused what was sent, or it is not as the caller believed.
const REFUSED: u8 = 1;
/// A policy of 10,000 rules takes some seconds to validate.
const TIMEOUT: Duration = Duration::from_secs(120);
/// A workload's own token, in the place of a login.
const TOKEN_VARIABLE: &str = "TIDEGATE_TOKEN";

/// Which gate, and how to print what it says.
#[derive(Args, Debug)]
pub(crate) struct GateArguments {
    /// The gate: its address, https://GATE:PORT, or its control socket.
    ///
    /// Without it the control socket /run/tidegate/control.sock where there is one, else the gate of the last `tidegate login`. At
    /// an address you are who you logged in as; the variable TIDEGATE_TOKEN can hold a workload's own token instead.
    #[arg(long, value_name = "GATE", env = "TIDEGATE_GATE")]
    gate: Option<String>,
    /// Certificates (PEM) to trust for the gate's address, beside the system's and those of the login.
    #[arg(long, value_name = "FILE", env = "TIDEGATE_CA_FILE")]
    ca_file: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

/// What the gate said, if it was not done.
#[derive(Debug)]
pub(crate) struct Failed {
    error: anyhow::Error,
    code: u8,
    /// The clock is what is wrong.
    clock: bool,
    /// The gate says that there is no such login any longer.
    ended: bool,
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Failed {
        Failed::with(error, super::EX_USAGE)
    }
}

impl Failed {
    fn with(error: anyhow::Error, code: u8) -> Failed {
        Failed { error, code, clock: false, ended: false }
    }

    /// No gate answers, or nothing that a gate would say.
    pub(crate) fn unreachable(error: anyhow::Error) -> Failed {
        Failed::with(error, EX_UNAVAILABLE)
    }

    /// Nobody that the gate knows, or may.
    pub(crate) fn not_allowed(error: anyhow::Error) -> Failed {
        Failed::with(error, EX_NOPERM)
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        self.code
    }

    /// Says it, and gives the exit code.
    pub(crate) fn say(&self) -> ExitCode {
        fail(&self.error, self.code)
    }

    /// Why, on one line.
    pub(crate) fn text(&self) -> String {
        format!("{:#}", self.error)
    }

    /// Whether the gate does not take the credential itself; a clock that is wrong is another matter.
    pub(crate) fn is_refusal(&self) -> bool {
        self.code == EX_NOPERM && !self.clock
    }

    /// Whether the gate says that the login has ended. Whatever else it refuses, the login may live on there.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended
    }

    /// Adds what to do.
    pub(crate) fn with_mend(self, mend: &str) -> Failed {
        Failed { error: anyhow!("{:#}; {mend}", self.error), ..self }
    }
}

/// Runs what waits for the network.
///
/// # Errors
/// What `work` says; the system gives no runtime.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failed>>) -> Result<T, Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(work)
}

/// A gate's answer, and the login that asked.
pub(crate) struct Answered {
    pub(crate) value: Value,
    /// Nobody, when a user of this machine or a workload asked.
    pub(crate) login: Option<Login>,
}

impl GateArguments {
    /// Gives a command and takes the answer.
    ///
    /// # Errors
    /// The gate does not answer, or refuses; the text is its own.
    pub(crate) fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failed> {
        self.answer(method, path, body).map(|answered| answered.value)
    }

    /// As [`GateArguments::ask`], with the login that asked.
    ///
    /// # Errors
    /// The gate does not answer, or refuses; the text is its own.
    pub(crate) fn answer(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answered, Failed> {
        let gate = match &self.gate {
            Some(gate) => Some(Place::parse(gate)?),
            None => None,
        };
        let usual = Path::new(address::SOCKET);
        let token = own_token()?;
        let request =
            Request { method, path, bearer: token.as_ref().map(|token| token.as_str()), body, within: TIMEOUT };
        run(async {
            match gate {
                Some(Place::Web(gate)) => self.over_web(Some(gate), request).await,
                Some(Place::Socket(socket)) => over_socket(&socket, request).await,
                None if usual.exists() => over_socket(usual, request).await,
                // Never as somebody else than was meant.
                None if token.is_some() => {
                    let what = format!("{TOKEN_VARIABLE} is set, but not for which gate: name its address with --gate");
                    Err(anyhow!(what).into())
                }
                None if nobody_logged_in() => over_socket(usual, request).await,
                None => self.over_web(None, request).await,
            }
        })
    }

    /// With the request's token, or as the login at this gate, or at the last one.
    async fn over_web(&self, gate: Option<GateUrl>, request: Request<'_>) -> Result<Answered, Failed> {
        if let (Some(gate), Some(_)) = (&gate, request.bearer) {
            let (_, value) = Web::new(gate.clone(), self.ca_file.as_deref())?.ask(request).await?;
            return Ok(Answered { value, login: None });
        }
        let gate = gate.map(|gate| gate.to_string());
        let session = Session::open(gate.as_deref(), self.ca_file.as_deref())?;
        let token = session.mint("control").await?.token;
        let (_, value) = session.web().ask(Request { bearer: Some(&token), ..request }).await?;
        Ok(Answered { value, login: Some(session.login) })
    }
}

/// Whether there is no login to fall back on. One that cannot be read is told as such when it is used.
fn nobody_logged_in() -> bool {
    Logins::here().and_then(|logins| logins.last()).is_ok_and(|last| last.is_none())
}

/// A workload's token from the environment.
fn own_token() -> Result<Option<Zeroizing<String>>> {
    let Some(token) = std::env::var_os(TOKEN_VARIABLE).filter(|token| !token.is_empty()) else { return Ok(None) };
    let token = token.into_string().ok().map(|token| Zeroizing::new(token.trim().to_owned()));
    let token = token.filter(|token| session::is_token(token));
    token.with_context(|| format!("{TOKEN_VARIABLE} holds no token; set it to one JWT, or unset it")).map(Some)
}

/// With the request's token, or as the user of this machine.
async fn over_socket(socket: &Path, request: Request<'_>) -> Result<Answered, Failed> {
    let Request { method, path, bearer, body, within } = request;
    let unreachable = |error: reqwest::Error| {
        Failed::unreachable(anyhow::Error::from(error.without_url()).context(format!(
            "no gate answers at {}; name its [control] socket or its https address with --gate, or see whether it runs",
            socket.display()
        )))
    };
    let client = reqwest::Client::builder().unix_socket(socket).timeout(within).build().map_err(unreachable)?;
    let mut request = client.request(method, format!("http://gate{path}"));
    if let Some(token) = bearer {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let text = answer.text().await.map_err(unreachable)?;
    let value: Option<Value> = serde_json::from_str(&text).ok();
    if status.is_success() {
        let nonsense = || Failed::unreachable(anyhow!("the gate's answer is no JSON"));
        return Ok(Answered { value: value.ok_or_else(nonsense)?, login: None });
    }
    let said = value.as_ref().and_then(|value| value.get("error")).and_then(Value::as_str).unwrap_or(&text);
    Err(said_otherwise(status.as_u16(), said))
}

/// An answer that is no success.
fn said_otherwise(status: u16, said: &str) -> Failed {
    let code = match status {
        401 | 403 => EX_NOPERM,
        429 | 502..=504 => EX_UNAVAILABLE,
        _ => REFUSED,
    };
    Failed::with(anyhow!("{said}"), code)
}

/// Prints an answer as it came, or as `table` makes it; or says why there is none.
pub(crate) fn show(output: Output, answer: Result<Value, Failed>, table: impl FnOnce(&Value) -> String) -> ExitCode {
    match answer {
        Ok(value) => {
            match output {
                Output::Table => print(table(&value).trim_end()),
                Output::Json => print(&value.to_string()),
            }
            ExitCode::SUCCESS
        }
        Err(failed) => failed.say(),
    }
}

/// The longest text of others that is printed.
pub(crate) const TEXT_MAX: usize = 200;

/// A part of an answer; null where there is none.
pub(crate) fn field<'a>(of: &'a Value, key: &str) -> &'a Value {
    of.get(key).unwrap_or(&Value::Null)
}

/// A part of an answer that is text, safe to print.
pub(crate) fn text(of: &Value, key: &str) -> String {
    shown(field(of, key).as_str().unwrap_or(""), TEXT_MAX)
}
