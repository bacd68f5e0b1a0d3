//! The client of a Confluent-compatible schema registry. It only reads: schemas by number, the subjects that they are registered under,
//! and what they refer to.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Certificate, Client, StatusCode, Url, redirect};
use serde::Deserialize;
use tidegate_proxy::schemas::{Answer, Language, Registered, SchemaRegistry};

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

/// A registry that answers at a URL.
pub(crate) struct HttpRegistry {
    client: Client,
    base: Url,
    login: Option<HeaderValue>,
}

impl fmt::Debug for HttpRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRegistry").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

/// Why there is no schema.
enum Trouble {
    /// The registry has none.
    Missing,
    /// What went wrong, safe to log.
    Down(String),
}

#[derive(Deserialize)]
struct ErrorBody {
    error_code: i32,
}

/// The registry's error code for a number that it has no schema of.
const SCHEMA_NOT_FOUND: i32 = 40403;

#[derive(Deserialize)]
struct SchemaBody {
    schema: String,
    /// Absent for Avro.
    #[serde(rename = "schemaType")]
    schema_type: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Clone, Deserialize)]
struct Reference {
    name: String,
    subject: String,
    version: i64,
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
        Ok(HttpRegistry { client, base, login: secrets::registry_login(section)? })
    }

    async fn find(&self, number: u32) -> Result<Registered, Trouble> {
        let number = number.to_string();
        let body: SchemaBody = self.get(&["schemas", "ids", &number], false).await?;
        let language = match body.schema_type.as_deref() {
            None | Some("AVRO") => Language::Avro,
            Some("PROTOBUF") => Language::Protobuf,
            Some("JSON") => Language::Json,
            // It has no schema that anybody here could read.
            Some(_) => return Err(Trouble::Missing),
        };
        // Records outlive the subjects that their writers used.
        let subjects: Vec<String> = self.get(&["schemas", "ids", &number, "subjects"], true).await?;
        let references = self.references(&body).await?;
        Ok(Registered { language, text: body.schema, references, subjects })
    }

    /// What a schema refers to, and what that refers to.
    async fn references(&self, body: &SchemaBody) -> Result<Vec<(String, String)>, Trouble> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut met: HashSet<String> = HashSet::new();
        let mut bytes = body.schema.len();
        let mut open: VecDeque<Reference> = body.references.iter().cloned().collect();
        while let Some(Reference { name, subject, version }) = open.pop_front() {
            if !met.insert(name.clone()) {
                continue;
            }
            let version = version.to_string();
            let body: SchemaBody = self.get(&["subjects", &subject, "versions", &version], true).await?;
            bytes = bytes.saturating_add(body.schema.len());
            if met.len() > REFERENCES_MAX || bytes > BYTES_MAX {
                return Err(Trouble::Missing);
            }
            found.push((name, body.schema));
            open.extend(body.references);
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
            StatusCode::NOT_FOUND => {}
            status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                return Err(Trouble::Down(format!(
                    "{} answered {status}: check the login in its [[schema_registry]]",
                    self.base
                )));
            }
            status => return Err(Trouble::Down(format!("{} answered {status}", self.base))),
        }
        let is_found = response.status() == StatusCode::OK;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| Trouble::Down(plain(&error)))? {
            if body.len().saturating_add(piece.len()) > BYTES_MAX {
                return Err(Trouble::Down("the schema registry answered more than is sane".to_owned()));
            }
            body.extend_from_slice(&piece);
        }
        if !is_found {
            let told: Option<ErrorBody> = serde_json::from_slice(&body).ok();
            // Anything else that is not found is not the registry's word on the schema: a proxy's page, a path that is wrong.
            let missing =
                told.is_some_and(|told| told.error_code == SCHEMA_NOT_FOUND) && path.first() == Some(&"schemas");
            return Err(if missing {
                Trouble::Missing
            } else {
                Trouble::Down(format!(
                    "{} answered 404: is url in its [[schema_registry]] the registry's own?",
                    self.base
                ))
            });
        }
        serde_json::from_slice(&body)
            .map_err(|_not_json| Trouble::Down("the schema registry answered what is no schema".to_owned()))
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

impl SchemaRegistry for HttpRegistry {
    fn schema(&self, number: u32) -> Pin<Box<dyn Future<Output = Answer> + Send + '_>> {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, self.find(number)).await {
                Ok(Ok(registered)) => Answer::Schema(Arc::new(registered)),
                Ok(Err(Trouble::Missing)) => Answer::Missing,
                Ok(Err(Trouble::Down(why))) => Answer::Down(why),
                Err(_late) => Answer::Down("the schema registry took too long".to_owned()),
            }
        })
    }
}
