//! `tidegate login`, `logout`, `token`, `kafka-config`, and commands over the web, against a gate that verifies their proofs.
#![cfg(test)]

mod cli_login_gate;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cli_login_gate::{FakeGate, now};
use serde_json::{Value, json};

/// Everything here takes a second; a machine under load gets more.
const PATIENCE: Duration = Duration::from_secs(60);

/// A person with a folder for logins, and no browser.
struct Person {
    folder: tempfile::TempDir,
    browser: Option<PathBuf>,
}

/// What a run said.
#[derive(Debug)]
struct Said {
    code: i32,
    out: String,
    err: String,
}

/// A run that goes on.
struct Running {
    child: Child,
    lines: Receiver<String>,
    read: Vec<String>,
}

impl Person {
    fn new() -> Person {
        Person { folder: tempfile::tempdir().unwrap(), browser: None }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).env_clear().env("XDG_CONFIG_HOME", self.folder.path());
        if let Some(browser) = &self.browser {
            command.env("BROWSER", browser);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> Said {
        self.start(arguments).end()
    }

    fn start(&self, arguments: &[&str]) -> Running {
        Running::of(&mut self.command(arguments))
    }

    /// Logs in through the browser's way.
    fn log_in(&self, gate: &FakeGate) -> Said {
        let mut running = self.start(&["login", "--gate", &gate.url]);
        let url = running.url(&format!("{}/login/", gate.url));
        let (status, page) = gate.browse(&url).unwrap();
        assert!(status == 200 && page.contains("You are logged in"), "{status} {page}");
        running.end()
    }

    /// The files of the logins.
    fn files(&self) -> Vec<PathBuf> {
        let folder = self.folder.path().join("tidegate/logins");
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Running {
    fn of(command: &mut Command) -> Running {
        let mut child = command.spawn().unwrap();
        let (sender, lines) = channel();
        let stderr: ChildStderr = child.stderr.take().unwrap();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines() {
                drop(sender.send(line.unwrap()));
            }
        });
        Running { child, lines, read: Vec::new() }
    }

    /// The first line on standard error that has this, without white space around it.
    fn line(&mut self, wanted: &str) -> String {
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("no line with {wanted}: {:?}", self.read) };
            self.read.push(line.clone());
            if line.contains(wanted) {
                return line.trim().to_owned();
            }
        }
    }

    fn url(&mut self, wanted: &str) -> String {
        self.line(wanted)
    }

    fn type_in(&mut self, text: &str) {
        self.child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn end(mut self) -> Said {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                drop(self.child.kill());
                panic!("does not end: {:?}", self.read);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        self.read.extend(self.lines.iter());
        Said { code: status.code().unwrap_or(-1), out, err: self.read.join("\n") }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Waits for something with a limit.
fn until(what: &str, mut check: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !check() {
        assert!(begun.elapsed() < PATIENCE, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_person_logs_in_through_the_browser_asks_who_and_logs_out() {
    let (gate, mut person) = (FakeGate::start(), Person::new());
    let opened = person.path("opened");
    let browser = person.path("browser.sh");
    std::fs::write(&browser, format!("#!/bin/sh\nprintf '%s' \"$1\" > {0}.new && mv {0}.new {0}\n", opened.display()))
        .unwrap();
    std::fs::set_permissions(&browser, std::fs::Permissions::from_mode(0o755)).unwrap();
    person.browser = Some(browser);
    let mut running = person.start(&["login", "--gate", &gate.url]);
    let url = running.url(&format!("{}/login/", gate.url));
    until("the browser", || opened.exists());
    assert_eq!(std::fs::read_to_string(&opened).unwrap(), url);
    let (_, page) = gate.browse(&url).unwrap();
    assert!(page.contains("You are logged in") && !page.contains("<script"), "{page}");
    let said = running.end();
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains(&format!("logged in as corp:ann at {}", gate.url)), "{}", said.out);
    assert!(
        said.out.contains("groups: corp:writers, corp:a\\u{1b}[2Jb\n")
            && (said.out.contains("(1 h 59 min)") || said.out.contains("(2 h 0 min)")),
        "{}",
        said.out
    );

    let [file] = &person.files()[..] else { panic!("one login: {:?}", person.files()) };
    assert_eq!((mode(file), mode(file.parent().unwrap())), (0o600, 0o700));
    let said = person.run(&["whoami"]);
    assert_eq!(said.code, 0, "{said:?}");
    for part in ["corp:ann (user, http-bearer)", "strong login: 1 min ago", "left: 4 min of this token, ", &gate.url] {
        assert!(said.out.contains(part), "{part}: {}", said.out);
    }
    let said = person.run(&["whoami", "--gate", &gate.url, "--output", "json"]);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    assert!(value["login_ends_in_s"].as_u64().unwrap() > 7000 && value["gate"] == gate.url.as_str(), "{value}");
    let said = person.run(&["policy", "versions"]);
    assert!(said.code == 0 && (said.out.contains("* 4") || said.out.contains("*  4")), "{said:?}");
    assert!(gate.state().tokens.iter().all(|(_, audience)| audience == "control"));

    let said = person.run(&["logout"]);
    assert_eq!((said.code, person.files().len()), (0, 0), "{said:?}");
    assert!(gate.state().sessions.is_empty());
    let said = person.run(&["token"]);
    assert!(said.code == 77 && said.err.contains("nobody is logged in here; log in: tidegate login"), "{said:?}");
    assert_eq!(person.run(&["logout"]).code, 77);
}

#[test]
fn without_a_browser_the_code_is_pasted_and_on_another_device_it_is_waited_for() {
    let (gate, person) = (FakeGate::start(), Person::new());
    let mut running = person.start(&["login", "--gate", &gate.url, "--no-browser"]);
    let url = running.url(&format!("{}/login/", gate.url));
    let (_, code) = gate.browse(&url).unwrap();
    running.type_in(&format!(" {code}\n"));
    let said = running.end();
    assert_eq!(said.code, 0, "{said:?}");
    let mut wrong = person.start(&["login", "--gate", &gate.url, "--no-browser"]);
    wrong.url("/login/");
    wrong.type_in("code-of-somebody\n");
    let said = wrong.end();
    assert!(said.code == 77 && said.err.contains("the code is wrong"), "{said:?}");
    let mut nonsense = person.start(&["login", "--gate", &gate.url, "--no-browser"]);
    nonsense.url("/login/");
    nonsense.type_in("a b\n");
    assert_eq!(nonsense.end().code, 64);

    gate.state().pending = 2;
    let said = person.run(&["login", "--gate", &gate.url, "--device", "--output", "json"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.err.contains("https://idp.example/device\n") && said.err.contains("WDJB-MJHT"), "{}", said.err);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&value["name"], &value["groups"][0]), (&json!("corp:ann"), &json!("corp:writers")));
    // A gate that is gone for a moment is asked again.
    gate.state().instead.push(("/v1/login/login", 503, "starting", None));
    let running = person.start(&["login", "--gate", &gate.url, "--device"]);
    until("a question", || gate.state().seen.iter().filter(|seen| seen.ends_with("/finish")).count() > 5);
    gate.state().instead.clear();
    assert_eq!(running.end().code, 0);
    let begun = gate.state().begun.clone();
    assert!(begun.values().all(|begun| !begun["machine"].as_str().unwrap().is_empty()));
    let said = person.run(&["login", "--gate", &gate.url, "--provider", "other"]);
    assert!(said.code == 1 && said.err.contains("there is corp"), "{said:?}");
}

#[test]
fn only_the_redirect_with_the_right_state_is_listened_to_and_only_once() {
    let (gate, person) = (FakeGate::start(), Person::new());
    let mut running = person.start(&["login", "--gate", &gate.url]);
    let url = running.url(&format!("{}/login/", gate.url));
    let begun = gate.state().begun["login0"].clone();
    let (redirect, state) = (begun["redirect"].as_str().unwrap(), begun["state"].as_str().unwrap());
    assert!(redirect.starts_with("http://127.0.0.1:") && redirect.ends_with('/') && state.len() == 43, "{begun}");
    for target in [
        "?code=code-login0&state=wrong",
        "?code=code-login0",
        "?error=cancelled&state=wrong",
        "favicon.ico",
        &format!("?code=code-login0&code=x&state={state}"),
        &format!("x?code=code-login0&state={state}"),
    ] {
        let (status, page) = gate.browse(&format!("{redirect}{target}")).unwrap();
        assert!(status >= 400 && !page.contains("You are logged in"), "{target}: {status} {page}");
    }
    assert!(gate.state().seen.iter().all(|seen| !seen.ends_with("/finish")), "nothing was finished");
    let address = redirect.trim_start_matches("http://").trim_end_matches('/').to_owned();
    let _silent = TcpStream::connect(&address).unwrap();
    assert_eq!(gate.browse(&url).unwrap().0, 200);
    assert!(gate.browse(&format!("{redirect}?code=code-login0&state={state}")).is_none(), "the port is closed");
    assert_eq!(running.end().code, 0);

    let mut running = person.start(&["login", "--gate", &gate.url]);
    running.url("/login/");
    let begun = gate.state().begun.values().next().unwrap().clone();
    let state = begun["state"].as_str().unwrap();
    let error =
        format!("{}?error=you%20are%20not%20in%20a%20group%1b%5b2J&state={state}", begun["redirect"].as_str().unwrap());
    let (status, page) = gate.browse(&error).unwrap();
    assert!(status == 400 && page.contains("not logged in"), "{page}");
    let said = running.end();
    assert!(said.code == 77 && said.err.contains("refused: you are not in a group\\u{1b}[2J"), "{said:?}");
    assert_eq!(person.files().len(), 1, "the login before is still there");
}

#[test]
fn a_gate_that_lies_gets_neither_a_login_nor_a_token() {
    let (gate, person) = (FakeGate::start(), Person::new());
    gate.state().calls_itself = Some("https://real.example".into());
    let said = person.run(&["login", "--gate", &gate.url]);
    assert!(said.code == 77 && said.err.contains("calls itself https://real.example"), "{said:?}");
    gate.state().calls_itself = None;
    for page in ["https://evil.example/login/login0", "javascript:alert(1)", "file:///etc/passwd"] {
        gate.state().login_page = Some(page.into());
        let said = person.run(&["login", "--gate", &gate.url]);
        assert!(said.code == 69 && !said.err.contains(page), "{said:?}");
    }
    gate.state().login_page = None;
    assert_eq!(person.log_in(&gate).code, 0);
    // A redirect would carry the token away.
    let other = FakeGate::start();
    gate.state().instead.push(("/v1/whoami", 307, "", Some(format!("{}/v1/whoami", other.url))));
    let said = person.run(&["whoami"]);
    assert!(said.code == 69 && said.err.contains("redirect, which is never followed"), "{said:?}");
    gate.state().instead.push(("/v1/token", 308, "", Some(format!("{}/v1/token", other.url))));
    assert_eq!(person.run(&["token"]).code, 69);
    assert!(other.state().seen.is_empty(), "{:?}", other.state().seen);
    gate.state().instead = vec![("/v1/token", 200, "", None)];
    let said = person.run(&["token"]);
    assert!(said.code == 69 && said.out.is_empty() && said.err.contains("without a token"), "{said:?}");
    gate.state().instead = vec![("/v1/client-secret", 200, "", None)];
    assert_eq!(person.run(&["kafka-config", "--client", "java", "--bootstrap", "h:1"]).code, 69);
}

#[test]
fn addresses_that_tokens_would_leak_from_are_refused() {
    let person = Person::new();
    for command in [&["login"][..], &["token"], &["logout"], &["whoami"]] {
        for (gate, says) in [
            ("http://gate.example:8443", "in clear"),
            ("http://127.0.0.1.evil.example", "in clear"),
            ("https://ann:pw@gate.example", "no name, password"),
            ("gopher://gate", "no way to a gate"),
        ] {
            let said = person.run(&[command, &["--gate", gate]].concat());
            assert!(said.code == 64 && said.err.contains(says) && !said.err.contains("pw"), "{command:?} {said:?}");
        }
    }
    let said = person.run(&["login", "--gate", "/run/tidegate/control.sock"]);
    assert!(said.code == 64 && said.err.contains("no address to log in at"), "{said:?}");
    let said = person.run(&["login"]);
    assert!(said.code == 64 && said.err.contains("name the gate"), "{said:?}");
    // Nobody listens there.
    let said = person.run(&["login", "--gate", "http://127.0.0.1:9"]);
    assert!(said.code == 69 && said.err.contains("no gate answers at http://127.0.0.1:9"), "{said:?}");
}

#[test]
fn a_login_that_others_may_read_or_that_has_ended_is_not_used() {
    let (gate, person) = (FakeGate::start(), Person::new());
    person.log_in(&gate);
    let file = person.files().remove(0);
    let seen = gate.state().seen.len();
    let key = serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()).unwrap()["device_key"]
        .as_str()
        .unwrap()
        .to_owned();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    for command in [&["token"][..], &["whoami"], &["token", "--gate", &gate.url], &["policy", "versions"]] {
        let said = person.run(command);
        assert!(said.code == 64 && said.err.contains("others may read") && said.err.contains("chmod 600"), "{said:?}");
    }
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let good = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, good.replace(&key, "AAAA")).unwrap();
    let said = person.run(&["token"]);
    assert!(said.code == 64 && said.err.contains("damaged") && !said.err.contains("AAAA"), "{said:?}");
    let mut login: Value = serde_json::from_str(&good).unwrap();
    login["ends_at"] = json!(now() - 3600);
    std::fs::write(&file, login.to_string()).unwrap();
    let said = person.run(&["token"]);
    assert!(
        said.code == 77 && said.err.contains("the login of corp:ann") && said.err.contains("log in again"),
        "{said:?}"
    );
    assert_eq!(gate.state().seen.len(), seen, "the gate was not asked");
    std::fs::write(&file, &good).unwrap();
    gate.state().sessions.clear();
    let said = person.run(&["token"]);
    assert!(
        said.code == 77 && said.err.contains("the login has ended; log in again: tidegate login --gate"),
        "{said:?}"
    );
    assert!(!said.err.contains(&key));
    let said = person.run(&["logout"]);
    assert!(said.code == 0 && said.out.contains("had ended already") && person.files().is_empty(), "{said:?}");
}

#[test]
fn a_clock_that_is_wrong_is_named_and_a_gate_that_is_gone_ends_no_login() {
    let (gate, person) = (FakeGate::start(), Person::new());
    person.log_in(&gate);
    gate.state().instead.push(("/v1/logout", 401, "the proof is wrong", None));
    let said = person.run(&["logout"]);
    assert!(said.code == 77 && person.files().len() == 1, "the login may live on there: {said:?}");
    gate.state().instead.clear();
    gate.state().instead.push(("/v1/token", 401, "the proof is too old", None));
    gate.state().instead.push(("/v1/logout", 401, "the proof is too old", None));
    gate.state().date = Some("Sat, 01 Jan 2000 00:00:00 GMT");
    let said = person.run(&["token"]);
    assert_eq!(said.code, 77, "{said:?}");
    assert!(
        said.err.contains("the proof is too old; this machine's clock is ") && said.err.contains("ahead of the gate's"),
        "{said:?}"
    );
    assert!(!said.err.contains("log in again"), "{said:?}");
    let said = person.run(&["logout"]);
    assert!(said.code == 77 && person.files().len() == 1, "a wrong clock logs nobody out: {said:?}");
    drop(gate);
    let said = person.run(&["logout"]);
    assert!(said.code == 69 && said.err.contains("--forget") && person.files().len() == 1, "{said:?}");
    let said = person.run(&["logout", "--forget"]);
    assert!(said.code == 0 && said.out.contains("could not be told") && person.files().is_empty(), "{said:?}");
}

#[test]
fn tokens_are_printed_alone_written_for_their_owner_and_kept_fresh() {
    let (gate, person) = (FakeGate::start(), Person::new());
    person.log_in(&gate);
    let said = person.run(&["token"]);
    assert_eq!((said.code, said.out.as_str(), said.err.as_str()), (0, "token-0-kafka\n", ""));
    assert_eq!(person.run(&["token", "--audience", "control"]).out, "token-1-control\n");
    let said = person.run(&["token", "--output", "json", "--gate", &gate.url]);
    let value: Value = serde_json::from_str(&said.out).unwrap();
    assert!(value["token"] == "token-2-kafka" && value["expires_at"].as_u64().unwrap() > now() + 200, "{value}");
    let file = person.path("token");
    let path = file.to_str().unwrap();
    let said = person.run(&["token", "--file", path]);
    assert_eq!((said.code, said.out.as_str(), mode(&file)), (0, "", 0o600));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "token-3-kafka\n");
    for wrong in [&["--keep"][..], &["--file", path, "--output", "json"], &["--audience", "x"]] {
        assert_eq!(person.run(&[&["token"], wrong].concat()).code, 64, "{wrong:?}");
    }

    gate.state().token_s = Some(2);
    let mut keeping = person.start(&["token", "--file", path, "--keep"]);
    keeping.line("keeping a token");
    let made = || std::fs::read_to_string(&file).unwrap().split('-').nth(1).and_then(|count| count.parse::<u32>().ok());
    until("a second token", || made().is_some_and(|count| count >= 5));
    let pid = rustix::process::Pid::from_child(&keeping.child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert_eq!(keeping.end().code, 0, "Ctrl-C is no fault");
    let mut keeping = person.start(&["token", "--file", path, "--keep"]);
    keeping.line("keeping a token");
    gate.state().sessions.clear();
    let said = keeping.end();
    assert!(said.code == 77 && said.err.contains("the login has ended"), "{said:?}");
}

#[test]
fn inspect_is_still_there_beside_minting() {
    let person = Person::new();
    let mut command = person.command(&["token", "inspect"]);
    let mut running = Running::of(command.env("TIDEGATE_GATE", "https://gate.example"));
    running.type_in("x.y.z");
    let said = running.end();
    assert!(said.code == 1 && said.out.contains("REFUSED by check"), "{said:?}");
    assert_eq!(person.run(&["token", "--file", "x", "inspect"]).code, 64);
}

#[test]
fn commands_find_their_gate_and_workloads_bring_their_own_token() {
    let (gate, person) = (FakeGate::start(), Person::new());
    let with = |arguments: &[&str], variables: &[(&str, &str)]| {
        Running::of(person.command(arguments).envs(variables.iter().copied())).end()
    };
    let said = with(&["whoami"], &[("TIDEGATE_GATE", &gate.url), ("TIDEGATE_TOKEN", "workload.own.jwt")]);
    assert!(said.code == 0 && said.out.contains("ci:build (workload"), "{said:?}");
    assert!(!said.out.contains("of the login"), "{said:?}");
    let said = with(&["whoami"], &[("TIDEGATE_GATE", &gate.url), ("TIDEGATE_TOKEN", "other.very-secret.jwt")]);
    assert!(said.code == 77 && !said.err.contains("very-secret"), "{said:?}");
    let said = with(&["whoami"], &[("TIDEGATE_GATE", &gate.url), ("TIDEGATE_TOKEN", "very-secret\nx: y")]);
    assert!(said.code == 64 && !said.err.contains("very-secret"), "{said:?}");
    let said = with(&["whoami"], &[("TIDEGATE_GATE", &gate.url)]);
    assert!(said.code == 77 && said.err.contains(&format!("tidegate login --gate {}", gate.url)), "{said:?}");
    let said = with(&["whoami"], &[("TIDEGATE_TOKEN", "workload.own.jwt")]);
    assert!(said.code == 64 && said.err.contains("name its address with --gate"), "{said:?}");
    // Nobody is logged in, and no socket is there.
    let said = person.run(&["whoami"]);
    assert!(said.code == 69 && said.err.contains("no gate answers at /run/tidegate/control.sock"), "{said:?}");
    let other = FakeGate::start();
    person.log_in(&gate);
    person.log_in(&other);
    assert!(person.run(&["whoami"]).out.contains(&other.url), "the last one counts");
    assert!(with(&["whoami"], &[("TIDEGATE_GATE", &gate.url)]).out.contains(&gate.url));
    let said = with(&["token"], &[("TIDEGATE_GATE", "/run/some.sock")]);
    assert!(said.code == 64 && said.err.contains("is a control socket"), "{said:?}");
    assert_eq!(person.run(&["whoami", "--gate", "/nowhere.sock"]).code, 69, "a socket that is named is asked");
}

#[test]
fn settings_of_clients_are_written_once_with_their_secret_and_end_with_the_login() {
    let (gate, person) = (FakeGate::start(), Person::new());
    person.log_in(&gate);
    let config = |client: &str, more: &[&str]| {
        person.run(&[&["kafka-config", "--client", client, "--bootstrap", "gate.example:9093"], more].concat())
    };
    for client in ["kcat", "confluent-python", "kafka-python", "kafkajs", "franz-go", "sarama"] {
        let said = config(client, &[]);
        assert!(said.code == 0 && said.out.contains("gate.example:9093"), "{client}: {said:?}");
        assert!(
            said.out.contains("tidegate token") || said.out.contains("\"token\", \"--gate\""),
            "{client}: {}",
            said.out
        );
    }
    assert_eq!(gate.state().secrets, 0, "no secret where none is needed");
    let file = person.path("client.properties");
    let path = file.to_str().unwrap();
    let said = config("java", &["--out", path, "--plaintext"]);
    assert_eq!((said.code, mode(&file), said.out.as_str()), (0, 0o600, ""), "{said:?}");
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("clientSecret=\"tgcs-secret-1\"") && written.contains("SASL_PLAINTEXT"), "{written}");
    assert!(said.err.contains("allowed.urls=") && said.err.contains("when the login ends"), "{}", said.err);
    assert!(!said.err.contains("tgcs-secret"), "{}", said.err);
    // Another file has the same secret: the first goes on working.
    let piped = config("librdkafka", &[]);
    assert!(piped.code == 0 && piped.out.contains("client.secret=tgcs-secret-1"), "{piped:?}");
    assert!(config("librdkafka", &["--new-secret"]).out.contains("tgcs-secret-2"));
    assert_eq!(config("java", &["--out", path]).code, 0, "one of ours is written anew");
    let mine = person.path("mine.properties");
    std::fs::write(&mine, "acks=all\n").unwrap();
    let said = config("java", &["--out", mine.to_str().unwrap()]);
    assert!(said.code == 64 && said.err.contains("is in the way"), "{said:?}");
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "acks=all\n");
    assert_eq!(config("java", &["--ca-file", "/nowhere.pem"]).code, 64);
    let said = person.run(&["kafka-config", "--client", "java", "--bootstrap", "gate\".example:1"]);
    assert!(said.code == 64 && said.err.contains("HOST:PORT"), "{said:?}");
    person.log_in(&gate);
    assert!(config("java", &[]).out.contains("tgcs-secret-3"), "another login has another secret");
}

#[test]
fn help_says_what_people_need() {
    let person = Person::new();
    for (command, says) in [
        (&["login"][..], "a key that never leaves it"),
        (&["logout"], "every session and token"),
        (&["token"], "good for five minutes"),
        (&["token", "inspect"], "never printed"),
        (&["kafka-config"], "franz-go"),
        (&["whoami"], "TIDEGATE_TOKEN can hold a workload's own token"),
    ] {
        let said = person.run(&[command, &["--help"]].concat());
        let text = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.code == 0 && text.contains(says), "{command:?}: {}", said.out);
    }
}
