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

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(Path::new("/etc/tidegate/agent.toml"), text).map_err(|error| error.to_string())
}

#[test]
fn a_full_file_is_read_with_paths_beside_it() {
    let config = parse(GOOD).unwrap();
    assert_eq!((config.name.as_str(), config.gateway_uid), ("agent-1", 0));
    assert_eq!(config.gateway, Path::new("/etc/tidegate/agent.sock"));
    let main = &config.clusters["main"];
    assert_eq!(main.login.as_ref().unwrap().password, Source::File("/etc/tidegate/secret".into()));
    assert_eq!(main.tls.as_ref().unwrap().ca, Path::new("/etc/ca.pem"));
    assert!(main.dial.allow("x.b.example", 9001).is_some());
    assert_eq!(config.clusters["lab"].mode, Mode::Socket);
    assert_eq!(config.variables(), ["KEY", "LAB"]);
}

#[test]
fn every_mistake_is_named_with_its_line_and_mend() {
    for (from, to, line, words) in [
        ("gateway_user = \"0\"", "gateway_usr = \"0\"", 4, "unknown field `gateway_usr`"),
        ("gateway_user = \"0\"", "gateway_user = \"no-such-user-here\"", 4, "name the user that runs the gateway"),
        ("mode = \"relay\"", "mode = \"socket\"", 7, "use mode = \"relay\""),
        ("mode = \"relay\"", "mode = \"direct\"", 7, "\"relay\" or \"socket\""),
        ("[\"b.example:9092\"]", "[]", 8, "host:port"),
        ("b.example:9092", "b.example", 8, "host:port"),
        ("*.b.example:9000-9001", "*:9092", 9, "*.suffix:port"),
        ("key = { env = \"KEY\" }", "", 12, "both certificate and key"),
        ("SCRAM-SHA-512", "SCRAM-SHA-1", 16, "SCRAM-SHA-512, SCRAM-SHA-256, PLAIN or NONE"),
        ("SCRAM-SHA-512", "NONE", 16, "remove them"),
        ("username = \"gate\"\npassword = { file", "password = { file", 16, "needs username and password"),
        ("{ file = \"secret\" }", "{ file = \"secret\", env = \"X\" }", 18, "exactly one of file, env and command"),
        ("{ file = \"secret\" }", "{ command = [] }", 18, "exactly one of file, env and command"),
        ("name = \"lab\"", "name = \"main\"", 20, "used twice"),
        ("allow_plain_on_loopback = true", "", 24, "allow_plain_on_loopback"),
        ("name = \"agent-1\"", "name = \"agent-1", 2, ""),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let error = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
        assert!(error.starts_with(&format!("/etc/tidegate/agent.toml:{line}: ")), "{to}: {error}");
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
    assert!(error.contains("a secret never stands in this file"), "{error}");
}
