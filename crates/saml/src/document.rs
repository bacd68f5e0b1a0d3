//! Reads a response in one bounded pass and refuses every shape but one, before any other code sees it.
//!
//! The library verifies signatures with one XML parser and reads values with another. Most holes in SAML libraries were two
//! readers that saw different documents. So what goes on from here has no markup that readers are known to disagree on, one
//! assertion, and each signature in a place where it can only cover its own parent.

mod places;

use std::collections::{BTreeMap, HashSet};

use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::check::{Check, SamlRefused, refused, shown};
use places::{PLACES, Place, Space};

/// Most bytes of a response's XML.
pub(crate) const BYTES_MAX: usize = 256 * 1024;
/// Deepest nesting; the table of places allows about eight.
pub(crate) const DEPTH_MAX: usize = 16;
/// Most elements: 2,000 groups, each with an attribute of its own, and room to spare.
pub(crate) const ELEMENTS_MAX: usize = 8_192;
/// Most attributes of one element, declarations of namespaces among them.
pub(crate) const ATTRIBUTES_MAX: usize = 32;
/// Most bytes of one attribute's value.
pub(crate) const VALUE_BYTES_MAX: usize = 4_096;
const ID_BYTES_MAX: usize = 200;

const SUCCESS: &str = "urn:oasis:names:tc:SAML:2.0:status:Success";
const XML_SPACE: &str = "http://www.w3.org/XML/1998/namespace";
const INSTANCE_SPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";

const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// The signatures that are accepted (RFC 9231, 2.3.2 to 2.3.4).
pub(crate) const RSA_SHA2: [&str; 3] = [
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
];
const SHA2: [&str; 3] = [
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512",
];

/// Attributes that are instants. The library's own reader of them counts past the end of a byte where a digit is none.
const INSTANTS: [&str; 5] = ["IssueInstant", "NotBefore", "NotOnOrAfter", "AuthnInstant", "SessionNotOnOrAfter"];

/// What a response of the accepted shape says. Nothing of it is believed before a signature was verified over it.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) assertion_id: String,
    pub(crate) in_response_to: String,
    pub(crate) name_id: String,
    pub(crate) name_id_format: Option<String>,
    /// Unix seconds.
    pub(crate) authn_instant: u64,
    /// Unix seconds.
    pub(crate) session_not_on_or_after: Option<u64>,
    pub(crate) authn_context: Option<String>,
    /// Names and values in the order of the document; a name may stand several times.
    pub(crate) attributes: Vec<(String, Vec<String>)>,
}

/// Reads `xml`.
pub(crate) fn read(xml: &str) -> Result<Document, SamlRefused> {
    if xml.len() > BYTES_MAX {
        return refused(Check::Size, format!("more than {BYTES_MAX} bytes of XML"));
    }
    let forbidden =
        |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}' | '\u{feff}');
    if xml.contains(forbidden) || !xml.starts_with('<') {
        return refused(Check::Form, "begins with something else than < or holds characters that XML does not allow");
    }
    let mut reader = NsReader::from_str(xml);
    reader.resolver_mut().set_max_namespace_bindings(ATTRIBUTES_MAX);
    let mut pass = Pass::default();
    loop {
        let Ok((space, event)) = reader.read_resolved_event() else {
            return refused(Check::Form, "is not well-formed XML");
        };
        match event {
            Event::Start(element) => {
                let space = space_of(&space)?;
                let attributes = attributes(&reader, &element)?;
                pass.open(space, element.local_name().into_inner(), &attributes)?;
            }
            Event::Empty(element) => {
                let space = space_of(&space)?;
                let attributes = attributes(&reader, &element)?;
                pass.open(space, element.local_name().into_inner(), &attributes)?;
                pass.close()?;
            }
            Event::End(_) => pass.close()?,
            Event::Text(text) => pass.text(&text.xml10_content())?,
            Event::GeneralRef(reference) => pass.text(character(&reference)?.encode_utf8(&mut [0; 4]))?,
            Event::Decl(declaration) => pass.declaration(&declaration)?,
            Event::DocType(_) => return refused(Check::Markup, "has a document type"),
            Event::Comment(_) => return refused(Check::Markup, "has a comment"),
            Event::PI(_) => return refused(Check::Markup, "has a processing instruction"),
            Event::CData(_) => return refused(Check::Markup, "has a CDATA section"),
            Event::Eof => return pass.finish(),
        }
    }
}

fn space_of(resolved: &ResolveResult<'_>) -> Result<Space, SamlRefused> {
    match resolved {
        ResolveResult::Bound(uri) => Ok(Space::of(uri.into_inner())),
        ResolveResult::Unbound => Ok(Space::Other),
        ResolveResult::Unknown(_) => refused(Check::Form, "uses a namespace prefix that is not declared"),
    }
}

/// The character that a reference stands for: by number, or one of the five that XML has.
fn character(reference: &BytesRef<'_>) -> Result<char, SamlRefused> {
    let by_number = reference.resolve_char_ref().ok().flatten();
    let by_name = || match &**reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    };
    match by_number.or_else(by_name) {
        Some(character) if character >= ' ' || matches!(character, '\t' | '\n') => Ok(character),
        _ => refused(Check::Markup, "has an entity of its own, or one that stands for a forbidden character"),
    }
}

/// The attributes without a namespace, by name. Others are left out where they can do no harm, and refused elsewhere.
fn attributes(reader: &NsReader<&[u8]>, element: &BytesStart<'_>) -> Result<BTreeMap<String, String>, SamlRefused> {
    let mut found = BTreeMap::new();
    for (index, attribute) in element.attributes().enumerate() {
        let Ok(attribute) = attribute else {
            return refused(Check::Form, "has a malformed or repeated attribute");
        };
        if index >= ATTRIBUTES_MAX || attribute.value.len() > VALUE_BYTES_MAX {
            return refused(Check::Size, "has an element with too many or too long attributes");
        }
        let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) else {
            return refused(Check::Markup, "has an entity of its own in an attribute");
        };
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (space, name) = reader.resolver().resolve_attribute(attribute.key);
        let name = name.into_inner();
        let of_an_attribute = matches!(element.local_name().into_inner(), "Attribute" | "AttributeValue");
        match space {
            ResolveResult::Unbound => {
                found.insert(name.to_owned(), value.into_owned());
            }
            ResolveResult::Bound(uri) if uri.into_inner() == XML_SPACE && name == "lang" => {}
            ResolveResult::Bound(uri) if uri.into_inner() == INSTANCE_SPACE && matches!(name, "type" | "nil") => {}
            // such as x500:Encoding and a:OriginalIssuer; nothing reads them
            ResolveResult::Bound(_) if of_an_attribute && !is_read_somewhere(name) => {}
            _ => return refused(Check::Shape, format!("has the attribute {} in a namespace", shown(name))),
        }
    }
    Ok(found)
}

/// A reader that looks at local names alone must not take another attribute for one of these.
fn is_read_somewhere(name: &str) -> bool {
    is_identifier(name) || matches!(name, "Name" | "NameFormat" | "base")
}

fn is_identifier(name: &str) -> bool {
    name.eq_ignore_ascii_case("id") || name.eq_ignore_ascii_case("assertionid")
}

/// An element that is open.
struct Frame {
    place: &'static Place,
    children: BTreeMap<&'static str, usize>,
    id: Option<String>,
    text: String,
}

#[derive(Default)]
struct Pass {
    open: Vec<Frame>,
    elements: usize,
    root_was_closed: bool,
    began: bool,
    ids: HashSet<String>,
    found: Document,
}

impl Pass {
    fn parent(&self) -> &'static str {
        self.open.last().map_or("", |frame| frame.place.name)
    }

    fn open(&mut self, space: Space, name: &str, attributes: &BTreeMap<String, String>) -> Result<(), SamlRefused> {
        self.began = true;
        self.elements += 1;
        if self.elements > ELEMENTS_MAX || self.open.len() >= DEPTH_MAX {
            return refused(
                Check::Size,
                format!("has more than {ELEMENTS_MAX} elements or {DEPTH_MAX} levels of them"),
            );
        }
        if space == Space::Encryption || name.starts_with("Encrypted") {
            return refused(
                Check::Encrypted,
                "has an encrypted part; switch encryption off for this gate at the identity provider (the way here is TLS)",
            );
        }
        let parent = self.parent();
        let wanted = |place: &&Place| place.parent == parent && place.space == space && place.name == name;
        let Some(place) = PLACES.iter().find(wanted).filter(|_| !self.root_was_closed) else {
            let inside = if parent.is_empty() { "the document" } else { parent };
            return refused(Check::Shape, format!("{} does not belong into {inside}", shown(name)));
        };
        if let Some(frame) = self.open.last_mut() {
            let count = frame.children.entry(place.name).or_default();
            *count += 1;
            if *count > place.most {
                return refused(Check::Shape, format!("more than {} {} in {parent}", place.most, place.name));
            }
        }
        let id = self.identifier(place, attributes)?;
        self.open.push(Frame { place, children: BTreeMap::new(), id, text: String::new() });
        self.take(place, attributes)
    }

    /// The element's identifier: `ID` of response and assertion, `Id` in signatures, none elsewhere.
    fn identifier(
        &mut self,
        place: &Place,
        attributes: &BTreeMap<String, String>,
    ) -> Result<Option<String>, SamlRefused> {
        let wanted = if place.space == Space::Signature { "Id" } else { "ID" };
        let carries = place.space == Space::Signature || matches!(place.name, "Response" | "Assertion");
        let mut id = None;
        for (name, value) in attributes.iter().filter(|(name, _)| is_identifier(name)) {
            if !carries || name != wanted {
                return refused(Check::Shape, format!("{} has an identifier {}", place.name, shown(name)));
            }
            if !is_name(value) {
                return refused(Check::Shape, format!("{} has no usable {wanted}", place.name));
            }
            if !self.ids.insert(value.clone()) {
                return refused(Check::DuplicateId, format!("the identifier {} stands twice", shown(value)));
            }
            id = Some(value.clone());
        }
        if id.is_none() && matches!(place.name, "Response" | "Assertion") {
            return refused(Check::Shape, format!("{} has no ID", place.name));
        }
        Ok(id)
    }

    /// Keeps what is wanted of an element that was just opened.
    fn take(&mut self, place: &Place, attributes: &BTreeMap<String, String>) -> Result<(), SamlRefused> {
        for (name, value) in attributes.iter().filter(|(name, _)| INSTANTS.contains(&name.as_str())) {
            if seconds(value).is_none() {
                return refused(
                    Check::Time,
                    format!("{name} of {} is no instant in UTC: {}", place.name, shown(value)),
                );
            }
        }
        let need = |name: &str| match attributes.get(name) {
            Some(value) => Ok(value.clone()),
            None => refused(Check::Shape, format!("{} has no {name}", place.name)),
        };
        match (place.parent, place.name) {
            ("", "Response") => {
                need("Destination")?;
                self.found.in_response_to = match need("InResponseTo") {
                    Ok(request) => request,
                    Err(_) => return refused(Check::Request, "answers no request; begin the login at the gate"),
                };
            }
            ("Response", "Assertion") => self.found.assertion_id = need("ID")?,
            ("Status", "StatusCode") => {
                let code = need("Value")?;
                if code != SUCCESS {
                    return refused(Check::Status, format!("the identity provider says {}", shown(&code)));
                }
            }
            ("Subject", "NameID") => self.found.name_id_format = attributes.get("Format").cloned(),
            ("SubjectConfirmation", "SubjectConfirmationData") if attributes.contains_key("NotBefore") => {
                return refused(Check::Shape, "SubjectConfirmationData has a NotBefore (SAML profiles 4.1.4.2)");
            }
            ("Assertion", "AuthnStatement") => {
                self.found.authn_instant = seconds(&need("AuthnInstant")?).unwrap_or(u64::MAX);
                self.found.session_not_on_or_after = attributes.get("SessionNotOnOrAfter").and_then(|end| seconds(end));
            }
            ("AttributeStatement", "Attribute") => self.found.attributes.push((need("Name")?, Vec::new())),
            ("SignedInfo", "CanonicalizationMethod") => allowed(place.name, &need("Algorithm")?, &[EXCLUSIVE])?,
            ("SignedInfo", "SignatureMethod") => allowed(place.name, &need("Algorithm")?, &RSA_SHA2)?,
            ("Reference", "DigestMethod") => allowed(place.name, &need("Algorithm")?, &SHA2)?,
            ("Transforms", "Transform") => allowed(place.name, &need("Algorithm")?, &[ENVELOPED, EXCLUSIVE])?,
            ("SignedInfo", "Reference") => {
                let uri = need("URI")?;
                // Response or Assertion, Signature, SignedInfo, Reference
                let signed = self.open.iter().rev().nth(3).and_then(|frame| frame.id.as_deref());
                if uri.strip_prefix('#') != signed || signed.is_none() {
                    return refused(Check::Shape, "a signature refers to something else than the element it stands in");
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), SamlRefused> {
        let Some(frame) = self.open.pop() else { return refused(Check::Form, "closes what is not open") };
        let name = frame.place.name;
        let count = |place: &Place| frame.children.get(place.name).copied().unwrap_or(0);
        if let Some(missing) = PLACES.iter().find(|place| place.parent == name && count(place) < place.least) {
            return refused(Check::Shape, format!("no {} in {name}", missing.name));
        }
        match (frame.place.parent, name) {
            ("", _) => self.root_was_closed = true,
            ("Subject", "NameID") => self.found.name_id = frame.text,
            ("AuthnContext", "AuthnContextClassRef") => self.found.authn_context = Some(frame.text),
            ("Attribute", "AttributeValue") => {
                if let Some((_, values)) = self.found.attributes.last_mut() {
                    values.push(frame.text);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), SamlRefused> {
        self.began = true;
        match self.open.last_mut() {
            Some(frame) if frame.place.text => frame.text.push_str(text),
            _ if text.chars().all(|c| matches!(c, ' ' | '\t' | '\n' | '\r')) => {}
            _ => return refused(Check::Shape, "has text between elements"),
        }
        Ok(())
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), SamlRefused> {
        let version = declaration.version().is_ok_and(|version| version == "1.0");
        let encoding = match declaration.encoding() {
            None => true,
            Some(encoding) => encoding.is_ok_and(|name| name.eq_ignore_ascii_case("utf-8")),
        };
        if std::mem::replace(&mut self.began, true) || !version || !encoding {
            return refused(Check::Form, "is not XML 1.0 in UTF-8");
        }
        Ok(())
    }

    fn finish(self) -> Result<Document, SamlRefused> {
        if self.root_was_closed && self.open.is_empty() {
            Ok(self.found)
        } else {
            refused(Check::Form, "ends too early")
        }
    }
}

fn allowed(element: &str, algorithm: &str, list: &[&str]) -> Result<(), SamlRefused> {
    if list.contains(&algorithm) {
        return Ok(());
    }
    refused(
        Check::Algorithm,
        format!(
            "{element} is {}; use RSA with SHA-256, SHA-384 or SHA-512 and exclusive canonicalization",
            shown(algorithm)
        ),
    )
}

/// Unix seconds of an instant in UTC (SAML core 2.0, 1.3.3), with or without fractions.
pub(crate) fn seconds(instant: &str) -> Option<u64> {
    let utc = instant.ends_with('Z').then(|| OffsetDateTime::parse(instant, &Rfc3339).ok()).flatten()?;
    u64::try_from(utc.unix_timestamp()).ok()
}

/// A name in the sense of XML, of plain letters (NCName).
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() <= ID_BYTES_MAX
        && bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}
