//! Bytes of anybody who can reach the gate's web port.

use std::time::Instant;

use super::*;
use crate::document;

/// Far more than any of these takes, even in a debug build on a busy machine; a quadratic reader takes minutes.
const SOON: Duration = Duration::from_secs(10);

#[test]
fn bombs_are_refused_soon_with_their_own_reason() {
    let entity = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]><r>&b;</r>".to_owned();
    let external = "<!DOCTYPE r SYSTEM \"file:///etc/passwd\"><r/>".to_owned();
    let open = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_a\" Destination=\"d\" InResponseTo=\"r\">";
    let deep = format!("{open}{}", "<samlp:Status>".repeat(15_000));
    let codes = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\">";
    let deeper = format!("{open}<samlp:Status>{}", codes.repeat(3_000));
    let attributes: String = (0..10_000).map(|n| format!(" a{n}=\"\"")).collect();
    let namespaces: String = (0..10_000).map(|n| format!(" xmlns:a{n}=\"u\"")).collect();
    let cases: &[(&str, String, Check)] = &[
        ("entities", entity, Check::Markup),
        ("external entity", external, Check::Markup),
        ("undefined entity", format!("{open}&x;</samlp:Response>"), Check::Markup),
        ("entity in an attribute", "<r a=\"&x;\"/>".to_owned(), Check::Markup),
        ("nested where nothing belongs", deep, Check::Shape),
        ("nested status codes", deeper, Check::Size),
        ("empty response", format!("{open}</samlp:Response>"), Check::Shape),
        ("foreign root", "<r/>".to_owned(), Check::Shape),
        ("second root", format!("{open}</samlp:Response>{open}"), Check::Shape),
        ("attributes", format!("<r{attributes}/>"), Check::Size),
        ("namespaces", format!("<r{namespaces}/>"), Check::Form),
        ("long value", format!("<r a=\"{}\"/>", "a".repeat(10_000)), Check::Size),
        ("too long", format!("<r>{}</r>", "a".repeat(document::BYTES_MAX)), Check::Size),
        ("unclosed", open.to_owned(), Check::Form),
        ("closed too often", "</r>".to_owned(), Check::Form),
        ("prefix that is not declared", "<x:r/>".to_owned(), Check::Form),
        ("repeated attribute", "<r a=\"\" a=\"\"/>".to_owned(), Check::Form),
        ("zero", "<r>\0</r>".to_owned(), Check::Form),
        ("byte order mark", "\u{feff}<r/>".to_owned(), Check::Form),
        ("XML 1.1", "<?xml version=\"1.1\"?><r/>".to_owned(), Check::Form),
        ("UTF-16", "<?xml version=\"1.0\" encoding=\"UTF-16\"?><r/>".to_owned(), Check::Form),
        ("nothing", String::new(), Check::Form),
        ("no XML", "hello".to_owned(), Check::Form),
    ];
    let begun = Instant::now();
    for (name, xml, expected) in cases {
        let result = document::read(xml);
        assert_eq!(result.as_ref().err().map(|refused| refused.check), Some(*expected), "{name}: {result:?}");
    }
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn text_that_is_no_message_is_refused() {
    let provider = provider();
    let finish = |text: &str| {
        let pending = provider.begin(now()).unwrap().pending;
        let relay_state = pending.relay_state.clone();
        check(&provider.finish(text, Some(&relay_state), pending, &mut memory(), now()))
    };
    assert_eq!(finish(""), Some(Check::Form));
    assert_eq!(finish("%%%"), Some(Check::Form));
    assert_eq!(finish(&STANDARD.encode([0xff, 0xfe, 0x00])), Some(Check::Form));
    assert_eq!(finish(&STANDARD.encode(vec![b' '; document::BYTES_MAX + 1])), Some(Check::Size));
    assert_eq!(finish(&"A".repeat(10_000_000)), Some(Check::Size));
}

/// The most that the shape allows, signed: what the library does with it must not grow faster than its size.
#[test]
fn the_widest_response_is_finished_soon() {
    let provider = provider();
    let attributes: String = (0..8_000).map(|n| format!("<s:Attribute Name=\"a{n}\"/>")).collect();
    let answer = |pending: &Pending| {
        let xml = response(pending);
        let at = "<saml:AttributeStatement>";
        let to = "<saml:AttributeStatement xmlns:s=\"urn:oasis:names:tc:SAML:2.0:assertion\">";
        sign(&replaced(&xml, at, &format!("{to}{attributes}"))).replace("/analysts", "/admins")
    };
    let pending = provider.begin(now()).unwrap().pending;
    let (text, relay_state) = (STANDARD.encode(answer(&pending)), pending.relay_state.clone());
    let begun = Instant::now();
    let result = provider.finish(&text, Some(&relay_state), pending, &mut memory(), now());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_eq!(check(&result), Some(Check::Signature), "{result:?}");
}

/// Found by the test below in a longer run: the library multiplies such digits before it looks at them, which a build with checks of
/// overflow ends in a panic.
#[test]
fn instants_of_strange_digits_are_refused_before_the_library_reads_them() {
    let provider = provider();
    for strange in [
        "2026-11-25T1z:00:00Z",
        "2026-11-25T~~:00:00Z",
        "2026-11-\u{e9}\u{e9}T12:00:00Z",
        "2026-11-25T12:00:00",
        "",
        "Z",
    ] {
        let result = login(&provider, |pending| response(pending).replacen("2026-11-25T11:59:59Z", strange, 1));
        assert_eq!(check(&result), Some(Check::Time), "{strange}: {result:?}");
    }
}

/// A small generator of numbers, the same in each run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        // xorshift64
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below).unwrap()).unwrap()
    }
}

/// Whatever an attacker changes, the login is the same or refused; and nothing panics.
#[test]
fn a_changed_response_is_refused_or_says_the_same() {
    let provider = provider();
    let pending = provider.begin(now()).unwrap().pending;
    let genuine = sign(&response(&pending)).into_bytes();
    let finish = |bytes: &[u8]| {
        let relay_state = pending.relay_state.clone();
        provider.finish(&STANDARD.encode(bytes), Some(&relay_state), pending.clone(), &mut memory(), now())
    };
    let expected = finish(&genuine).unwrap();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut refused = 0;
    for _ in 0..1_500 {
        let mut changed = genuine.clone();
        let at = numbers.next(changed.len());
        match numbers.next(4) {
            0 => changed[at] ^= 1 << numbers.next(8),
            1 => changed.truncate(at),
            2 => drop(changed.remove(at)),
            _ => {
                let from = numbers.next(changed.len());
                let piece: Vec<u8> = changed[from..(from + numbers.next(400)).min(genuine.len())].to_vec();
                changed.splice(at..at, piece);
            }
        }
        match finish(&changed) {
            Ok(login) => assert_eq!(login, expected, "{}", String::from_utf8_lossy(&changed)),
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 1_000, "only {refused} refused: what was changed?");
}

#[test]
fn random_bytes_and_random_tags_are_refused() {
    const PIECES: [&str; 14] = [
        "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"_a\" Destination=\"d\" InResponseTo=\"r\">",
        "</samlp:Response>",
        "<saml:Assertion ID=\"_b\">",
        "</saml:Assertion>",
        "<saml:Issuer>",
        "</saml:Issuer>",
        "<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">",
        "&amp;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "\"",
        "text",
    ];
    let mut numbers = Numbers(7);
    for _ in 0..2_000 {
        let text: String = (0..numbers.next(40)).map(|_| PIECES[numbers.next(PIECES.len())]).collect();
        assert!(document::read(&text).is_err(), "{text}");
        let bytes: Vec<u8> = (0..numbers.next(200)).map(|_| u8::try_from(numbers.next(256)).unwrap()).collect();
        assert!(document::read(&String::from_utf8_lossy(&bytes)).is_err());
    }
}
