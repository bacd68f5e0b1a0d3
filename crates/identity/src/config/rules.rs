//! Settings that may be written in more than one way.

use serde::Deserialize;

/// One text, or a list of texts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "RawOneOrMore")]
pub struct OneOrMore(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged, expecting = "write a text or a list of texts")]
enum RawOneOrMore {
    One(String),
    More(Vec<String>),
}

impl From<RawOneOrMore> for OneOrMore {
    fn from(raw: RawOneOrMore) -> OneOrMore {
        match raw {
            RawOneOrMore::One(one) => OneOrMore(vec![one]),
            RawOneOrMore::More(more) => OneOrMore(more),
        }
    }
}

/// What a token without the groups claim says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingGroups {
    /// Nothing: the groups are unknown.
    #[default]
    Unknown,
    /// The caller is in no group.
    None,
}

/// How to tell machines from people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawKindRule")]
pub enum KindRule {
    /// All are people.
    #[default]
    User,
    /// All are machines.
    Workload,
    /// A machine if it is the client itself that the token is about (RFC 9068, 2.2), else a person.
    ClientCredentials,
    /// A machine by a claim, else a person.
    ByClaim {
        /// Name of the claim, or a path.
        claim: String,
        /// Values that mean a machine; without them any value does.
        workload: Option<Vec<String>>,
    },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawKindRule {
    Word(String),
    Claim(RawClaim),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaim {
    claim: String,
    workload: Option<Vec<String>>,
}

impl TryFrom<RawKindRule> for KindRule {
    type Error = &'static str;

    fn try_from(raw: RawKindRule) -> Result<Self, &'static str> {
        match raw {
            RawKindRule::Word(word) if word == "user" => Ok(KindRule::User),
            RawKindRule::Word(word) if word == "workload" => Ok(KindRule::Workload),
            RawKindRule::Word(word) if word == "client_credentials" => Ok(KindRule::ClientCredentials),
            RawKindRule::Word(_) => {
                Err("kind is user, workload, client_credentials or { claim = \"…\", workload = [\"…\"] }")
            }
            RawKindRule::Claim(RawClaim { claim, workload }) => Ok(KindRule::ByClaim { claim, workload }),
        }
    }
}
