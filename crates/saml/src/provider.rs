//! One identity provider: a login is begun, and a response finishes it.
//!
//! The library under this ([`saml_rs`]) is permissive where it is not told otherwise. All that it must be told is said in this
//! file, and nothing else in the project uses it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use saml_rs::{
    AcsEndpoint, AssertionSignaturePolicy, AudienceValidationPolicy, AuthnRequestSigningPolicy, BrowserInput,
    CertificatePem, ClockSkew, Credentials, EntityId, FormField, IdpDescriptor, LogoutPolicy, MessageId,
    MetadataTrustPolicy, NameIdCreationPolicy, PendingAuthnRequest, PrivateKeyPem, RelayStateParam, ReplayKey,
    ReplayPolicy, ResponseSignaturePolicy, Saml, SamlError, SamlValidationContext, Sp, SpConfig, SpValidationPolicy,
    SsoResponse, SsoResponseBinding, SsoSession, StartSso, XmlPolicy, XmlSignatureProfile,
};

use crate::check::{Check, SamlRefused, refused, shown};
use crate::config::{MissingGroups, NameIdFormat, SamlConfig, SamlConfigError};
use crate::document::{self, Document};
use crate::metadata::IdentityProvider;
use crate::refusal;
use crate::replay::{ReplayCache, ReplayRefused};

/// How long a person may take at the identity provider's pages.
const PENDING: Duration = Duration::from_secs(10 * 60);
/// Most characters of a response in base64, line breaks among them.
const TEXT_MAX: usize = document::BYTES_MAX / 3 * 4 + 16 * 1024;
const GROUPS_MAX: usize = 2_000;
const SUBJECT_BYTES_MAX: usize = 255;
/// Where Entra ID puts a link instead of more than 150 groups.
const OVERAGE: &str = "http://schemas.microsoft.com/claims/groups.link";
/// Whether the last character's spare bits are zero does not matter here; what goes on is encoded anew.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// An identity provider that people log in at.
pub struct Provider {
    name: String,
    sp: Saml<Sp>,
    idp: IdpDescriptor,
    acs_url: String,
    name_id_formats: Vec<NameIdFormat>,
    subject_attribute: Option<String>,
    groups_attribute: String,
    missing_groups: MissingGroups,
    mfa_contexts: Vec<String>,
    clock_skew: Duration,
    session_max: Duration,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("name", &self.name).field("acs_url", &self.acs_url).finish_non_exhaustive()
    }
}

/// A login that was begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Where to send the browser: the identity provider's address with the request in it.
    pub url: String,
    /// What to keep until the response comes. Only the browser that began the login may finish it: tie this to it, by a cookie.
    pub pending: Pending,
}

/// What the gate keeps between the beginning and the end of a login. It is used up by [`Provider::finish`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Configured name of the provider.
    pub provider: String,
    /// The request's identifier, which the response has to name.
    pub request_id: String,
    /// A random word that comes back beside the response, fit as the key under which this is kept.
    pub relay_state: String,
    /// When it can be thrown away.
    pub expires_at: SystemTime,
}

/// Who logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Configured name of the provider.
    pub issuer: String,
    /// The NameID or the configured attribute.
    pub subject: String,
    /// Group names, each prefixed with the provider's configured name; `None` when they are not known.
    pub groups: Option<Vec<String>>,
    /// Unix seconds at which the person authenticated (`AuthnInstant`).
    pub authenticated_at: u64,
    /// Unix seconds at which the session ends: the identity provider's `SessionNotOnOrAfter` or the configured longest session.
    pub session_ends_at: u64,
    /// How the person authenticated (`AuthnContextClassRef`).
    pub authn_context: Option<String>,
    /// Whether that is one of the configured contexts that mean more than one factor.
    pub mfa: bool,
    /// The assertion's identifier, for the evidence.
    pub assertion_id: String,
}

impl Provider {
    pub(crate) fn new(
        config: &SamlConfig,
        idp: &IdentityProvider,
        signing: Option<(String, String)>,
    ) -> Result<Provider, SamlConfigError> {
        let unusable = |field| move |error: SamlError| config.wrong(field, refusal::text(&error));
        let signs = signing.is_some();
        let sp = service_provider(config, signing).map_err(unusable("signing"))?;
        let entity_id = EntityId::try_new(idp.entity_id()).map_err(unusable("idp"))?;
        // The metadata are our own text, made of what the operator's file says; there is nobody who could have signed them.
        let trust = MetadataTrustPolicy::UnsignedForCompatibility;
        let idp =
            IdpDescriptor::from_metadata_xml_for(entity_id, &idp.to_metadata(signs), trust).map_err(unusable("idp"))?;
        let provider = Provider {
            name: config.name.clone(),
            sp,
            idp,
            acs_url: config.acs_url.clone(),
            name_id_formats: config.name_id_formats.clone(),
            subject_attribute: config.subject_attribute.clone(),
            groups_attribute: config.groups_attribute.clone(),
            missing_groups: config.missing_groups,
            mfa_contexts: config.mfa_contexts.clone(),
            clock_skew: Duration::from_secs(config.clock_skew_s),
            session_max: Duration::from_secs(config.session_max_s),
        };
        // A key that cannot sign shows now, not at the first login.
        provider.start("check").map_err(unusable("signing"))?;
        Ok(provider)
    }

    /// Configured name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The gate's metadata as a service provider, for the identity provider's operator.
    #[must_use]
    pub fn metadata_xml(&self) -> &str {
        self.sp.metadata_xml()
    }

    /// Begins a login.
    ///
    /// # Errors
    /// When no request can be made: there is no randomness, or the signing key fails.
    pub fn begin(&self, now: SystemTime) -> Result<Begun, SamlRefused> {
        let mut random = [0_u8; 24];
        if aws_lc_rs::rand::fill(&mut random).is_err() {
            return refused(Check::Other, "no randomness");
        }
        let relay_state = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random);
        let (url, request_id) = self.start(&relay_state).map_err(|error| refusal::of(&error))?;
        let provider = self.name.clone();
        Ok(Begun { url, pending: Pending { provider, request_id, relay_state, expires_at: now + PENDING } })
    }

    fn start(&self, relay_state: &str) -> Result<(String, String), SamlError> {
        let relay_state = RelayStateParam::try_from_option(Some(relay_state))?;
        let options = StartSso::redirect()
            .response_binding(SsoResponseBinding::Post)
            .relay_state(relay_state)
            .apply_web_browser_sso_generation_rules();
        let started = self.sp.start_sso(&self.idp, options)?;
        Ok((started.outbound.redirect_url()?.to_owned(), started.pending.request_id().as_str().to_owned()))
    }

    /// Finishes a login with the form fields `SAMLResponse` and `RelayState`.
    ///
    /// # Errors
    /// The first check that the response does not pass.
    pub fn finish(
        &self,
        response: &str,
        relay_state: Option<&str>,
        pending: Pending,
        replay: &mut dyn ReplayCache,
        now: SystemTime,
    ) -> Result<Login, SamlRefused> {
        if pending.provider != self.name || relay_state != Some(pending.relay_state.as_str()) {
            return refused(Check::Pending, "is not for the login that this browser began; begin again");
        }
        if now >= pending.expires_at {
            return refused(Check::Pending, "comes more than 10 minutes after the login was begun; begin again");
        }
        let xml = decode(response)?;
        let document = document::read(&xml)?;
        if document.in_response_to != pending.request_id {
            return refused(Check::Request, "answers another login request; begin again");
        }
        let session = self.verify(&xml, pending, replay, now)?;
        agree(&document, &session)?;
        self.believe(document, now)
    }

    /// The library's checks: signature, coverage, issuer, destination, request, recipient, audience, times, replay.
    pub(crate) fn verify(
        &self,
        xml: &str,
        pending: Pending,
        replay: &mut dyn ReplayCache,
        now: SystemTime,
    ) -> Result<SsoSession, SamlRefused> {
        let mut memory = Memory { provider: &self.name, replay, now, refused: None };
        let result = self.verify_with(xml, pending, &mut memory, now);
        match (memory.refused, result) {
            (Some(ReplayRefused::Used), _) => refused(Check::Replay, "the response was used before; begin again"),
            (Some(ReplayRefused::NoRoom), _) => {
                refused(Check::Replay, "too many logins at a time; try again in some minutes")
            }
            (None, Ok(session)) => Ok(session),
            (None, Err(error)) => Err(refusal::of(&error)),
        }
    }

    fn verify_with(
        &self,
        xml: &str,
        pending: Pending,
        memory: &mut Memory<'_>,
        now: SystemTime,
    ) -> Result<SsoSession, SamlError> {
        let pending = PendingAuthnRequest::try_new(
            MessageId::try_new(pending.request_id)?,
            RelayStateParam::absent(), // compared above
            AcsEndpoint::post(self.acs_url.as_str())?,
            SsoResponseBinding::Post,
            self.idp.entity_id().clone(),
        )?;
        // Encoded anew, so that no other decoder sees what ours did not.
        let input = BrowserInput::<SsoResponse>::post(vec![FormField::new("SAMLResponse", STANDARD.encode(xml))]);
        let skew = i64::try_from(self.clock_skew.as_millis()).unwrap_or(0);
        let context = SamlValidationContext::new(now, ReplayPolicy::RequireCache(memory))
            .with_clock_skew(ClockSkew::from_millis(-skew, skew));
        self.sp.finish_sso(&self.idp, &pending, input, context)
    }

    /// Takes from the verified response who logged in.
    fn believe(&self, document: Document, now: SystemTime) -> Result<Login, SamlRefused> {
        let now_s = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let authenticated_at = document.authn_instant;
        if authenticated_at > now_s.saturating_add(self.clock_skew.as_secs()) {
            return refused(Check::Time, "AuthnInstant is in the future; compare the clocks");
        }
        let longest = now_s.saturating_add(self.session_max.as_secs());
        let session_ends_at = match document.session_not_on_or_after {
            // accepted by skew only: a second is left, since a session of zero would read as "does not end"
            Some(end) => end.clamp(now_s.saturating_add(1), longest),
            None => longest,
        };
        let subject = self.subject(&document)?;
        let groups = self.groups(&document)?;
        let mfa = document.authn_context.as_ref().is_some_and(|context| self.mfa_contexts.contains(context));
        Ok(Login {
            issuer: self.name.clone(),
            subject,
            groups,
            authenticated_at,
            session_ends_at,
            mfa,
            authn_context: document.authn_context,
            assertion_id: document.assertion_id,
        })
    }

    fn subject(&self, document: &Document) -> Result<String, SamlRefused> {
        let subject = match &self.subject_attribute {
            None => {
                let format = document.name_id_format.as_deref();
                if !NameIdFormat::of(format).is_some_and(|format| self.name_id_formats.contains(&format)) {
                    return refused(
                        Check::Subject,
                        format!(
                            "NameID has the format {}, which name_id_formats does not list",
                            shown(format.unwrap_or("none"))
                        ),
                    );
                }
                &document.name_id
            }
            Some(name) => match values(document, name).as_slice() {
                [only] => *only,
                found => {
                    return refused(
                        Check::Subject,
                        format!("the attribute {} has {} values instead of one", shown(name), found.len()),
                    );
                }
            },
        };
        if !is_plain(subject) {
            return refused(Check::Subject, "the subject is empty, long or strange");
        }
        Ok(subject.clone())
    }

    /// The groups, prefixed, sorted, without duplicates.
    fn groups(&self, document: &Document) -> Result<Option<Vec<String>>, SamlRefused> {
        if document.attributes.iter().any(|(name, _)| name == OVERAGE) {
            return Ok(None);
        }
        if !document.attributes.iter().any(|(name, _)| *name == self.groups_attribute) {
            return Ok((self.missing_groups == MissingGroups::None).then(Vec::new));
        }
        let names = values(document, &self.groups_attribute);
        if names.len() > GROUPS_MAX {
            return refused(Check::Groups, format!("more than {GROUPS_MAX} groups"));
        }
        if !names.iter().all(|name| is_plain(name)) {
            return refused(Check::Groups, "a group's name is empty, long or strange");
        }
        let mut groups: Vec<String> = names.iter().map(|name| format!("{}:{name}", self.name)).collect();
        groups.sort_unstable();
        groups.dedup();
        Ok(Some(groups))
    }
}

/// Everything that the library has to be told: its presets accept unsigned assertions, any algorithm and missing audiences.
fn service_provider(config: &SamlConfig, signing: Option<(String, String)>) -> Result<Saml<Sp>, SamlError> {
    let authn_requests = match signing {
        Some(_) => AuthnRequestSigningPolicy::Sign,
        None => AuthnRequestSigningPolicy::DoNotSignForCompatibility,
    };
    let credentials = match signing {
        Some((key, certificate)) => Credentials {
            signing_key: Some(PrivateKeyPem::new(key)),
            signing_certificate: Some(CertificatePem::new(certificate)),
            // No decryption key: nothing encrypted is ever opened.
            ..Credentials::default()
        },
        None => Credentials::default(),
    };
    let mut xml = XmlPolicy::default();
    xml.limits.max_bytes = document::BYTES_MAX;
    xml.limits.max_depth = document::DEPTH_MAX;
    xml.limits.max_nodes = document::ELEMENTS_MAX;
    xml.limits.max_attributes_per_element = document::ATTRIBUTES_MAX;
    xml.limits.max_attribute_value_bytes = document::VALUE_BYTES_MAX;
    let validation = SpValidationPolicy {
        // Response or Assertion: the library accepts neither unsigned (POST binding), and `agree` looks again.
        assertions: AssertionSignaturePolicy::AllowUnsignedForCompatibility,
        responses: ResponseSignaturePolicy::RequireForEncryptedCbc,
        xml_signatures: XmlSignatureProfile::StrictRsaSha2,
        authn_requests,
        audience: AudienceValidationPolicy::Validate,
        name_id_creation: NameIdCreationPolicy::AllowCreate,
        logout: LogoutPolicy::recommended(),
    };
    let mut builder = SpConfig::builder(EntityId::try_new(config.entity_id.as_str())?)
        .acs_endpoint(AcsEndpoint::post(config.acs_url.as_str())?)
        .credentials(credentials)
        .xml(xml)
        .validation(validation);
    if let ([format], None) = (config.name_id_formats.as_slice(), &config.subject_attribute) {
        builder = builder.name_id_format(match format {
            NameIdFormat::Persistent => saml_rs::NameIdFormat::Persistent,
            NameIdFormat::Unspecified => saml_rs::NameIdFormat::Unspecified,
            NameIdFormat::Email => saml_rs::NameIdFormat::EmailAddress,
        });
    }
    Saml::sp(builder.build()?)
}

/// The XML in a form field.
fn decode(response: &str) -> Result<String, SamlRefused> {
    if response.len() > TEXT_MAX {
        return refused(Check::Size, format!("more than {} bytes of XML", document::BYTES_MAX));
    }
    let text: String = response.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let Ok(bytes) = LENIENT.decode(text) else { return refused(Check::Form, "is not base64") };
    String::from_utf8(bytes).or_else(|_| refused(Check::Form, "is not UTF-8"))
}

/// Our reader and the library's have to have read the same, and a signature of an accepted kind has to cover it.
pub(crate) fn agree(document: &Document, session: &SsoSession) -> Result<(), SamlRefused> {
    // The library lists a signature here only when it is right and covers the response or the assertion that it read.
    let signatures = session.verified_xml_signatures();
    if signatures.is_empty()
        || !signatures.iter().all(|signature| document::RSA_SHA2.contains(&signature.algorithm_uri()))
    {
        return refused(Check::Agreement, "no verified signature covers what was read");
    }
    let same = session.assertion_id().as_str() == document.assertion_id
        && session.name_id().value() == document.name_id
        && session.in_response_to().is_some_and(|request| request.as_str() == document.in_response_to)
        && session.authn_sessions().len() == 1;
    if !same {
        return refused(Check::Agreement, "two readers of the response do not see the same");
    }
    Ok(())
}

fn values<'a>(document: &'a Document, name: &str) -> Vec<&'a String> {
    document.attributes.iter().filter(|(found, _)| found == name).flat_map(|(_, values)| values).collect()
}

/// Whether a subject or group can be shown and compared: no white space around it, no control characters, not long.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= SUBJECT_BYTES_MAX && text.trim() == text && !text.chars().any(char::is_control)
}

/// Hands the library's questions to our memory of used messages and keeps the answer, which the library's errors cannot carry.
struct Memory<'a> {
    provider: &'a str,
    replay: &'a mut dyn ReplayCache,
    now: SystemTime,
    refused: Option<ReplayRefused>,
}

impl saml_rs::ReplayCache for Memory<'_> {
    fn check_and_store(&mut self, key: ReplayKey, expires_at: SystemTime) -> Result<(), SamlError> {
        let key = format!("{}:{}", self.provider, key.cache_key());
        self.replay.first_use(&key, expires_at, self.now).map_err(|refused| {
            self.refused = Some(refused);
            SamlError::ReplayDetected { key }
        })
    }
}
