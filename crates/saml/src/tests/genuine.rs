//! What has to be accepted, and what the gate sends.

use super::*;
use crate::document;

#[test]
fn a_signed_assertion_or_response_or_both_log_in() {
    let provider = provider();
    let expected = Login {
        issuer: "corp".to_owned(),
        subject: "alice".to_owned(),
        groups: Some(vec!["corp:/analysts".to_owned(), "corp:/teams/orders".to_owned()]),
        authenticated_at: NOW_S - 600,
        session_ends_at: NOW_S + 1800,
        authn_context: Some("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned()),
        mfa: false,
        assertion_id: "_assertion".to_owned(),
    };
    let assertion = |pending: &Pending| sign(&response(pending));
    let whole = |pending: &Pending| sign_as(idp(), &response(pending), Part::Response);
    let both = |pending: &Pending| sign_as(idp(), &sign(&response(pending)), Part::Response);
    assert_eq!(login(&provider, assertion).unwrap(), expected);
    assert_eq!(login(&provider, whole).unwrap(), expected);
    assert_eq!(login(&provider, both).unwrap(), expected);
}

#[test]
fn white_space_declarations_and_line_breaks_in_base64_are_accepted() {
    let provider = provider();
    let pending = provider.begin(now()).unwrap().pending;
    let pretty = response(&pending).replace("><saml", ">\r\n  <saml");
    let xml = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n", sign(&pretty));
    let lines: Vec<String> =
        STANDARD.encode(xml).as_bytes().chunks(76).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
    let relay_state = pending.relay_state.clone();
    let login = provider.finish(&lines.join("\r\n"), Some(&relay_state), pending, &mut memory(), now());
    assert_eq!(login.unwrap().subject, "alice");
}

#[test]
fn what_other_providers_add_is_accepted() {
    let provider = provider();
    // Shibboleth's and ADFS's attributes in namespaces, xsi:type, an e-mail with escaped characters, one-time use
    let answer = |pending: &Pending| {
        let xml = response(pending);
        let xml = replaced(
            &xml,
            "<saml:Attribute Name=\"mail\"><saml:AttributeValue>",
            "<saml:Attribute xmlns:x500=\"urn:oasis:names:tc:SAML:2.0:profiles:attribute:X500\" x500:Encoding=\"LDAP\" \
             Name=\"mail\"><saml:AttributeValue xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xsi:type=\"xs:string\">&lt;&#97;&gt;",
        );
        sign(&replaced(&xml, "</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>"))
    };
    assert_eq!(login(&provider, answer).unwrap().subject, "alice");
}

#[test]
fn the_request_says_who_asks_and_where_to_answer() {
    let begun = provider().begin(now()).unwrap();
    let url = url::Url::parse(&begun.url).unwrap();
    assert!(begun.url.starts_with("https://idp.example/sso?"), "{}", begun.url);
    let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let value = |name: &str| query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str());
    assert_eq!((value("tenant"), value("b")), (Some("a"), Some("c")), "what stood there stays");
    assert_eq!(value("RelayState"), Some(begun.pending.relay_state.as_str()));
    assert_eq!(value("Signature"), None);
    let deflated = STANDARD.decode(value("SAMLRequest").unwrap()).unwrap();
    let request = saml_rs::binding::deflate_raw_decode_with_limit(&deflated, 10_000).unwrap();
    let request = String::from_utf8(request).unwrap();
    for part in [
        format!(" ID=\"{}\"", begun.pending.request_id),
        format!("AssertionConsumerServiceURL=\"{ACS}\""),
        "ProtocolBinding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\"".to_owned(),
        format!(">{GATE}</"),
        "Format=\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"".to_owned(),
    ] {
        assert!(request.contains(&part), "{part} in {request}");
    }
    let other = provider().begin(now()).unwrap();
    assert_ne!(other.pending.request_id, begun.pending.request_id);
    assert_ne!(other.pending.relay_state, begun.pending.relay_state);
}

#[test]
fn a_request_is_signed_when_there_is_a_key() {
    let gate = stranger();
    let signing =
        crate::Signing { key: file("gate-key.pem", &gate.key), certificate: file("gate.pem", &gate.certificate) };
    let provider = SamlConfig { signing: Some(signing), ..config() }.load().unwrap();
    let begun = provider.begin(now()).unwrap();
    let (_, query) = begun.url.split_once('?').unwrap();
    let begin = query.find("SAMLRequest=").unwrap();
    let (octets, signature) = query.split_at(begin).1.split_once("&Signature=").unwrap();
    let signature = url::form_urlencoded::parse(format!("s={signature}").as_bytes()).next().unwrap().1.into_owned();
    let right = |octets: &str| {
        saml_rs::crypto::verify_message_signature(octets, &signature, &gate.certificate, RSA_SHA256).unwrap()
    };
    assert!(right(octets));
    assert!(!right(&octets.replace("RelayState=", "RelayState=x")));
    let metadata = provider.metadata_xml();
    let certificate: String = gate.certificate.lines().filter(|line| !line.starts_with('-')).collect();
    assert!(metadata.contains(&certificate) && !metadata.contains("PRIVATE"), "{metadata}");
}

#[test]
fn the_metadata_say_where_to_answer_and_that_assertions_are_signed() {
    let provider = provider();
    let metadata = provider.metadata_xml();
    for part in [
        format!("entityID=\"{GATE}\""),
        format!("Location=\"{ACS}\""),
        "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST".to_owned(),
    ] {
        assert!(metadata.contains(&part), "{part} in {metadata}");
    }
}

#[test]
fn a_session_ends_when_the_provider_or_the_configuration_says_and_never_at_zero() {
    let provider = provider();
    let with = |end: &str| {
        let end = end.to_owned();
        login(&provider, move |pending| {
            sign(&replaced(&response(pending), "SessionNotOnOrAfter=\"2026-11-25T12:30:00Z\"", &end))
        })
    };
    assert_eq!(with("").unwrap().session_ends_at, NOW_S + 3600);
    assert_eq!(with("SessionNotOnOrAfter=\"2026-11-25T23:00:00Z\"").unwrap().session_ends_at, NOW_S + 3600);
    // ended 10 s ago, accepted by skew: the session must not be without end
    assert_eq!(with("SessionNotOnOrAfter=\"2026-11-25T11:59:50Z\"").unwrap().session_ends_at, NOW_S + 1);
    assert_eq!(check(&with("SessionNotOnOrAfter=\"2026-11-25T11:59:30Z\"")), Some(Check::Time));
}

#[test]
fn groups_are_known_unknown_or_none() {
    let with = |config: &SamlConfig, from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        login(&config.load().unwrap(), move |pending| sign(&replaced(&response(pending), &from, &to)))
    };
    let unknown = config();
    let none = SamlConfig { missing_groups: MissingGroups::None, ..config() };
    let other = "Name=\"roles\"";
    assert_eq!(with(&unknown, "Name=\"groups\"", other).unwrap().groups, None);
    assert_eq!(with(&none, "Name=\"groups\"", other).unwrap().groups, Some(Vec::new()));
    // Entra: too many groups, so a link stands in their place
    let overage = "Name=\"http://schemas.microsoft.com/claims/groups.link\"";
    assert_eq!(with(&none, "Name=\"groups\"", overage).unwrap().groups, None);
    // Keycloak: an attribute for each group
    let split = "</saml:AttributeValue></saml:Attribute><saml:Attribute Name=\"groups\"><saml:AttributeValue>/analysts";
    let both = Some(vec!["corp:/analysts".to_owned(), "corp:/teams/orders".to_owned()]);
    assert_eq!(with(&unknown, "</saml:AttributeValue><saml:AttributeValue>/analysts", split).unwrap().groups, both);
    let many = |count: usize| -> String {
        (0..count).map(|n| format!("<saml:AttributeValue>g{n}</saml:AttributeValue>")).collect()
    };
    let values =
        "<saml:AttributeValue>/teams/orders</saml:AttributeValue><saml:AttributeValue>/analysts</saml:AttributeValue>";
    assert_eq!(with(&unknown, values, &many(2_000)).unwrap().groups.unwrap().len(), 2_000);
    assert_eq!(check(&with(&unknown, values, &many(2_001))), Some(Check::Groups));
    assert_eq!(check(&with(&unknown, "/analysts", " /analysts")), Some(Check::Groups));
    assert_eq!(check(&with(&unknown, "/analysts", "")), Some(Check::Groups));
}

#[test]
fn the_subject_is_a_name_id_of_a_listed_format_or_an_attribute() {
    let with = |config: &SamlConfig, from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        login(&config.load().unwrap(), move |pending| sign(&replaced(&response(pending), &from, &to)))
    };
    let format = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    let email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    assert_eq!(check(&with(&config(), format, email)), Some(Check::Subject));
    let listed = SamlConfig { name_id_formats: vec![NameIdFormat::Email, NameIdFormat::Unspecified], ..config() };
    assert_eq!(with(&listed, format, email).unwrap().subject, "alice");
    assert_eq!(with(&listed, &format!(" Format=\"{format}\""), "").unwrap().subject, "alice");
    let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    assert_eq!(check(&with(&listed, format, transient)), Some(Check::Subject));
    for strange in ["", " alice", "ali\nce", "ali&#9;ce", &"a".repeat(256)] {
        let result = with(&config(), ">alice<", &format!(">{strange}<"));
        assert_eq!(check(&result), Some(Check::Subject), "{strange:?}: {result:?}");
    }
    let by_attribute =
        SamlConfig { name_id_formats: Vec::new(), subject_attribute: Some("mail".to_owned()), ..config() };
    assert_eq!(with(&by_attribute, format, transient).unwrap().subject, "alice@example.org");
    assert_eq!(check(&with(&by_attribute, "Name=\"mail\"", "Name=\"post\"")), Some(Check::Subject));
    let twice = "alice@example.org</saml:AttributeValue><saml:AttributeValue>bob@example.org";
    assert_eq!(check(&with(&by_attribute, "alice@example.org", twice)), Some(Check::Subject));
}

#[test]
fn more_than_one_factor_is_what_the_configuration_names() {
    let provider = provider();
    let answer = |pending: &Pending| {
        sign(&replaced(
            &response(pending),
            "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
            "https://refeds.org/profile/mfa",
        ))
    };
    assert!(login(&provider, answer).unwrap().mfa);
}

#[test]
fn the_largest_response_is_read() {
    let provider = provider();
    let pending = provider.begin(now()).unwrap().pending;
    let xml = sign(&response(&pending));
    let room = document::BYTES_MAX - xml.len();
    assert!(document::read(&format!("{xml}{}", " ".repeat(room))).is_ok());
    assert_eq!(document::read(&format!("{xml}{}", " ".repeat(room + 1))).unwrap_err().check, Check::Size);
}
