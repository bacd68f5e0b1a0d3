//! What detectors find and what they do not, disguised or not.

mod near_misses;
pub(super) mod work;

use super::*;

/// A class of its own for each detector, so that a test sees which one it was.
fn wanted() -> Vec<(Detector, ClassId)> {
    Detector::ALL.into_iter().zip((0..).map(ClassId)).collect()
}

fn hits(text: &str) -> Vec<Hit> {
    let mut hits = Vec::new();
    scan(text, &wanted(), &mut hits);
    let mut past = 0;
    for hit in &hits {
        assert!(past <= hit.start && hit.start < hit.end, "{hits:?}");
        assert!(text.get(hit.start..hit.end).is_some(), "between characters: {hits:?}");
        past = hit.end;
    }
    hits
}

fn found(text: &str) -> Vec<(Detector, &str)> {
    hits(text)
        .iter()
        .map(|hit| (Detector::ALL[usize::from(hit.class.0)], text.get(hit.start..hit.end).unwrap()))
        .collect()
}

#[track_caller]
fn all(detector: Detector, texts: &[&str]) {
    for text in texts {
        assert_eq!(found(text), [(detector, *text)]);
        let inside = format!("see {text}, or \"{text}\".");
        assert_eq!(found(&inside), [(detector, *text), (detector, *text)], "{inside}");
    }
}

#[track_caller]
fn covered(detector: Detector, cases: &[(&str, &str)]) {
    for (text, part) in cases {
        assert_eq!(found(text), [(detector, *part)], "{text}");
    }
}

#[track_caller]
fn none(texts: &[&str]) {
    for text in texts {
        assert_eq!(found(text), [], "{text}");
    }
}

/// Appends the check digit.
fn luhn(digits: &str) -> String {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            if place % 2 == 0 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

#[test]
fn names_are_read_back() {
    for detector in Detector::ALL {
        assert_eq!(Detector::parse(detector.name()), Some(detector));
    }
    assert_eq!(Detector::parse("Card"), None);
}

#[test]
fn cards_of_all_issuers() {
    let begins = [
        "411111111111111",
        "400000000000",
        "400000000000000000",
        "510000000000000",
        "222100000000000",
        "272099000000000",
        "34000000000000",
        "37828224631000",
        "3000000000000",
        "3600000000000",
        "352800000000000",
        "18000000000000",
        "601100000000000",
        "620000000000000",
        "620000000000000000",
        "650000000000000",
        "220000000000000",
        "501800000000",
        "630400000000",
        "506100000000000",
        "979200000000000",
        "810000000000000",
    ];
    let numbers: Vec<String> = begins.into_iter().map(luhn).collect();
    let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
    all(Detector::Card, &numbers);
    // Nobody gives these out: begins, or lengths.
    let not = [
        "100000000000000",
        "200000000000000",
        "272100000000000",
        "51000000000000",
        "3400000000000000",
        "990000000000000",
    ];
    let not: Vec<String> = not.into_iter().map(luhn).collect();
    none(&not.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn cards_with_separators_however_they_are_grouped() {
    all(
        Detector::Card,
        &[
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "4111.1111.1111.1111",
            "4111  1111  1111  1111",
            "4111 - 1111 - 1111 - 1111",
            "4111 1111-1111 1111",
            "3782 822463 10005",
            "41-11-11-11-11-11-11-11",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "4111+1111+1111+1111",
        ],
    );
    covered(
        Detector::Card,
        &[
            ("card 4111 1111 1111 1111 12/27", "4111 1111 1111 1111"),
            ("2 x 4111 1111 1111 1111", "4111 1111 1111 1111"),
            ("PAN4111111111111111", "4111111111111111"),
            ("card_4111111111111111_x", "4111111111111111"),
            ("7 4111111111111111 8", "4111111111111111"),
        ],
    );
}

/// Row: digits with NBSP, zero width and other scripts' digits.
#[test]
fn card_with_nbsp_zero_width_or_other_scripts_digits() {
    all(
        Detector::Card,
        &[
            "4111\u{a0}1111\u{a0}1111\u{a0}1111",
            "4111\u{200b}1111\u{200d}1111\u{feff}1111",
            "4111\u{2011}1111\u{2011}1111\u{2011}1111",
            "\u{664}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}\u{661}",
            "\u{ff14}\u{ff11}\u{ff11}\u{ff11}-\u{ff11}\u{ff11}\u{ff11}\u{ff11}-\u{ff11}\u{ff11}\u{ff11}\u{ff11}-1111",
            "\u{1d7d2}111111111111111",
        ],
    );
}

/// Row: digits before or after a card's to defeat a word boundary. Content alone cannot tell; a field's class can.
#[test]
fn card_with_more_digits_around_is_no_hit_of_content() {
    none(&["94111111111111111", "41111111111111112", "0004111111111111111000"]);
}

#[test]
fn numbers_that_are_no_cards() {
    none(&[
        "4111111111111112",
        "1234567890123452",
        "4.111111111111111",
        "41111111.11111111",
        "41111111-1111-4111-8111-111111111111",
        "a4111111111111111b",
        "sha-9f4111111111111111aa",
        "2026-11-28 18:51:24",
        "30-04-2024 10.30.55",
        "1717171717171",
        "1717171717171717171",
    ]);
}

#[test]
fn bank_account_numbers() {
    all(
        Detector::Iban,
        &[
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "de89 3704 0044 0532 0130 00",
            "GB29NWBK60161331926819",
            "GB29-NWBK-6016-1331-9268-19",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
            "CH9300762011623852957",
        ],
    );
    covered(Detector::Iban, &[("to:\\nDE89370400440532013000", "DE89370400440532013000")]);
    none(&["DE88370400440532013000", "DE8937040044053201300", "ZZ89370400440532013000", "XDE89370400440532013000"]);
}

#[test]
fn social_security_numbers() {
    all(Detector::Ssn, &["123-45-6789", "123 45 6789", "899.45.6789"]);
    covered(
        Detector::Ssn,
        &[
            ("ssn: 123456789", "123456789"),
            ("Social Security Number 123456789", "123456789"),
            ("SSN123-45-6789", "123-45-6789"),
        ],
    );
    none(&["123456789", "000-45-6789", "666-45-6789", "900-45-6789", "123-00-6789", "123-45-0000"]);
    none(&["1-123-45-6789", "123-45-6789-1", "123-45 6789", "123-45-67890", "order 123456789"]);
}

#[test]
fn mail_addresses() {
    all(
        Detector::Email,
        &[
            "ann@example.org",
            "a.b+c_d-e%f@mail.example.co.uk",
            "o'neil@example.org",
            "\u{fc}ber@b\u{fc}cher.example",
            "ann@xn--bcher-kva.example",
            "\"ann b\"@example.org",
            "ann@[192.0.2.1]",
        ],
    );
    covered(
        Detector::Email,
        &[
            ("to=ann@example.org&cc=", "ann@example.org"),
            ("<ann@example.org>.", "ann@example.org"),
            ("..ann@example.org..", "ann@example.org"),
            ("mailto:ann@example.org?subject=x", "ann@example.org"),
        ],
    );
    none(&["@", "a@", "@b.c", "a@b", "a@localhost", "pkg@1.2.3", "a@.b", "image@sha256:0123", "a @ b.org"]);
}

#[test]
fn machine_addresses() {
    all(
        Detector::Ip,
        &[
            "192.0.2.77",
            "10.0.0.1",
            "255.255.255.255",
            "2001:db8::1",
            "::1",
            "fe80::",
            "::ffff:192.0.2.1",
            "1:2:3:4:5:6:7:8",
        ],
    );
    covered(
        Detector::Ip,
        &[
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("192.0.2.77:8080", "192.0.2.77"),
            ("192.0.2.0/24", "192.0.2.0"),
            ("http://192.0.2.77/x", "192.0.2.77"),
            ("addr:fe80::1", "fe80::1"),
            ("fe80::1%eth0", "fe80::1"),
            ("at fe80::1.", "fe80::1"),
            ("ip-10.0.0.1", "10.0.0.1"),
        ],
    );
    none(&[
        "1.2.3.4.5",
        "v1.2.3.4",
        "version 1.2.3.4",
        "Version: 1.2.3.4",
        "1.2.3.4-rc1",
        "Chrome/120.0.0.0",
        "256.1.1.1",
        "1.2.3",
    ]);
    none(&[
        "18:51:24",
        "18:51:24.123",
        "00:1a:2b:3c:4d:5e",
        "std::fmt",
        "a::b",
        "::",
        "12:30",
        "1:2:3:4:5:6:7:8:9",
        "{\"a\":1,\"b\":2}",
    ]);
}

#[test]
fn telephone_numbers() {
    all(
        Detector::Phone,
        &[
            "+49 30 1234567",
            "+49 (0) 30 1234567",
            "+1-201-555-0123",
            "+1 (201) 555-0123",
            "+442071838750",
            "+353 1 234 5678",
        ],
    );
    covered(Detector::Phone, &[("tel:+4930123456", "+4930123456"), ("fax\\n+4930123456", "+4930123456")]);
    none(&[
        "+02:00",
        "12:00+0100",
        "+1234567",
        "a+4930123456",
        "1+4930123456",
        "+9991234567",
        "+1234567890123456",
        "030 1234567",
    ]);
}

const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

#[test]
fn tokens() {
    let signed = format!("{HEADER}.eyJzdWIiOiIxIn0.c2lnbmF0dXJl");
    let unsigned = format!("{HEADER}.eyJzdWIiOiIxIn0.");
    let encrypted = format!("{HEADER}.a2V5.aXY.Y2lwaGVy.dGFn");
    // {"typ":"JWT",\r\n "alg":"HS256"}, as in RFC 7515, and { "alg":"HS256"}
    let spaced = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP";
    let space = "eyAiYWxnIjoiSFMyNTYifQ.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP";
    for token in [&*signed, &*unsigned, &*encrypted, spaced, space] {
        for text in [token.to_owned(), format!("Bearer {token}\n"), format!("x{token}")] {
            let start = text.find(token).unwrap();
            let hit = Hit { start, end: start + token.len(), class: ClassId(6), whole: false };
            assert_eq!(hits(&text), [hit], "{text}");
        }
    }
    let no_alg = "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiIxIn0.c2ln";
    none(&[no_alg, HEADER, &format!("{HEADER}.x"), &format!("{HEADER}.."), "eyJ.eyJ.eyJ", "eyJhbGci.x.y"]);
}

#[test]
fn keys_of_services() {
    // Put together here, so that nobody's search for secrets finds this file.
    let long = |length: usize| "Ab3".chars().cycle().take(length).collect::<String>();
    let keys: Vec<String> = [
        ("AKIA", "IOSFODNN7EXAMPLE".to_owned()),
        ("ASIA", "IOSFODNN7EXAMPLE".to_owned()),
        ("AIza", long(35)),
        ("ghp_", long(36)),
        ("gho_", long(36)),
        ("github_pat_", long(60)),
        ("xoxb-", "123456-abcdef".to_owned()),
        ("sk_live_", long(24)),
        ("rk_live_", long(24)),
    ]
    .iter()
    .map(|(prefix, rest)| format!("{prefix}{rest}"))
    .collect();
    for key in &keys {
        for text in [key.clone(), format!("key={key};"), format!("\"{key}\"")] {
            assert_eq!(found(&text), [(Detector::CloudKey, key.as_str())]);
        }
    }
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    for text in ["aws_secret_access_key = ", "\"SecretAccessKey\": \"", "AWS_SECRET_ACCESS_KEY=", "secret:'"] {
        let text = format!("{text}{secret}\"");
        assert_eq!(found(&text), [(Detector::CloudKey, secret)], "{text}");
    }
    let azure = format!("AccountKey={}==", "aB3/".repeat(21) + "aB");
    assert_eq!(found(&azure), [(Detector::CloudKey, &*azure)]);
    none(&[
        "AKIA",
        "AKIAshort",
        "ghp_",
        "xoxb-1",
        "sk_live_",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
        secret,
        "AccountKey=x",
    ]);
    none(&["secret = 0123456789abcdef0123456789abcdef01234567", "the secret of success"]);
}

#[test]
fn private_keys_of_all_kinds() {
    for label in [
        "PRIVATE KEY",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        let key = format!("-----BEGIN {label}-----\nMIIB\n-----END {label}-----");
        let text = format!("first\n{key}\nlast");
        assert_eq!(found(&text), [(Detector::PrivateKey, &*key)]);
        let cut = format!("-----BEGIN {label}-----\nMIIBVAIBADANBg");
        assert_eq!(found(&cut), [(Detector::PrivateKey, &*cut)], "without an end, all of it");
    }
    let ssh = "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nP2/5\n---- END SSH2 ENCRYPTED PRIVATE KEY ----";
    assert_eq!(found(ssh), [(Detector::PrivateKey, ssh)]);
    none(&["-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "-----BEGIN PUBLIC KEY-----", "-----BEGIN"]);
}

/// Row: hex, URL-encoded, HTML entities.
#[test]
fn mail_address_in_percent_signs_entities_escapes_hex_or_base64() {
    all(
        Detector::Email,
        &[
            "ann%40example.org",
            "ann%40example%2Eorg",
            "%61%6e%6e%40%65%78%61%6d%70%6c%65%2e%6f%72%67",
            "ann&#64;example.org",
            "ann&#x40;example.org",
            "ann&commat;example&period;org",
            "ann\\u0040example.org",
            "ann\\x40example.org",
            "ann\u{ff20}example\u{ff0e}org",
            "616e6e406578616d706c652e6f7267",
            "YW5uQGV4YW1wbGUub3JnLCBhbm5AZXhhbXBsZS5vcmc",
            "eyJlbWFpbCI6ImFubkBleGFtcGxlLm9yZyJ9",
        ],
    );
    covered(
        Detector::Phone,
        &[("tel=%2B49301234567&x", "%2B49301234567"), ("&#43;49 30 1234567!", "&#43;49 30 1234567")],
    );
    covered(
        Detector::Card,
        &[("n=4111%201111%201111%201111", "4111%201111%201111%201111"), ("%34111111111111111", "%34111111111111111")],
    );
    covered(Detector::Card, &[("%EF%BC%94111111111111111", "%EF%BC%94111111111111111")]);
    covered(Detector::Card, &[("x 34313131313131313131313131313131 y", "34313131313131313131313131313131")]);
    none(&["100%", "50% of 40%", "a&b", "&amp;", "C:\\users", "%zz", "&#;", "&#xffffffffff;", "\\u00", "caf\u{e9}"]);
}

#[test]
fn compressed_data_under_base64_or_hex_is_told() {
    for text in [
        "H4sIAAAAAAAAA8tIzcnJVyjPL8pJAQCFEUoNCwAAAA==",
        "1f8b0800000000000003cb48cdc9c95728cf2fca49010085114a0d0b000000",
    ] {
        let text = format!("data: {text}.");
        assert_eq!(find(&text, &wanted(), &mut Vec::new(), true), Some(6), "{text}");
    }
    assert_eq!(find("H4sIAAAA is short, and 1f8b08 is too", &wanted(), &mut Vec::new(), true), None);
}

#[test]
fn where_hits_overlap_the_longer_wins_and_all_is_covered() {
    let text = "4111111111111111@example.org";
    assert_eq!(found(text), [(Detector::Email, text)]);
    // The first that is wanted, where they are as long.
    let hit = |class| Hit { start: 0, end: 4, class: ClassId(class), whole: false };
    let wanted = [(Detector::Card, ClassId(7)), (Detector::Email, ClassId(3))];
    let mut both = vec![hit(3), hit(7)];
    merge(&mut both, &wanted, |_| false);
    assert_eq!(both, [hit(7)]);
    let mut both = vec![hit(3), hit(7)];
    merge(&mut both, &wanted, |class| class == ClassId(3));
    assert_eq!(both, [hit(3)]);
    let mut both = vec![hit(3), hit(7)];
    merge(&mut both, &wanted, |_| true);
    assert_eq!(both, [Hit { whole: true, ..hit(7) }], "neither class alone says what may stay");
    let mut chain = [(0, 4, 3), (3, 9, 7), (8, 10, 3), (10, 12, 3)].map(|(start, end, class)| Hit {
        start,
        end,
        class: ClassId(class),
        whole: false,
    });
    chain.reverse();
    let mut chain = chain.to_vec();
    merge(&mut chain, &wanted, |_| false);
    assert_eq!(
        chain,
        [
            Hit { start: 0, end: 10, class: ClassId(7), whole: false },
            Hit { start: 10, end: 12, class: ClassId(3), whole: false }
        ]
    );
}

#[test]
fn only_what_is_wanted_is_found() {
    let text = "ann@example.org 192.0.2.1";
    let mut found = Vec::new();
    scan(text, &[(Detector::Ip, ClassId(0))], &mut found);
    assert_eq!(found, [Hit { start: 16, end: 25, class: ClassId(0), whole: false }]);
    scan(text, &[], &mut found);
    assert_eq!(found, []);
}

#[test]
fn the_automaton_of_prefixes_is_built() {
    assert_eq!(found("AKIAIOSFODNN7EXAMPLE").len(), 1);
}

/// Where something stands makes no difference: blocks of 64 bytes begin anywhere in it.
#[test]
fn places_make_no_difference() {
    let texts = [
        "ann@example.org",
        "4111 1111 1111 1111",
        "DE89370400440532013000",
        "192.0.2.1",
        "2001:db8::1",
        "123-45-6789",
        "+49 30 1234567",
        "616e6e406578616d706c652e6f7267",
        "ann%40example.org",
    ];
    for text in texts {
        for before in 0..140 {
            for after in [0, 1, 70] {
                let all = format!("{} {text} {}", ".".repeat(before), ".".repeat(after));
                assert_eq!(
                    hits(&all).first().map(|hit| (hit.start, hit.end)),
                    Some((before + 1, before + 1 + text.len())),
                    "{all}"
                );
            }
        }
    }
}

/// The text stands where it is written, whatever stands before it that is no text.
#[test]
fn what_is_written_in_percent_signs_is_covered_where_it_stands() {
    for before in ["%EF%BF%BD".repeat(8), "%F0%9F%98".to_owned(), "%FF".repeat(3), "%C3%BC".to_owned()] {
        let card: String = "4111111111111111".bytes().map(|digit| format!("%{digit:02x}")).collect();
        let text = format!("{before}%20{card} end");
        let start = before.len() + 3;
        let covered: Vec<(usize, usize)> = hits(&text).iter().map(|hit| (hit.start, hit.end)).collect();
        assert_eq!(covered, [(start, start + card.len())], "{text}");
    }
}

#[test]
fn an_anchor_that_begins_within_another_is_seen() {
    for key in ["AKIAIOSFODNN7EXAMPLE", "AIzaSyA1234567890abcdefghijklmnopqrstuv"] {
        assert_eq!(found(&format!("key{key}")).len(), 1, "{key}");
    }
}

#[test]
fn a_number_beside_a_uuid_is_found_and_one_within_is_not() {
    let uuid = "550e8400-e29b-41d4-a716-446655440000";
    for number in ["4111111111111111", "DE89370400440532013000"] {
        assert_eq!(found(&format!("{uuid}-{number}")).len(), 1, "{number}");
        assert_eq!(found(&format!("{number}-{uuid}")).len(), 1, "{number}");
    }
    assert_eq!(found("0a0aa0aa-a000-100a-be37-cccb9bfb3d28"), []);
}
