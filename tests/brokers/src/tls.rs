//! A certificate authority for one test, with certificates for brokers, the gate and clients.

use std::fs;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
pub use rcgen;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DistinguishedName, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber, date_time_ymd,
};

/// An authority that lives in a folder as `ca.pem`.
#[derive(Debug)]
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: PathBuf,
}

/// The files of a certificate.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate, PEM.
    pub certificate: PathBuf,
    /// Its private key, PEM (PKCS #8), mode 0600.
    pub key: PathBuf,
    /// Key and certificate in one file, which is what Kafka's PEM key stores want.
    pub both: PathBuf,
}

impl Authority {
    /// Makes an authority and writes its certificate into `folder`.
    ///
    /// # Errors
    /// When the certificate or the file cannot be made.
    pub fn new(folder: &Path) -> Result<Authority> {
        let mut params = CertificateParams::new(Vec::new()).context("cannot make a certificate")?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "Tidegate test authority");
        let key = KeyPair::generate().context("cannot make a key")?;
        let issuer = CertifiedIssuer::self_signed(params, key).context("cannot sign the authority")?;
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::write(folder.join("ca.pem"), issuer.pem()).context("cannot write ca.pem")?;
        Ok(Authority { issuer, folder: folder.to_owned() })
    }

    /// The authority's certificate, PEM.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Makes a client's certificate as `change` says, with `name` for its files.
    ///
    /// # Errors
    /// When the certificate or its files cannot be made.
    pub fn client(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Result<Identity> {
        let mut params = CertificateParams::new(Vec::new()).context("cannot make a certificate")?;
        params.distinguished_name = DistinguishedName::new();
        change(&mut params);
        let key = KeyPair::generate().context("cannot make a key")?;
        let certificate = params.signed_by(&key, &self.issuer).context("cannot sign a certificate")?;
        write(&self.folder, name, &certificate.pem(), &key.serialize_pem())
    }

    /// The revocation list with these serial numbers, PEM.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn revocation_list(&self, serials: &[u64]) -> Result<String> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2020, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let list = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(2090, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = list.signed_by(&self.issuer).context("cannot sign a revocation list")?;
        list.pem().context("cannot write a revocation list")
    }

    /// Makes a certificate with `name` as common name, valid for these host names and addresses (none for a client).
    ///
    /// # Errors
    /// When the certificate or its files cannot be made.
    pub fn identity(&self, name: &str, hosts: &[&str]) -> Result<Identity> {
        let hosts: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let mut params = CertificateParams::new(hosts).context("cannot make a certificate")?;
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().context("cannot make a key")?;
        let certificate = params.signed_by(&key, &self.issuer).context("cannot sign a certificate")?;
        write(&self.folder, name, &certificate.pem(), &key.serialize_pem())
    }
}

/// Makes an RSA key with a certificate that it signed itself, which is what SAML's participants sign with.
///
/// # Errors
/// When the key, the certificate or its files cannot be made.
pub fn rsa_identity(folder: &Path, name: &str) -> Result<Identity> {
    let key = aws_lc_rs::rsa::KeyPair::generate(KeySize::Rsa2048).ok().context("cannot make an RSA key")?;
    let key: Pkcs8V1Der<'_> = key.as_der().ok().context("cannot write an RSA key")?;
    let key = KeyPair::try_from(key.as_ref()).context("cannot use an RSA key")?;
    let mut params = CertificateParams::new(Vec::new()).context("cannot make a certificate")?;
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.self_signed(&key).context("cannot sign a certificate")?;
    write(folder, name, &certificate.pem(), &key.serialize_pem())
}

fn write(folder: &Path, name: &str, certificate: &str, key: &str) -> Result<Identity> {
    let file = |end: &str| folder.join(format!("{name}.{end}"));
    let identity = Identity { certificate: file("pem"), key: file("key"), both: file("both.pem") };
    fs::write(&identity.certificate, certificate).context("cannot write a certificate")?;
    write_private(&identity.key, key)?;
    write_private(&identity.both, &format!("{key}{certificate}"))?;
    Ok(identity)
}

/// Writes a file that only its owner may read.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<()> {
    use std::io::Write;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}
