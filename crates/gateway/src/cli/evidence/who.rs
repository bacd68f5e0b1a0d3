//! Who: personal values are encrypted beside the leaf that commits to them, once a session.

use std::collections::HashMap;

use tidegate_evidence::leaf::commitment;
use tidegate_evidence::merkle::sha256;
use tidegate_evidence::reader::FoundLeaf;
use tidegate_evidence::{Class, Disclosure, KeyName, Keyring, Kind, Label, SessionId};

use crate::control::hex;

/// Open sessions that are remembered; those beyond are shown without a name.
const SESSIONS_MAX: usize = 100_000;

/// What opens disclosures.
pub(super) enum Opener {
    /// Nothing: the folder is read without keys.
    Sealed,
    /// The gateway's keyring.
    Keys(Box<Keyring>),
}

/// The personal values of one leaf.
pub(super) enum Opened {
    /// The leaf has none.
    None,
    /// No keys are at hand.
    Sealed,
    /// The keys do not open them; why.
    Gone(String),
    /// The values.
    Values(Vec<Value>),
}

/// One personal value.
pub(super) struct Value {
    /// Which.
    pub(super) label: Label,
    /// The value as text; what is no UTF-8 is replaced.
    pub(super) text: String,
    /// Whether the leaf's commitment is to this value.
    pub(super) fits: bool,
}

impl Opener {
    /// Opens what stands beside a leaf and compares it with the leaf's commitments.
    pub(super) fn open(&self, origin: &str, log: u64, found: &FoundLeaf) -> Opened {
        let Some(body) = &found.disclosure else { return Opened::None };
        let Opener::Keys(keyring) = self else { return Opened::Sealed };
        let name = KeyName { incarnation: log, segment: found.at.segment, class: Class::Personal };
        match keyring.open_disclosures(origin, name, found.leaf.index, body) {
            Ok(values) => Opened::Values(values.into_iter().map(|value| Value::new(found, value)).collect()),
            Err(error) => Opened::Gone(error.to_string()),
        }
    }
}

impl Value {
    fn new(found: &FoundLeaf, disclosure: Disclosure) -> Self {
        let Disclosure { label, salt, value } = disclosure;
        let committed = (label, commitment(&salt, label, &sha256(&value)));
        let text = String::from_utf8_lossy(&value).into_owned();
        Value { label, text, fits: found.leaf.commitments.contains(&committed) }
    }
}

/// Who a leaf is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Who {
    /// For the table.
    pub(super) text: String,
    /// Who issued the credential.
    pub(super) issuer: Option<String>,
    /// The caller's subject.
    pub(super) subject: Option<String>,
    /// The client's address.
    pub(super) address: Option<String>,
    /// Who gave a command, `issuer:subject`.
    pub(super) operator: Option<String>,
}

impl Who {
    fn new(opened: &Opened, found: &FoundLeaf) -> Self {
        let values = match opened {
            Opened::Values(values) => values,
            Opened::None => return Who::default(),
            Opened::Gone(_) => return Who { text: "(key gone)".into(), ..Who::default() },
            Opened::Sealed => {
                let subject = found.leaf.commitments.iter().find(|(label, _)| *label == Label::Subject);
                let first = subject.or(found.leaf.commitments.first());
                let short = first.map(|(_, hash)| hex(hash.get(..4).unwrap_or_default()));
                return Who { text: short.map(|short| format!("#{short}")).unwrap_or_default(), ..Who::default() };
            }
        };
        let value = |label| values.iter().find(|value| value.label == label).map(|value| value.text.clone());
        let (issuer, subject, address) = (value(Label::Issuer), value(Label::Subject), value(Label::SourceAddress));
        let operator = value(Label::Operator);
        let mut text = match (&issuer, &subject, &address) {
            _ if let Some(operator) = &operator => operator.clone(),
            (Some(issuer), Some(subject), _) => format!("{issuer}:{subject}"),
            (None, Some(subject), _) => subject.clone(),
            (_, None, Some(address)) => format!("({address})"),
            _ => String::new(),
        };
        if values.iter().any(|value| !value.fits) {
            text.push_str(" (not as committed)");
        }
        Who { text, issuer, subject, address, operator }
    }
}

/// The sessions of one log whose end has not come yet.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    open: HashMap<SessionId, Who>,
}

impl Sessions {
    /// Who a leaf is about: what it discloses itself, or its session's opening leaf did.
    pub(super) fn who(&mut self, opener: &Opener, origin: &str, log: u64, found: &FoundLeaf) -> Who {
        let entry = &found.leaf.entry;
        if found.disclosure.is_some() {
            let who = Who::new(&opener.open(origin, log, found), found);
            if let (Kind::SessionOpen, Some(id)) = (entry.kind, entry.session)
                && (self.open.len() < SESSIONS_MAX || self.open.contains_key(&id))
            {
                self.open.insert(id, who.clone());
            }
            return who;
        }
        let Some(id) = entry.session else { return Who::default() };
        let who = if entry.kind == Kind::SessionClose { self.open.remove(&id) } else { self.open.get(&id).cloned() };
        who.unwrap_or_default()
    }
}
