//! An issuer behind TLS, with a certificate of an authority of its own.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair as TlsKey};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;

/// An authority's certificate (PEM) and a server that it certifies for `host`.
fn acceptor(host: &str) -> (String, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, TlsKey::generate().unwrap()).unwrap();
    let key = TlsKey::generate().unwrap();
    let certificate = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (authority.pem(), TlsAcceptor::from(Arc::new(config)))
}

async fn serve_tls(listener: TcpListener, acceptor: TlsAcceptor, url: String, answers: Arc<Answers>) {
    while let Ok((stream, _)) = listener.accept().await {
        if let Ok(stream) = acceptor.accept(stream).await {
            _ = answer(stream, &url, &answers).await;
        }
    }
}

/// A provider whose certificate is for `host`, its URL with `localhost`, and the authority's file.
async fn start(host: &str, signer: &Signer) -> (Provider, tempfile::TempDir) {
    let (pem, acceptor) = acceptor(host);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), pem).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let answers = Arc::new(Answers::default());
    let task = tokio::spawn(serve_tls(listener, acceptor, url.clone(), Arc::clone(&answers)));
    let provider = Provider { url, answers, task };
    provider.publish(&[signer]);
    (provider, dir)
}

#[tokio::test]
async fn the_servers_certificate_is_verified_with_the_configured_authority() {
    let signer = Signer::ed25519("k1");
    let (provider, dir) = start("localhost", &signer).await;
    let mut config = provider.config();
    config.ca_file = Some(dir.path().join("ca.pem"));
    let issuers = Issuers::new(vec![config]).unwrap();
    let verified = verify(&issuers, &signer.token(&provider.claims())).await;
    assert!(verified.is_ok(), "{verified:?} {:?}", issuers.state());
}

#[tokio::test]
async fn an_unknown_authority_or_another_name_is_refused() {
    let signer = Signer::ed25519("k1");
    let (unknown, _dir) = start("localhost", &signer).await;
    assert_eq!(refusal(&unknown.issuers(), &signer.token(&unknown.claims())).await, Check::KeysAvailable);
    let (other, dir) = start("other.example", &signer).await;
    let mut config = other.config();
    config.ca_file = Some(dir.path().join("ca.pem"));
    let issuers = Issuers::new(vec![config]).unwrap();
    assert_eq!(refusal(&issuers, &signer.token(&other.claims())).await, Check::KeysAvailable);
    assert!(issuers.state()[0].last_error.clone().unwrap().contains("certificate"), "{:?}", issuers.state());
    assert_eq!((unknown.fetches(), other.fetches()), (0, 0));
    std::fs::write(dir.path().join("ca.pem"), "nothing").unwrap();
    let mut config = other.config();
    config.ca_file = Some(dir.path().join("ca.pem"));
    assert!(Issuers::new(vec![config]).unwrap_err().to_string().contains("no PEM certificate"));
}
