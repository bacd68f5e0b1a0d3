//! `tidegate policy explain`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, anyhow};
use clap::Args;
use tidegate_model::{Action, CallerKind, ResourceKind};
use tidegate_policy::{Around, Asked, Who, actions, explain};

use super::{load, refuse};
use crate::cli::{EX_USAGE, Output, fail, print};

/// The question.
#[derive(Args, Debug)]
pub(crate) struct ExplainArguments {
    /// The folder with `*.cedar` and `topics.yaml`.
    dir: PathBuf,
    /// The person who asks, issuer:subject.
    #[arg(long, value_name = "ID", required_unless_present = "workload", conflicts_with = "workload")]
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
    /// An action of the schema, or read, write, admin for each action of that group.
    #[arg(long)]
    action: String,
    /// The topic that it is about.
    #[arg(long, group = "resource")]
    topic: Option<String>,
    /// The consumer group that it is about.
    #[arg(long, group = "resource")]
    consumer_group: Option<String>,
    /// The transactional id that it is about.
    #[arg(long, group = "resource")]
    transactional_id: Option<String>,
    /// One partition; without it the whole topic.
    #[arg(long, requires = "topic", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
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
    /// How to print.
    #[arg(long, value_enum, default_value_t)]
    output: Output,
}

/// Explains each question that the arguments make.
pub(crate) fn run(arguments: &ExplainArguments) -> ExitCode {
    let questions = match arguments.questions() {
        Ok(questions) => questions,
        Err(error) => return fail(&error, EX_USAGE),
    };
    let policy = match load(&arguments.dir) {
        Ok(policy) => policy,
        Err(errors) => return refuse(errors, arguments.output),
    };
    for asked in questions {
        let explanation = explain(&policy, &asked);
        match arguments.output {
            Output::Table => print(&explanation.to_string()),
            Output::Json => print(&explanation.json().to_string()),
        }
    }
    ExitCode::SUCCESS
}

impl ExplainArguments {
    fn questions(&self) -> Result<Vec<Asked>> {
        let groups = if self.groups_unknown { None } else { Some(self.groups.clone()) };
        let (kind, id) = match (&self.user, &self.workload) {
            (Some(id), _) => (CallerKind::User, id),
            (None, Some(id)) => (CallerKind::Workload, id),
            (None, None) => return Err(anyhow!("say who asks, with --user or --workload")),
        };
        let mut who = Who::parse(kind, id, groups).map_err(|what| anyhow!(what))?;
        who.client.clone_from(&self.client);
        let around = Around {
            cluster: self.cluster.clone(),
            address: self.address,
            client_id: self.client_id.clone(),
            tls: !self.no_tls,
            hour: self.hour.unwrap_or_else(hour_now),
            mfa_age: self.mfa_age,
        };
        let (actions, name) = self.wanted()?;
        let one = |action| Asked {
            who: who.clone(),
            around: around.clone(),
            action,
            name: name.clone(),
            partition: self.partition,
        };
        Ok(actions.into_iter().map(one).collect())
    }

    fn wanted(&self) -> Result<(Vec<Action>, String)> {
        let named = [
            (ResourceKind::Topic, &self.topic),
            (ResourceKind::ConsumerGroup, &self.consumer_group),
            (ResourceKind::TransactionalId, &self.transactional_id),
        ];
        let word = &self.action;
        let meant = |kind| actions(word, kind).map_err(|what| anyhow!(what));
        match named.into_iter().find_map(|(kind, name)| Some((kind, name.as_ref()?))) {
            Some((kind, name)) => Ok((meant(kind)?, name.clone())),
            None => {
                let found =
                    meant(ResourceKind::Gateway).or_else(|_| meant(ResourceKind::Cluster)).map_err(|error| {
                        error.context("say what it is about, with --topic, --consumer-group or --transactional-id")
                    })?;
                Ok((found, String::new()))
            }
        }
    }
}

fn hour_now() -> u8 {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map(|since| since.as_secs()).unwrap_or_default();
    u8::try_from(seconds / 3600 % 24).unwrap_or_default()
}
