//! `tidegate policy explain`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Args;
use tidegate_model::{Action, ResourceKind};
use tidegate_policy::{Asked, actions, explain, field};

use super::caller::CallerArguments;
use super::{load, refuse};
use crate::cli::{EX_USAGE, Output, fail, print};

/// The question.
#[derive(Args, Debug)]
pub(crate) struct ExplainArguments {
    /// The folder with `*.cedar` and `topics.yaml`.
    dir: PathBuf,
    #[command(flatten)]
    caller: CallerArguments,
    /// An action of the schema, or read, write, admin for each action of that group.
    #[arg(long)]
    action: String,
    /// The topic that it is about.
    #[arg(long, group = "resource")]
    topic: Option<String>,
    /// A class of fields in the topic's records, for the action unmask.
    #[arg(long, requires = "topic")]
    class: Option<String>,
    /// The consumer group that it is about.
    #[arg(long, group = "resource")]
    consumer_group: Option<String>,
    /// The transactional id that it is about.
    #[arg(long, group = "resource")]
    transactional_id: Option<String>,
    /// One partition; without it the whole topic.
    #[arg(long, requires = "topic", value_parser = clap::value_parser!(i32).range(0..))]
    partition: Option<i32>,
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
        let (who, around) = (self.caller.who()?, self.caller.around());
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
        if let (Some(class), Some(topic)) = (&self.class, &self.topic) {
            let found = actions(&self.action, ResourceKind::Field).map_err(|what| anyhow!(what))?;
            return Ok((found, field(class, topic).map_err(|what| anyhow!(what))?));
        }
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
