//! Names that callers go by: none may pass for another's.

use std::collections::HashSet;

use tidegate_identity::SERVICE_ACCOUNT_ISSUER;

use super::{ConfigError, FileConfig, LOCAL, Place};

/// Checks who says who callers are, and who is named by it.
pub(super) fn check(file: &FileConfig, place: &Place<'_>) -> Result<(), ConfigError> {
    let mut taken = HashSet::from([SERVICE_ACCOUNT_ISSUER]);
    if let Some(name) = file.issuers().find(|name| !taken.insert(name)) {
        let what = format!(
            "{name:?} is the name of two: callers of both would be the same; give each [[issuer]], [[saml]] and \
             [[client_certificates]] a name of its own, and none {LOCAL:?} or {SERVICE_ACCOUNT_ISSUER:?}"
        );
        return Err(place.wrong(0..0, what));
    }
    let administrators = &file.control.administrators;
    for name in administrators.get_ref() {
        let issuer = name.split_once(':').filter(|(_, subject)| !subject.is_empty()).map(|(issuer, _)| issuer);
        if !issuer.is_some_and(|issuer| file.issuers().any(|known| known == issuer)) {
            let what =
                format!("{name:?} names nobody; write ISSUER:SUBJECT, or {LOCAL}:USER for a user of this machine");
            return Err(place.wrong(administrators.span(), what));
        }
    }
    for local in &file.control.local_user {
        let user = local.user.get_ref();
        if file.control.local_user.iter().filter(|other| other.user.get_ref() == user).count() > 1 {
            return Err(place.wrong(local.user.span(), format!("{user:?} is named twice; merge the two")));
        }
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use super::*;

    /// A configuration but for those who call.
    pub(in crate::config) const REST: &str = r#"
gateway = { name = "g" }
policy = { dir = "p" }
admin = { listen = "127.0.0.1:1" }
agents = { socket = "a" }
control = { socket = "c", administrators = ["local:root"] }
state = { dir = "s" }
evidence = { dir = "e", keyring = "k", wrapping_key = { file = "w" } }
"#;

    fn issuer(name: &str) -> String {
        format!("[[issuer]]\nname = {name:?}\nissuer = \"https://{name}.example\"\naudiences = [\"kafka\"]\n")
    }

    fn saml(name: &str) -> String {
        format!("[[saml]]\nname = {name:?}\nentity_id = \"g\"\nacs_url = \"a\"\nidp = {{ metadata = \"m.xml\" }}\n")
    }

    fn certificates(name: &str) -> String {
        format!("[[client_certificates]]\nname = {name:?}\nca_file = \"ca.pem\"\ntrust_domain = \"example.org\"\n")
    }

    fn said(parts: &[String]) -> Option<String> {
        let text = format!("{REST}{}", parts.concat());
        let file: FileConfig = toml::from_str(&text).unwrap();
        check(&file, &Place { path: Path::new("gate.toml"), text: &text }).err().map(|error| error.to_string())
    }

    #[test]
    fn no_two_have_one_name_and_none_that_of_the_gates_own_callers() {
        let make: [fn(&str) -> String; 3] = [issuer, saml, certificates];
        assert_eq!(said(&[issuer("a"), saml("b"), certificates("c")]), None);
        for one in make {
            for other in make {
                let error = said(&[one("corp"), other("corp")]).unwrap();
                assert!(error.contains("\"corp\" is the name of two"), "{error}");
            }
            for own in ["local", "service-account"] {
                assert!(said(&[one(own)]).unwrap().contains(&format!("{own:?} is the name of two")));
            }
        }
    }
}
