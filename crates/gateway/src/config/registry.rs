//! The schema registries of clusters.

use std::path::PathBuf;

use reqwest::Url;
use serde::Deserialize;
use toml::Spanned;

use super::{ConfigError, FileConfig, KeySource, Place};

/// `[[schema_registry]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RegistrySection {
    /// The cluster whose records name its schemas.
    pub(crate) cluster: Spanned<String>,
    /// Where it answers: `https://HOST[:PORT][/PATH]`; `http` on this machine only.
    pub(crate) url: Spanned<String>,
    /// PEM file with the authority of its certificate, beside those that the system knows.
    #[serde(default)]
    pub(crate) ca_file: Option<PathBuf>,
    /// The user to log in as; needs `password`.
    #[serde(default)]
    pub(crate) user: Option<Spanned<String>>,
    /// The user's password.
    #[serde(default)]
    pub(crate) password: Option<KeySource>,
    /// A bearer token, in the place of user and password.
    #[serde(default)]
    pub(crate) token: Option<Spanned<KeySource>>,
}

impl RegistrySection {
    /// The files that it names.
    pub(super) fn files_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let token = self.token.as_mut().map(Spanned::get_mut);
        let secrets = [self.password.as_mut(), token].into_iter().flatten();
        let files = secrets.filter_map(|source| match source {
            KeySource::File { file } => Some(file),
            KeySource::Command { .. } => None,
        });
        files.chain(self.ca_file.as_mut())
    }
}

/// Checks that each cluster has one, and that credentials go over TLS or stay on this machine.
pub(super) fn check(file: &FileConfig, place: &Place<'_>) -> Result<(), ConfigError> {
    for (at, section) in file.schema_registry.iter().enumerate() {
        let cluster = section.cluster.get_ref();
        if !file.cluster.iter().any(|known| known.name == *cluster) {
            return Err(place.wrong(section.cluster.span(), format!("no [[cluster]] is named {cluster:?}")));
        }
        if file.schema_registry.iter().take(at).any(|before| before.cluster.get_ref() == cluster) {
            return Err(place.wrong(section.cluster.span(), format!("the cluster {cluster:?} has two; leave one")));
        }
        if let Err(what) = check_url(section.url.get_ref()) {
            return Err(place.wrong(section.url.span(), what));
        }
        if let Some(user) = section.user.as_ref().filter(|_| section.password.is_none()) {
            return Err(place.wrong(user.span(), "user needs password = { file = \"…\" } or { command = […] }"));
        }
        if section.user.is_none() && section.password.is_some() {
            return Err(place.wrong(section.url.span(), "password needs user"));
        }
        if let Some(token) = section.token.as_ref().filter(|_| section.user.is_some()) {
            return Err(place.wrong(token.span(), "token and user are two logins; leave one"));
        }
    }
    Ok(())
}

fn check_url(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_no_url| "url is https://HOST[:PORT][/PATH]")?;
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("url is https://HOST[:PORT][/PATH], without a login; write user and password");
    }
    let is_here = url.host_str().is_some_and(|host| {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    });
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_here => Ok(()),
        "http" => Err("schemas say what is masked: beyond this machine they have to come over https"),
        _ => Err("url is https://HOST[:PORT][/PATH]"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::names::tests::REST;
    use super::*;

    fn said(section: &str) -> Option<String> {
        let text = format!("{REST}[[cluster]]\nname = \"main\"\n[[schema_registry]]\n{section}");
        let file: FileConfig = toml::from_str(&text).unwrap();
        check(&file, &Place { path: Path::new("gate.toml"), text: &text }).err().map(|error| error.to_string())
    }

    #[test]
    fn a_registry_is_of_a_cluster_and_what_it_says_cannot_be_changed_on_the_way() {
        assert_eq!(said("cluster = \"main\"\nurl = \"https://registry.example/base\"\n"), None);
        assert_eq!(said("cluster = \"main\"\nurl = \"http://127.0.0.1:8081\"\n"), None);
        let url = |url: &str| said(&format!("cluster = \"main\"\nurl = {url:?}\n")).unwrap();
        assert!(url("http://registry.example").contains("gate.toml:13: schemas say what is masked"));
        assert!(url("https://ann:secret@registry.example").contains("without a login"));
        assert!(url("registry.example").contains("url is https://"));
        assert!(
            said("cluster = \"other\"\nurl = \"https://r.example\"\n").unwrap().contains("no [[cluster]] is named")
        );
        let good = "cluster = \"main\"\nurl = \"https://r.example\"\n";
        for (more, what) in [
            ("user = \"ann\"\n", "user needs password"),
            ("password = { file = \"p\" }\n", "password needs user"),
            (
                "user = \"ann\"\npassword = { file = \"p\" }\ntoken = { file = \"t\" }\n",
                "token and user are two logins",
            ),
            ("[[schema_registry]]\ncluster = \"main\"\nurl = \"https://r.example\"\n", "has two"),
        ] {
            assert!(said(&format!("{good}{more}")).unwrap().contains(what), "{more}");
        }
    }
}
