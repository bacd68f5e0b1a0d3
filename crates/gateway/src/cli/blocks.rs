//! `tidegate policy block`, `unblock`, `blocks`, and `tidegate revoke`, `reinstate`, `revocations`: what must end now.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use crate::cli::evidence::table::Table;
use crate::cli::evidence::time;
use crate::cli::gate::{Failed, GateArguments, field, show, text};

/// Arguments of `policy block`.
#[derive(Args, Debug)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true)))]
pub(crate) struct BlockArguments {
    /// A caller, ISSUER:SUBJECT; all that it does, and its live sessions.
    #[arg(long, value_name = "CALLER", group = "what")]
    subject: Vec<String>,
    /// A topic, or all whose names begin so: orders-*
    #[arg(long, value_name = "TOPIC", group = "what")]
    topic: Vec<String>,
    /// An operation, such as produce or deleteTopic.
    #[arg(long, value_name = "OPERATION", group = "what")]
    operation: Vec<String>,
    /// What clients call themselves (client.id), or the client that a token was issued to; a `*` may end it.
    #[arg(long, value_name = "CLIENT", group = "what")]
    client_id: Vec<String>,
    /// A file with one block a line: subject, topic, operation or client_id, a space, and the name.
    #[arg(long, value_name = "FILE", group = "what")]
    file: Option<PathBuf>,
    /// Why; whoever must end it will want to know.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// How long, such as 30m, 2h or 7d; without it until somebody ends it.
    #[arg(long = "for", value_name = "TIME", value_parser = seconds)]
    for_s: Option<u64>,
    #[command(flatten)]
    gate: GateArguments,
}

/// Arguments of `policy unblock`.
#[derive(Args, Debug)]
pub(crate) struct UnblockArguments {
    /// The block's id, as `policy blocks` lists it.
    id: String,
    #[command(flatten)]
    gate: GateArguments,
}

/// What is revoked.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Revoked {
    /// A caller, ISSUER:SUBJECT.
    #[arg(long, value_name = "CALLER")]
    subject: Option<String>,
    /// A login, by the `sid` of its tokens.
    #[arg(long, value_name = "SID")]
    session: Option<String>,
    /// One token, by its `jti`; a token or client certificate by its SHA-256.
    #[arg(long, value_name = "ID")]
    token: Option<String>,
    /// A client that tokens are issued to, ISSUER:CLIENT.
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    /// Everybody of a group, ISSUER:GROUP.
    #[arg(long, value_name = "GROUP")]
    group: Option<String>,
}

/// Arguments of `revoke`.
#[derive(Args, Debug)]
pub(crate) struct RevokeArguments {
    #[command(flatten)]
    what: Revoked,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    gate: GateArguments,
}

/// Arguments of `reinstate`.
#[derive(Args, Debug)]
pub(crate) struct ReinstateArguments {
    #[command(flatten)]
    what: Revoked,
    #[command(flatten)]
    gate: GateArguments,
}

/// Blocks.
pub(crate) fn block(arguments: &BlockArguments) -> ExitCode {
    let answer = targets(arguments).map_err(Failed::from).and_then(|targets| {
        let body = json!({ "targets": targets, "reason": arguments.reason, "for_s": arguments.for_s });
        arguments.gate.ask(Method::POST, "/v1/blocks", Some(&body))
    });
    show(arguments.gate.output, answer, |answer| {
        format!("{}\nsessions cut: {}", block_table(field(answer, "blocks")), field(answer, "sessions_cut"))
    })
}

/// Ends a block.
pub(crate) fn unblock(arguments: &UnblockArguments) -> ExitCode {
    let answer = arguments.gate.ask(Method::DELETE, &format!("/v1/blocks/{}", path_part(&arguments.id)), None);
    show(arguments.gate.output, answer, |answer| {
        let ended = field(answer, "ended");
        format!("{} {} is no longer blocked", text(ended, "kind"), text(ended, "value"))
    })
}

/// Lists the blocks.
pub(crate) fn blocks(gate: &GateArguments) -> ExitCode {
    show(gate.output, gate.ask(Method::GET, "/v1/blocks", None), block_table)
}

/// Revokes.
pub(crate) fn revoke(arguments: &RevokeArguments) -> ExitCode {
    let (kind, value) = arguments.what.named();
    let body = json!({ "kind": kind, "value": value, "reason": arguments.reason });
    let answer = arguments.gate.ask(Method::POST, "/v1/revocations", Some(&body));
    show(arguments.gate.output, answer, |answer| {
        format!(
            "revoked: {kind} {value}, for all that was issued until now\nsessions cut: {}",
            field(answer, "sessions_cut")
        )
    })
}

/// Takes a revocation back.
pub(crate) fn reinstate(arguments: &ReinstateArguments) -> ExitCode {
    let (kind, value) = arguments.what.named();
    let path = format!("/v1/revocations/{kind}/{}", path_part(value));
    let answer = arguments.gate.ask(Method::DELETE, &path, None);
    show(arguments.gate.output, answer, |_answer| format!("no longer revoked: {kind} {value}"))
}

/// Lists the revocations.
pub(crate) fn revocations(gate: &GateArguments) -> ExitCode {
    show(gate.output, gate.ask(Method::GET, "/v1/revocations", None), |answer| {
        let mut table = Table::of(&["what", "name", "issued before", "by", "reason"]);
        for row in answer.as_array().into_iter().flatten() {
            let before = field(row, "not_before").as_u64().unwrap_or(0);
            let before = time::rfc3339(before.saturating_mul(1000));
            table.row(vec![text(row, "kind"), text(row, "value"), before, text(row, "who"), text(row, "reason")]);
        }
        table.take()
    })
}

impl Revoked {
    fn named(&self) -> (&'static str, &str) {
        let all = [
            ("subject", &self.subject),
            ("session", &self.session),
            ("token", &self.token),
            ("client", &self.client),
            ("group", &self.group),
        ];
        let given = all.into_iter().find_map(|(kind, value)| Some((kind, value.as_deref()?)));
        // The group of arguments requires one.
        given.unwrap_or(("subject", ""))
    }
}

fn targets(arguments: &BlockArguments) -> Result<Vec<Value>> {
    let lists = [
        ("subject", &arguments.subject),
        ("topic", &arguments.topic),
        ("operation", &arguments.operation),
        ("client_id", &arguments.client_id),
    ];
    let named = lists.into_iter().flat_map(|(kind, values)| values.iter().map(move |value| (kind, value)));
    let mut targets: Vec<Value> = named.map(|(kind, value)| json!({ "kind": kind, "value": value })).collect();
    if let Some(file) = &arguments.file {
        targets.extend(from_file(file)?);
    }
    Ok(targets)
}

fn from_file(file: &Path) -> Result<Vec<Value>> {
    let lines = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut targets = Vec::new();
    for (number, line) in (1..).zip(lines.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((kind, value)) = line.split_once(char::is_whitespace) else {
            bail!("{}:{number}: write a kind, a space and a name, such as: subject corp:ann", file.display());
        };
        targets.push(json!({ "kind": kind, "value": value.trim() }));
    }
    Ok(targets)
}

fn block_table(answer: &Value) -> String {
    let mut table = Table::of(&["id", "what", "name", "until", "by", "reason"]);
    for row in answer.as_array().into_iter().flatten() {
        let until = field(row, "until_s").as_u64().map(|until| time::rfc3339(until.saturating_mul(1000)));
        table.row(vec![
            text(row, "id"),
            text(row, "kind"),
            text(row, "value"),
            until.unwrap_or_else(|| "ended by hand".to_owned()),
            text(row, "who"),
            text(row, "reason"),
        ]);
    }
    table.take()
}

/// A span of time: a number and s, m, h or d.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let unit = text.chars().last().and_then(|unit| {
        [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)].into_iter().find(|(name, _)| *name == unit)
    });
    let number = unit.and_then(|(unit, _)| text.strip_suffix(unit)).and_then(|number| number.parse::<u64>().ok());
    match (number, unit) {
        (Some(number), Some((_, seconds))) if number > 0 => Ok(number.saturating_mul(seconds)),
        _ => Err("write a number and s, m, h or d, such as 30m".to_owned()),
    }
}

/// A name as one part of a path.
fn path_part(name: &str) -> String {
    let mut part = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
    }
    part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_of_time() {
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("7d"), Ok(604_800));
        for wrong in ["", "5", "m", "0h", "-1h", "1 h", "1w"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_one_part_of_a_path() {
        assert_eq!(path_part("corp:ann/x y"), "corp%3Aann%2Fx%20y");
    }
}
