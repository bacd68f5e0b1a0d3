//! A Kafka client made by hand: frames as bytes over a plain socket, for what no real client would do, and for thousands at once.
//!
//! Only what the tests need, in old versions whose fields have fixed widths.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::tls::Identity;

pub use scram::Scram;

mod scram;

/// An answer takes milliseconds; a machine under load gets more.
const PATIENCE: Duration = Duration::from_secs(60);
/// The largest answer that is read.
const FRAME_BYTES_MAX: usize = 128 * 1024 * 1024;

/// API keys that are used here.
pub mod key {
    /// Produce
    pub const PRODUCE: i16 = 0;
    /// Fetch
    pub const FETCH: i16 = 1;
    /// ListOffsets
    pub const LIST_OFFSETS: i16 = 2;
    /// Metadata
    pub const METADATA: i16 = 3;
    /// OffsetCommit
    pub const OFFSET_COMMIT: i16 = 8;
    /// OffsetFetch
    pub const OFFSET_FETCH: i16 = 9;
    /// FindCoordinator
    pub const FIND_COORDINATOR: i16 = 10;
    /// JoinGroup
    pub const JOIN_GROUP: i16 = 11;
    /// SyncGroup
    pub const SYNC_GROUP: i16 = 14;
    /// DescribeGroups
    pub const DESCRIBE_GROUPS: i16 = 15;
    /// SaslHandshake
    pub const SASL_HANDSHAKE: i16 = 17;
    /// ApiVersions
    pub const API_VERSIONS: i16 = 18;
    /// CreateTopics
    pub const CREATE_TOPICS: i16 = 19;
    /// InitProducerId
    pub const INIT_PRODUCER_ID: i16 = 22;
    /// AddPartitionsToTxn
    pub const ADD_PARTITIONS_TO_TXN: i16 = 24;
    /// EndTxn
    pub const END_TXN: i16 = 26;
    /// SaslAuthenticate
    pub const SASL_AUTHENTICATE: i16 = 36;
}

/// One connection.
#[derive(Debug)]
pub struct Raw<S = TcpStream> {
    /// The socket, for bytes of any kind.
    pub stream: S,
    correlation: i32,
}

/// A socket with TLS on it.
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// How a login was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginAnswer {
    /// Kafka's error code; 0 is none, 58 is SASL_AUTHENTICATION_FAILED.
    pub error: i16,
    /// The server's words.
    pub message: String,
    /// What the mechanism says.
    pub bytes: Vec<u8>,
    /// The session's length in milliseconds.
    pub lifetime_ms: i64,
}

impl Raw {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(address: &str) -> Result<Raw> {
        Ok(Raw { stream: socket(address)?, correlation: 0 })
    }

    /// Connects and logs in with a token as PLAIN password.
    ///
    /// # Errors
    /// When the connection fails or the login is refused.
    pub fn logged_in(address: &str, token: &str) -> Result<Raw> {
        let mut raw = Raw::connect(address)?;
        let answer = raw.login_plain(token)?;
        ensure!(answer.error == 0, "the login was refused: {}", answer.message);
        Ok(raw)
    }
}

impl Raw<TlsStream> {
    /// Connects with TLS: the other side's certificate has to be the authority's, and is shown this one, if any. Whether it is
    /// accepted shows with the first answer.
    ///
    /// # Errors
    /// When nobody listens there, the handshake fails, or a file cannot be used.
    pub fn over_tls(address: &str, authority: &Path, identity: Option<&Identity>) -> Result<Raw<TlsStream>> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(authority).context("cannot read the authority")?)?;
        let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = builder.with_root_certificates(roots);
        let config = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let chain = CertificateDer::pem_file_iter(&identity.certificate)?.collect::<Result<_, _>>()?;
                builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(&identity.key)?)?
            }
        };
        let mut socket = socket(address)?;
        let name = ServerName::from(socket.peer_addr().context("cannot tell the address")?.ip());
        let mut connection = ClientConnection::new(Arc::new(config), name)?;
        connection.complete_io(&mut socket).context("the handshake failed")?;
        Ok(Raw { stream: StreamOwned::new(connection, socket), correlation: 0 })
    }
}

fn socket(address: &str) -> Result<TcpStream> {
    let stream = TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE)).context("cannot set a time-out")?;
    stream.set_write_timeout(Some(PATIENCE)).context("cannot set a time-out")?;
    stream.set_nodelay(true).context("cannot set nodelay")?;
    Ok(stream)
}

impl<S: Read + Write> Raw<S> {
    /// SASL PLAIN, user `token`.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn login_plain(&mut self, token: &str) -> Result<LoginAnswer> {
        self.login("PLAIN", format!("\0token\0{token}").as_bytes())
    }

    /// SASL OAUTHBEARER.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn login_bearer(&mut self, token: &str) -> Result<LoginAnswer> {
        self.login("OAUTHBEARER", format!("n,,\x01auth=Bearer {token}\x01\x01").as_bytes())
    }

    /// A handshake for `mechanism` and this message.
    ///
    /// # Errors
    /// When the connection ends, or the mechanism is not offered.
    pub fn login(&mut self, mechanism: &str, message: &[u8]) -> Result<LoginAnswer> {
        self.handshake(mechanism)?;
        self.authenticate(message)
    }

    /// Says with which mechanism to log in.
    ///
    /// # Errors
    /// When the connection ends, or the mechanism is not offered.
    pub fn handshake(&mut self, mechanism: &str) -> Result<()> {
        let answer = self.ask(key::SASL_HANDSHAKE, 1, &Body::default().string(mechanism))?;
        ensure!(answer.get(..2) == Some(&[0, 0]), "the handshake was refused");
        Ok(())
    }

    /// One message of the mechanism.
    ///
    /// # Errors
    /// When the connection ends.
    pub fn authenticate(&mut self, message: &[u8]) -> Result<LoginAnswer> {
        let answer = self.ask(key::SASL_AUTHENTICATE, 1, &Body::default().bytes(message))?;
        let mut rest = answer.as_slice();
        let error = i16::from_be_bytes(take(&mut rest)?);
        let length = i16::from_be_bytes(take(&mut rest)?);
        let (text, mut rest) = rest.split_at_checked(usize::try_from(length).unwrap_or(0)).context("cut off")?;
        let message = String::from_utf8_lossy(text).into_owned();
        let length = i32::from_be_bytes(take(&mut rest)?);
        let (bytes, mut rest) = rest.split_at_checked(usize::try_from(length).unwrap_or(0)).context("cut off")?;
        Ok(LoginAnswer { error, message, bytes: bytes.to_vec(), lifetime_ms: i64::from_be_bytes(take(&mut rest)?) })
    }

    /// Sends a request with a header of version 1 and returns the answer's body.
    ///
    /// # Errors
    /// When the connection ends or the answer is to another request.
    pub fn ask(&mut self, key: i16, version: i16, body: &Body) -> Result<Vec<u8>> {
        self.send(key, version, body)?;
        self.receive()
    }

    /// Sends a request.
    ///
    /// # Errors
    /// When the connection has ended.
    pub fn send(&mut self, key: i16, version: i16, body: &Body) -> Result<()> {
        self.correlation += 1;
        self.stream.write_all(&frame(key, version, self.correlation, body)?).context("cannot send")
    }

    /// The body of the answer to the latest request.
    ///
    /// # Errors
    /// When the connection ends or the answer is to another request.
    pub fn receive(&mut self) -> Result<Vec<u8>> {
        let mut head = [0; 8];
        self.stream.read_exact(&mut head).context("no answer")?;
        let mut rest = head.as_slice();
        let length = usize::try_from(i32::from_be_bytes(take(&mut rest)?)).context("a negative length")?;
        ensure!((4..=FRAME_BYTES_MAX).contains(&length), "an answer of {length} bytes");
        let correlation = i32::from_be_bytes(take(&mut rest)?);
        ensure!(correlation == self.correlation, "an answer to another request");
        let mut body = vec![0; length - 4];
        self.stream.read_exact(&mut body).context("the answer is cut off")?;
        Ok(body)
    }

    /// Whether the other side has closed: reads until the end and says how many bytes came before it.
    ///
    /// # Errors
    /// When the connection stays open.
    pub fn closed(mut self) -> Result<usize> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Ok(_) => Ok(rest.len()),
            // TLS has an end of its own, which who cuts a connection leaves out.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => {
                Ok(rest.len())
            }
            Err(error) => bail!("still open after {} bytes: {error}", rest.len()),
        }
    }
}

/// A request with a header of version 1, and its length before it.
///
/// # Errors
/// When it is too long for a frame.
pub fn frame(key: i16, version: i16, correlation: i32, body: &Body) -> Result<Vec<u8>> {
    let mut frame = Body::default().int16(key).int16(version).int32(correlation).string("raw").0;
    frame.extend_from_slice(&body.0);
    let length = i32::try_from(frame.len()).context("a frame is smaller than 2 GiB")?;
    Ok([&length.to_be_bytes()[..], &frame].concat())
}

/// A body in the making.
#[derive(Clone, Debug, Default)]
pub struct Body(pub Vec<u8>);

impl Body {
    /// An INT8.
    #[must_use]
    pub fn int8(mut self, value: i8) -> Body {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// An INT16.
    #[must_use]
    pub fn int16(mut self, value: i16) -> Body {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// An INT32; also the length of an array.
    #[must_use]
    pub fn int32(mut self, value: i32) -> Body {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// An INT64.
    #[must_use]
    pub fn int64(mut self, value: i64) -> Body {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    /// A STRING.
    #[must_use]
    pub fn string(mut self, value: &str) -> Body {
        self = self.int16(i16::try_from(value.len()).unwrap_or(i16::MAX));
        self.0.extend_from_slice(value.as_bytes());
        self
    }

    /// BYTES.
    #[must_use]
    pub fn bytes(mut self, value: &[u8]) -> Body {
        self = self.int32(i32::try_from(value.len()).unwrap_or(i32::MAX));
        self.0.extend_from_slice(value);
        self
    }
}

/// Fetch v4 of one partition.
#[must_use]
pub fn fetch(topic: &str, offset: i64, wait_ms: i32, max_bytes: i32) -> Body {
    let head = Body::default().int32(-1).int32(wait_ms).int32(1).int32(max_bytes).int8(0);
    head.int32(1).string(topic).int32(1).int32(0).int64(offset).int32(max_bytes)
}

/// What came of [`fetch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Kafka's error code; 29 is TOPIC_AUTHORIZATION_FAILED.
    pub error: i16,
    /// The offset after the last record, if there are records.
    pub next: Option<i64>,
    /// Bytes after the last whole batch.
    pub cut: usize,
}

/// Reads the answer to [`fetch`].
///
/// # Errors
/// When it is cut off.
pub fn fetched(answer: &[u8]) -> Result<Fetched> {
    let cut_off = "an answer is cut off";
    let mut rest = answer;
    let _throttle_and_topics: [u8; 8] = take(&mut rest)?;
    let name = usize::from(u16::from_be_bytes(take(&mut rest)?));
    // The number of partitions and the partition's own.
    let mut rest = rest.get(name + 8..).context(cut_off)?;
    let error = i16::from_be_bytes(take(&mut rest)?);
    let _offsets: [u8; 16] = take(&mut rest)?;
    let aborted = usize::try_from(i32::from_be_bytes(take(&mut rest)?)).unwrap_or(0);
    let mut rest = rest.get(aborted * 16..).context(cut_off)?;
    let records = usize::try_from(i32::from_be_bytes(take(&mut rest)?)).unwrap_or(0);
    let mut batches = rest.get(..records).context(cut_off)?;
    let mut next = None;
    // The last batch may be cut off.
    while let Some((head, _)) = batches.split_first_chunk::<27>() {
        let mut head = head.as_slice();
        let base = i64::from_be_bytes(take(&mut head)?);
        let length = usize::try_from(i32::from_be_bytes(take(&mut head)?)).context("a negative length")?;
        let _until_the_last_delta: [u8; 11] = take(&mut head)?;
        let Some(after) = batches.get(length + 12..) else { break };
        next = Some(base + i64::from(i32::from_be_bytes(take(&mut head)?)) + 1);
        batches = after;
    }
    Ok(Fetched { error, next, cut: batches.len() })
}

/// Metadata v4 of every topic; none is made.
#[must_use]
pub fn metadata_of_all() -> Body {
    Body::default().int32(-1).int8(0)
}

/// CreateTopics v2 of these topics with one partition each.
#[must_use]
pub fn create_topics(topics: &[String]) -> Body {
    let count = i32::try_from(topics.len()).unwrap_or(i32::MAX);
    let one = |body: Body, topic: &String| body.string(topic).int32(1).int16(1).int32(0).int32(0);
    topics.iter().fold(Body::default().int32(count), one).int32(120_000).int8(0)
}

/// ListOffsets v1 of one partition: the end.
#[must_use]
pub fn list_offsets(topic: &str) -> Body {
    Body::default().int32(-1).int32(1).string(topic).int32(1).int32(0).int64(-1)
}

/// The offset in the answer to [`list_offsets`].
///
/// # Errors
/// When it is cut off or says an error.
pub fn end_offset(answer: &[u8]) -> Result<i64> {
    let mut rest = answer;
    let _topics: [u8; 4] = take(&mut rest)?;
    let name = usize::from(u16::from_be_bytes(take(&mut rest)?));
    // The number of partitions and the partition's own.
    let mut rest = rest.get(name + 8..).context("an answer is cut off")?;
    let error = i16::from_be_bytes(take(&mut rest)?);
    ensure!(error == 0, "ListOffsets was answered with error {error}");
    let _time: [u8; 8] = take(&mut rest)?;
    Ok(i64::from_be_bytes(take(&mut rest)?))
}

/// Produce v3 to v8 with acks=all of one record without key to partition 0.
#[must_use]
pub fn produce(topic: &str, value: &[u8]) -> Body {
    produce_batch(topic, &[value])
}

/// The same of some records in one batch.
#[must_use]
pub fn produce_batch(topic: &str, values: &[&[u8]]) -> Body {
    let length = |bytes: usize| i32::try_from(bytes).unwrap_or(i32::MAX);
    let records: Vec<u8> = (0..)
        .zip(values)
        .flat_map(|(place, value)| {
            let record = [&[0, 0][..], &varint(place), &[1], &varint(value.len()), value, &[0]].concat();
            [varint(record.len()), record].concat()
        })
        .collect();
    let count = length(values.len());
    // From the attributes to the end, which the checksum covers. Without a time, lest the broker take it for old.
    let covered = Body::default().int16(0).int32(count - 1).int64(-1).int64(-1).int64(-1).int16(-1).int32(-1);
    let covered = Body([&covered.int32(count).0[..], &records].concat());
    let batch = Body::default().int64(0).int32(length(covered.0.len() + 9)).int32(-1).int8(2);
    let checksum = checksum(&covered.0);
    let batch = [&batch.0[..], &checksum, &covered.0].concat();
    let head = Body::default().int16(-1).int16(-1).int32(30_000);
    head.int32(1).string(topic).int32(1).int32(0).bytes(&batch)
}

/// What a batch says of all that follows its checksum.
#[must_use]
pub fn checksum(covered: &[u8]) -> [u8; 4] {
    crc32c::crc32c(covered).to_be_bytes()
}

/// A length within a record, a varint in zigzag.
fn varint(length: usize) -> Vec<u8> {
    let (mut rest, mut bytes) = (length * 2, Vec::new());
    while rest > 0x7f {
        bytes.push(u8::try_from(rest & 0x7f).unwrap_or_default() | 0x80);
        rest >>= 7;
    }
    bytes.push(u8::try_from(rest).unwrap_or_default());
    bytes
}

/// CreateTopics v2 of one topic with one partition.
#[must_use]
pub fn create_topic(topic: &str) -> Body {
    Body::default().int32(1).string(topic).int32(1).int16(1).int32(0).int32(0).int32(30_000).int8(0)
}

/// FindCoordinator v1 of a transactional id; the broker makes the topic of transactions when there is none.
#[must_use]
pub fn find_transaction_coordinator(transactional_id: &str) -> Body {
    Body::default().string(transactional_id).int8(1)
}

/// InitProducerId v1.
#[must_use]
pub fn init_producer_id(transactional_id: &str) -> Body {
    Body::default().string(transactional_id).int32(60_000)
}

/// Id and epoch of the producer from the answer to InitProducerId.
///
/// # Errors
/// When it says an error.
pub fn producer_id(answer: &[u8]) -> Result<(i64, i16)> {
    let mut rest = answer;
    let _throttle: [u8; 4] = take(&mut rest)?;
    let error = i16::from_be_bytes(take(&mut rest)?);
    ensure!(error == 0, "InitProducerId was answered with error {error}");
    Ok((i64::from_be_bytes(take(&mut rest)?), i16::from_be_bytes(take(&mut rest)?)))
}

/// AddPartitionsToTxn v1 of partition 0.
#[must_use]
pub fn add_partitions_to_txn(transactional_id: &str, (id, epoch): (i64, i16), topic: &str) -> Body {
    let head = Body::default().string(transactional_id).int64(id).int16(epoch);
    head.int32(1).string(topic).int32(1).int32(0)
}

/// EndTxn v1: commit.
#[must_use]
pub fn commit(transactional_id: &str, (id, epoch): (i64, i16)) -> Body {
    Body::default().string(transactional_id).int64(id).int16(epoch).int8(1)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk().context("an answer is cut off")?;
    *bytes = rest;
    Ok(*taken)
}
