//! What a decision takes, by the number of rules, beside Cedar asked over all of them. The policy's own bench measures, without a gate.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use tidegate_brokers::note;
use tidegate_brokers::programs::workspace;

use super::report::{Report, table};

/// Settings of the part `decisions`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Args {
    /// Part `decisions`: numbers of rules
    #[arg(long, value_delimiter = ',', default_values_t = [10, 100, 1_000])]
    rules: Vec<usize>,
    /// Part `decisions`: classes of callers
    #[arg(long, default_value_t = 20)]
    classes: usize,
    /// Part `decisions`: topics of a connection
    #[arg(long, default_value_t = 100)]
    topics: usize,
}

/// Nanoseconds, amortised, that were aimed at with the most rules.
const AIM_NS: f64 = 20.0;

pub(super) fn run(args: &Args, report: &mut Report) -> Result<()> {
    let mut found = Vec::new();
    for rules in &args.rules {
        note(&format!("decisions at {rules} rules"));
        found.push(measure(*rules, args)?);
    }
    let number = |row: &Value, name: &str| row.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let rows = found.iter().map(|row| {
        let of = |name: &str, digits: usize| format!("{:.digits$}", number(row, name));
        let (amortised, cedar) = (number(row, "amortised"), number(row, "cedar"));
        vec![
            of("rules", 0),
            of("kept", 1),
            of("first", 0),
            format!("{amortised:.1}"),
            format!("{:.1}", 1e3 / amortised),
            format!("{cedar:.0}"),
            format!("{:.0}", cedar / amortised),
            of("load_ms", 0),
        ]
    });
    let per_second = found.first().map_or(f64::NAN, |row| number(row, "per_second"));
    let title = format!(
        "{} classes, {} topics a connection, 1 partition each, the policy changed once a minute, {per_second:.0} decisions a second; \
         nanoseconds a decision, one thread",
        args.classes, args.topics
    );
    let columns = [
        "rules",
        "kept answer",
        "first answer",
        "amortised",
        "million/s",
        "Cedar over all rules",
        "times slower",
        "load, ms",
    ];
    table(&title, &columns, rows.collect());
    if let Some(most) = found.last() {
        let amortised = number(most, "amortised");
        let what = format!("{:.0} rules, amortised: under {AIM_NS} ns a decision", number(most, "rules"));
        report.aim(&what, format!("{amortised:.1} ns"), amortised < AIM_NS);
    }
    report.figure("decisions", Value::Array(found));
    Ok(())
}

fn measure(rules: usize, args: &Args) -> Result<Value> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace()).args(["bench", "--quiet", "-p", "tidegate-policy", "--bench", "decide", "--"]);
    command.args([rules, args.classes, args.topics].map(|number| number.to_string()));
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().context("cannot run cargo bench")?;
    ensure!(output.status.success(), "cargo bench failed");
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().rfind(|line| line.starts_with('{')).context("the bench printed no line of JSON")?;
    serde_json::from_str(line).context("the bench's line is no JSON")
}
