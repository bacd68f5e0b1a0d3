//! One client connection: which frames are taken when, and how a login goes.
//!
//! ```text
//! ExpectHandshake ──SaslHandshake──▶ ExpectToken ──SaslAuthenticate──▶ Verifying ──accepted──▶ Authenticated
//!        ▲                                ▲   another round (SCRAM)       │   │ refused (OAUTHBEARER)      │
//!        │                                └───────────────────────────────┘   ▼                           │ SaslHandshake
//!   ApiVersions at any time                                           ExpectDummy ──▶ Failed              └─▶ ExpectToken (KIP-368)
//! ```
//!
//! A client that is known by its certificate may leave all that out: any other request than these three then leads from
//! ExpectHandshake to Authenticated.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tidegate_model::{
    AnswerStep, ClientWords, Credential, Effect, Facts, FrameRefused, Gate, LoginOutcome, Mechanism, RequestStep,
    Session, Slot,
};

use crate::alias::{Groups, Used};
use crate::classify;
use crate::encode::{self, Fields, Value};
use crate::error::ProtocolError;
use crate::header::{self, RequestHeader};
use crate::requests::{self, Request, knowledge};
use crate::schema::messages::{sasl_authenticate_response as authenticate, sasl_handshake_response as handshake};
use crate::schema::{Direction, message};
use crate::versions;
use crate::walk::{Event, Scalar, Walker};

const SASL_HANDSHAKE: i16 = 17;
const API_VERSIONS: i16 = 18;
const SASL_AUTHENTICATE: i16 = 36;
const UNSUPPORTED_SASL_MECHANISM: i16 = 33;
const ILLEGAL_SASL_STATE: i16 = 34;
const SASL_AUTHENTICATION_FAILED: i16 = 58;
/// What a broker takes before authentication (`sasl.server.max.receive.size`).
const FRAME_BYTES_BEFORE_LOGIN_MAX: usize = 524_288;
const MECHANISMS: &[(&str, Mechanism)] = &[
    ("OAUTHBEARER", Mechanism::OauthBearer),
    ("PLAIN", Mechanism::Plain),
    ("SCRAM-SHA-256", Mechanism::ScramSha256),
    ("SCRAM-SHA-512", Mechanism::ScramSha512),
];

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    ExpectHandshake,
    ExpectToken(Mechanism),
    Verifying {
        mechanism: Mechanism,
        version: i16,
        correlation_id: i32,
    },
    /// RFC 7628: after the server's JSON the client sends one byte, and only then is told that it failed.
    ExpectDummy {
        text: String,
    },
    Authenticated,
    /// A login failed and the client was told: nothing more is taken, so that a connection buys one try.
    Failed,
}

/// The state of one connection.
#[derive(Debug)]
pub struct KafkaSession {
    state: State,
    authenticated: bool,
    /// The mechanism of the first login; a re-authentication must use the same (KIP-368).
    mechanism: Option<Mechanism>,
    /// The client has a certificate that says who it is: it may come without SASL, as clients of Kafka with `SSL` do.
    known_already: bool,
    client: ClientWords,
    groups: Groups,
    last_metadata: Option<fingerprint::Fingerprint>,
}

/// A cheap fingerprint, to see that an answer is the one that was given before on this connection.
mod fingerprint {
    use std::hash::{DefaultHasher, Hasher as _};

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) struct Fingerprint(u64, usize);

    pub(super) fn of(bytes: &[u8]) -> Fingerprint {
        let mut hasher = DefaultHasher::new();
        hasher.write(bytes);
        Fingerprint(hasher.finish(), bytes.len())
    }
}

impl Default for KafkaSession {
    fn default() -> Self {
        Self {
            state: State::ExpectHandshake,
            authenticated: false,
            mechanism: None,
            known_already: false,
            client: ClientWords::default(),
            groups: Groups::default(),
            last_metadata: None,
        }
    }
}

impl Session for KafkaSession {
    fn request(&mut self, frame: BytesMut, gate: &mut dyn Gate) -> Result<RequestStep, FrameRefused> {
        if !self.authenticated && !self.known_already && frame.len() > FRAME_BYTES_BEFORE_LOGIN_MAX {
            return Err(FrameRefused("a frame before login is larger than 512 KiB".into()));
        }
        if self.state == State::Failed {
            return Err(FrameRefused("a frame after a failed login: connect anew".into()));
        }
        let header = header::request(&frame)?;
        if let Some(id) = self.other_id(&header) {
            self.client.client_id = id;
        }
        Ok(match header.api_key {
            API_VERSIONS => self.api_versions(&header, &frame, gate)?,
            SASL_HANDSHAKE => self.handshake(&header, &frame)?,
            SASL_AUTHENTICATE => self.authenticate(&header, &frame)?,
            _ if self.state == State::ExpectHandshake && self.known_already => return Ok(RequestStep::Begin(frame)),
            _ if self.state != State::Authenticated => {
                return Err(FrameRefused(
                    "a request before login: this listener wants SASL OAUTHBEARER, SCRAM or PLAIN".into(),
                ));
            }
            api_key => {
                let Some(api) = classify::served(api_key, header.api_version) else {
                    return Err(ProtocolError::Unsupported { api_key, version: header.api_version }.into());
                };
                let (version, correlation_id, body) = (header.api_version, header.correlation_id, header.body);
                let aliases = Used::default();
                let request = Request { api, version, correlation_id, frame, body, received: None, aliases };
                requests::decide(request, &mut self.groups, gate)?
            }
        })
    }

    fn known_already(&mut self) {
        self.known_already = true;
    }

    fn authenticated(&mut self, outcome: LoginOutcome<'_>) -> Bytes {
        if self.state == State::ExpectHandshake && self.known_already {
            self.state =
                if matches!(outcome, LoginOutcome::Accepted { .. }) { State::Authenticated } else { State::Failed };
            self.authenticated = self.state == State::Authenticated;
            return Bytes::new();
        }
        let State::Verifying { mechanism, version, correlation_id } = self.state else { return Bytes::new() };
        let words = |bytes: &[u8]| (authenticate::AUTH_BYTES, Value::Bytes(bytes.to_vec()));
        match outcome {
            LoginOutcome::Continue(bytes) => {
                self.state = State::ExpectToken(mechanism);
                answer(SASL_AUTHENTICATE, version, correlation_id, &vec![words(bytes)])
            }
            LoginOutcome::Accepted { lifetime_ms, last_words } => {
                self.state = State::Authenticated;
                self.authenticated = true;
                self.mechanism = Some(mechanism);
                let lifetime = i64::try_from(lifetime_ms).unwrap_or(i64::MAX);
                let fields = vec![words(last_words), (authenticate::SESSION_LIFETIME_MS, Value::Int(lifetime))];
                answer(SASL_AUTHENTICATE, version, correlation_id, &fields)
            }
            LoginOutcome::Refused(text) if mechanism == Mechanism::OauthBearer => {
                self.state = State::ExpectDummy { text: text.to_owned() };
                let json = br#"{"status":"invalid_token"}"#;
                answer(SASL_AUTHENTICATE, version, correlation_id, &vec![words(json)])
            }
            LoginOutcome::Refused(text) => {
                self.state = State::Failed;
                failed(version, correlation_id, text)
            }
        }
    }

    fn answer(&mut self, slot: Slot, frame: BytesMut, gate: &mut dyn Gate) -> Result<AnswerStep, FrameRefused> {
        let metadata = slot.api_key == 3;
        let mut step = crate::answers::read(slot, frame, gate)?;
        if metadata && step.facts.effect == Effect::Reads {
            let fingerprint = fingerprint::of(step.frame.get(8..).unwrap_or_default());
            step.quiet = self.last_metadata == Some(fingerprint);
            self.last_metadata = Some(fingerprint);
        }
        Ok(step)
    }

    fn retriable(&mut self, slot: &Slot) -> Option<Bytes> {
        crate::answers::retriable(slot)
    }

    fn client(&self) -> ClientWords {
        self.client.clone()
    }

    fn other_name(&self, frame: &[u8]) -> Option<String> {
        self.other_id(&header::request(frame).ok()?)
    }
}

impl KafkaSession {
    /// The client id of a request, if it is another one. KIP-511 has no rule for client ids; what is kept is bounded.
    fn other_id(&self, header: &RequestHeader<'_>) -> Option<String> {
        let id = header.client_id.filter(|id| *id != self.client.client_id)?;
        let id: String = id.chars().take(256).collect();
        (id != self.client.client_id).then_some(id)
    }

    fn api_versions(
        &mut self,
        header: &RequestHeader<'_>,
        frame: &[u8],
        gate: &mut dyn Gate,
    ) -> Result<RequestStep, ProtocolError> {
        if classify::served(API_VERSIONS, header.api_version).is_none() {
            return Ok(here(header, "ApiVersions", versions::unsupported(header.correlation_id)));
        }
        let (mut name, mut version) = (String::new(), String::new());
        let mut walker = walker(header, frame)?;
        while let Some(event) = walker.next()? {
            if let Event::Scalar { field, value: Scalar::String(Some(text)), .. } = event {
                match field.path {
                    "ClientSoftwareName" => text.clone_into(&mut name),
                    "ClientSoftwareVersion" => text.clone_into(&mut version),
                    _ => {}
                }
            }
        }
        if header.api_version >= 3 {
            if !versions::is_valid_software(&name) || !versions::is_valid_software(&version) {
                return Ok(here(header, "ApiVersions", versions::invalid(header.api_version, header.correlation_id)));
            }
            self.client.software = format!("{name} {version}").chars().take(256).collect();
        }
        let Some(known) = knowledge(gate) else {
            return Err(ProtocolError::Refused(
                "the gate has not reached the cluster yet, so it cannot say which versions it speaks",
            ));
        };
        Ok(here(header, "ApiVersions", versions::answer(header.api_version, header.correlation_id, &known)))
    }

    fn handshake(&mut self, header: &RequestHeader<'_>, frame: &[u8]) -> Result<RequestStep, ProtocolError> {
        if header.api_version != 1 {
            return Err(ProtocolError::Refused(
                "SaslHandshake version 0 sends bare tokens, which this gate does not take; use a client that speaks version 1",
            ));
        }
        let mut wanted = String::new();
        let mut walker = walker(header, frame)?;
        while let Some(event) = walker.next()? {
            if let Event::Scalar { value: Scalar::String(Some(text)), .. } = event {
                text.clone_into(&mut wanted);
            }
        }
        let listed = MECHANISMS.iter().map(|(name, _)| Value::Text((*name).to_owned())).collect();
        let found = MECHANISMS.iter().find(|(name, _)| *name == wanted).map(|(_, mechanism)| *mechanism);
        let error = match (found, &self.state) {
            (Some(mechanism), State::ExpectHandshake) => {
                self.state = State::ExpectToken(mechanism);
                0
            }
            // A session that began with a certificate has no mechanism, and never gets one.
            (Some(mechanism), State::Authenticated) if self.mechanism == Some(mechanism) => {
                self.state = State::ExpectToken(mechanism);
                0
            }
            (Some(_), _) => ILLEGAL_SASL_STATE,
            (None, _) => UNSUPPORTED_SASL_MECHANISM,
        };
        let fields =
            vec![(handshake::ERROR_CODE, Value::Int(i64::from(error))), (handshake::MECHANISMS, Value::Items(listed))];
        Ok(here(header, "SaslHandshake", answer(SASL_HANDSHAKE, header.api_version, header.correlation_id, &fields)))
    }

    fn authenticate(&mut self, header: &RequestHeader<'_>, frame: &[u8]) -> Result<RequestStep, ProtocolError> {
        if classify::served(SASL_AUTHENTICATE, header.api_version).is_none() {
            return Err(ProtocolError::Unsupported { api_key: SASL_AUTHENTICATE, version: header.api_version });
        }
        if let State::ExpectDummy { text } = &self.state {
            let refused = failed(header.api_version, header.correlation_id, text);
            self.state = State::Failed;
            return Ok(here(header, "SaslAuthenticate", refused));
        }
        let State::ExpectToken(mechanism) = self.state else {
            return Err(ProtocolError::Refused("SaslAuthenticate comes before SaslHandshake"));
        };
        let mut message = BytesMut::new();
        let mut walker = walker(header, frame)?;
        while let Some(event) = walker.next()? {
            if let Event::Scalar { value: Scalar::Bytes(Some(bytes)), .. } = event {
                message.extend_from_slice(bytes);
            }
        }
        self.state = State::Verifying { mechanism, version: header.api_version, correlation_id: header.correlation_id };
        Ok(RequestStep::Authenticate(Credential { mechanism, message }))
    }
}

fn walker<'a>(header: &RequestHeader<'_>, frame: &'a [u8]) -> Result<Walker<'a>, ProtocolError> {
    let unsupported = ProtocolError::Unsupported { api_key: header.api_key, version: header.api_version };
    let Some(described) = message(header.api_key, Direction::Request) else { return Err(unsupported) };
    Walker::new(described, header.api_version, frame.get(header.body..).unwrap_or_default())
}

fn here(header: &RequestHeader<'_>, operation: &'static str, frame: Bytes) -> RequestStep {
    let facts = Facts::new(operation, (header.api_key, header.api_version), header.correlation_id, Effect::Reads);
    RequestStep::Answer { frame, facts, delay: Duration::ZERO }
}

fn failed(version: i16, correlation_id: i32, text: &str) -> Bytes {
    let fields = vec![
        (authenticate::ERROR_CODE, Value::Int(i64::from(SASL_AUTHENTICATION_FAILED))),
        (authenticate::ERROR_MESSAGE, Value::Text(text.to_owned())),
    ];
    answer(SASL_AUTHENTICATE, version, correlation_id, &fields)
}

fn answer(api_key: i16, version: i16, correlation_id: i32, fields: &Fields) -> Bytes {
    let mut frame = header::response_prefix(api_key, version, correlation_id);
    if let Some(described) = message(api_key, Direction::Response) {
        encode::message(&mut frame, described, version, fields);
    }
    header::seal(&mut frame);
    frame.into()
}
