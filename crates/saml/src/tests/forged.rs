//! Responses of an attacker: somebody with an account at the identity provider, or with somebody's old response.

use super::*;
use crate::provider::agree;
use crate::{ReplayRefused, document};

/// The text from the first `begin` to the first `end` after it, both included.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let from = text.find(begin).unwrap();
    let length = text.split_at(from).1.find(end).unwrap() + end.len();
    text.get(from..from + length).unwrap()
}

/// The parts of a genuine response that an attacker moves around.
struct Parts {
    whole: String,
    assertion: String,
    signature: String,
    /// The assertion without its signature.
    bare: String,
    /// An assertion about somebody else, without a signature.
    evil: String,
}

fn parts(pending: &Pending) -> Parts {
    let whole = sign(&response(pending));
    let assertion = between(&whole, "<saml:Assertion", "</saml:Assertion>").to_owned();
    let signature = between(&assertion, "<ds:Signature ", "</ds:Signature>").to_owned();
    let bare = replaced(&assertion, &signature, "");
    let evil = replaced(&replaced(&bare, ">alice<", ">mallory<"), "\"_assertion\"", "\"_evil\"");
    Parts { whole, assertion, signature, bare, evil }
}

/// Puts `what` before the end of the element that ends with `end`.
fn inside(text: &str, end: &str, what: &str) -> String {
    let (before, after) = text.split_at(text.rfind(end).unwrap());
    format!("{before}{what}{after}")
}

/// The evil assertion with a signature element in its place.
fn with_signature(evil: &str, signature: &str) -> String {
    replaced(evil, "</saml:Issuer><saml:Subject>", &format!("</saml:Issuer>{signature}<saml:Subject>"))
}

/// The ways to wrap a signed assertion that are known by number (Somorovsky et al., "On Breaking SAML", 2012).
fn wrapped(number: u8, pending: &Pending) -> String {
    let Parts { whole, assertion, signature, bare, evil } = parts(pending);
    match number {
        // 1, 2: the whole response is signed; a copy goes into or beside the signature of a forged one
        1 | 2 => {
            let signed = sign_as(idp(), &response(pending), Part::Response);
            let signature = between(&signed, "<ds:Signature ", "</ds:Signature>").to_owned();
            let bare = replaced(&signed, &signature, "");
            let forged = replaced(&replaced(&bare, ">alice<", ">mallory<"), "\"_response\"", "\"_evil\"");
            let (old, new) = match number {
                1 => ("<samlp:Status>", inside(&signature, "</ds:Signature>", &bare) + "<samlp:Status>"),
                _ => ("<samlp:Status>", format!("{bare}{signature}<samlp:Status>")),
            };
            replaced(&forged, old, &new)
        }
        3 => replaced(&whole, &assertion, &format!("{evil}{assertion}")),
        4 => replaced(&whole, &assertion, &inside(&evil, "</saml:Assertion>", &assertion)),
        5 => {
            let changed = with_signature(&evil, &signature);
            replaced(&whole, &assertion, &format!("{changed}{bare}"))
        }
        6 => {
            let holder = inside(&signature, "</ds:Signature>", &bare);
            replaced(&whole, &assertion, &with_signature(&evil, &holder))
        }
        7 => replaced(&whole, "<samlp:Status>", &format!("<samlp:Extensions>{evil}</samlp:Extensions><samlp:Status>")),
        _ => {
            let object = format!("<ds:Object>{bare}</ds:Object>");
            let holder = inside(&signature, "</ds:Signature>", &object);
            replaced(&whole, &assertion, &with_signature(&evil, &holder))
        }
    }
}

#[test]
fn every_known_way_to_wrap_a_signed_assertion_is_refused_by_its_shape() {
    let provider = provider();
    for number in 1..=8 {
        let result = login(&provider, |pending| wrapped(number, pending));
        assert_eq!(check(&result), Some(Check::Shape), "XSW{number}: {result:?}");
    }
}

/// The library is the second line: it refuses them too, asked alone.
#[test]
fn every_known_way_to_wrap_is_refused_by_the_library_alone() {
    let provider = provider();
    for number in 1..=8 {
        let pending = provider.begin(now()).unwrap().pending;
        let xml = wrapped(number, &pending);
        let result = provider.verify(&xml, pending, &mut memory(), now());
        let session = result.as_ref().map(|session| session.name_id().value().to_owned());
        assert_ne!(session, Ok("mallory".to_owned()), "XSW{number}");
    }
}

type Forge = fn(&Pending) -> String;

const SIGNATURES: &[(&str, Check, Forge)] = &[
    ("no signature", Check::Unsigned, response),
    ("signature stripped", Check::Unsigned, |p| {
        let Parts { whole, signature, .. } = parts(p);
        replaced(&whole, &signature, "")
    }),
    ("NameID changed", Check::Signature, |p| replaced(&sign(&response(p)), ">alice<", ">mallory<")),
    ("group changed", Check::Signature, |p| replaced(&sign(&response(p)), "/analysts", "/admins")),
    ("signature value changed", Check::Signature, |p| {
        let signed = sign(&response(p));
        let value = between(&signed, "<ds:SignatureValue>", "</ds:SignatureValue>").to_owned();
        let mut other = value.clone().into_bytes();
        let at = "<ds:SignatureValue>".len() + 20;
        other[at] = if other[at] == b'A' { b'B' } else { b'A' };
        replaced(&signed, &value, &String::from_utf8(other).unwrap())
    }),
    ("another's key, with its certificate", Check::Certificate, |p| sign_as(stranger(), &response(p), Part::Assertion)),
    ("another's key, with the right certificate", Check::Signature, |p| {
        let forger = Signer { key: stranger().key.clone(), certificate: idp().certificate.clone() };
        sign_as(&forger, &response(p), Part::Assertion)
    }),
    ("another's key, without a certificate", Check::Signature, |p| {
        let signed = sign_as(stranger(), &response(p), Part::Assertion);
        let info = between(&signed, "<ds:KeyInfo>", "</ds:KeyInfo>").to_owned();
        replaced(&signed, &info, "")
    }),
];

const MARKUP: &[(&str, Check, Forge)] = &[
    ("comment in the NameID", Check::Markup, |p| replaced(&sign(&response(p)), ">alice<", ">alice<!-- -->.evil<")),
    ("comment in the signed NameID", Check::Markup, |p| {
        sign(&replaced(&response(p), ">alice<", ">alice<!-- -->.evil<"))
    }),
    ("processing instruction", Check::Markup, |p| replaced(&sign(&response(p)), ">alice<", ">ali<?x y?>ce<")),
    ("CDATA", Check::Markup, |p| replaced(&sign(&response(p)), ">alice<", "><![CDATA[alice]]><")),
    ("document type", Check::Markup, |p| format!("<!DOCTYPE r>{}", sign(&response(p)))),
];

const PLACES: &[(&str, Check, Forge)] = &[
    ("duplicate ID", Check::DuplicateId, |p| replaced(&sign(&response(p)), "\"_response\"", "\"_assertion\"")),
    ("a second identifier", Check::Shape, |p| {
        replaced(&sign(&response(p)), "ID=\"_assertion\"", "ID=\"_assertion\" Id=\"_other\"")
    }),
    ("an identifier in a namespace", Check::Shape, |p| {
        replaced(&sign(&response(p)), "ID=\"_assertion\"", "ID=\"_assertion\" saml:ID=\"_other\"")
    }),
    ("signature that refers elsewhere", Check::Shape, |p| {
        replaced(&sign(&response(p)), "URI=\"#_assertion\"", "URI=\"#_response\"")
    }),
    ("signature of the whole document", Check::Shape, |p| {
        replaced(&sign(&response(p)), "URI=\"#_assertion\"", "URI=\"\"")
    }),
    ("SHA-1", Check::Algorithm, |p| {
        replaced(&sign(&response(p)), RSA_SHA256, "http://www.w3.org/2000/09/xmldsig#rsa-sha1")
    }),
    ("HMAC with the certificate as key", Check::Algorithm, |p| {
        replaced(&sign(&response(p)), RSA_SHA256, "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    }),
    ("XSLT", Check::Algorithm, |p| {
        replaced(
            &sign(&response(p)),
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/TR/1999/REC-xslt-19991116",
        )
    }),
    ("a third transform", Check::Shape, |p| {
        let transform = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/></ds:Transforms>";
        replaced(&sign(&response(p)), "</ds:Transforms>", transform)
    }),
    ("encrypted assertion", Check::Encrypted, |p| {
        let Parts { whole, assertion, .. } = parts(p);
        replaced(&whole, &assertion, "<saml:EncryptedAssertion/>")
    }),
    ("the assertion in another namespace", Check::Shape, |p| response(p).replace("saml:Assertion", "samlp:Assertion")),
];

/// Nothing that is known gets two readers to differ; so each difference is made here, behind their backs.
#[test]
fn readers_that_do_not_agree_refuse_the_login() {
    let provider = provider();
    let pending = provider.begin(now()).unwrap().pending;
    let xml = sign(&response(&pending));
    let session = provider.verify(&xml, pending.clone(), &mut memory(), now()).unwrap();
    let agrees = |from: &str, to: &str| agree(&document::read(&xml.replace(from, to)).unwrap(), &session);
    assert_eq!(agrees("alice", "alice"), Ok(()));
    for (from, to) in [(">alice<", ">mallory<"), ("_assertion", "_other"), (pending.request_id.as_str(), "_other")] {
        assert_eq!(agrees(from, to).unwrap_err().check, Check::Agreement, "{from}");
    }
}

/// Our pass refuses weak algorithms before; the library, asked alone, refuses them after it found the signature right.
#[test]
fn another_canonicalization_is_refused_twice() {
    let provider = provider();
    let pending = provider.begin(now()).unwrap().pending;
    let key = load_private_key(&idp().key, None).unwrap();
    let transforms = [
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature".to_owned(),
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315".to_owned(),
    ];
    let certificate = &idp().certificate;
    let xml = construct_saml_signature(&response(&pending), false, &key, certificate, RSA_SHA256, &transforms, None);
    let xml = xml.unwrap();
    assert_eq!(document::read(&xml).unwrap_err().check, Check::Algorithm);
    let alone = provider.verify(&xml, pending, &mut memory(), now());
    assert_eq!(alone.unwrap_err().check, Check::Algorithm);
}

#[test]
fn attributes_in_namespaces_stand_only_where_nobody_reads_them() {
    let pending = provider().begin(now()).unwrap().pending;
    for (element, attribute) in [
        ("Assertion ", "ID"),
        ("Subject>", "id"),
        ("NameID ", "Format"),
        ("SubjectConfirmation ", "Method"),
        ("SubjectConfirmationData ", "Recipient"),
        ("Conditions ", "NotOnOrAfter"),
        ("Attribute ", "Name"),
        ("Attribute ", "AssertionID"),
        ("AuthnStatement ", "Anything"),
    ] {
        let refused = read_with(&pending, element, attribute).unwrap_err();
        assert_eq!(refused.check, Check::Shape, "{element}{attribute}: {refused}");
    }
    read_with(&pending, "Attribute ", "OriginalIssuer").unwrap();
}

#[test]
fn nothing_that_has_to_be_there_may_be_left_out() {
    let pending = provider().begin(now()).unwrap().pending;
    let genuine = sign(&response(&pending));
    for (begin, end) in [
        ("<samlp:Status>", "</samlp:Status>"),
        ("<samlp:StatusCode ", "/>"),
        ("<saml:Assertion ", "</saml:Assertion>"),
        ("<saml:Subject>", "</saml:Subject>"),
        ("<saml:NameID ", "</saml:NameID>"),
        ("<saml:SubjectConfirmation ", "</saml:SubjectConfirmation>"),
        ("<saml:SubjectConfirmationData ", "/>"),
        ("<saml:Conditions ", "</saml:Conditions>"),
        ("<saml:AudienceRestriction>", "</saml:AudienceRestriction>"),
        ("<saml:Audience>", "</saml:Audience>"),
        ("<saml:AuthnStatement ", "</saml:AuthnStatement>"),
        ("<saml:AuthnContext>", "</saml:AuthnContext>"),
        ("<ds:SignedInfo>", "</ds:SignedInfo>"),
        ("<ds:SignatureValue>", "</ds:SignatureValue>"),
        ("<ds:CanonicalizationMethod ", "/>"),
        ("<ds:SignatureMethod ", "/>"),
        ("<ds:Reference ", "</ds:Reference>"),
        ("<ds:DigestMethod ", "/>"),
        ("<ds:DigestValue>", "</ds:DigestValue>"),
    ] {
        let refused = document::read(&replaced(&genuine, between(&genuine, begin, end), "")).unwrap_err();
        assert_eq!(refused.check, Check::Shape, "{begin}: {refused}");
    }
}

/// Reads a response in which the first element that begins so has an attribute in a namespace.
fn read_with(pending: &Pending, element: &str, attribute: &str) -> Result<document::Document, SamlRefused> {
    let (name, end) = element.split_at(element.len() - 1);
    let to = format!("<saml:{name} xmlns:x=\"urn:x\" x:{attribute}=\"_x\"{end}");
    document::read(&response(pending).replacen(&format!("<saml:{element}"), &to, 1))
}

#[test]
fn forgeries_are_refused_each_with_its_own_reason() {
    let provider = provider();
    for (name, expected, forge) in [SIGNATURES, MARKUP, PLACES].into_iter().flatten() {
        let result = login(&provider, forge);
        assert_eq!(check(&result), Some(*expected), "{name}: {result:?}");
    }
}

/// Responses that the identity provider did sign, but for something else.
#[test]
fn genuine_responses_for_others_are_refused_each_with_its_own_reason() {
    let data = "Recipient=\"https://gate.example/saml/corp/acs\" InResponseTo";
    let cases: &[(&str, Check, &str, &str)] = &[
        ("other audience", Check::Audience, ">https://gate.example/saml/corp/metadata<", ">https://other.example<"),
        ("no audience", Check::Shape, "<saml:Audience>https://gate.example/saml/corp/metadata</saml:Audience>", ""),
        ("other recipient", Check::Recipient, data, "Recipient=\"https://other.example/acs\" InResponseTo"),
        ("no recipient", Check::Recipient, data, "InResponseTo"),
        (
            "other destination",
            Check::Destination,
            "Destination=\"https://gate.example/saml/corp/acs\"",
            "Destination=\"https://other.example/acs\"",
        ),
        ("no destination", Check::Shape, "Destination=\"https://gate.example/saml/corp/acs\"", ""),
        ("not bearer", Check::Recipient, "cm:bearer", "cm:holder-of-key"),
        ("no longer to be used", Check::Time, "2026-11-25T12:05:00Z", "2026-11-25T11:59:30Z"),
        ("without a last time of use", Check::Time, "NotOnOrAfter=\"2026-11-25T12:05:00Z\"", ""),
        ("no longer valid", Check::Time, "2026-11-25T12:06:00Z", "2026-11-25T11:59:30Z"),
        ("not yet valid", Check::Time, "2026-11-25T11:55:00Z", "2026-11-25T12:00:31Z"),
        ("session ended", Check::Time, "2026-11-25T12:30:00Z", "2026-11-25T11:59:30Z"),
        ("authenticated in the future", Check::Time, "2026-11-25T11:50:00Z", "2026-11-25T12:00:31Z"),
        ("not in UTC", Check::Time, "2026-11-25T11:50:00Z", "2026-11-25T11:50:00+00:30"),
        (
            "unknown condition",
            Check::Shape,
            "<saml:AudienceRestriction>",
            "<saml:Condition/><saml:AudienceRestriction>",
        ),
        ("one assertion in another", Check::Shape, "<saml:Conditions ", "<saml:Advice/><saml:Conditions "),
        ("login failed", Check::Status, "status:Success", "status:Responder"),
        (
            "no authentication",
            Check::Shape,
            "saml:AttributeStatement><saml:Attribute Name=\"groups\">",
            "saml:AttributeStatement><saml:Attribute>",
        ),
    ];
    let provider = provider();
    for (name, expected, from, to) in cases {
        let result = login(&provider, |pending| sign(&replaced(&response(pending), from, to)));
        assert_eq!(check(&result), Some(*expected), "{name}: {result:?}");
    }
    let other_issuer = login(&provider, |pending| sign(&response(pending).replace(IDP, "https://other.example")));
    assert_eq!(check(&other_issuer), Some(Check::Issuer), "{other_issuer:?}");
}

#[test]
fn times_hold_to_the_second_with_the_skew() {
    let provider = provider();
    let at = |second: u64| {
        let at = UNIX_EPOCH + Duration::from_secs(second);
        check(&login_at(&provider, at, |pending| sign(&response(pending))))
    };
    // NotBefore is 5 minutes before, the confirmation ends 5 minutes after; 30 s of skew on both sides
    assert_eq!(at(NOW_S - 330), None);
    assert_eq!(at(NOW_S - 331), Some(Check::Time));
    assert_eq!(at(NOW_S + 329), None);
    assert_eq!(at(NOW_S + 330), Some(Check::Time));
}

#[test]
fn only_the_login_that_was_begun_is_finished() {
    let provider = provider();
    let unsolicited = login(&provider, |pending| {
        sign(&response(pending).replace(&format!(" InResponseTo=\"{}\"", pending.request_id), ""))
    });
    assert_eq!(check(&unsolicited), Some(Check::Request), "{unsolicited:?}");
    let other = login(&provider, |pending| sign(&response(pending).replace(&pending.request_id, "_other")));
    assert_eq!(check(&other), Some(Check::Request), "{other:?}");
    // The response names the request, the signed assertion in it another: an assertion that was stolen elsewhere.
    let stolen = login(&provider, |pending| {
        let elsewhere = sign(&response(pending).replace(&pending.request_id, "_other"));
        elsewhere.replacen("_other", &pending.request_id, 1)
    });
    assert_eq!(check(&stolen), Some(Check::Request), "{stolen:?}");

    let finish = |relay_state: Option<&str>, provider_name: &str, at: SystemTime| {
        let pending = provider.begin(now()).unwrap().pending;
        let text = STANDARD.encode(sign(&response(&pending)));
        let right = pending.relay_state.clone();
        let pending = Pending { provider: provider_name.to_owned(), ..pending };
        check(&provider.finish(
            &text,
            relay_state.map(|r| if r == "right" { &right } else { r }),
            pending,
            &mut memory(),
            at,
        ))
    };
    assert_eq!(finish(Some("right"), "corp", now()), None);
    assert_eq!(finish(Some("wrong"), "corp", now()), Some(Check::Pending));
    assert_eq!(finish(None, "corp", now()), Some(Check::Pending));
    assert_eq!(finish(Some("right"), "other", now()), Some(Check::Pending));
    assert_eq!(finish(Some("right"), "corp", now() + Duration::from_secs(600)), Some(Check::Pending));
}

#[test]
fn a_response_is_used_once_and_refused_when_it_cannot_be_remembered() {
    let provider = provider();
    let pending = provider.begin(now()).unwrap().pending;
    let text = STANDARD.encode(sign(&response(&pending)));
    let relay_state = pending.relay_state.clone();
    let mut used = memory();
    let mut finish = |at| provider.finish(&text, Some(&relay_state), pending.clone(), &mut used, at);
    assert_eq!(finish(now()).unwrap().subject, "alice");
    assert_eq!(check(&finish(now())), Some(Check::Replay));
    assert_eq!(check(&finish(now() + Duration::from_secs(329))), Some(Check::Replay), "to the last second of its use");

    struct Full;
    impl crate::ReplayCache for Full {
        fn first_use(&mut self, _: &str, _: SystemTime, _: SystemTime) -> Result<(), ReplayRefused> {
            Err(ReplayRefused::NoRoom)
        }
    }
    assert_eq!(check(&provider.finish(&text, Some(&relay_state), pending, &mut Full, now())), Some(Check::Replay));
}
