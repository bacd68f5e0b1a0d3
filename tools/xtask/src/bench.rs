//! `cargo xtask bench`: what the gate costs and how fast it is, part by part, each beside what else there is, in one run.

mod decisions;
mod disk;
mod effect;
mod listing;
mod logins;
mod masks;
mod measure;
mod path;
mod policies;
mod produce;
mod report;

use std::path::PathBuf;

use anyhow::Result;

pub(crate) use path::plain_proxy;
use report::Report;

/// What the gate costs and how fast it is, part by part, each beside what else there is, in one run.
///
/// Rounds are interleaved: each side has its turn in every round, so that a slow minute of the machine hits them all. Medians over
/// the rounds are shown. Brokers are Apache Kafka, programs are release builds. Nothing else should run meanwhile.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to measure; all parts unless told
    #[arg(value_name = "PART")]
    parts: Vec<Part>,
    /// Also write every figure into this file, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    path: path::Args,
    #[command(flatten)]
    logins: logins::Args,
    #[command(flatten)]
    decisions: decisions::Args,
    #[command(flatten)]
    effect: effect::Args,
    #[command(flatten)]
    listing: listing::Args,
    #[command(flatten)]
    produce: produce::Args,
    #[command(flatten)]
    masks: masks::Args,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// Writing and reading, beside direct access and a plain TCP proxy
    Path,
    /// Logins a second by method, beside Kafka's own
    Identity,
    /// The four parts below
    Policy,
    /// What a decision takes at 10, 100 and 1,000 rules, beside Cedar over all of them
    Decisions,
    /// From `policy apply` and `policy block` to the last record on 1,000 connections
    Effect,
    /// Metadata of 10,000 topics under 1,000 rules
    Listing,
    /// Producing under 1,000 rules, beside one rule
    Produce,
    /// Reading what is masked, beside the same unmasked and direct access
    Masks,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let is_policy = |part| matches!(part, Part::Decisions | Part::Effect | Part::Listing | Part::Produce);
    let wanted = |part| {
        args.parts.is_empty() || args.parts.contains(&part) || (is_policy(part) && args.parts.contains(&Part::Policy))
    };
    let mut report = Report::default();
    if wanted(Part::Identity) {
        logins::run(&args.logins, &mut report)?;
    }
    if wanted(Part::Decisions) {
        decisions::run(&args.decisions, &mut report)?;
    }
    if wanted(Part::Effect) {
        effect::run(&args.effect, &mut report)?;
    }
    if wanted(Part::Listing) {
        listing::run(&args.listing, &mut report)?;
    }
    if wanted(Part::Produce) {
        produce::run(&args.produce, &mut report)?;
    }
    if wanted(Part::Masks) {
        masks::run(&args.masks, &mut report)?;
    }
    if wanted(Part::Path) {
        path::run(&args.path, &mut report)?;
    }
    report.finish(args.json.as_deref())
}
