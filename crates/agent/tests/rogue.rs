//! Rogue gateways, rogue brokers, and what the agent's process shows of its secrets.
#![cfg(test)]

#[expect(dead_code, reason = "the other test files use the rest")]
mod support;

use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use support::{Agent, Broker, Fault, PASSWORD, config, secret_file};
use tidegate_link::{Handover, Message, Number, Open, Reason, Receiver, Refused, Role, Welcome, encode};

/// A gateway in the test's hands, which may ask for anything.
struct Gateway {
    listener: UnixListener,
    control: UnixStream,
    receiver: Receiver,
}

impl Gateway {
    fn accept(listener: UnixListener) -> Gateway {
        let (control, _) = listener.accept().unwrap();
        let mut gateway = Gateway { listener, control, receiver: Receiver::new(Role::Gateway) };
        assert!(matches!(gateway.next(), Message::Hello(_)));
        gateway.send(&Message::Welcome(Welcome { gateway: "rogue".into(), incarnation: [0; 16] }));
        gateway
    }

    fn send(&mut self, message: &Message) {
        self.control.write_all(&encode(message).unwrap()).unwrap();
    }

    fn next(&mut self) -> Message {
        loop {
            if let Some(message) = self.receiver.next_message().unwrap() {
                return message;
            }
            let mut bytes = [0; 512];
            let count = self.control.read(&mut bytes).unwrap();
            assert_ne!(count, 0, "the agent closed the connection");
            self.receiver.push(&bytes[..count]);
        }
    }

    fn ask(&mut self, number: u8) {
        let broker = tidegate_link::Broker::Bootstrap;
        let number = Number([number; 16]);
        let open = Open { number, cluster: "main".into(), broker, session: [5; 16], deadline_ms: 20_000 };
        self.send(&Message::Open(open));
    }

    fn refusal(&mut self) -> Refused {
        match self.next() {
            Message::Refused(refused) => refused,
            other => panic!("expected Refused, got {other:?}"),
        }
    }

    fn handover(&self) -> (Handover, UnixStream) {
        let (mut stream, _) = self.listener.accept().unwrap();
        let mut receiver = Receiver::new(Role::Gateway);
        loop {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            receiver.push(&byte);
            match receiver.next_message().unwrap() {
                None => {}
                Some(Message::Handover(handover)) => return (handover, stream),
                Some(other) => panic!("expected Handover, got {other:?}"),
            }
        }
    }
}

fn echoes(stream: &mut UnixStream) {
    stream.write_all(b"through").unwrap();
    let mut bytes = [0; 7];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"through");
}

/// Starts an agent for a gateway in the test's hands.
fn start(folder: &Path, text: &str) -> (Agent, Gateway) {
    let listener = UnixListener::bind(folder.join("agent.sock")).unwrap();
    let agent = Agent::start(folder, text);
    (agent, Gateway::accept(listener))
}

#[test]
fn a_number_used_twice_is_refused_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(Fault::None);
    secret_file(folder.path(), "password", PASSWORD);
    let text = config("relay", &broker.address(), "SCRAM-SHA-512", "{ file = \"password\" }");
    let (agent, mut gateway) = start(folder.path(), &text);
    gateway.ask(1);
    let (handover, mut stream) = gateway.handover();
    assert_eq!(handover.number, Number([1; 16]));
    echoes(&mut stream);
    gateway.ask(1);
    let refused = gateway.refusal();
    assert_eq!((refused.number, refused.reason), (Number([1; 16]), Reason::BadNumber));
    assert!(agent.log().contains("bad_number"), "{}", agent.log());
    assert_eq!(broker.dialled.load(Ordering::SeqCst), 1, "the broker was dialled again");
    echoes(&mut stream);
    assert!(!agent.log().contains("1, 1, 1"), "numbers are not logged");
}

#[test]
fn a_gateway_of_another_user_is_not_spoken_to() {
    let folder = tempfile::tempdir().unwrap();
    secret_file(folder.path(), "password", PASSWORD);
    let text = config("relay", "127.0.0.1:1", "SCRAM-SHA-512", "{ file = \"password\" }")
        .replace("gateway = \"agent.sock\"", "gateway = \"agent.sock\"\ngateway_user = \"4000000\"");
    let listener = UnixListener::bind(folder.path().join("agent.sock")).unwrap();
    let agent = Agent::start(folder.path(), &text);
    let (mut stream, _) = listener.accept().unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "the agent hangs up without a word");
    agent.says("not to 4000000");
}

/// A certificate authority and what it signs.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn sign(&self, name: &str, usage: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    /// A broker's side of TLS; with `clients`, their certificates must be signed by it.
    fn broker(&self, name: &str, clients: Option<&Authority>) -> Arc<ServerConfig> {
        let (certificate, key) = self.sign(name, ExtendedKeyUsagePurpose::ServerAuth);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let builder = match clients {
            None => builder.unwrap().with_no_client_auth(),
            Some(clients) => {
                let mut roots = rustls::RootCertStore::empty();
                roots.add(clients.0.der().clone()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
                builder.unwrap().with_client_cert_verifier(verifier.unwrap())
            }
        };
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Arc::new(builder.with_single_cert(chain, key).unwrap())
    }
}

fn with_tls(text: &str, more: &str) -> String {
    text.replace("[cluster.login]", &format!("[cluster.tls]\nca = \"ca.pem\"\n{more}\n[cluster.login]"))
}

#[test]
fn tls_with_the_right_certificate_carries_plain_and_scram() {
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new();
        std::fs::write(folder.path().join("ca.pem"), authority.0.pem()).unwrap();
        let broker = Broker::start_with(Fault::None, PASSWORD, Some(authority.broker("127.0.0.1", None)));
        secret_file(folder.path(), "password", PASSWORD);
        let text = config("relay", &broker.address(), mechanism, "{ file = \"password\" }");
        let (_agent, mut gateway) = start(folder.path(), &with_tls(&text, ""));
        gateway.ask(1);
        let (handover, mut stream) = gateway.handover();
        assert!(handover.tls);
        echoes(&mut stream);
    }
}

#[test]
fn a_rogue_listener_inside_the_pattern_learns_nothing() {
    let (right, other) = (Authority::new(), Authority::new());
    let rogues = [
        ("another authority", Some(other.broker("127.0.0.1", None)), "certificate"),
        ("another name", Some(right.broker("evil.example", None)), "certificate"),
        ("no TLS", None, "TLS"),
    ];
    for (what, tls, words) in rogues {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), right.0.pem()).unwrap();
        let rogue = Broker::start_with(if tls.is_some() { Fault::None } else { Fault::NoLogin }, PASSWORD, tls);
        secret_file(folder.path(), "password", PASSWORD);
        let text = config("relay", &rogue.address(), "PLAIN", "{ file = \"password\" }");
        let (agent, mut gateway) = start(folder.path(), &with_tls(&text, ""));
        gateway.ask(1);
        let refused = gateway.refusal();
        assert_eq!(refused.reason, Reason::TlsFailed, "{what}: {}", refused.text);
        assert!(refused.text.contains(words) && agent.log().contains(words), "{what}: {}", refused.text);
        assert!(rogue.heard.lock().unwrap().is_empty(), "{what}: the rogue heard something");
        assert!(!agent.log().contains(PASSWORD));
    }
}

#[test]
fn a_client_certificate_opens_and_its_absence_does_not() {
    let authority = Authority::new();
    let broker =
        Broker::start_with(Fault::NoLogin, PASSWORD, Some(authority.broker("kafka.example", Some(&authority))));
    let (certificate, key) = authority.sign("gate", ExtendedKeyUsagePurpose::ClientAuth);
    let base = |address: &str| {
        format!(
            "[agent]\nname = \"a\"\ngateway = \"agent.sock\"\n[[cluster]]\nname = \"main\"\nbootstrap = [\"{address}\"]\n\
                 [cluster.tls]\nca = \"ca.pem\"\nserver_name = \"kafka.example\"\n"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.0.pem()).unwrap();
    std::fs::write(folder.path().join("c.pem"), certificate.pem()).unwrap();
    secret_file(folder.path(), "key.pem", key.serialize_pem().trim_end());
    let text = base(&broker.address()) + "certificate = \"c.pem\"\nkey = { file = \"key.pem\" }\n";
    let (_agent, mut gateway) = start(folder.path(), &text);
    gateway.ask(1);
    let (handover, mut stream) = gateway.handover();
    assert!(handover.tls);
    echoes(&mut stream);

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.0.pem()).unwrap();
    let (_agent, mut gateway) = start(folder.path(), &base(&broker.address()));
    gateway.ask(1);
    // in TLS 1.3 the client is done before the server looks at its certificate: the stream ends at the first read
    let (_, mut stream) = gateway.handover();
    let ended = stream.write_all(b"x").and_then(|()| stream.read(&mut [0]));
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

#[test]
fn the_environment_does_not_keep_the_secret_and_descriptors_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(Fault::None);
    let text = config("relay", &broker.address(), "SCRAM-SHA-512", "{ env = \"GATE_PASSWORD\" }");
    // a descriptor that the agent inherits: it must not keep it
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    rustix::io::fcntl_setfd(&theirs, rustix::io::FdFlags::empty()).unwrap();
    let listener = UnixListener::bind(folder.path().join("agent.sock")).unwrap();
    let agent = Agent::start_with(folder.path(), &text, |command| {
        command.env("GATE_PASSWORD", PASSWORD).env("KEPT", "kept");
    });
    assert!(theirs.as_raw_fd() > 2);
    drop(theirs);
    assert_eq!(ours.read(&mut [0]).unwrap(), 0, "the agent still holds an inherited descriptor");
    let mut gateway = Gateway::accept(listener);
    gateway.ask(1);
    let (_, mut stream) = gateway.handover();
    echoes(&mut stream);
    // only root may look (the process is not dumpable), and even root finds nothing there
    let read = |name: &str| std::fs::read(format!("/proc/{}/{name}", agent.child.id()));
    match read("environ") {
        Ok(environment) => {
            let environment = String::from_utf8_lossy(&environment).into_owned();
            assert!(environment.contains("KEPT=kept"), "the wrong process was looked at");
            assert!(!environment.contains(PASSWORD) && !environment.contains("GATE_PASSWORD"), "{environment}");
        }
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied),
    }
    assert!(!String::from_utf8_lossy(&read("cmdline").unwrap()).contains(PASSWORD));
    assert!(!agent.log().contains(PASSWORD));
}

#[test]
fn a_wrong_start_is_told_and_ends() {
    for (name, mode, words) in [("password", 0o644, "chmod 600"), ("missing", 0o600, "cannot read")] {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = secret_file(folder.path(), "password", PASSWORD);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        let text = config("relay", "127.0.0.1:1", "SCRAM-SHA-512", &format!("{{ file = \"{name}\" }}"));
        let mut agent = Agent::start(folder.path(), &text);
        assert_eq!(agent.child.wait().unwrap().code(), Some(2));
        assert!(agent.log().contains(words) && !agent.log().contains(PASSWORD), "{}", agent.log());
    }
}
