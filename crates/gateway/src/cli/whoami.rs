//! `tidegate whoami`: who the gate takes the caller for, and what is left.

use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use crate::cli::evidence::time;
use crate::cli::gate::{Answered, GateArguments, field, show, text};
use crate::cli::login::{groups, span};

/// Asks and shows it.
pub(crate) fn whoami(gate: &GateArguments) -> ExitCode {
    let answer = gate.answer(Method::GET, "/v1/whoami", None).map(with_login);
    show(gate.output, answer, |answer| {
        let seconds = |key| field(answer, key).as_u64();
        let mfa = seconds("mfa_age_s").map_or_else(|| "never".to_owned(), |age| format!("{} ago", span(age)));
        let mut said = format!(
            "{} ({}, {})\ngroups: {}\nstrong login: {mfa}\nleft: {}",
            text(answer, "name"),
            text(answer, "kind"),
            text(answer, "credential"),
            groups(field(answer, "groups")),
            span(seconds("expires_in_s").unwrap_or(0)),
        );
        if let Some(left) = seconds("login_ends_in_s") {
            said.push_str(&format!(" of this token, {} of the login at {}", span(left), text(answer, "gate")));
        }
        said
    })
}

/// The answer, with what is known here about the login that asked.
fn with_login(answered: Answered) -> Value {
    let Answered { mut value, login } = answered;
    if let (Some(login), Some(value)) = (login, value.as_object_mut()) {
        value.insert("gate".into(), login.gate.into());
        value.insert("login_ends_in_s".into(), login.ends_at.saturating_sub(time::now_ms() / 1000).into());
    }
    value
}
