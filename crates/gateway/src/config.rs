//! The gateway's configuration: one TOML file. What was typed ([`FileConfig`]) is checked once and becomes what the program needs
//! ([`Config`]); an error names the file, the line and the mend.

mod address;
mod certificates;
mod class_keys;
mod names;
mod registry;
mod web;

use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use tidegate_evidence::entry::Algorithm;
use tidegate_evidence::merkle::sha256;
use tidegate_identity::{CertificateConfig, IssuerConfig};
use tidegate_model::Protocol;
use tidegate_proxy::gate::Limits;
use tidegate_proxy::listener::ListenerConfig;
use tidegate_saml::SamlConfig;
use toml::Spanned;

use address::Address;
pub(crate) use certificates::ClientCertificates;
use certificates::ClientCertificatesSection;
pub(crate) use class_keys::ClassKeySection;
pub(crate) use registry::RegistrySection;
pub(crate) use web::WebSection;

/// The file as typed. Unknown keys are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileConfig {
    /// The gateway itself.
    pub(crate) gateway: GatewaySection,
    /// Where evidence goes.
    pub(crate) evidence: EvidenceSection,
    /// Where the policy is.
    pub(crate) policy: PolicySection,
    /// What the gate remembers beside its evidence.
    pub(crate) state: StateSection,
    /// How the gate is commanded.
    pub(crate) control: ControlSection,
    /// How agents reach the gateway.
    pub(crate) agents: AgentsSection,
    /// The operators' port.
    pub(crate) admin: AdminSection,
    /// Where people log in, and commands come from elsewhere. Without it neither is possible.
    #[serde(default)]
    pub(crate) web: Option<WebSection>,
    /// Who issues tokens; at least one, unless there are client certificates.
    #[serde(default)]
    pub(crate) issuer: Vec<IssuerConfig>,
    /// Where people log in by SAML 2.0.
    #[serde(default)]
    pub(crate) saml: Vec<SamlConfig>,
    /// Whose client certificates count, and who holds them.
    #[serde(default)]
    pub(crate) client_certificates: Vec<CertificateConfig>,
    /// What lies behind the gate; at least one.
    #[serde(default)]
    pub(crate) cluster: Vec<ClusterSection>,
    /// Where clients come in; at least one.
    #[serde(default)]
    pub(crate) listener: Vec<ListenerSection>,
    /// What classes of fields are changed with, where masks need keys.
    #[serde(default)]
    pub(crate) class_key: Vec<ClassKeySection>,
    /// Where the schemas are that framed records name.
    #[serde(default)]
    pub(crate) schema_registry: Vec<RegistrySection>,
    /// Bounds.
    #[serde(default)]
    pub(crate) limits: LimitsSection,
}

impl FileConfig {
    /// The names before the colon in what callers are called, but for the gate's own service accounts.
    pub(crate) fn issuers(&self) -> impl Iterator<Item = &str> {
        let certificates = self.client_certificates.iter().map(|mapping| mapping.name.as_str());
        let saml = self.saml.iter().map(|provider| provider.name.as_str());
        self.issuer.iter().map(|issuer| issuer.name.as_str()).chain(saml).chain(certificates).chain([LOCAL])
    }
}

/// `[gateway]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GatewaySection {
    /// This instance's name; it names its evidence, so two instances never share one.
    pub(crate) name: Spanned<String>,
    /// With root's rights: the user that the gateway runs as.
    #[serde(default)]
    pub(crate) user: Option<String>,
}

/// `[evidence]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvidenceSection {
    /// Folder of the log.
    pub(crate) dir: PathBuf,
    /// Folder of the keys, not inside `dir`.
    pub(crate) keyring: Spanned<PathBuf>,
    /// The key that wraps the keyring: 32 bytes as base64 or hex.
    pub(crate) wrapping_key: Spanned<KeySource>,
    /// Hash over payload bytes: `blake3` or `sha256`.
    #[serde(default = "blake3")]
    pub(crate) payload_hash: Spanned<String>,
    /// Size at which a segment is sealed, in MiB.
    #[serde(default = "segment_mib")]
    pub(crate) segment_mib: Spanned<u64>,
    /// Disk space that only administrators' recorded operations may use, in MiB.
    #[serde(default = "reserve_mib")]
    pub(crate) reserve_mib: u64,
}

/// Where a key comes from.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum KeySource {
    /// `{ file = "…" }`, readable by the gateway's user only.
    File {
        /// The file.
        file: PathBuf,
    },
    /// `{ command = ["…"] }`, whose standard output is the key.
    Command {
        /// Program and arguments.
        command: Vec<String>,
    },
}

/// `[policy]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicySection {
    /// Folder with `*.cedar` and `topics.yaml`.
    pub(crate) dir: PathBuf,
    /// `state`: the folder is taken at the first start only, and `tidegate policy apply` from then on. `folder`: the folder holds; it is taken at each start and SIGHUP, and `apply` is refused.
    #[serde(default)]
    pub(crate) source: PolicySource,
}

/// What says which policy holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PolicySource {
    /// The version that was applied last.
    #[default]
    State,
    /// The folder.
    Folder,
}

/// `[state]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateSection {
    /// Folder of versions of the policy, blocks, service accounts and keys; for the gateway's user only.
    pub(crate) dir: PathBuf,
    /// Days for which decisions are counted, for `tidegate policy dry-run`; 0 counts none.
    #[serde(default = "decision_days")]
    pub(crate) decision_days: u16,
}

/// `[control]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ControlSection {
    /// Unix socket that `tidegate policy apply` and the like connect to.
    pub(crate) socket: PathBuf,
    /// Callers, `issuer:subject`, who may give every command, whatever the policy says.
    pub(crate) administrators: Spanned<Vec<String>>,
    /// Users of this machine who may come to the socket without a token.
    #[serde(default)]
    pub(crate) local_user: Vec<LocalUserSection>,
}

/// `[[control.local_user]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LocalUserSection {
    /// The user, by name or number; policy and evidence call it `local:NAME`, as it is written here.
    pub(crate) user: Spanned<String>,
    /// Its groups; policy calls them `local:GROUP`.
    #[serde(default)]
    pub(crate) groups: Vec<String>,
}

/// `[agents]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentsSection {
    /// Unix socket that agents connect to.
    pub(crate) socket: PathBuf,
    /// The user that agents run as. Without it the gateway's own, and then the agent is not isolated.
    #[serde(default)]
    pub(crate) user: Option<Spanned<String>>,
    /// Start an agent beside the gateway.
    #[serde(default)]
    pub(crate) start: Option<StartSection>,
}

/// `[agents.start]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartSection {
    /// The program; without it `tidegate-agent` beside `tidegate`.
    #[serde(default)]
    pub(crate) program: Option<PathBuf>,
    /// Its configuration file.
    pub(crate) config: PathBuf,
}

/// `[admin]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdminSection {
    /// Address of `/metrics`, `/livez` and `/readyz`.
    pub(crate) listen: Address,
}

/// `[[cluster]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClusterSection {
    /// Its name, which the agent's configuration uses too.
    pub(crate) name: String,
    /// The protocol it speaks.
    #[serde(default = "kafka")]
    pub(crate) protocol: Spanned<String>,
}

/// `[[listener]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListenerSection {
    /// Its name.
    pub(crate) name: String,
    /// The cluster behind it.
    pub(crate) cluster: Spanned<String>,
    /// Address of the bootstrap port.
    pub(crate) bind: Spanned<Address>,
    /// The host that clients are told, in every broker's place.
    pub(crate) advertised_host: String,
    /// Ports for the brokers, `FIRST-LAST`, one each.
    pub(crate) broker_ports: Spanned<String>,
    /// Certificate and key; without it the listener speaks plain TCP.
    #[serde(default)]
    pub(crate) tls: Option<Spanned<TlsSection>>,
    /// Ask clients for certificates; needs `tls`.
    #[serde(default)]
    pub(crate) client_certificates: Option<Spanned<ClientCertificatesSection>>,
    /// `accepted`: take credentials without TLS on an address beyond loopback.
    #[serde(default)]
    pub(crate) plaintext_credentials: Option<Spanned<String>>,
}

/// `tls = { certificate = "…", key = "…" }`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsSection {
    /// PEM file with the certificate and its chain.
    pub(crate) certificate: PathBuf,
    /// PEM file with the private key.
    pub(crate) key: PathBuf,
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsSection {
    /// Connections open at once.
    pub(crate) connections: usize,
    /// Connections open at once from one address; behind a load balancer all clients may share one.
    pub(crate) connections_per_address: usize,
    /// Failed logins of one address in a minute before its new connections are turned away.
    pub(crate) failed_logins_per_address: u32,
    /// Seconds from accept to the end of the login.
    pub(crate) login_s: u64,
    /// Seconds that a client may take no byte of an answer before it is given up.
    pub(crate) delivery_stall_s: u64,
    /// Requests of one connection that wait for answers.
    pub(crate) in_flight: usize,
    /// What Fetch's `max_bytes` is lowered to, in KiB.
    pub(crate) answer_kib: i32,
    /// Bytes of masked batches kept for the next caller of the same entitlement, in MiB; 0 keeps none.
    pub(crate) masked_mib: u64,
    /// Bytes of large frames held at once, over all connections, in MiB.
    pub(crate) frames_mib: usize,
    /// Longest session of a person without authenticating again, in seconds.
    pub(crate) session_user_s: u64,
    /// Longest session of a workload without authenticating again, in seconds.
    pub(crate) session_workload_s: u64,
    /// Seconds that answers under way may take after the client has gone or the gate stops.
    pub(crate) drain_s: u64,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 5_000,
            failed_logins_per_address: 120,
            login_s: 10,
            delivery_stall_s: 60,
            in_flight: 256,
            answer_kib: 8 * 1024,
            masked_mib: 64,
            frames_mib: 256,
            // A stolen token is good for as long as this at most; clients renew by themselves (KIP-368).
            session_user_s: 5 * 60,
            session_workload_s: 15 * 60,
            drain_s: 10,
        }
    }
}

fn blake3() -> Spanned<String> {
    Spanned::new(0..0, "blake3".into())
}

fn kafka() -> Spanned<String> {
    Spanned::new(0..0, "kafka".into())
}

fn segment_mib() -> Spanned<u64> {
    Spanned::new(0..0, 64)
}

fn decision_days() -> u16 {
    30
}

fn reserve_mib() -> u64 {
    64
}

/// In the place of an issuer's name, for users of this machine.
pub(crate) const LOCAL: &str = "local";

/// What the program needs, checked.
pub(crate) struct Config {
    /// What was typed.
    pub(crate) file: FileConfig,
    /// SHA-256 of the file.
    pub(crate) digest: [u8; 32],
    /// Hash over payload.
    pub(crate) algorithm: Algorithm,
    /// The clusters with their protocols.
    pub(crate) clusters: Vec<(String, &'static dyn Protocol)>,
    /// The listeners.
    pub(crate) listeners: Vec<(ListenerConfig, String, Option<ListenerTlsFiles>)>,
    /// The bounds.
    pub(crate) limits: Limits,
}

/// What a listener's TLS is made of.
#[derive(Clone, Debug)]
pub(crate) struct ListenerTlsFiles {
    /// Certificate and key.
    pub(crate) own: TlsSection,
    /// What clients are asked for.
    pub(crate) clients: Option<ClientCertificates>,
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config").field("file", &self.file).finish_non_exhaustive()
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Something in it is wrong.
    #[error("{path}:{line}: {what}")]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to do.
        what: String,
    },
}

/// Reads and checks a configuration file. Paths in it are taken from the file's own folder.
///
/// # Errors
/// See [`ConfigError`].
pub(crate) fn load(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let place = Place { path, text: &text };
    let mut file: FileConfig = toml::from_str(&text)
        .map_err(|error| place.wrong(error.span().unwrap_or_default(), error.message().to_owned()))?;
    from_folder(&mut file, path.parent().unwrap_or(Path::new(".")));
    check(file, &place)
}

struct Place<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Place<'_> {
    fn wrong(&self, span: Range<usize>, what: impl Into<String>) -> ConfigError {
        let before = self.text.get(..span.start).unwrap_or_default();
        ConfigError::Wrong {
            path: self.path.to_owned(),
            line: before.matches('\n').count().saturating_add(1),
            what: what.into(),
        }
    }
}

fn from_folder(file: &mut FileConfig, folder: &Path) {
    let mut paths: Vec<&mut PathBuf> =
        vec![&mut file.evidence.dir, file.evidence.keyring.get_mut(), &mut file.policy.dir, &mut file.agents.socket];
    paths.extend([&mut file.state.dir, &mut file.control.socket]);
    let class_keys = file.class_key.iter_mut().map(|section| &mut section.key);
    for key in [file.evidence.wrapping_key.get_mut()].into_iter().chain(class_keys) {
        if let KeySource::File { file } = key {
            paths.push(file);
        }
    }
    paths.extend(file.issuer.iter_mut().flat_map(IssuerConfig::paths));
    paths.extend(file.client_certificates.iter_mut().flat_map(CertificateConfig::paths));
    for listener in &mut file.listener {
        if let Some(tls) = &mut listener.tls {
            let tls = tls.get_mut();
            paths.extend([&mut tls.certificate, &mut tls.key]);
        }
    }
    if let Some(start) = &mut file.agents.start {
        paths.push(&mut start.config);
    }
    if let Some(tls) = file.web.as_mut().and_then(|web| web.tls.as_mut()) {
        paths.extend([&mut tls.certificate, &mut tls.key]);
    }
    paths.extend(file.schema_registry.iter_mut().flat_map(RegistrySection::files_mut));
    paths.extend(file.saml.iter_mut().flat_map(SamlConfig::files_mut));
    for path in paths {
        *path = folder.join(&*path);
    }
}

fn check(file: FileConfig, place: &Place<'_>) -> Result<Config, ConfigError> {
    let name = file.gateway.name.get_ref();
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
        return Err(
            place.wrong(file.gateway.name.span(), "a gateway's name is made of letters, digits, `-`, `_` and `.`")
        );
    }
    if file.evidence.keyring.get_ref().starts_with(&file.evidence.dir) {
        let what = "the keyring lies inside the evidence folder; put it elsewhere, so that who copies the evidence has no keys";
        return Err(place.wrong(file.evidence.keyring.span(), what));
    }
    let algorithm = match file.evidence.payload_hash.get_ref().as_str() {
        "blake3" => Algorithm::Blake3,
        "sha256" => Algorithm::Sha256,
        _ => return Err(place.wrong(file.evidence.payload_hash.span(), "payload_hash is `blake3` or `sha256`")),
    };
    if !(1..=1024).contains(file.evidence.segment_mib.get_ref()) {
        return Err(place.wrong(file.evidence.segment_mib.span(), "segment_mib lies between 1 and 1024"));
    }
    for (list, what) in [
        (
            file.issuer.is_empty() && file.saml.is_empty() && file.client_certificates.is_empty(),
            "no [[issuer]], [[saml]] or [[client_certificates]]: nobody could log in; name who says who callers are",
        ),
        (file.cluster.is_empty(), "no [[cluster]]: name what lies behind the gate"),
        (file.listener.is_empty(), "no [[listener]]: name where clients come in"),
    ] {
        if list {
            return Err(place.wrong(0..0, what));
        }
    }
    names::check(&file, place)?;
    class_keys::check(&file, place)?;
    registry::check(&file, place)?;
    certificates::check(&file, place)?;
    web::check(&file, place)?;
    let clusters = clusters(&file, place)?;
    let listeners = listeners(&file, place)?;
    let limits = limits(&file.limits);
    Ok(Config { digest: sha256(place.text.as_bytes()), algorithm, clusters, listeners, limits, file })
}

fn clusters(file: &FileConfig, place: &Place<'_>) -> Result<Vec<(String, &'static dyn Protocol)>, ConfigError> {
    let mut clusters: Vec<(String, &'static dyn Protocol)> = Vec::new();
    for section in &file.cluster {
        let Some(protocol) = tidegate_protocols::find(section.protocol.get_ref()) else {
            let known: Vec<_> = tidegate_protocols::PROTOCOLS.iter().map(|p| p.id()).collect();
            let what = format!(
                "this gate speaks no protocol {:?}; it speaks {}",
                section.protocol.get_ref(),
                known.join(", ")
            );
            return Err(place.wrong(section.protocol.span(), what));
        };
        if clusters.iter().any(|(name, _)| *name == section.name) {
            return Err(place.wrong(section.protocol.span(), format!("two clusters are named {:?}", section.name)));
        }
        clusters.push((section.name.clone(), protocol));
    }
    Ok(clusters)
}

fn listeners(
    file: &FileConfig,
    place: &Place<'_>,
) -> Result<Vec<(ListenerConfig, String, Option<ListenerTlsFiles>)>, ConfigError> {
    let mut listeners: Vec<(ListenerConfig, String, Option<ListenerTlsFiles>)> = Vec::new();
    for section in &file.listener {
        let cluster = section.cluster.get_ref();
        if !file.cluster.iter().any(|c| c.name == *cluster) {
            return Err(place.wrong(section.cluster.span(), format!("no [[cluster]] is named {cluster:?}")));
        }
        let bind = **section.bind.get_ref();
        let accepted = match &section.plaintext_credentials {
            None => false,
            Some(word) if word.get_ref() == "accepted" => true,
            Some(word) => {
                return Err(place.wrong(word.span(), "plaintext_credentials is either absent or \"accepted\""));
            }
        };
        if section.tls.is_none() && !bind.ip().is_loopback() && !accepted {
            let what = "this listener would take tokens without TLS beyond loopback; give it `tls`, or write \
                        plaintext_credentials = \"accepted\", which every session's evidence will repeat";
            return Err(place.wrong(section.bind.span(), what));
        }
        let broker_ports = ports(section.broker_ports.get_ref()).ok_or_else(|| {
            place.wrong(section.broker_ports.span(), "broker_ports is FIRST-LAST, such as \"9093-9192\"")
        })?;
        if broker_ports.contains(&bind.port()) {
            return Err(place.wrong(section.broker_ports.span(), "broker_ports contains the bootstrap port of `bind`"));
        }
        let clash = listeners.iter().find(|(other, ..)| {
            other.bind.ip() == bind.ip()
                && other.broker_ports.start() <= broker_ports.end()
                && broker_ports.start() <= other.broker_ports.end()
        });
        if let Some((other, ..)) = clash {
            let what = format!("broker_ports overlaps with those of the listener {:?}", other.name);
            return Err(place.wrong(section.broker_ports.span(), what));
        }
        let config = ListenerConfig {
            name: section.name.clone(),
            bind,
            advertised_host: section.advertised_host.clone(),
            broker_ports,
            plaintext_accepted: accepted && section.tls.is_none() && !bind.ip().is_loopback(),
        };
        let clients = certificates::of_listener(file, section, place)?;
        let tls = section.tls.as_ref().map(|own| ListenerTlsFiles { own: own.get_ref().clone(), clients });
        listeners.push((config, cluster.clone(), tls));
    }
    Ok(listeners)
}

fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first > 0 && first <= last).then_some(first..=last)
}

fn limits(section: &LimitsSection) -> Limits {
    Limits {
        connections: section.connections,
        connections_per_address: section.connections_per_address,
        failed_logins_per_address: section.failed_logins_per_address,
        login: Duration::from_secs(section.login_s),
        delivery_stall: Duration::from_secs(section.delivery_stall_s),
        in_flight: section.in_flight.max(1),
        answer_bytes: section.answer_kib.clamp(64, 64 * 1024).saturating_mul(1024),
        session_user: Duration::from_secs(section.session_user_s),
        session_workload: Duration::from_secs(section.session_workload_s),
        drain: Duration::from_secs(section.drain_s),
    }
}
