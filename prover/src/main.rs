//! `tidegate-prove`: answers questions about a policy with Cedar's symbolic compiler and the solver cvc5.
//!
//! It reads one job as JSON on standard input and writes one answer a line on standard output. It knows nothing of the gate:
//! `tidegate policy prove` makes the job, and asks the gate's own authorizer about every example that comes back.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use cedar_policy::{EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::solver::LocalSolver;
use cedar_policy_symcc::{CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The longest job; a policy has at most 256 files of 1 MiB.
const JOB_BYTES_MAX: u64 = 512 << 20;

/// What is asked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Job {
    /// The schema in Cedar's own form.
    schema: String,
    /// The rules, each in Cedar's own form.
    rules: Vec<String>,
    /// The solver's program.
    solver: String,
    /// The longest time for one question.
    seconds: u64,
    /// What to find out.
    questions: Vec<Question>,
}

/// One question about one kind of request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    id: u64,
    /// Entity types and the action's id.
    principal: String,
    action: String,
    resource: String,
    ask: Ask,
}

/// What may happen: the answer is an example, or that it never does.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Ask {
    /// The rules, with one more that forbids what the question is not about, allow something.
    Allows {
        /// That rule.
        outside: String,
        /// Rules, by their place in the job, that do not count for this request.
        without: Vec<usize>,
    },
    /// Some rules allow something that others do not.
    Beyond {
        /// The rules, by their place in the job, that may allow more.
        these: Vec<usize>,
        /// The rules that they are compared with.
        those: Vec<usize>,
        /// A rule that forbids what the question is not about.
        outside: String,
    },
    /// The evaluation of a rule, by its place in the job, can fail.
    Errors(usize),
    /// A rule, by its place in the job, can match.
    Matches(usize),
}

/// The answer to one question.
#[derive(Serialize)]
struct Answer {
    id: u64,
    /// How long it took.
    micros: u128,
    #[serde(flatten)]
    found: Found,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    /// It never happens.
    Never(bool),
    /// It happens, for example so.
    Example(Example),
    /// It is not known.
    Unknown(String),
}

#[derive(Serialize)]
struct Example {
    principal: String,
    action: String,
    resource: String,
    context: Value,
    entities: Value,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _closed = writeln!(std::io::stderr(), "tidegate-prove: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut text = String::new();
    std::io::stdin().take(JOB_BYTES_MAX).read_to_string(&mut text).context("cannot read the job")?;
    let job: Job = serde_json::from_str(&text).context("the job on standard input is not what this program reads")?;
    let (schema, _) = Schema::from_cedarschema_str(&job.schema).context("the job's schema")?;
    let rules = job.rules.iter().enumerate().map(|(number, rule)| parse(number, rule)).collect::<Result<Vec<_>>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        for question in &job.questions {
            let start = Instant::now();
            // a solver of its own for each question: one that gave up or died spoils no other
            let limit = Duration::from_secs(job.seconds);
            let found = match tokio::time::timeout(limit, answer(&job, &schema, &rules, question)).await {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => Found::Unknown(format!("{error:#}")),
                Err(_) => Found::Unknown(format!("no answer within {} s", job.seconds)),
            };
            let answer = Answer { id: question.id, micros: start.elapsed().as_micros(), found };
            let mut out = std::io::stdout().lock();
            writeln!(out, "{}", serde_json::to_string(&answer)?)?;
            out.flush()?;
        }
        Ok(())
    })
}

fn parse(number: usize, rule: &str) -> Result<Policy> {
    Policy::parse(Some(PolicyId::new(format!("rule{number}"))), rule)
        .with_context(|| format!("rule {number} of the job"))
}

async fn answer(job: &Job, schema: &Schema, rules: &[Policy], question: &Question) -> Result<Found> {
    let env = RequestEnv::new(
        EntityTypeName::from_str(&question.principal)?,
        EntityUid::from_type_name_and_id(EntityTypeName::from_str("Action")?, question.action.parse()?),
        EntityTypeName::from_str(&question.resource)?,
    );
    let rule = |place: usize| rules.get(place).ok_or_else(|| anyhow!("the job has no rule {place}"));
    let mut compiler = CedarSymCompiler::new(solver(job)?)?;
    let example = match &question.ask {
        Ask::Allows { outside, without } => {
            let counted = rules.iter().enumerate().filter(|(place, _)| !without.contains(place));
            let all = counted.map(|(_, rule)| rule.clone()).chain([parse(rules.len(), outside)?]);
            let compiled = CompiledPolicySet::compile(&PolicySet::from_policies(all)?, &env, schema)?;
            compiler.check_always_denies_with_counterexample_opt(&compiled).await
        }
        Ask::Beyond { these, those, outside } => {
            let of = |places: &[usize]| places.iter().map(|place| rule(*place).cloned()).collect::<Result<Vec<_>>>();
            let these = of(these)?.into_iter().chain([parse(rules.len(), outside)?]);
            let these = CompiledPolicySet::compile(&PolicySet::from_policies(these)?, &env, schema)?;
            let those = CompiledPolicySet::compile(&PolicySet::from_policies(of(those)?)?, &env, schema)?;
            compiler.check_implies_with_counterexample_opt(&these, &those).await
        }
        Ask::Errors(place) => {
            let compiled = CompiledPolicy::compile(rule(*place)?, &env, schema)?;
            compiler.check_never_errors_with_counterexample_opt(&compiled).await
        }
        Ask::Matches(place) => {
            let compiled = CompiledPolicy::compile(rule(*place)?, &env, schema)?;
            compiler.check_never_matches_with_counterexample_opt(&compiled).await
        }
    };
    match example {
        Ok(None) => Ok(Found::Never(true)),
        Ok(Some(env)) => Ok(Found::Example(shown(&env)?)),
        Err(error) => bail!("{error}"),
    }
}

fn solver(job: &Job) -> Result<LocalSolver> {
    let millis = job.seconds.saturating_mul(1000);
    let mut command = tokio::process::Command::new(&job.solver);
    command.args(["--lang", "smt", &format!("--tlimit={millis}")]).kill_on_drop(true);
    LocalSolver::from_command(&mut command).with_context(|| format!("cannot run {}", job.solver))
}

fn shown(env: &Env) -> Result<Example> {
    let id = |uid: Option<&EntityUid>| uid.map(ToString::to_string).ok_or_else(|| anyhow!("an example without a name"));
    Ok(Example {
        principal: id(env.request.principal())?,
        action: id(env.request.action())?,
        resource: id(env.request.resource())?,
        context: env.request.context().context("an example without a context")?.to_json_value()?,
        entities: env.entities.to_json_value()?,
    })
}
