//! SIGHUP: certificates, issuers, keys of classes and policy anew, without cutting a connection that they do not concern. What is wrong changes
//! nothing; what needs a restart is named.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use tidegate_evidence::entry::{Entry, Kind};
use tidegate_proxy::certificate::ListenerTls;
use tracing::{error, info, warn};

use crate::config::{self, Config, FileConfig, PolicySource};
use crate::control::{People, hex};
use crate::secrets;
use crate::serve::{self, Gate};
use crate::tls;
use crate::web::Settings;

/// Reads everything again and takes it up as a whole, or not at all.
pub(crate) async fn run(path: &Path, gate: &Gate) {
    match take_up(path, gate).await {
        Ok(()) => info!("the configuration was read again"),
        Err(error) => {
            error!(error = format!("{error:#}"), "the configuration was not taken up; what ran before runs on")
        }
    }
}

async fn take_up(path: &Path, gate: &Gate) -> Result<()> {
    let shared = &gate.admin.shared;
    let config = config::load(path)?;
    let issuers = serve::issuers(&config, gate.tokens.as_deref())?;
    let web = config.file.web.as_ref().map(|web| Settings::of(&config, web)).transpose()?;
    let web_tls = serve::web_tls(&config)?;
    let certificates = certificates(&config)?;
    let people = People::of(&config)?;
    let keys = secrets::class_keys(&config.file.class_key)?;
    for what in needs_restart(&gate.started_with, &config.file) {
        warn!(what, "this change needs a restart");
    }
    // The policy first: it is what may be wrong. Then nothing is taken up.
    if config.file.policy.source == PolicySource::Folder {
        gate.control.take_up_folder(&config, "SIGHUP").await?;
    }
    // Durable before it holds.
    let mut entry = Entry::new(Kind::ConfigChange, shared.now_ms());
    entry.facts = vec![("cause".into(), "SIGHUP".into()), ("digest".into(), hex(&config.digest))];
    shared.log.append_admin(entry).await.context("the change cannot be recorded")?;
    gate.control.take_up(people);
    gate.control.take_up_keys(keys).await;
    serve::tell_strangers(&config, &shared.policy());
    issuers.refresh_all().await;
    gate.refresh.replace(tokio::spawn(Arc::clone(&issuers).run_refresh()));
    shared.issuers.store(issuers);
    // Where the address or the URL is another, all of it waits for the restart: what listens must not lose its TLS.
    let same_place = self::web(&gate.started_with) == self::web(&config.file);
    if same_place && let (Some((running, tls)), Some(settings)) = (&gate.web, web) {
        running.take_up(settings);
        tls.store(web_tls);
    }
    for (name, certificate) in certificates {
        if let Some(listener) = gate.admin.listeners.iter().find(|l| l.config.name == name) {
            let cut = listener.set_tls(certificate);
            if cut > 0 {
                info!(listener = %name, cut, "sessions are cut: their client certificates are not accepted any longer");
            }
        }
    }
    Ok(())
}

fn certificates(config: &Config) -> Result<Vec<(String, Arc<ListenerTls>)>> {
    let mut certificates = Vec::new();
    for (listener, _, tls) in &config.listeners {
        if let Some(tls) = tls {
            certificates.push((listener.name.clone(), tls::listener(tls)?));
        }
    }
    Ok(certificates)
}

/// What a running gate does not take up.
fn needs_restart(before: &FileConfig, after: &FileConfig) -> Vec<&'static str> {
    let differs =
        |before: &dyn std::fmt::Debug, after: &dyn std::fmt::Debug| format!("{before:?}") != format!("{after:?}");
    let pairs: [(&'static str, bool); 11] = [
        ("[gateway]", differs(&before.gateway.name.get_ref(), &after.gateway.name.get_ref())),
        ("[evidence]", differs(&before.evidence.dir, &after.evidence.dir)),
        ("[policy] source", before.policy.source != after.policy.source),
        ("[state]", differs(&before.state, &after.state)),
        ("[control] socket", before.control.socket != after.control.socket),
        ("[agents]", differs(&before.agents.socket, &after.agents.socket)),
        ("[admin]", before.admin.listen != after.admin.listen),
        ("[web]", web(before) != web(after)),
        ("[[schema_registry]]", differs(&before.schema_registry, &after.schema_registry)),
        ("[[cluster]]", before.cluster.len() != after.cluster.len()),
        ("[[listener]]", listeners(before) != listeners(after)),
    ];
    pairs.into_iter().filter(|(_, changed)| *changed).map(|(what, _)| what).collect()
}

fn web(file: &FileConfig) -> Option<(std::net::SocketAddr, &str, bool)> {
    file.web.as_ref().map(|web| (*web.listen, web.origin(), web.tls.is_some()))
}

fn listeners(file: &FileConfig) -> Vec<(String, std::net::SocketAddr, String, bool)> {
    let row = |l: &config::ListenerSection| {
        (l.name.clone(), **l.bind.get_ref(), l.broker_ports.get_ref().clone(), l.tls.is_some())
    };
    file.listener.iter().map(row).collect()
}
