//! `docs/policy.md`, tried line by line: every file of it is written, every command run, and what it prints compared; every recipe
//! is checked and its tests are run. `UPDATE_REFERENCE=1 cargo test -p tidegate --test policy_tutorial` writes what was printed.
#![cfg(test)]

mod cli_stage;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Stands for what differs from run to run.
const ANY: char = '…';
/// Commands of a running gate.
const AT_A_GATE: [&str; 8] = ["versions", "dry-run", "apply", "rollback", "block", "blocks", "unblock", "whoami"];

/// A fenced block of the document.
struct Block {
    language: String,
    /// What stands behind the language: the file that it is, or `prove`.
    about: String,
    lines: Vec<String>,
    /// Line of the first of them in the document, from 1.
    at: usize,
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().parent().unwrap().join("docs/policy.md")
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(fence) => {
                let (language, about) = fence.split_once(' ').unwrap_or((fence, ""));
                let (language, about) = (language.to_owned(), about.to_owned());
                blocks.push(Block { language, about, lines: Vec::new(), at: index + 2 });
                open = true;
            }
            None if open => blocks.last_mut().unwrap().lines.push(line.to_owned()),
            None => {}
        }
    }
    assert!(!open, "a block of the document has no end");
    blocks
}

/// A command of the document and the lines that it prints there.
struct Step {
    command: String,
    printed: Vec<String>,
    at: usize,
}

fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, line) in block.lines.iter().enumerate() {
        match line.strip_prefix("$ ") {
            Some(command) => {
                steps.push(Step { command: command.to_owned(), printed: Vec::new(), at: block.at + index });
            }
            None => steps.last_mut().expect("a console begins with a command").printed.push(line.clone()),
        }
    }
    steps
}

/// The words of a command; quotes hold several together.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None::<char>);
    for c in command.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_with(String::new);
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_with(String::new).push(c),
        }
    }
    words.extend(word);
    words
}

/// A gate without a broker behind it: it takes commands all the same.
struct Gate {
    folder: tempfile::TempDir,
    child: Child,
}

impl Gate {
    fn start(policy: &Path) -> Gate {
        let folder = tempfile::tempdir().unwrap();
        let config = cli_stage::configure(folder.path(), "http://127.0.0.1:9/");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let text = std::fs::read_to_string(&config).unwrap();
        let text = text.replace("127.0.0.1:9092", &format!("127.0.0.1:{port}")).replace("\"idp\"", "\"corp\"");
        std::fs::write(&config, text).unwrap();
        std::fs::create_dir(folder.path().join("policy")).unwrap();
        for file in ["rules.cedar", "topics.yaml"] {
            std::fs::copy(policy.join(file), folder.path().join("policy").join(file)).unwrap();
        }
        let log = std::fs::File::create(folder.path().join("serve.log")).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
            .args(["serve", "--config"])
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut gate = Gate { folder, child };
        let begun = Instant::now();
        while std::os::unix::net::UnixStream::connect(gate.socket()).is_err() {
            let log = || std::fs::read_to_string(gate.folder.path().join("serve.log")).unwrap_or_default();
            assert!(begun.elapsed() < Duration::from_secs(30), "the gate does not listen: {}", log());
            assert!(gate.child.try_wait().unwrap().is_none(), "the gate ended: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
        gate
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("control.sock")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A reader who does what the document says.
struct Reader {
    folder: tempfile::TempDir,
    gate: Option<Gate>,
}

impl Reader {
    fn write(&self, file: &str, lines: &[String]) {
        let path = self.folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }

    /// Runs a command; what it printed, with its exit code where that is not 0.
    fn run(&mut self, command: &str) -> String {
        let words = words(command);
        if words[0] == "cp" {
            let (from, to) = (self.folder.path().join(&words[1]), self.folder.path().join(&words[2]));
            std::fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
            return String::new();
        }
        assert_eq!(words[0], "tidegate", "the reader has this program alone");
        let mut program = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        program.current_dir(self.folder.path()).env("PATH", with_prover());
        if words.iter().any(|word| AT_A_GATE.contains(&word.as_str())) {
            let shop = self.folder.path().join("shop");
            let gate = self.gate.get_or_insert_with(|| Gate::start(&shop));
            program.env("TIDEGATE_GATE", gate.socket());
        }
        let arguments: Vec<String> = words[1..].iter().map(|word| self.meant(word)).collect();
        let output = program.args(arguments).output().unwrap();
        let mut text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        match output.status.code().unwrap() {
            0 => {}
            code => text.push_str(&format!("(exit code {code})\n")),
        }
        text
    }

    /// `ID` is the first block's.
    fn meant(&self, word: &str) -> String {
        let Some(gate) = self.gate.as_ref().filter(|_| word == "ID") else { return word.to_owned() };
        let listed = cli_stage::tidegate(
            &["policy", "blocks", "--output", "json", "--gate", gate.socket().to_str().unwrap()],
            b"",
        );
        let blocks: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
        blocks[0]["id"].as_str().unwrap().to_owned()
    }
}

fn with_prover() -> std::ffi::OsString {
    let prover = document().parent().unwrap().parent().unwrap().join("prover/target");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let all = ["release", "debug"].map(|profile| prover.join(profile)).into_iter().chain(std::env::split_paths(&path));
    std::env::join_paths(all).unwrap()
}

/// What was printed, with [`ANY`] for what is of this run alone.
fn general(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric()) {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        rest = from;
        let in_word = |c: char| c.is_ascii_alphanumeric() || c == ':' || c == '-' || c == '.';
        let end = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let hex = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        let time = word.len() >= 20 && word.ends_with('Z') && digits(word.split('-').next().unwrap());
        let uid = word.strip_prefix("local:").is_some_and(digits);
        let milliseconds = digits(word) && after.starts_with(" ms)");
        if uid {
            out.push_str(&format!("local:{ANY}{}", " ".repeat(word.len() - "local:".len() - 1)));
        } else if time || milliseconds || (matches!(word.len(), 12 | 64) && hex(word)) {
            out.push(ANY);
            out.push_str(&" ".repeat(word.len() - 1));
        } else {
            out.push_str(word);
        }
        rest = after;
    }
    out.push_str(rest);
    out.replace("…  ms)", "… ms)").trim_end().to_owned()
}

fn same(wanted: &str, printed: &str) -> bool {
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    squeezed(wanted) == squeezed(&general(printed))
}

#[test]
fn the_tutorial_prints_what_the_document_says() {
    let text = std::fs::read_to_string(document()).unwrap();
    let update = std::env::var_os("UPDATE_REFERENCE").is_some();
    let mut reader = Reader { folder: tempfile::tempdir().unwrap(), gate: None };
    let (mut renewed, mut wrong, mut ran) = (Vec::new(), Vec::new(), 0);
    for block in blocks(&text).into_iter().filter(|block| !block.about.starts_with("recipes/")) {
        match block.language.as_str() {
            "cedar" | "yaml" if !block.about.is_empty() => reader.write(&block.about, &block.lines),
            "console" => {
                let mut lines = Vec::new();
                for step in steps(&block) {
                    let said = reader.run(&step.command);
                    ran += 1;
                    lines.push(format!("$ {}", step.command));
                    if block.about == "prove" && said.contains("not run: ") {
                        // without its tools it has to say so, and no more can be tried
                        assert!(said.ends_with("(exit code 69)\n") && !said.contains("proven  "), "{said}");
                        lines.extend(step.printed);
                        continue;
                    }
                    let printed: Vec<&str> = said.trim_end().lines().collect();
                    let alike = printed.len() == step.printed.len()
                        && step.printed.iter().zip(&printed).all(|(wanted, printed)| same(wanted, printed));
                    if !alike {
                        wrong.push(format!("docs/policy.md:{}: {}\n{said}", step.at, step.command));
                    }
                    lines.extend(printed.into_iter().map(general));
                }
                renewed.push((block.at, block.lines.len(), lines));
            }
            _ => {}
        }
    }
    assert!(ran >= 15, "the document has its commands: {ran}");
    if update {
        let mut all: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, count, lines) in renewed.into_iter().rev() {
            all.splice(at - 1..at - 1 + count, lines);
        }
        std::fs::write(document(), all.join("\n") + "\n").unwrap();
        return;
    }
    assert!(wrong.is_empty(), "the document says otherwise than the program:\n{}", wrong.join("\n"));
}

#[test]
fn every_recipe_is_good_and_answers_as_its_tests_expect() {
    let text = std::fs::read_to_string(document()).unwrap();
    let reader = Reader { folder: tempfile::tempdir().unwrap(), gate: None };
    let mut folders = std::collections::BTreeSet::new();
    for block in blocks(&text).iter().filter(|block| block.about.starts_with("recipes/")) {
        reader.write(&block.about, &block.lines);
        let parts: Vec<&str> = block.about.split('/').collect();
        if parts.len() > 2 {
            folders.insert(parts[1].to_owned());
        }
    }
    let recipes = reader.folder.path().join("recipes");
    assert!(folders.len() >= 11, "the document has its recipes: {folders:?}");
    for folder in folders {
        let dir = recipes.join(&folder);
        std::fs::copy(recipes.join("topics.yaml"), dir.join("topics.yaml")).unwrap();
        for command in [&["check", "--strict"][..], &["test"]] {
            let arguments = [&["policy", command[0], dir.to_str().unwrap()], &command[1..]].concat();
            let said = cli_stage::tidegate(&arguments, b"");
            assert_eq!(said.code, 0, "the recipe {folder}: {arguments:?}\n{}{}", said.out, said.err);
        }
        let said = cli_stage::tidegate(&["policy", "test", dir.to_str().unwrap()], b"");
        assert!(!said.out.contains("no test needs"), "the recipe {folder}: {}", said.out);
    }
}

#[test]
fn what_is_of_one_run_is_left_out() {
    let hash = "01234567".repeat(8);
    assert_eq!(general(&format!("version {hash}")), "version …");
    assert_eq!(general("*  1  2026-11-28T14:00:00Z  local:1000  x"), "*  1  …                     local:…     x");
    assert_eq!(general("proven  a.yaml:1  (12 ms)"), "proven  a.yaml:1  (… ms)");
    assert!(same("a … b", "a  2026-11-28T14:00:00.123Z b") && !same("a b", "a c"));
    assert_eq!(
        words("tidegate policy block --topic 'a b' --reason \"c d\""),
        ["tidegate", "policy", "block", "--topic", "a b", "--reason", "c d"]
    );
}
