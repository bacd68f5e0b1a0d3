//! How long decisions take, as one line of JSON: `cargo bench -p tidegate-policy --bench decide -- [rules] [classes] [topics]`.
//!
//! One caller of each class asks for each topic, again and again, in frames of ten questions. Times are nanoseconds unless their
//! name says otherwise. `amortised` is what a decision of one minute costs, the first ones included, when a new policy is in force
//! each minute and `per_second` decisions are made; loading the policy is not part of it and is told by itself. `cedar` is Cedar
//! itself, asked over all rules, with its entities made beforehand; it has its turns between those of the kept answers.

mod cedar;

use std::fmt::Write as _;
use std::hint::black_box;
use std::io::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tidegate_model::{Action, Caller, CallerKind, CredentialKind, Resource};
use tidegate_policy::{Block, Blocks, Circumstances, Entitlement, Now, Policy, PolicyFiles, Question, Target};

/// Turns of kept answers and of Cedar, one after the other.
const TURNS: usize = 5;
const KEPT_ROUNDS: usize = 1_000_000;
const CEDAR_ROUNDS: usize = 400;
const FRAME: usize = 10;
const PER_SECOND: u64 = 100_000;
const LISTED: usize = 10_000;
const BLOCKED: usize = 100_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // cargo adds words of its own
    let mut numbers = std::env::args().filter_map(|word| word.parse::<usize>().ok());
    let mut next = |default| numbers.next().unwrap_or(default).max(1);
    let (rules, classes, topics) = (next(1_000), next(20), next(100));
    let begun = Instant::now();
    let policy = Policy::from_files(&files(rules, classes, topics))?;
    let load = begun.elapsed();
    let who: Vec<Entitlement> = (0..classes).map(|class| entitlement(&policy, class)).collect();
    let names: Vec<String> = (0..topics).map(|topic| format!("t{topic}-events")).collect();

    let begun = Instant::now();
    let mut allowed = 0_usize;
    for who in &who {
        for name in &names {
            allowed += usize::from(policy.decide(who, question(name)).allowed());
        }
    }
    let first = begun.elapsed();
    let first_each = each(first, classes * topics);

    let cedar = cedar::Cedar::new(&files(rules, classes, topics), classes, topics)?;
    let (mut kept_each, mut cedar_each) = (Vec::new(), Vec::new());
    for round in 0..TURNS {
        kept_each.push(each(kept(&policy, &who, &names), KEPT_ROUNDS));
        let (took, by_cedar) = cedar.ask(round * CEDAR_ROUNDS, CEDAR_ROUNDS)?;
        cedar_each.push(each(took, CEDAR_ROUNDS));
        let asked = (0..CEDAR_ROUNDS).map(|at| cedar::pair(round * CEDAR_ROUNDS + at, classes, topics));
        let by_us = asked.filter(|(class, topic)| decided(&policy, &who, &names, *class, *topic)).count();
        if by_us != by_cedar {
            return Err(format!("Cedar allows {by_cedar} of {CEDAR_ROUNDS} questions, and we allow {by_us}").into());
        }
    }
    let (kept, cedar) = (median(kept_each), median(cedar_each));
    let one_minute = (PER_SECOND * 60) as f64;
    let amortised = first.as_nanos() as f64 / one_minute + kept;

    let listed: Vec<String> = (0..LISTED).map(|topic| format!("t{topic}-listed")).collect();
    let lister = entitlement(&policy, 0);
    let list = || listed.iter().filter(|name| policy.decide(&lister, question(name)).allowed()).count();
    let (listed_first, listed_again) = (time(list), time(list));

    let blocks: Vec<Block> = (0..BLOCKED).map(block).collect::<Result<_, _>>()?;
    let begun = Instant::now();
    let blocks = Arc::new(Blocks::new(blocks));
    let blocks_made = begun.elapsed();
    let blocked = policy.with_blocks(blocks);
    let take_up =
        time(|| (0..1_000).map(|_session| entitlement(&blocked, 0)).filter(|who| who.blocked().is_some()).count());

    let line = serde_json::json!({
        "rules": rules, "classes": classes, "topics": topics, "allowed": allowed,
        "load_ms": load.as_millis(), "first": first_each, "kept": kept, "cedar": cedar,
        "per_second": PER_SECOND, "amortised": amortised,
        "listed": LISTED, "listed_first_ms": listed_first.as_millis(), "listed_again_us": listed_again.as_micros(),
        "blocked_subjects": BLOCKED, "blocks_made_ms": blocks_made.as_millis(), "take_up_1000_sessions_us": take_up.as_micros(),
    });
    Ok(writeln!(std::io::stdout(), "{line}")?)
}

/// Answers that are kept, asked in frames by each caller in turn.
fn kept(policy: &Policy, who: &[Entitlement], names: &[String]) -> Duration {
    let begun = Instant::now();
    let mut asked = 0;
    let mut names = names.iter().cycle();
    while asked < KEPT_ROUNDS {
        for who in who {
            let asking = policy.asking(who);
            for name in names.by_ref().take(FRAME) {
                black_box(asking.decide(question(name)).allowed());
            }
            asked += FRAME;
        }
    }
    let extra = asked - KEPT_ROUNDS;
    begun.elapsed().mul_f64(KEPT_ROUNDS as f64 / (KEPT_ROUNDS + extra) as f64)
}

fn decided(policy: &Policy, who: &[Entitlement], names: &[String], class: usize, topic: usize) -> bool {
    let (Some(who), Some(name)) = (who.get(class), names.get(topic)) else { return false };
    policy.decide(who, question(name)).allowed()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn time(work: impl FnOnce() -> usize) -> Duration {
    let begun = Instant::now();
    black_box(work());
    begun.elapsed()
}

fn each(all: Duration, count: usize) -> f64 {
    all.as_nanos() as f64 / count as f64
}

/// Of ten rules, six let a team read and write its domain, two look at names, one at the hour, one forbids.
fn files(rules: usize, classes: usize, topics: usize) -> PolicyFiles {
    let mut text = String::new();
    for rule in 0..rules {
        let (team, topic) = (rule % classes, rule % topics);
        let line = match rule % 10 {
            0..6 => format!(
                "permit (principal in Group::\"idp:g{team}\", action in [Action::\"read\", Action::\"write\"], resource in Domain::\"d{topic}\");"
            ),
            6 | 7 => format!(
                "permit (principal is User in Group::\"idp:g{team}\", action == Action::\"consume\", resource) when {{ resource.name like \"t{topic}-*\" }};"
            ),
            8 => format!(
                "permit (principal in Group::\"idp:g{team}\", action in Action::\"admin\", resource in Domain::\"d{topic}\") when {{ context.hour >= 8 }};"
            ),
            _ => format!(
                "forbid (principal in Group::\"idp:g{team}\", action, resource in Tag::\"pii\") unless {{ context.tls }};"
            ),
        };
        let _never_fails = writeln!(text, "@id(\"r{rule}\") {line}");
    }
    let rows = (0..topics).map(|topic| {
        format!(
            "- {{pattern: 't{topic}-*', domain: d{topic}, owner: 'idp:g{}', env: prod, tier: tier2, tags: [pii]}}\n",
            topic % classes
        )
    });
    [("rules.cedar".to_owned(), text), ("topics.yaml".to_owned(), rows.collect())].into()
}

fn entitlement(policy: &Policy, class: usize) -> Entitlement {
    let caller = Caller {
        kind: CallerKind::User,
        issuer: "idp".to_owned(),
        subject: format!("person-{class}"),
        groups: vec![format!("idp:g{class}")],
        groups_known: true,
        client: None,
        token_id: None,
        session: None,
        token_hash: None,
        via_gate: false,
        credential: CredentialKind::OauthBearer,
        issued_at: None,
        expires_at: u64::MAX,
        mfa_at: None,
    };
    let address = IpAddr::from([127, 0, 0, 1]);
    policy.entitlement(&caller, &Circumstances { cluster: "main", address, client_id: "bench", tls: true })
}

fn question(name: &str) -> Question<'_> {
    let now = Now { hour: 12, mfa_age: None };
    Question { action: Action::Consume, resource: Resource::Topic(name), partition: None, now }
}

fn block(number: usize) -> Result<Block, Box<dyn std::error::Error>> {
    let target = Target::parse("subject", &format!("idp:person-{number}"))?;
    let (reason, who) = ("bench".to_owned(), "idp:root".to_owned());
    Ok(Block { id: number.to_string(), target, reason, at_ms: 0, until_s: None, who })
}
