//! Talks to a running gate: over its control socket, or with a token over HTTPS.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use reqwest::Method;
use serde_json::Value;

use crate::cli::evidence::table::shown;
use crate::cli::{Output, fail, print};

/// Exit code: the gate does not answer (sysexits.h, EX_UNAVAILABLE).
const EX_UNAVAILABLE: u8 = 69;
/// Exit code: the gate does not know the caller, or the policy does not allow it (EX_NOPERM).
const EX_NOPERM: u8 = 77;
/// Exit code: the gate refused what was sent, or it is not as the caller believed.
const REFUSED: u8 = 1;
/// A policy of 10,000 rules takes some seconds to validate.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Which gate, and how to print what it says.
#[derive(Args, Debug)]
pub(crate) struct GateArguments {
    /// The gate's control socket.
    #[arg(long, value_name = "SOCKET", env = "TIDEGATE_GATE", default_value = "/run/tidegate/control.sock")]
    gate: PathBuf,
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) output: Output,
}

/// What the gate said, if it was not done.
#[derive(Debug)]
pub(crate) struct Failed {
    error: anyhow::Error,
    code: u8,
}

impl From<anyhow::Error> for Failed {
    fn from(error: anyhow::Error) -> Failed {
        Failed { error, code: super::EX_USAGE }
    }
}

impl GateArguments {
    /// Gives a command and takes the answer.
    ///
    /// # Errors
    /// The gate does not answer, or refuses; the text is its own.
    pub(crate) fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failed> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("no runtime")?;
        runtime.block_on(ask(&self.gate, method, path, body))
    }
}

async fn ask(socket: &Path, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failed> {
    let unreachable = |error: reqwest::Error| Failed {
        error: anyhow::Error::from(error.without_url()).context(format!(
            "no gate answers at {}; name its [control] socket with --gate, or see whether it runs",
            socket.display()
        )),
        code: EX_UNAVAILABLE,
    };
    let client = reqwest::Client::builder().unix_socket(socket).timeout(TIMEOUT).build().map_err(unreachable)?;
    let mut request = client.request(method, format!("http://gate{path}"));
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let text = answer.text().await.map_err(unreachable)?;
    let value: Option<Value> = serde_json::from_str(&text).ok();
    if status.is_success() {
        let nonsense = || Failed { error: anyhow::anyhow!("the gate's answer is no JSON"), code: EX_UNAVAILABLE };
        return value.ok_or_else(nonsense);
    }
    let said = value.as_ref().and_then(|value| value.get("error")).and_then(Value::as_str).unwrap_or(&text);
    let code = match status.as_u16() {
        401 | 403 => EX_NOPERM,
        503 => EX_UNAVAILABLE,
        _ => REFUSED,
    };
    Err(Failed { error: anyhow::anyhow!("{said}"), code })
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
        Err(Failed { error, code }) => fail(&error, code),
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
