//! The server properties of a node.

use super::{Kafka, Listener, USER};
use crate::jars::Version;

/// The whole file for node `id`.
pub(super) fn text(kafka: &Kafka, id: u16) -> String {
    let mut lines = Vec::new();
    roles(kafka, id, &mut lines);
    listeners(kafka, id, &mut lines);
    logins(kafka, &mut lines);
    storage(kafka, id, &mut lines);
    lines.extend(kafka.options.properties.iter().cloned());
    lines.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

type Lines = Vec<(String, String)>;

fn put(lines: &mut Lines, key: &str, value: impl Into<String>) {
    lines.push((key.to_owned(), value.into()));
}

fn roles(kafka: &Kafka, id: u16, lines: &mut Lines) {
    let first = id < kafka.options.nodes;
    put(lines, "process.roles", if first { "broker,controller" } else { "broker" });
    put(lines, "node.id", id.to_string());
    let voters: Vec<String> = (0..kafka.options.nodes)
        .map(|voter| format!("{voter}@127.0.0.1:{}", kafka.port(voter, Listener::Controller)))
        .collect();
    put(lines, "controller.quorum.voters", voters.join(","));
    put(lines, "controller.listener.names", "CONTROLLER");
}

fn listeners(kafka: &Kafka, id: u16, lines: &mut Lines) {
    let at = |name: &str, listener| format!("{name}://127.0.0.1:{}", kafka.port(id, listener));
    let mut open = vec![at("SASL", Listener::Sasl)];
    if kafka.options.plaintext {
        open.push(at("PLAINTEXT", Listener::Plaintext));
    }
    if let Some(tls) = &kafka.tls {
        open.push(at("SASLTLS", Listener::SaslTls));
        open.push(at("MTLS", Listener::MutualTls));
        put(lines, "ssl.keystore.type", "PEM");
        put(lines, "ssl.keystore.location", tls.broker.both.display().to_string());
        put(lines, "ssl.truststore.type", "PEM");
        put(lines, "ssl.truststore.location", tls.authority.file().display().to_string());
        put(lines, "listener.name.mtls.ssl.client.auth", "required");
    }
    let mut advertised = open.clone();
    if let Some(port) = kafka.options.proxy_port {
        open.push(at("PROXIED", Listener::Proxied));
        advertised.push(format!("PROXIED://127.0.0.1:{port}"));
    }
    put(lines, "advertised.listeners", advertised.join(","));
    if id < kafka.options.nodes {
        open.push(at("CONTROLLER", Listener::Controller));
    }
    put(lines, "listeners", open.join(","));
    put(
        lines,
        "listener.security.protocol.map",
        "CONTROLLER:SASL_PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT,SASLTLS:SASL_SSL,MTLS:SSL,PROXIED:PLAINTEXT",
    );
    put(lines, "inter.broker.listener.name", if kafka.options.plaintext { "PLAINTEXT" } else { "SASL" });
}

/// Everybody is the one user of the cluster; controllers among themselves use PLAIN, since SCRAM users live in what they keep.
fn logins(kafka: &Kafka, lines: &mut Lines) {
    let password = &kafka.password;
    let plain = format!(
        "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{USER}\" password=\"{password}\" \
         user_{USER}=\"{password}\";"
    );
    let scram = format!(
        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"{USER}\" password=\"{password}\";"
    );
    let bearer = kafka.options.bearer.as_ref();
    let mechanisms = "SCRAM-SHA-512,SCRAM-SHA-256,PLAIN";
    put(lines, "sasl.enabled.mechanisms", format!("{mechanisms}{}", bearer.map_or("", |_| ",OAUTHBEARER")));
    put(lines, "sasl.mechanism.inter.broker.protocol", "SCRAM-SHA-512");
    put(lines, "sasl.mechanism.controller.protocol", "PLAIN");
    put(lines, "listener.name.controller.sasl.enabled.mechanisms", "PLAIN");
    put(lines, "listener.name.controller.plain.sasl.jaas.config", plain.clone());
    for listener in ["sasl", "sasltls"] {
        put(lines, &format!("listener.name.{listener}.scram-sha-512.sasl.jaas.config"), scram.clone());
        put(lines, &format!("listener.name.{listener}.scram-sha-256.sasl.jaas.config"), scram.clone());
        put(lines, &format!("listener.name.{listener}.plain.sasl.jaas.config"), plain.clone());
        if let Some(provider) = bearer {
            let of_bearer = |key: &str| format!("listener.name.{listener}.oauthbearer.sasl.{key}");
            let package = "org.apache.kafka.common.security.oauthbearer";
            put(lines, &of_bearer("jaas.config"), format!("{package}.OAuthBearerLoginModule required;"));
            let handler = format!("{package}.OAuthBearerValidatorCallbackHandler");
            put(lines, &of_bearer("server.callback.handler.class"), handler);
            put(lines, &of_bearer("oauthbearer.jwks.endpoint.url"), provider.keys.clone());
            put(lines, &of_bearer("oauthbearer.expected.issuer"), provider.issuer.clone());
            put(lines, &of_bearer("oauthbearer.expected.audience"), provider.audience.clone());
        }
    }
}

fn storage(kafka: &Kafka, id: u16, lines: &mut Lines) {
    let (replicas, in_sync) = if kafka.options.nodes == 1 { ("1", "1") } else { ("3", "2") };
    put(lines, "log.dirs", kafka.node_folder(id).join("data").display().to_string());
    put(lines, "default.replication.factor", replicas);
    put(lines, "offsets.topic.replication.factor", replicas);
    // Fifty partitions of each internal topic would only make starts slow.
    put(lines, "offsets.topic.num.partitions", "5");
    put(lines, "transaction.state.log.num.partitions", "5");
    put(lines, "transaction.state.log.replication.factor", replicas);
    put(lines, "transaction.state.log.min.isr", in_sync);
    if kafka.options.version >= Version::V4_3 {
        put(lines, "share.coordinator.state.topic.replication.factor", replicas);
        put(lines, "share.coordinator.state.topic.min.isr", in_sync);
        put(lines, "share.coordinator.state.topic.num.partitions", "5");
    }
    put(lines, "group.initial.rebalance.delay.ms", "0");
}
