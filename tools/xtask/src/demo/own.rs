//! The user's own cluster: what the demo must know of an agent's configuration file that somebody else wrote.

use std::fs;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use tidegate_brokers::java::Login;
use toml::{Table, Value};

/// What the demo reads in `agent.toml`; the agent itself checks the file in full.
pub(super) struct Own {
    pub(super) path: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) cluster: String,
    /// How Apache Kafka's own tools log in directly, to create the demo's topic and to delete it again.
    pub(super) login: Login,
}

impl Own {
    /// Reads the file; `broker` must be one of the bootstrap addresses of a cluster in it.
    pub(super) fn read(path: &Path, broker: &str) -> Result<Own> {
        let path = path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let table: Table = text.parse().with_context(|| format!("{} is not TOML", path.display()))?;
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let socket = table.get("agent").and_then(|agent| agent.get("gateway")).and_then(Value::as_str);
        let socket = folder.join(socket.context("[agent] has no gateway = \"…\"")?);
        let clusters = table.get("cluster").and_then(Value::as_array).context("there is no [[cluster]]")?;
        let serves = |cluster: &&Value| {
            let bootstrap = cluster.get("bootstrap").and_then(Value::as_array);
            bootstrap.is_some_and(|list| list.iter().any(|item| item.as_str() == Some(broker)))
        };
        let cluster = clusters
            .iter()
            .find(serves)
            .with_context(|| format!("no [[cluster]] in {} has {broker} in its bootstrap list", path.display()))?;
        let name = cluster.get("name").and_then(Value::as_str).context("the cluster has no name")?.to_owned();
        Ok(Own { login: login(cluster, &folder)?, path, socket, cluster: name })
    }
}

fn login(cluster: &Value, folder: &Path) -> Result<Login> {
    let text = |table: &Value, key: &str| table.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut login = Login::none();
    if let Some(table) = cluster.get("login")
        && text(table, "mechanism").as_deref() != Some("NONE")
    {
        let mechanism = text(table, "mechanism").context("the login has no mechanism")?;
        let user = text(table, "username").context("the login has no username")?;
        let password = secret(table.get("password").context("the login has no password")?, folder)?;
        login = Login::password(&mechanism, &user, &password);
    }
    if let Some(tls) = cluster.get("tls") {
        ensure!(tls.get("certificate").is_none(), "the demo cannot use client certificates yet; use a SASL login");
        let authority = text(tls, "ca").context("the cluster's tls has no ca")?;
        login = login.over_tls(&folder.join(authority));
    }
    Ok(login)
}

fn secret(source: &Value, folder: &Path) -> Result<String> {
    if let Some(file) = source.get("file").and_then(Value::as_str) {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    if let Some(name) = source.get("env").and_then(Value::as_str) {
        return std::env::var(name).with_context(|| format!("the variable {name} is not set"));
    }
    let words: Vec<&str> =
        source.get("command").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let (program, args) = words.split_first().context("the password has none of file, env and command")?;
    let output = Command::new(program).args(args).output().with_context(|| format!("cannot run {program}"))?;
    ensure!(output.status.success(), "{program} failed");
    let text = String::from_utf8(output.stdout).context("the password is not text")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks before the user's cluster is touched.
pub(super) fn ask(topics: &[&str], broker: &str) -> Result<()> {
    let topics = topics.join(" and ");
    if !std::io::stdin().is_terminal() {
        bail!("this would create the topics {topics} on {broker}; say --yes to allow it");
    }
    let mut out = std::io::stdout().lock();
    write!(out, "This creates the topics {topics} on {broker} and deletes them at the end. Go on? [y/N] ")
        .and_then(|()| out.flush())
        .context("cannot ask")?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).context("cannot read the answer")?;
    ensure!(answer.trim().eq_ignore_ascii_case("y"), "nothing was done");
    Ok(())
}

#[cfg(test)]
mod tests {
    use tidegate_brokers::scratch::Scratch;

    use super::*;

    #[test]
    fn the_cluster_with_that_bootstrap_address_is_taken() {
        let scratch = Scratch::new("own").unwrap();
        let path = scratch.path().join("agent.toml");
        fs::write(scratch.path().join("pw"), "hunter2\n").unwrap();
        let text = "[agent]\nname = \"a\"\ngateway = \"run/gate.sock\"\n\n\
            [[cluster]]\nname = \"one\"\nbootstrap = [\"k1:9092\"]\n\n\
            [[cluster]]\nname = \"two\"\nbootstrap = [\"k2:9092\"]\n\
            [cluster.login]\nmechanism = \"SCRAM-SHA-256\"\nusername = \"u\"\npassword = { file = \"pw\" }\n";
        fs::write(&path, text).unwrap();
        let own = Own::read(&path, "k2:9092").unwrap();
        assert_eq!(own.cluster, "two");
        assert_eq!(own.socket, scratch.path().canonicalize().unwrap().join("run/gate.sock"));
        assert!(own.login.text().contains("password=\"hunter2\""), "{}", own.login.text());
        assert!(Own::read(&path, "k3:9092").is_err());
    }
}
