//! Who calls: the outcome of authentication, as policy and evidence see it.

/// A verified identity. Only the authentication step makes one.
///
/// # Shapes
/// `groups` is sorted, without duplicates, each entry `issuer-name:group`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Person or machine; they are different entity types in policy.
    pub kind: CallerKind,
    /// Configured short name of the issuer (not its URL).
    pub issuer: String,
    /// The `sub` claim, never an e-mail or a display name: those can be reassigned.
    pub subject: String,
    /// Group names, each prefixed with the issuer's configured name.
    pub groups: Vec<String>,
    /// False when the token says that groups exist but does not carry them (overage): such a caller satisfies no permit
    /// that needs a group and counts as a member for every forbid.
    pub groups_known: bool,
    /// The `azp` or `client_id` claim.
    pub client: Option<String>,
    /// The `jti` claim.
    pub token_id: Option<String>,
    /// SHA-256 of the token, if the credential is one: names it for a revocation where it has no `jti`.
    pub token_hash: Option<[u8; 32]>,
    /// The `sid` claim: the login that the credential comes from. All credentials of one login end with it.
    pub session: Option<String>,
    /// How the credential came; recorded in each session.
    pub credential: CredentialKind,
    /// Whether the credential is a token that the gate made. All else here is then as the identity provider said it when
    /// the caller logged in.
    pub via_gate: bool,
    /// Unix seconds at which the credential was issued (`iat`), if it says so. A revocation with a time ends what was issued
    /// before; what does not say when counts as before.
    pub issued_at: Option<u64>,
    /// Unix seconds at which the credential ends.
    pub expires_at: u64,
    /// Unix seconds of the last strong authentication (`auth_time` with an `amr` that contains `mfa`), if any.
    pub mfa_at: Option<u64>,
}

/// Whether a caller is a person or a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CallerKind {
    /// A person.
    User,
    /// A machine: client credentials, a service account, a CI job.
    Workload,
}

/// How a credential reached the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// SASL OAUTHBEARER with a token.
    OauthBearer,
    /// SASL PLAIN, user `token`, a token as password.
    PlainToken,
    /// SASL PLAIN with the name and password of a service account of the gate.
    PlainPassword,
    /// SASL SCRAM-SHA-256 or SCRAM-SHA-512 with a service account of the gate.
    Scram,
    /// A client certificate.
    Certificate,
    /// A bearer token over HTTP.
    HttpBearer,
    /// An operating-system user at the gate's own Unix socket.
    LocalUser,
}

impl CredentialKind {
    /// The word for it in evidence.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OauthBearer => "oauthbearer",
            Self::PlainToken => "plain_token",
            Self::PlainPassword => "plain_password",
            Self::Scram => "scram",
            Self::Certificate => "certificate",
            Self::HttpBearer => "http_bearer",
            Self::LocalUser => "local_user",
        }
    }

    /// Whether it is the same secret each time: what is copied from a file or a log works until it is rotated.
    #[must_use]
    pub fn is_static(self) -> bool {
        matches!(self, Self::PlainPassword | Self::Scram)
    }
}
