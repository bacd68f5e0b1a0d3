//! Right files are read; every mistake is named with its line; no value that could be a secret is repeated.

use super::*;

const GOOD: &str = r#"[agent]
name = "agent-1"
gateway = "agent.sock"
gateway_user = "0"
[[cluster]]
name = "main"
mode = "relay"
bootstrap = ["b.example:9092"]
dial = ["*.b.example:9000-9001"]
[cluster.tls]
ca = "/etc/ca.pem"
certificate = "c.pem"
key = { env = "KEY" }
server_name = "kafka.example"
[cluster.login]
mechanism = "SCRAM-SHA-512"
username = "gate"
password = { file = "secret" }
[[cluster]]
name = "lab"
mode = "socket"
bootstrap = ["[::1]:9092"]
[cluster.login]
mechanism = "PLAIN"
username = "gate"
password = { env = "LAB" }
allow_plain_on_loopback = true
"#;

/// The error begins with its line.
fn parse(text: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("agent.toml");
    std::fs::write(&file, text).unwrap();
    Config::read(&file).map_err(|error| error.strip_prefix(&file.display().to_string()).unwrap().to_owned())
}

#[test]
fn a_full_file_is_read() {
    let config = parse(GOOD).unwrap();
    assert_eq!((config.agent.name.as_str(), config.agent.gateway_uid), ("agent-1", 0));
    assert_eq!(config.agent.gateway, Path::new("agent.sock"));
    let [main, lab] = &config.clusters[..] else { panic!("two clusters") };
    let (main, lab) = (main.get_ref(), lab.get_ref());
    assert_eq!(main.login.password, Some(Source::File("secret".into())));
    assert_eq!(main.tls.as_ref().unwrap().ca, Path::new("/etc/ca.pem"));
    assert!(crate::dial::allow(&main.bootstrap, &main.dial, "x.b.example", 9001).is_some());
    assert_eq!((main.mode, lab.mode), (Mode::Relay, Mode::Socket));
    assert_eq!(config.variables(), ["KEY", "LAB"]);
    let short = "[agent]\nname='a'\ngateway='s'\n[[cluster]]\nname='c'\nbootstrap=['h:1']\n";
    let short = parse(short).unwrap();
    assert_eq!(short.agent.gateway_uid, own_user());
    assert_eq!(short.clusters[0].get_ref().login.mechanism, Mechanism::None);
}

#[test]
fn every_mistake_is_named_with_its_line_and_mend() {
    for (from, to, line, words) in [
        ("gateway_user = \"0\"", "gateway_usr = \"0\"", 4, "unknown field `gateway_usr`"),
        ("gateway_user = \"0\"", "gateway_user = \"no-such-user-here\"", 4, "name the user that runs the gateway"),
        ("mode = \"relay\"", "mode = \"socket\"", 5, "use mode = \"relay\""),
        ("mode = \"relay\"", "mode = \"direct\"", 7, "expected `relay` or `socket`"),
        ("[\"b.example:9092\"]", "[]", 5, "host:port"),
        ("b.example:9092", "b.example", 8, "host:port"),
        ("*.b.example:9000-9001", "*:9092", 9, "*.suffix:port"),
        ("key = { env = \"KEY\" }", "", 5, "both certificate and key"),
        ("SCRAM-SHA-512", "SCRAM-SHA-1", 16, "`SCRAM-SHA-512`"),
        ("SCRAM-SHA-512", "NONE", 5, "remove them"),
        ("username = \"gate\"\npassword = { file", "password = { file", 5, "needs username and password"),
        ("{ file = \"secret\" }", "{ file = \"secret\", env = \"X\" }", 18, "exactly 1"),
        ("name = \"lab\"", "name = \"main\"", 19, "used twice"),
        ("allow_plain_on_loopback = true", "", 19, "allow_plain_on_loopback"),
        ("name = \"agent-1\"", "name = \"agent-1", 2, ""),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
        assert!(error.starts_with(&format!(":{line}: ")), "{to}: {error}");
        assert!(error.contains(words), "{to}: {error}");
    }
    assert!(parse("[agent]\nname=\"a\"\ngateway=\"s\"\n").unwrap_err().contains("[[cluster]]"));
}

#[test]
fn a_password_in_the_file_is_refused_and_not_repeated() {
    for wrong in [
        "\"hunter2\"",
        "{ file = \"x\", value = \"hunter2\" }",
        "{ command = \"hunter2\" }",
        "{ env = [\"hunter2\"] }",
        "\"hunter2\", expected\"",
        "'hunter2",
    ] {
        let error = parse(&GOOD.replacen("{ file = \"secret\" }", wrong, 1)).unwrap_err();
        assert!(error.contains(":18: "), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    let error = parse(&GOOD.replacen("{ file = \"secret\" }", "\"hunter2\"", 1)).unwrap_err();
    assert!(error.contains("a secret comes from { file"), "{error}");
}
