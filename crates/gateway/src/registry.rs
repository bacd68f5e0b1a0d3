//! The client of a Confluent-compatible schema registry. It only reads: schemas by number, the subjects that they are registered under,
//! what came before them there, and what they refer to.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Certificate, Client, StatusCode, Url, redirect};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tidegate_proxy::schemas::{
    Answer, Asked, Language, NOT_KNOWN, Registered, SchemaRegistry, SchemaTexts, Subject, Version,
};
use tokio::task::JoinSet;

use crate::config::RegistrySection;
use crate::secrets;

const ACCEPTED: &str = "application/vnd.schemaregistry.v1+json, application/json";
/// All questions about one schema together: answers are held for two seconds.
const PATIENCE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(2);
/// Bytes of one answer, and of a schema with all that it refers to.
const BYTES_MAX: usize = 4 << 20;
/// Schemas that one may refer to, however far.
const REFERENCES_MAX: usize = 256;
/// Versions before one that are looked at.
const VERSIONS_MAX: usize = 256;
/// Bytes of them.
const EARLIER_BYTES_MAX: u64 = 4 << 20;
/// Bytes of earlier versions that are kept, as those of one subject come before each other.
const KEPT_BYTES_MAX: u64 = 64 << 20;
/// Versions that are asked for at once.
const AT_ONCE: usize = 8;

/// A registry that answers at a URL.
#[derive(Clone)]
pub(crate) struct HttpRegistry {
    client: Client,
    base: Url,
    login: Option<HeaderValue>,
    /// By subject and version, which mean one schema for ever.
    kept: Arc<Cache<(String, u32), Arc<SchemaTexts>, Weight>>,
}

#[derive(Clone)]
struct Weight;

impl Weighter<(String, u32), Arc<SchemaTexts>> for Weight {
    fn weight(&self, _version: &(String, u32), texts: &Arc<SchemaTexts>) -> u64 {
        texts.bytes().saturating_add(256)
    }
}

impl fmt::Debug for HttpRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRegistry").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Why an earlier version is not looked at.
const TOO_MANY: &str = "there are too many versions before it, or too large ones";

/// Why there is no schema.
enum Trouble {
    /// The registry has none, or none that can be used, which asking again does not mend: who waited for it would wait for ever.
    Missing(&'static str),
    /// What went wrong, safe to log.
    Down(String),
}

#[derive(Deserialize)]
struct ErrorBody {
    error_code: i32,
}

/// The registry's error codes for a subject, a version and a schema that it does not have, and for subjects and versions that are none.
const NOT_FOUND: [i32; 5] = [40_401, 40_402, 40_403, 42_202, 42_208];

#[derive(Deserialize)]
struct SchemaBody {
    schema: String,
    /// Absent for Avro.
    #[serde(rename = "schemaType")]
    schema_type: Option<String>,
    /// Absent, and `null` of some registries, for none.
    references: Option<Vec<Reference>>,
    /// Of data contracts.
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    /// By paths of fields, which have `*` and `**`.
    tags: Option<BTreeMap<String, Vec<String>>>,
}

/// A subject that a schema is registered under, and its version there.
#[derive(Deserialize)]
struct SubjectVersion {
    subject: String,
    version: u32,
}

/// What at least tells that a registry speaks of a schema.
#[derive(Deserialize)]
struct SchemaLike {
    #[serde(rename = "schema")]
    _schema: IgnoredAny,
}

#[derive(Clone, Deserialize)]
struct Reference {
    name: String,
    subject: String,
    version: i64,
}

impl SchemaBody {
    fn outer_tags(&self) -> impl Iterator<Item = String> {
        let tags = self.metadata.iter().flat_map(|metadata| &metadata.tags);
        tags.flat_map(BTreeMap::values).flatten().cloned()
    }
}

impl HttpRegistry {
    /// # Errors
    /// The credential or the authority cannot be read.
    pub(crate) fn new(section: &RegistrySection) -> Result<HttpRegistry> {
        let url = section.url.get_ref();
        let mut base = Url::parse(url).with_context(|| format!("the schema registry's url {url:?} is none"))?;
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let mut builder = Client::builder()
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .redirect(redirect::Policy::none())
            .user_agent("tidegate");
        if base.scheme() == "http" {
            builder = builder.no_proxy();
        }
        if let Some(path) = &section.ca_file {
            let pem = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let authorities = Certificate::from_pem_bundle(&pem)
                .with_context(|| format!("{} holds no PEM certificates", path.display()))?;
            ensure!(!authorities.is_empty(), "{} holds no PEM certificates", path.display());
            builder = builder.tls_certs_merge(authorities);
        }
        let client = builder.build().context("cannot make a client for the schema registry")?;
        Ok(HttpRegistry {
            client,
            base,
            login: secrets::registry_login(section)?,
            kept: Arc::new(Cache::with_weighter(VERSIONS_MAX, KEPT_BYTES_MAX, Weight)),
        })
    }

    async fn find(&self, number: u32) -> Result<Registered, Trouble> {
        let number = number.to_string();
        let body: SchemaBody = self.get(&["schemas", "ids", &number], false).await?;
        let texts = self.texts(body).await?;
        // Records outlive the subjects that their writers used.
        let versions: Vec<SubjectVersion> = self.get(&["schemas", "ids", &number, "versions"], true).await?;
        let mut last: BTreeMap<String, u32> = BTreeMap::new();
        for SubjectVersion { subject, version } in versions {
            last.entry(subject).and_modify(|last| *last = version.max(*last)).or_insert(version);
        }
        let subjects = last.into_iter().map(|(name, version)| Subject { name, version }).collect();
        Ok(Registered { texts, subjects })
    }

    /// What a registry tells of a schema, with all that it refers to.
    async fn texts(&self, body: SchemaBody) -> Result<SchemaTexts, Trouble> {
        let language = match body.schema_type.as_deref() {
            None | Some("AVRO") => Language::Avro,
            Some("PROTOBUF") => Language::Protobuf,
            Some("JSON") => Language::Json,
            // It has no schema that anybody here could read.
            Some(_) => return Err(Trouble::Missing("its schema is in a language that is not read here")),
        };
        let mut outer_tags = Vec::new();
        let references = self.references(&body, &mut outer_tags).await?;
        outer_tags.extend(body.outer_tags());
        Ok(SchemaTexts { language, text: body.schema, references, outer_tags })
    }

    /// What came before a version of a subject, the last first, from the version `since` on, as far as it is little enough; more than that
    /// is told as one that cannot be had.
    async fn before(&self, subject: &str, version: u32, since: u32) -> Result<Vec<Version>, Trouble> {
        let gone = |why| Ok(vec![Version { number: version.saturating_sub(1), texts: Err(why) }]);
        let mut numbers: Vec<u32> = match self.get(&["subjects", subject, "versions"], true).await {
            Ok(numbers) => numbers,
            Err(Trouble::Missing(why)) => return gone(why),
            Err(down) => return Err(down),
        };
        if !numbers.contains(&version) {
            // It was deleted for good, or the list is older than it, as of a replica that lags behind.
            return match self.version(subject.to_owned(), version).await {
                Err(Trouble::Missing(why)) => gone(why),
                Err(down) => Err(down),
                Ok(_) => Err(Trouble::Down("the schema registry does not list a version that it has".to_owned())),
            };
        }
        numbers.retain(|number| (since..version).contains(number));
        numbers.sort_unstable_by_key(|number| Reverse(*number));
        let (mut found, mut bytes) = (Vec::new(), 0);
        for some in numbers.chunks(AT_ONCE) {
            for one in self.versions(subject, some).await? {
                bytes += one.texts.as_ref().map_or(0, |texts| texts.bytes());
                if found.len() >= VERSIONS_MAX || bytes > EARLIER_BYTES_MAX {
                    found.push(Version { number: one.number, texts: Err(TOO_MANY) });
                    return Ok(found);
                }
                found.push(one);
            }
        }
        Ok(found)
    }

    /// Versions of a subject, asked for at once, in this order.
    async fn versions(&self, subject: &str, numbers: &[u32]) -> Result<Vec<Version>, Trouble> {
        let mut asked = JoinSet::new();
        for number in numbers.iter().copied() {
            let (registry, subject) = (self.clone(), subject.to_owned());
            asked.spawn(async move { (number, registry.version(subject, number).await) });
        }
        let mut found = Vec::new();
        while let Some(one) = asked.join_next().await {
            let (number, texts) = one.map_err(|_panic| Trouble::Down("a question about it failed".to_owned()))?;
            let texts = match texts {
                Ok(texts) => Ok(texts),
                Err(Trouble::Missing(why)) => Err(why),
                Err(down) => return Err(down),
            };
            found.push(Version { number, texts });
        }
        found.sort_unstable_by_key(|version| Reverse(version.number));
        Ok(found)
    }

    async fn version(&self, subject: String, number: u32) -> Result<Arc<SchemaTexts>, Trouble> {
        let key = (subject, number);
        if let Some(known) = self.kept.get(&key) {
            return Ok(known);
        }
        let body = self.get(&["subjects", &key.0, "versions", &number.to_string()], true).await?;
        let texts = Arc::new(self.texts(body).await?);
        self.kept.insert(key, Arc::clone(&texts));
        Ok(texts)
    }

    /// What a schema refers to, and what that refers to.
    async fn references(
        &self,
        body: &SchemaBody,
        outer_tags: &mut Vec<String>,
    ) -> Result<Vec<(String, String)>, Trouble> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut met: HashMap<String, (String, i64)> = HashMap::new();
        let mut bytes = body.schema.len();
        let mut open: VecDeque<Reference> = body.references.iter().flatten().cloned().collect();
        while let Some(Reference { name, subject, version }) = open.pop_front() {
            if let Some(before) = met.get(&name) {
                // Schemas see each other by these names alone, so that one of the two would be taken for the other.
                if *before != (subject, version) {
                    return Err(Trouble::Missing("its schema refers to two others by one name"));
                }
                continue;
            }
            let at = version.to_string();
            let body: SchemaBody = self.get(&["subjects", &subject, "versions", &at], true).await?;
            met.insert(name.clone(), (subject, version));
            bytes = bytes.saturating_add(body.schema.len());
            if met.len() > REFERENCES_MAX || bytes > BYTES_MAX {
                return Err(Trouble::Missing("its schema is too large with all that it refers to"));
            }
            outer_tags.extend(body.outer_tags());
            found.push((name, body.schema));
            open.extend(body.references.into_iter().flatten());
        }
        Ok(found)
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, path: &[&str], deleted: bool) -> Result<T, Trouble> {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if deleted {
            url.set_query(Some("deleted=true"));
        }
        let mut request = self.client.get(url).header(ACCEPT, ACCEPTED);
        if let Some(login) = &self.login {
            request = request.header(AUTHORIZATION, login.clone());
        }
        let mut response = request.send().await.map_err(|error| Trouble::Down(plain(&error)))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => {}
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(Trouble::Down(format!(
                    "{} answered {status}: check the login in its [[schema_registry]]",
                    self.base
                )));
            }
            status => return Err(Trouble::Down(format!("{} answered {status}", self.base))),
        }
        let status = response.status();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| Trouble::Down(plain(&error)))? {
            if body.len().saturating_add(piece.len()) > BYTES_MAX {
                return Err(if status == StatusCode::OK {
                    Trouble::Missing("its schema is too large")
                } else {
                    Trouble::Down(format!("{} answered {status} at length", self.base))
                });
            }
            body.extend_from_slice(&piece);
        }
        if status != StatusCode::OK {
            let told: Option<ErrorBody> = serde_json::from_slice(&body).ok();
            // Anything else that is not found is not the registry's word on the schema: a proxy's page, a path that is wrong.
            return Err(if told.is_some_and(|told| NOT_FOUND.contains(&told.error_code)) {
                Trouble::Missing(match path.first() {
                    Some(&"schemas") => NOT_KNOWN,
                    _ => "it refers to, or comes after, a version of a subject that the registry does not have",
                })
            } else {
                Trouble::Down(format!(
                    "{} answered {status}: is url in its [[schema_registry]] the registry's own?",
                    self.base
                ))
            });
        }
        serde_json::from_slice(&body).map_err(|_not_so| {
            if serde_json::from_slice::<SchemaLike>(&body).is_ok() {
                Trouble::Missing("what the registry tells of its schema cannot be understood")
            } else {
                Trouble::Down("the schema registry answered what is no schema".to_owned())
            }
        })
    }
}

/// What went wrong, without the URL, which may name a subject.
fn plain(error: &reqwest::Error) -> String {
    let what = match (error.is_timeout(), error.is_connect()) {
        (true, _) => "it took too long",
        (_, true) => "it cannot be reached",
        _ => "the connection broke",
    };
    format!("the schema registry did not answer: {what}")
}

impl HttpRegistry {
    /// An answer, or why there is none, in the time that a question has.
    async fn in_time<T>(asked: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
        let late = |_late| Err(Trouble::Down("the schema registry took too long".to_owned()));
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(late)
    }
}

impl SchemaRegistry for HttpRegistry {
    fn schema(&self, number: u32) -> Asked<'_, Answer> {
        Box::pin(async move {
            match HttpRegistry::in_time(self.find(number)).await {
                Ok(registered) => Answer::Schema(Arc::new(registered)),
                Err(Trouble::Missing(why)) => Answer::Missing(why),
                Err(Trouble::Down(why)) => Answer::Down(why),
            }
        })
    }

    fn earlier<'s>(&'s self, subject: &'s str, version: u32, since: u32) -> Asked<'s, Result<Vec<Version>, String>> {
        Box::pin(async move {
            HttpRegistry::in_time(self.before(subject, version, since)).await.map_err(|trouble| match trouble {
                Trouble::Missing(why) => why.to_owned(),
                Trouble::Down(why) => why,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::Uri;
    use axum::response::IntoResponse as _;

    use super::*;

    const NOT_THERE: &str = r#"{"error_code": 40403, "message": "Schema not found"}"#;

    fn respond(path: &str) -> (u16, String) {
        let text = |text: &str| (200, text.to_owned());
        let refers = |references: &str| text(&format!(r#"{{"schema": "s", "references": {references}}}"#));
        match path {
            "/schemas/ids/9/versions" => text(
                r#"[{"subject": "s", "version": 2}, {"subject": "s", "version": 5}, {"subject": "t", "version": 1}]"#,
            ),
            _ if path.starts_with("/schemas/") && path.ends_with("/versions") => {
                text(r#"[{"subject": "a-value", "version": 1}]"#)
            }
            "/schemas/ids/9" => {
                text(r#"{"schema": "s", "metadata": {"tags": {"**.a": ["PII", "PCI"], "b": []}, "properties": {}}}"#)
            }
            // Without the third, which is gone for good.
            "/subjects/s/versions" => text("[1, 2, 4, 5, 6]"),
            "/subjects/s/versions/7" => (404, r#"{"error_code": 40402, "message": "no version"}"#.to_owned()),
            "/subjects/s/versions/8" => text(r#"{"schema": "s"}"#),
            "/subjects/s/versions/1" => text(r#"{"schema": "first", "schemaType": "JSON"}"#),
            "/subjects/s/versions/2" => text(r#"{"schema": "s"}"#),
            "/subjects/s/versions/4" => refers(r#"[{"name": "n", "subject": "gone", "version": 1}]"#),
            "/subjects/large/versions" => text(&format!("{:?}", (1..=40).collect::<Vec<_>>())),
            _ if path.starts_with("/subjects/large/versions/") => {
                text(&format!(r#"{{"schema": "{}"}}"#, "x".repeat(1 << 20)))
            }
            "/subjects/gone/versions" => (404, r#"{"error_code": 40401, "message": "Subject not found"}"#.to_owned()),
            "/subjects/lying/versions" => text("[1, 2, 3]"),
            "/subjects/lying/versions/2" => text("<html>"),
            "/subjects/many/versions" => text(&format!("{:?}", (1..=400).collect::<Vec<_>>())),
            _ if path.starts_with("/subjects/many/versions/") => text(r#"{"schema": "s"}"#),
            "/schemas/ids/1" => text(r#"{"schema": "s", "references": null}"#),
            "/schemas/ids/2" => text(&format!(r#"{{"schema": "{}"}}"#, "x".repeat(BYTES_MAX))),
            "/schemas/ids/3" => refers(r#"[{"name": "n", "subject": "gone", "version": 1}]"#),
            "/schemas/ids/4" => {
                refers(r#"[{"name": "n", "subject": "a", "version": 1}, {"name": "n", "subject": "a", "version": 2}]"#)
            }
            "/schemas/ids/5" => {
                refers(r#"[{"name": "n", "subject": "a", "version": 1}, {"name": "n", "subject": "a", "version": 1}]"#)
            }
            "/schemas/ids/6" => text(r#"{"schema": null}"#),
            "/schemas/ids/7" => refers(r#"[{"name": "n", "subject": "a", "version": -7}]"#),
            "/schemas/ids/8" => (404, NOT_THERE.to_owned()),
            "/subjects/gone/versions/1" => (404, r#"{"error_code": 40401, "message": "Subject not found"}"#.to_owned()),
            "/subjects/a/versions/-7" => (422, r#"{"error_code": 42202, "message": "no version"}"#.to_owned()),
            "/subjects/a/versions/1" | "/subjects/a/versions/2" => text(r#"{"schema": "r"}"#),
            "/schemas/ids/20" => text("<html>"),
            "/schemas/ids/21" => text(r#""a page""#),
            "/schemas/ids/22" => (429, String::new()),
            "/schemas/ids/23" => (503, String::new()),
            "/schemas/ids/24" => (401, String::new()),
            "/schemas/ids/25" => (422, "<html>".to_owned()),
            _ => (404, "<html>".to_owned()),
        }
    }

    async fn start() -> HttpRegistry {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let served = Router::new().fallback(async |uri: Uri| {
            // Records outlive what their writers delete, but for schemas by their numbers, which stay.
            let by_number = uri.path().starts_with("/schemas/ids/") && !uri.path().ends_with("/versions");
            let (status, body) = match by_number || uri.query() == Some("deleted=true") {
                true => respond(uri.path()),
                false => (404, NOT_THERE.to_owned()),
            };
            (StatusCode::from_u16(status).unwrap(), body).into_response()
        });
        tokio::spawn(async move { axum::serve(listener, served).await });
        let section = format!("cluster = \"main\"\nurl = \"http://{address}\"");
        HttpRegistry::new(&toml::from_str(&section).unwrap()).unwrap()
    }

    /// What cannot be used is not waited for, and what may come is not withheld.
    #[tokio::test]
    async fn only_a_registry_that_cannot_be_asked_is_down() {
        let registry = start().await;
        for (number, references) in [(1, 0), (5, 1)] {
            let Answer::Schema(registered) = registry.schema(number).await else { panic!("{number}") };
            assert_eq!((registered.texts.references.len(), registered.subjects.len()), (references, 1), "{number}");
        }
        let Answer::Schema(registered) = registry.schema(9).await else { panic!() };
        assert_eq!(registered.texts.outer_tags, ["PII", "PCI"]);
        let subjects: Vec<_> = registered.subjects.iter().map(|one| (one.name.as_str(), one.version)).collect();
        assert_eq!(subjects, [("s", 5), ("t", 1)]);
        for number in [2, 3, 4, 6, 7, 8] {
            let answer = registry.schema(number).await;
            assert!(matches!(answer, Answer::Missing(_)), "{number}: {answer:?}");
        }
        for number in 20..=26 {
            let answer = registry.schema(number).await;
            assert!(matches!(answer, Answer::Down(_)), "{number}: {answer:?}");
        }
    }

    #[tokio::test]
    async fn what_came_before_a_version_is_told_as_far_as_it_is_little_enough() {
        let registry = start().await;
        let text = |version: &Version| {
            let texts = version.texts.as_ref().ok()?;
            Some((texts.language, texts.text.clone()))
        };
        let earlier = registry.earlier("s", 5, 1).await.unwrap();
        let told: Vec<_> = earlier.iter().map(|version| (version.number, text(version))).collect();
        let (first, second) = ((Language::Json, "first".to_owned()), (Language::Avro, "s".to_owned()));
        assert_eq!(told, [(4, None), (2, Some(second)), (1, Some(first))], "the third is gone for good");
        let many = registry.earlier("many", 400, 1).await.unwrap();
        assert_eq!((many.len(), many[255].number, many[256].number), (257, 144, 143));
        assert!(many[..256].iter().all(|version| version.texts.is_ok()), "as many as are read");
        assert_eq!(many[256].texts.as_ref().err(), Some(&TOO_MANY));
        let large = registry.earlier("large", 40, 1).await.unwrap();
        assert!(large.len() == 5 && large.iter().filter(|version| version.texts.is_ok()).count() == 4, "4 MiB");
        let since: Vec<u32> = registry.earlier("many", 400, 398).await.unwrap().iter().map(|one| one.number).collect();
        assert_eq!(since, [399, 398], "no more is asked for than counts");
        let deleted = registry.earlier("s", 7, 1).await.unwrap();
        assert!(deleted.len() == 1 && deleted[0].texts.is_err(), "it is gone for good");
        let gone = registry.earlier("gone", 3, 1).await.unwrap();
        assert!(gone.len() == 1 && gone[0].number == 2 && gone[0].texts.is_err(), "{gone:?}");
        for (subject, version) in [("s", 8), ("lying", 3)] {
            assert!(registry.earlier(subject, version, 1).await.is_err(), "{subject}");
        }
    }
}
