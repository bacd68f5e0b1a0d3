//! `tidegate service-account`: names and passwords for clients that can send no token.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::evidence::table::{Align, Table, shown};
use crate::cli::evidence::time;
use crate::cli::gate::{Failed, GateArguments, show};

const PATH: &str = "/v1/service-accounts";
/// The longest text of others that is printed.
const TEXT_MAX: usize = 200;

#[derive(Subcommand, Debug)]
pub(crate) enum ServiceAccountCommand {
    /// Make an account, and show its password this once.
    ///
    /// For clients that can do neither OAUTHBEARER nor a token as password: they log in with SCRAM-SHA-256, SCRAM-SHA-512 or PLAIN.
    /// Policy calls the account `service-account:NAME`. Every leaf of its sessions says that the credential is static.
    Create {
        /// 1 to 64 letters, digits, `-`, `_` and `.`.
        name: String,
        /// Whom to ask about it, such as a team's address.
        #[arg(long, value_name = "TEXT")]
        owner: String,
        /// When it ends: after a time such as `90d`, or on a day such as `2027-03-01`; at most 366 days away.
        #[arg(long, value_name = "WHEN")]
        expires: String,
        /// A group, which policy calls `service-account:GROUP`; may be repeated.
        #[arg(long = "group", value_name = "GROUP")]
        groups: Vec<String>,
        #[command(flatten)]
        secret: SecretArguments,
        #[command(flatten)]
        gate: GateArguments,
    },
    /// Give an account another password, and show it this once.
    Rotate {
        /// The account.
        name: String,
        /// How long the password before works beside the new one; `0s` ends it at once.
        #[arg(long, value_name = "WHEN", default_value = "7d")]
        keep_old: String,
        /// Another end of the account.
        #[arg(long, value_name = "WHEN")]
        expires: Option<String>,
        #[command(flatten)]
        secret: SecretArguments,
        #[command(flatten)]
        gate: GateArguments,
    },
    /// Shut an account out and end its live sessions.
    Disable(One),
    /// Let an account in again.
    Enable(One),
    /// Delete an account and end its live sessions.
    Delete(One),
    /// List the accounts: owners, ends, and what used each last.
    List {
        #[command(flatten)]
        gate: GateArguments,
    },
}

#[derive(Args, Debug)]
pub(crate) struct One {
    /// The account.
    name: String,
    #[command(flatten)]
    gate: GateArguments,
}

#[derive(Args, Debug)]
pub(crate) struct SecretArguments {
    /// Write the password to this new file, for its owner only, in the place of showing it.
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

pub(crate) fn run(command: &ServiceAccountCommand) -> ExitCode {
    match command {
        ServiceAccountCommand::Create { name, owner, expires, groups, secret, gate } => {
            let answer = when(expires).and_then(|expires_at| {
                let body = json!({ "name": name, "owner": owner, "groups": groups, "expires_at": expires_at });
                secret.ask(gate, PATH, &body)
            });
            show(gate.output, answer, made)
        }
        ServiceAccountCommand::Rotate { name, keep_old, expires, secret, gate } => {
            let body = || {
                let expires_at = expires.as_deref().map(when).transpose()?;
                Ok(json!({ "old_until": when(keep_old)?, "expires_at": expires_at }))
            };
            let answer = body().and_then(|body| secret.ask(gate, &at(name, "/rotate"), &body));
            show(gate.output, answer, made)
        }
        ServiceAccountCommand::Disable(one) => one.tell(Method::POST, "/disable", "is disabled"),
        ServiceAccountCommand::Enable(one) => one.tell(Method::POST, "/enable", "is enabled"),
        ServiceAccountCommand::Delete(one) => one.tell(Method::DELETE, "", "is deleted"),
        ServiceAccountCommand::List { gate } => show(gate.output, gate.ask(Method::GET, PATH, None), table),
    }
}

impl One {
    fn tell(&self, method: Method, what: &str, done: &str) -> ExitCode {
        let answer = self.gate.ask(method, &at(&self.name, what), None);
        show(self.gate.output, answer, |answer| format!("{} {done}", text(field(answer, "account"), "name")))
    }
}

impl SecretArguments {
    /// Gives a command whose answer holds a password, and puts the password where it shall go. The file is made first: a
    /// password that cannot be kept is not made.
    fn ask(&self, gate: &GateArguments, path: &str, body: &Value) -> Result<Value, Failed> {
        let mut file = self.password_file.as_deref().map(create).transpose()?;
        let answer = gate.ask(Method::POST, path, Some(body));
        let (Some(file), Some(name)) = (&mut file, &self.password_file) else { return answer };
        let mut answer = match answer {
            Ok(answer) => answer,
            Err(failed) => {
                let _empty = std::fs::remove_file(name);
                return Err(failed);
            }
        };
        let password = answer.as_object_mut().and_then(|answer| answer.remove("password")).unwrap_or_default();
        let written = writeln!(file, "{}", password.as_str().unwrap_or_default()).and_then(|()| file.sync_all());
        written.with_context(|| format!("cannot write {}; rotate the account", name.display()))?;
        Ok(answer)
    }
}

fn create(path: &Path) -> Result<std::fs::File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.with_context(|| format!("cannot make the file {}", path.display()))
}

/// A moment to come, Unix seconds: `90d` from now, or a date.
fn when(text: &str) -> Result<u64, Failed> {
    let now = time::now_ms();
    let at_ms = time::parse(text, now).map(|at| match text.ends_with(['s', 'm', 'h', 'd']) {
        true => now.saturating_add(now.saturating_sub(at)),
        false => at,
    });
    let at_ms = at_ms.with_context(|| format!("{text:?} is no time; write 90d, 12h or 2027-03-01"))?;
    Ok(at_ms / 1000)
}

/// The path of an account. A name that the gate would refuse cannot lead elsewhere.
fn at(name: &str, what: &str) -> String {
    let escaped: String = name
        .bytes()
        .map(|byte| match byte {
            b'-' | b'_' | b'.' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("{PATH}/{escaped}{what}")
}

fn made(answer: &Value) -> String {
    let account = field(answer, "account");
    let mut said = format!("service account {}, until {}", text(account, "name"), day(account, "expires_at"));
    for old in field(account, "passwords").as_array().into_iter().flatten().skip(1) {
        said.push_str(&format!("\npassword {} works until {}", field(old, "number"), day(old, "ends_at")));
    }
    if let Some(password) = field(answer, "password").as_str() {
        said.push_str(&format!(
            "\npassword: {password}\nIt is shown this once: the gate keeps only what it takes to check it."
        ));
    }
    said
}

fn table(answer: &Value) -> String {
    let columns = ["account", "owner", "until", "state", "last used", "by client", "from", "with"];
    let mut table = Table::new(columns.map(|name| (name.to_owned(), Align::Left)).to_vec());
    let now = time::now_ms() / 1000;
    for row in answer.as_array().into_iter().flatten() {
        let last = field(row, "last_use");
        let ended = field(row, "expires_at").as_u64().is_none_or(|at| at <= now);
        let state = match (field(row, "disabled").as_bool().unwrap_or(true), ended) {
            (true, _) => "disabled",
            (false, true) => "expired",
            (false, false) => "ok",
        };
        let used = field(last, "last_used_ms").as_u64().map_or_else(|| "never".to_owned(), time::short);
        table.row(vec![
            text(row, "name"),
            text(row, "owner"),
            day(row, "expires_at"),
            state.to_owned(),
            used,
            text(last, "client_id"),
            text(last, "address"),
            text(last, "password"),
        ]);
    }
    table.take()
}

fn day(row: &Value, key: &str) -> String {
    field(row, key).as_u64().map_or_else(String::new, |at| time::short(at.saturating_mul(1000)))
}

fn text(row: &Value, key: &str) -> String {
    shown(field(row, key).as_str().unwrap_or(""), TEXT_MAX)
}

fn field<'a>(of: &'a Value, key: &str) -> &'a Value {
    of.get(key).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_lie_ahead() {
        let now = time::now_ms() / 1000;
        let soon = |text: &str, seconds: u64| {
            let at = when(text).unwrap_or_default();
            assert!((now + seconds..now + seconds + 5).contains(&at), "{text}: {at}");
        };
        soon("90d", 90 * 24 * 60 * 60);
        soon("12h", 12 * 60 * 60);
        soon("0s", 0);
        assert_eq!(when("2027-03-01").unwrap_or_default(), 1_803_859_200);
        assert!(when("soon").is_err() && when("").is_err());
    }

    #[test]
    fn a_name_stays_one_part_of_the_path() {
        assert_eq!(at("batch-1", "/rotate"), "/v1/service-accounts/batch-1/rotate");
        assert_eq!(at("a/../b?c", ""), "/v1/service-accounts/a%2F..%2Fb%3Fc");
    }

    #[test]
    fn a_password_is_shown_only_where_the_answer_has_one() {
        let account = json!({ "name": "batch", "expires_at": 1_803_859_200, "passwords": [
            { "number": 2, "created_at": 5, "ends_at": null }, { "number": 1, "created_at": 1, "ends_at": 1_700_000_000 } ] });
        let said = made(&json!({ "account": account, "password": "tgsa_x" }));
        assert!(
            said.contains("batch, until 2027-03-01") && said.contains("password 1 works until 2023-11-14"),
            "{said}"
        );
        assert!(said.contains("password: tgsa_x"));
        assert!(!made(&json!({ "account": account })).contains("password:"));
    }
}
