//! Who asks, as it is written on a command line for a policy folder.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use clap::Args;
use tidegate_model::CallerKind;
use tidegate_policy::{Around, Who};

/// Who asks, and around what.
#[derive(Args, Debug)]
pub(crate) struct CallerArguments {
    /// The person who asks, issuer:subject.
    #[arg(
        long,
        visible_alias = "as",
        value_name = "ID",
        required_unless_present = "workload",
        conflicts_with = "workload"
    )]
    user: Option<String>,
    /// The machine that asks, issuer:subject.
    #[arg(long, value_name = "ID")]
    workload: Option<String>,
    /// A group of the caller, issuer:group; may stand several times.
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<String>,
    /// The caller's groups are unknown: its token says that there are some, and not which.
    #[arg(long, conflicts_with = "groups")]
    groups_unknown: bool,
    /// The token's client (azp).
    #[arg(long, value_name = "CLIENT")]
    client: Option<String>,
    /// The cluster's configured name.
    #[arg(long, default_value = "main")]
    cluster: String,
    /// The client's address.
    #[arg(long, default_value = "192.0.2.1")]
    address: IpAddr,
    /// The client's own name for itself.
    #[arg(long, value_name = "ID", default_value = "")]
    client_id: String,
    /// The connection is not TLS.
    #[arg(long)]
    no_tls: bool,
    /// The hour of the day, UTC; without it the present one.
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..24))]
    hour: Option<u8>,
    /// Seconds since the last strong authentication; without it there was none.
    #[arg(long, value_name = "SECONDS")]
    mfa_age: Option<u64>,
}

impl CallerArguments {
    /// Who asks.
    ///
    /// # Errors
    /// A name without an issuer.
    pub(crate) fn who(&self) -> Result<Who> {
        let groups = if self.groups_unknown { None } else { Some(self.groups.clone()) };
        let (kind, id) = match (&self.user, &self.workload) {
            (Some(id), _) => (CallerKind::User, id),
            (None, Some(id)) => (CallerKind::Workload, id),
            (None, None) => return Err(anyhow!("say who asks, with --user or --workload")),
        };
        let mut who = Who::parse(kind, id, groups).map_err(|what| anyhow!(what))?;
        who.client.clone_from(&self.client);
        Ok(who)
    }

    /// Around what.
    pub(crate) fn around(&self) -> Around {
        Around {
            cluster: self.cluster.clone(),
            address: self.address,
            client_id: self.client_id.clone(),
            tls: !self.no_tls,
            hour: self.hour.unwrap_or_else(hour_now),
            mfa_age: self.mfa_age,
        }
    }
}

fn hour_now() -> u8 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default();
    u8::try_from(seconds / 3600 % 24).unwrap_or_default()
}
