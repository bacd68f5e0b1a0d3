//! `tidegate logins`: who is logged in at a gate.

use std::process::ExitCode;

use reqwest::Method;

use crate::cli::evidence::table::Table;
use crate::cli::evidence::time;
use crate::cli::gate::{GateArguments, field, show, text};
use crate::cli::login::groups;

/// Lists the logins that have not ended.
pub(crate) fn logins(gate: &GateArguments) -> ExitCode {
    show(gate.output, gate.ask(Method::GET, "/v1/logins", None), |answer| {
        let mut table = Table::of(&["login", "who", "groups", "machine", "since", "until", "secret"]);
        for row in answer.as_array().into_iter().flatten() {
            let at = |key| time::short(field(row, key).as_u64().unwrap_or(0).saturating_mul(1000));
            let secret = field(row, "client_secret").as_bool().unwrap_or(false);
            table.row(vec![
                text(row, "session"),
                text(row, "name"),
                groups(field(row, "groups")),
                text(row, "machine"),
                at("began_at"),
                at("ends_at"),
                if secret { "yes" } else { "no" }.to_owned(),
            ]);
        }
        table.take()
    })
}
