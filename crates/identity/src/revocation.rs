//! Who must not be believed any longer, though the credential says otherwise: the list behind `tidegate revoke`.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use tidegate_model::Caller;

use crate::token::is_name;

/// Most revocations at once.
pub const REVOCATIONS_MAX: usize = 200_000;
/// Longest value: an issuer's name, a colon, and the longest name that an issuer gives.
const VALUE_BYTES_MAX: usize = 600;

/// What a revocation names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationKind {
    /// A caller, `issuer:subject`.
    Subject,
    /// A login: the `sid` of its tokens.
    Session,
    /// One token, by its `jti`, or by its SHA-256 as 64 lower-case hex digits; also a client certificate by its SHA-256.
    Token,
    /// A client at an issuer, `issuer:client`.
    Client,
    /// Everybody of a group, `issuer:group`. Who is of this issuer and whose groups are unknown counts as a member.
    Group,
}

impl RevocationKind {
    /// The word for it, as in a revocation that is written down.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            RevocationKind::Subject => "subject",
            RevocationKind::Session => "session",
            RevocationKind::Token => "token",
            RevocationKind::Client => "client",
            RevocationKind::Group => "group",
        }
    }
}

/// One revocation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Revocation {
    /// What `value` is.
    pub kind: RevocationKind,
    /// Who or what is revoked.
    pub value: String,
    /// Unix seconds: whatever was issued before is dead, so that a new login counts again. A credential that does not say when
    /// it was issued counts as before. For a login and for one token the time is of no matter: they are dead for good.
    ///
    /// Times of issue are whole seconds. To end what there is now, this is the second after; see [`Revocation::now`].
    pub not_before: u64,
    /// Why; for operators and evidence.
    pub reason: String,
}

impl Revocation {
    /// Ends whatever was issued up to and within the second `now_unix`.
    #[must_use]
    pub fn now(kind: RevocationKind, value: String, now_unix: u64, reason: String) -> Revocation {
        Revocation { kind, value, not_before: now_unix.saturating_add(1), reason }
    }

    fn ends(&self, caller: &Caller) -> bool {
        match self.kind {
            RevocationKind::Session | RevocationKind::Token => true,
            RevocationKind::Subject | RevocationKind::Client | RevocationKind::Group => {
                caller.issued_at.is_none_or(|issued| issued < self.not_before)
            }
        }
    }
}

/// A list that cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum RevocationError {
    /// A value that nothing could ever match.
    #[error("{kind:?} {value:?} cannot be revoked: {what}")]
    Value {
        /// What it should be.
        kind: RevocationKind,
        /// The value, cut.
        value: String,
        /// What would do.
        what: &'static str,
    },
    /// More than [`REVOCATIONS_MAX`].
    #[error("more than {REVOCATIONS_MAX} revocations; end those whose credentials have all expired")]
    TooMany,
}

/// All revocations, to be asked at each login and, when the list has changed, for each live connection. An answer takes one
/// look-up for each kind and one for each of the caller's groups, however long the list is.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    by_kind: BTreeMap<RevocationKind, HashMap<String, Revocation>>,
    /// By issuer, its group revocation with the latest time: it ends those whose groups are unknown.
    latest_group: HashMap<String, Revocation>,
}

impl Revocations {
    /// Takes a list. Of two with the same value the one with the later time counts.
    ///
    /// # Errors
    /// A value that is not as its kind says, too many.
    pub fn new(list: impl IntoIterator<Item = Revocation>) -> Result<Revocations, RevocationError> {
        let mut all = Revocations::default();
        for (index, revocation) in list.into_iter().enumerate() {
            if index >= REVOCATIONS_MAX {
                return Err(RevocationError::TooMany);
            }
            check(&revocation)?;
            if let (RevocationKind::Group, Some((issuer, _))) = (revocation.kind, revocation.value.split_once(':')) {
                keep_later(&mut all.latest_group, issuer.to_owned(), revocation.clone());
            }
            keep_later(all.by_kind.entry(revocation.kind).or_default(), revocation.value.clone(), revocation);
        }
        Ok(all)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_kind.values().map(HashMap::len).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_kind.is_empty()
    }

    /// The revocation that ends this caller's credential, if there is one.
    #[must_use]
    pub fn revoked(&self, caller: &Caller) -> Option<&Revocation> {
        let find = |kind: RevocationKind, value: &str| {
            self.by_kind.get(&kind)?.get(value).filter(|revocation| revocation.ends(caller))
        };
        let of_issuer = |name: &String| format!("{}:{name}", caller.issuer);
        find(RevocationKind::Subject, &of_issuer(&caller.subject))
            .or_else(|| find(RevocationKind::Session, caller.session.as_deref()?))
            .or_else(|| find(RevocationKind::Token, caller.token_id.as_deref()?))
            .or_else(|| find(RevocationKind::Token, &hex(&caller.token_hash?)))
            .or_else(|| find(RevocationKind::Client, &of_issuer(caller.client.as_ref()?)))
            .or_else(|| caller.groups.iter().find_map(|group| find(RevocationKind::Group, group)))
            .or_else(|| {
                let unknown = || self.latest_group.get(&caller.issuer).filter(|revocation| revocation.ends(caller));
                if caller.groups_known { None } else { unknown() }
            })
    }
}

fn keep_later(map: &mut HashMap<String, Revocation>, key: String, new: Revocation) {
    let later = |old: &Revocation| old.not_before >= new.not_before;
    if !map.get(&key).is_some_and(later) {
        map.insert(key, new);
    }
}

fn check(revocation: &Revocation) -> Result<(), RevocationError> {
    let (kind, value) = (revocation.kind, &revocation.value);
    let wrong = |what| Err(RevocationError::Value { kind, value: value.chars().take(100).collect(), what });
    if !is_name(value, VALUE_BYTES_MAX) {
        return wrong("it is empty, longer than 600 bytes, or has control characters");
    }
    let named = value.split_once(':').is_some_and(|(issuer, name)| !issuer.is_empty() && !name.is_empty());
    match kind {
        RevocationKind::Subject if !named => wrong("write issuer:subject, as policy and evidence do"),
        RevocationKind::Client if !named => wrong("write issuer:client, with the issuer's configured name"),
        RevocationKind::Group if !named => wrong("write issuer:group, as policy and evidence do"),
        _ => Ok(()),
    }
}

/// Lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // a String takes every write
        _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use tidegate_model::{CallerKind, CredentialKind};

    use super::*;

    fn caller() -> Caller {
        Caller {
            kind: CallerKind::User,
            issuer: "idp".to_owned(),
            subject: "ann".to_owned(),
            groups: vec!["idp:chess".to_owned(), "idp:sales".to_owned()],
            groups_known: true,
            client: Some("cli".to_owned()),
            token_id: Some("t-1".to_owned()),
            token_hash: Some([0xab; 32]),
            session: Some("s-1".to_owned()),
            credential: CredentialKind::OauthBearer,
            via_gate: false,
            issued_at: Some(1_000),
            expires_at: 2_000,
            mfa_at: None,
        }
    }

    fn revocation(kind: RevocationKind, value: &str, not_before: u64) -> Revocation {
        Revocation { kind, value: value.to_owned(), not_before, reason: "left".to_owned() }
    }

    #[track_caller]
    fn dies(of: &Revocation, caller: &Caller) -> bool {
        let all = Revocations::new([of.clone()]).unwrap();
        let found = all.revoked(caller);
        assert!(found.is_none_or(|found| found == of));
        found.is_some()
    }

    #[test]
    fn every_kind_ends_those_it_names_and_nobody_else() {
        use RevocationKind::*;
        for (kind, value, dead) in [
            (Subject, "idp:ann", true),
            (Subject, "idp:an", false),
            (Subject, "other:ann", false),
            (Session, "s-1", true),
            (Session, "t-1", false),
            (Token, "t-1", true),
            (Token, &"ab".repeat(32), true),
            (Token, &"ac".repeat(32), false),
            (Client, "idp:cli", true),
            (Client, "other:cli", false),
            (Group, "idp:sales", true),
            (Group, "idp:golf", false),
            (Group, "other:sales", false),
        ] {
            assert_eq!(dies(&revocation(kind, value, 1_001), &caller()), dead, "{kind:?} {value}");
        }
        assert_eq!(Revocations::default().revoked(&caller()), None);
    }

    #[test]
    fn what_was_issued_before_is_dead_and_a_new_login_counts() {
        use RevocationKind::*;
        for (kind, value) in [(Subject, "idp:ann"), (Client, "idp:cli"), (Group, "idp:sales")] {
            assert!(dies(&revocation(kind, value, 1_001), &caller()), "{kind:?}");
            assert!(!dies(&revocation(kind, value, 1_000), &caller()), "{kind:?}");
            assert!(!dies(&revocation(kind, value, 10), &caller()), "{kind:?}");
            let silent = Caller { issued_at: None, ..caller() };
            assert!(dies(&revocation(kind, value, 10), &silent), "no time of issue counts as before");
        }
        for (kind, value) in [(Session, "s-1"), (Token, "t-1")] {
            assert!(dies(&revocation(kind, value, 0), &caller()), "a login and a token never come again");
        }
        let now = Revocation::now(Subject, "idp:ann".to_owned(), 1_000, "left".to_owned());
        assert!(dies(&now, &caller()), "issued within the very second");
    }

    #[test]
    fn unknown_groups_count_as_membership_at_the_same_issuer() {
        let unknown = Caller { groups: Vec::new(), groups_known: false, ..caller() };
        let group = |value, at| revocation(RevocationKind::Group, value, at);
        assert!(dies(&group("idp:golf", 1_001), &unknown));
        assert!(!dies(&group("other:golf", 1_001), &unknown));
        assert!(!dies(&group("idp:golf", 1_000), &unknown));
        let all = Revocations::new([group("idp:golf", 1_001), group("idp:tennis", 5)]).unwrap();
        assert_eq!(all.revoked(&unknown).map(|found| found.value.as_str()), Some("idp:golf"), "the latest counts");
    }

    #[test]
    fn the_later_of_two_counts_in_any_order() {
        let (early, late) =
            (revocation(RevocationKind::Subject, "idp:ann", 5), revocation(RevocationKind::Subject, "idp:ann", 1_001));
        for list in [[early.clone(), late.clone()], [late, early]] {
            let all = Revocations::new(list).unwrap();
            assert_eq!((all.len(), all.revoked(&caller()).is_some()), (1, true));
        }
    }

    #[test]
    fn a_hundred_thousand_are_looked_up_by_key() {
        let many = (0..100_000).map(|i| revocation(RevocationKind::Subject, &format!("idp:user-{i}"), 1_001));
        let groups = (0..50_000).map(|i| revocation(RevocationKind::Group, &format!("idp:group-{i}"), 1_001));
        let all = Revocations::new(many.chain(groups)).unwrap();
        assert_eq!((all.len(), all.is_empty()), (150_000, false));
        let user = |i: usize| Caller { subject: format!("user-{i}"), ..caller() };
        assert!(all.revoked(&user(0)).is_some() && all.revoked(&user(99_999)).is_some());
        assert!(all.revoked(&user(100_000)).is_none());
        // a walk along the list would take minutes here
        assert_eq!((0..200_000).filter(|i| all.revoked(&user(*i)).is_some()).count(), 100_000);
    }

    #[test]
    fn values_that_match_nothing_and_endless_lists_are_refused() {
        use RevocationKind::*;
        for (kind, value) in [
            (Subject, "ann"),
            (Subject, ":ann"),
            (Subject, "idp:"),
            (Client, "cli"),
            (Group, "sales"),
            (Session, ""),
            (Token, "a\nb"),
            (Token, &"x".repeat(601)),
        ] {
            let refused = Revocations::new([revocation(kind, value, 1)]).unwrap_err();
            assert!(matches!(refused, RevocationError::Value { .. }), "{value} {refused}");
        }
        let endless = (0..).map(|i| revocation(Token, &format!("t-{i}"), 1));
        assert_eq!(Revocations::new(endless).unwrap_err(), RevocationError::TooMany);
    }
}
