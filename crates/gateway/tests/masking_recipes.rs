//! `docs/masking-recipes.md`, tried line by line: every file is written, every command run, and what it prints compared.
//! `UPDATE_REFERENCE=1 cargo test -p tidegate --test masking_recipes` writes what was printed; what must be shown and hidden is asserted
//! here whatever the document says.
#![cfg(test)]

#[expect(dead_code, reason = "these commands need no configuration")]
mod cli_stage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;
use tidegate_masking::record::{NoSchemas, rewrite};
use tidegate_masking::transform::ClassKey;
use tidegate_masking::{Found, Rewritten, Scope};
use tidegate_model::{Action, CallerKind};
use tidegate_policy::{Around, Asked, Circumstances, Policy, Who};

/// A fenced block of the document.
struct Block {
    language: String,
    /// The file that it is.
    file: String,
    lines: Vec<String>,
    /// Line of the first of them in the document, from 1.
    at: usize,
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap().join("docs/masking-recipes.md")
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (line, at) in text.lines().zip(1..) {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(fence) => {
                let (language, file) = fence.split_once(' ').unwrap_or((fence, ""));
                blocks.push(Block { language: language.into(), file: file.into(), lines: Vec::new(), at: at + 1 });
                open = true;
            }
            None if open => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            None => {}
        }
    }
    assert!(!open, "a block of the document has no end");
    blocks
}

/// A folder with all files of the document.
fn files(blocks: &[Block]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for block in blocks.iter().filter(|block| !block.file.is_empty()) {
        let path = folder.path().join(&block.file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, block.lines.join("\n") + "\n").unwrap();
    }
    folder
}

/// Runs a command of the document; what it printed, with its exit code where that is not 0.
fn run(folder: &Path, command: &str) -> String {
    let (command, input) = command.split_once(" < ").map_or((command, None), |(command, file)| (command, Some(file)));
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words[0], "tidegate", "the reader has this program alone");
    let input = input.map_or(Stdio::null(), |file| std::fs::File::open(folder.join(file)).unwrap().into());
    let mut program = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    let output = program.args(&words[1..]).current_dir(folder).stdin(input).output().unwrap();
    let mut text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    match output.status.code().unwrap() {
        0 => {}
        code => text.push_str(&format!("(exit code {code})\n")),
    }
    text
}

/// A line without what differs from run to run: tokens, and the digest of a folder.
fn general(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("_try_") {
        let (before, token) = rest.split_at(at + "_try_".len());
        out.push_str(before);
        out.push('…');
        rest = token.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
    }
    out.push_str(rest);
    match out.strip_prefix("version ") {
        Some(_) => "version …".to_owned(),
        None => out.trim_end().to_owned(),
    }
}

#[test]
fn the_recipes_print_what_the_document_says() {
    let text = std::fs::read_to_string(document()).unwrap();
    let blocks = blocks(&text);
    let folder = files(&blocks);
    let (mut renewed, mut ran) = (Vec::new(), 0);
    for block in blocks.iter().filter(|block| block.language == "console") {
        let mut lines: Vec<String> = Vec::new();
        for command in block.lines.iter().filter_map(|line| line.strip_prefix("$ ")) {
            let said = run(folder.path(), command);
            ran += 1;
            lines.push(format!("$ {command}"));
            lines.extend(said.trim_end().lines().map(general));
        }
        renewed.push((block.at, block.lines.len(), lines));
    }
    assert!(ran >= 11, "the document has its commands: {ran}");
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        let mut all: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, count, lines) in renewed.into_iter().rev() {
            all.splice(at - 1..at - 1 + count, lines);
        }
        std::fs::write(document(), all.join("\n") + "\n").unwrap();
        return;
    }
    for (block, (at, _, lines)) in blocks.iter().filter(|block| block.language == "console").zip(&renewed) {
        assert_eq!(&block.lines, lines, "docs/masking-recipes.md:{at}: another than the program prints");
    }
}

/// A recipe with keys that stay, as a gate has them.
struct Recipe {
    policy: Policy,
    _folder: tempfile::TempDir,
    records: BTreeMap<String, String>,
}

impl Recipe {
    fn of(name: &str) -> Recipe {
        let blocks = blocks(&std::fs::read_to_string(document()).unwrap());
        let folder = files(&blocks);
        let dir = folder.path().join(name);
        for command in [&["check", "--strict"][..], &["test"]] {
            let arguments = [&["policy", command[0], dir.to_str().unwrap()], &command[1..]].concat();
            let said = cli_stage::tidegate(&arguments, b"");
            assert_eq!(said.code, 0, "{arguments:?}\n{}{}", said.out, said.err);
            assert!(!said.out.contains("no test needs"), "{}", said.out);
        }
        let policy = Policy::load(&dir).unwrap();
        let keys = policy.masking().keyed().map(|class| (class.to_owned(), ClassKey::new("k1", &[7; 32])));
        let keys: BTreeMap<String, ClassKey> = keys.collect();
        let policy = policy.with_keys(Arc::new(keys));
        let records = blocks.iter().filter(|block| block.language == "json");
        let records = records.map(|block| (block.file.clone(), block.lines.join("\n"))).collect();
        Recipe { policy, _folder: folder, records }
    }

    /// What somebody of these groups is shown of a record; nothing where they may not read the topic.
    fn shown(&self, groups: &[&str], mfa_age: Option<u64>, topic: &str, record: &str) -> Option<Value> {
        let groups = groups.iter().map(|group| format!("corp:{group}")).collect();
        let who = Who::parse(CallerKind::User, "corp:somebody", Some(groups)).unwrap();
        let around = Around { mfa_age, ..Around::usual() };
        let asked = Asked { who, around, action: Action::Consume, name: topic.to_owned(), partition: None };
        if !asked.decide(&self.policy).allowed() {
            return None;
        }
        let around = &asked.around;
        let circumstances = Circumstances {
            cluster: &around.cluster,
            address: around.address,
            client_id: &around.client_id,
            tls: around.tls,
        };
        let session = self.policy.entitlement(&asked.who.caller(), &circumstances);
        let plan = self.policy.view(&session, topic, asked.question().now).unwrap().unwrap().plan;
        let scope = Scope { classes: &plan.classes, mask: &plan.value, subject: b"" };
        let (record, mut out) = (self.records[record].as_bytes(), Vec::new());
        let rewritten = rewrite(&scope, &mut NoSchemas, record, &mut out, &mut Found::default()).unwrap();
        let shown = if rewritten == Rewritten::Same { record } else { &out };
        Some(serde_json::from_slice(shown).unwrap())
    }
}

#[test]
fn a_card_is_masked_for_support_clear_for_fraud_and_its_code_is_for_nobody() {
    let recipe = Recipe::of("pci");
    let shown = |groups: &[&str]| recipe.shown(groups, Some(1), "payments", "pci/payment.json");
    let support = shown(&["support"]).unwrap();
    assert_eq!(support["card"]["number"], "************1111");
    assert_eq!(support["note"], "was ***************0004");
    assert_eq!((&support["card"]["holder"], &support["card"]["expiry"]), (&"***".into(), &"***".into()));
    let fraud = shown(&["fraud"]).unwrap();
    assert_eq!((&fraud["card"]["number"], &fraud["card"]["holder"]), (&"4111111111111111".into(), &"Ann Smith".into()));
    assert_eq!(shown(&["staff"]), None);
    let everybody = ["support", "fraud", "staff", "services"];
    for seen in [support, fraud, shown(&everybody).unwrap()] {
        assert_eq!(seen["card"].get("cvv"), None, "{seen}");
        assert!(!seen.to_string().contains("123\""), "{seen}");
    }
}

#[test]
fn codes_are_not_written_and_logs_lose_their_card_numbers() {
    let recipe = Recipe::of("pci");
    let write = |topic: &str, record: &str| {
        let writes = recipe.policy.writes(topic).unwrap().unwrap();
        let scope = Scope { classes: &writes.plan.classes, mask: &writes.plan.value, subject: b"" };
        let (mut out, mut found) = (Vec::new(), Found::default());
        let rewritten = rewrite(&scope, &mut NoSchemas, record.as_bytes(), &mut out, &mut found).map_err(drop)?;
        let refused = found.classes().any(|(class, ..)| writes.refuse[usize::from(class.0)]);
        let kept = if rewritten == Rewritten::Same { record.to_owned() } else { String::from_utf8(out).unwrap() };
        Ok((refused, kept))
    };
    let payment = &recipe.records["pci/payment.json"];
    assert!(write("payments", payment).unwrap().0, "its code is refused");
    let without = payment.replace(r#", "cvv": "123""#, "");
    assert_eq!(write("payments", &without), Ok((false, without.clone())), "as it is, for fraud");
    assert_eq!(write("payments", "no JSON"), Err(()));
    for line in [r#"{"line": "paid with 4111111111111111"}"#, "10:00 paid with 4111111111111111"] {
        let (refused, kept) = write("logs-web", line).unwrap();
        assert!(!refused && kept.contains("************1111") && !kept.contains("4111111"), "{kept}");
    }
    assert!(write("logs-web", r#"{"request": {"cvv": 123}}"#).unwrap().0);
}

#[test]
fn analysts_join_over_tokens_and_see_no_person() {
    let recipe = Recipe::of("gdpr");
    let customer = recipe.shown(&["analysts"], Some(1), "customers", "gdpr/customer.json").unwrap();
    let order = recipe.shown(&["analysts"], Some(1), "orders", "gdpr/order.json").unwrap();
    for (one, other, prefix) in [
        (&customer["email"], &order["customer"]["email"], "em_k1_"),
        (&customer["name"], &order["customer"]["name"], "nm_k1_"),
        (&customer["address"]["street"], &order["ship_to"], "ad_k1_"),
    ] {
        assert_eq!(one, other);
        assert!(one.as_str().unwrap().starts_with(prefix), "{one}");
    }
    assert_eq!((&customer["birthday"], &customer["address"]["postcode"]), (&"1984-01-01".into(), &"80**".into()));
    assert_eq!(customer.get("health"), None);
    for hidden in ["Ann", "ann@", "Hill", "06-12", "asthma", "192.0.2.77", "8001"] {
        assert!(!customer.to_string().contains(hidden) && !order.to_string().contains(hidden), "{hidden}: {customer}");
    }
    assert_eq!(order["total"], 12.5, "what is nobody's stays");
    let also_care = recipe.shown(&["analysts", "care"], Some(1), "orders", "gdpr/order.json").unwrap();
    assert_eq!(also_care, order, "another group shows an analyst no more");
}

#[test]
fn care_sees_contacts_and_an_export_all_for_as_long_as_the_login_is_fresh() {
    let recipe = Recipe::of("gdpr");
    let customer = |groups: &[&str], mfa_age| recipe.shown(groups, mfa_age, "customers", "gdpr/customer.json").unwrap();
    let care = customer(&["care"], None);
    assert_eq!((&care["email"], &care["name"]), (&"ann@example.org".into(), &"Ann Smith".into()));
    assert_eq!((&care["address"]["street"], &care["birthday"]), (&"Hill Road 7".into(), &"1984-01-01".into()));
    assert_eq!(care.get("health"), None);
    let whole: Value = serde_json::from_str(&recipe.records["gdpr/customer.json"]).unwrap();
    assert_eq!(customer(&["subject-requests"], Some(60)), whole);
    for stale in [Some(901), None] {
        let shown = customer(&["subject-requests"], stale).to_string();
        assert!(!shown.contains("ann@") && !shown.contains("asthma"), "{shown}");
    }
    assert_eq!(recipe.shown(&["staff"], Some(1), "customers", "gdpr/customer.json"), None);
}

#[test]
fn what_is_of_one_run_is_left_out() {
    assert_eq!(general(r#"{"a":"em_try_1aB","b":"nm_try_x"}"#), r#"{"a":"em_try_…","b":"nm_try_…"}"#);
    assert_eq!(general("version 0123"), "version …");
}
