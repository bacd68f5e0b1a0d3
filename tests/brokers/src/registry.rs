//! A stand-in for a Confluent-compatible schema registry, for real serializers to register at and for the gate to read from. It keeps
//! what it is given and compares nothing, and can be slow, down or lying.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::http::{self, Request, Server, lock};

/// Who may ask.
pub const USER: &str = "gate";
/// With this password.
pub const PASSWORD: &str = "registry password";
const MISSING: (&str, i32) = ("404 Not Found", 40403);

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As it should.
    Well,
    /// Not at all: connections are closed.
    Down,
    /// Each answer takes this long.
    Slow(Duration),
    /// With a page that is no JSON of a registry.
    Lying,
}

/// The registry; ends when dropped.
#[derive(Debug)]
pub struct Registry {
    shared: Arc<Mutex<State>>,
    server: Server,
}

#[derive(Debug)]
struct State {
    /// Each schema with its type and references; its number is its place and 1.
    schemas: Vec<Value>,
    /// Subjects, and the numbers of their versions.
    subjects: Vec<(String, Vec<usize>)>,
    mood: Mood,
    asked: u64,
}

impl Registry {
    /// Starts one on a free port.
    ///
    /// # Errors
    /// When there is no free port.
    pub fn start() -> Result<Registry> {
        let state = State { schemas: Vec::new(), subjects: Vec::new(), mood: Mood::Well, asked: 0 };
        let shared = Arc::new(Mutex::new(state));
        let served = Arc::clone(&shared);
        let server = Server::start("registry", move |stream| take(stream, &served))?;
        Ok(Registry { shared, server })
    }

    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// Where it answers, with the login, as serializers take it.
    #[must_use]
    pub fn login(&self) -> String {
        format!("{USER}:{PASSWORD}")
    }

    /// The section of `gateway.toml` that leads to it.
    #[must_use]
    pub fn section(&self) -> String {
        format!(
            "\n[[schema_registry]]\ncluster = \"main\"\nurl = \"{}\"\nuser = \"{USER}\"\npassword = {{ command = [\"echo\", \"{PASSWORD}\"] }}\n",
            self.url()
        )
    }

    /// Registers a schema; its number.
    ///
    /// # Errors
    /// When another thread failed while it held the state.
    pub fn register(&self, subject: &str, language: &str, text: &str) -> Result<u32> {
        let schema = json!({ "schema": text, "schemaType": language, "references": [] });
        u32::try_from(lock(&self.shared)?.add(subject, schema)).context("too many schemas")
    }

    /// From now on it answers so.
    ///
    /// # Errors
    /// As of [`Registry::register`].
    pub fn set_mood(&self, mood: Mood) -> Result<()> {
        lock(&self.shared)?.mood = mood;
        Ok(())
    }

    /// How often it was asked.
    ///
    /// # Errors
    /// As of [`Registry::register`].
    pub fn asked(&self) -> Result<u64> {
        Ok(lock(&self.shared)?.asked)
    }
}

fn take(stream: TcpStream, shared: &Arc<Mutex<State>>) {
    let Ok(mut state) = lock(shared) else { return };
    state.asked += 1;
    let mood = state.mood;
    drop(state);
    let shared = Arc::clone(shared);
    // Slow answers do not hold up each other.
    let answering = std::thread::Builder::new().spawn(move || match mood {
        Mood::Down => Ok(()),
        Mood::Lying => http::answer(&stream, |_| Ok(("200 OK", json!("<html>")))),
        Mood::Slow(delay) => {
            std::thread::sleep(delay);
            http::answer(&stream, |request| respond(request, &shared))
        }
        Mood::Well => http::answer(&stream, |request| respond(request, &shared)),
    });
    drop(answering);
}

impl State {
    /// Adds a version to a subject; the schema's number.
    fn add(&mut self, subject: &str, schema: Value) -> usize {
        let place = self.schemas.iter().position(|known| *known == schema);
        let place = place.unwrap_or_else(|| {
            self.schemas.push(schema);
            self.schemas.len() - 1
        });
        let at = self.subjects.iter().position(|(name, _)| name == subject).unwrap_or_else(|| {
            self.subjects.push((subject.to_owned(), Vec::new()));
            self.subjects.len() - 1
        });
        if let Some((_, versions)) = self.subjects.get_mut(at)
            && !versions.contains(&(place + 1))
        {
            versions.push(place + 1);
        }
        place + 1
    }

    /// A schema as a registry tells it, with what is said of the version.
    fn tell(&self, number: usize, subject: Option<(&str, usize)>) -> Option<Value> {
        let schema = self.schemas.get(number.checked_sub(1)?)?;
        let mut told = Map::new();
        told.insert("schema".to_owned(), schema.get("schema")?.clone());
        // As the real one does, which leaves out what is Avro.
        if schema.get("schemaType")? != "AVRO" {
            told.insert("schemaType".to_owned(), schema.get("schemaType")?.clone());
        }
        if schema.get("references")?.as_array().is_some_and(|references| !references.is_empty()) {
            told.insert("references".to_owned(), schema.get("references")?.clone());
        }
        if let Some((subject, version)) = subject {
            told.insert("subject".to_owned(), json!(subject));
            told.insert("version".to_owned(), json!(version));
            told.insert("id".to_owned(), json!(number));
        }
        Some(Value::Object(told))
    }
}

fn respond(request: &Request, shared: &Mutex<State>) -> Result<(&'static str, Value)> {
    let login = request.authorization.strip_prefix("Basic ").and_then(|text| STANDARD.decode(text).ok());
    if login.as_deref() != Some(format!("{USER}:{PASSWORD}").as_bytes()) {
        return Ok(("401 Unauthorized", json!({ "error_code": 401, "message": "Unauthorized" })));
    }
    let mut state = lock(shared)?;
    let path: Vec<String> = request.path.split('/').skip(1).map(decoded).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let told = match (request.method.as_str(), path.as_slice()) {
        ("GET", ["schemas", "ids", number]) => number.parse().ok().and_then(|number| state.tell(number, None)),
        ("GET", ["schemas", "ids", number, "versions"]) => number.parse().ok().map(|number: usize| {
            let of = |(subject, versions): &(String, Vec<usize>)| {
                let version = versions.iter().position(|version| *version == number)? + 1;
                Some(json!({ "subject": subject, "version": version }))
            };
            json!(state.subjects.iter().filter_map(of).collect::<Vec<_>>())
        }),
        ("GET", ["subjects", subject, "versions"]) => {
            let of = state.subjects.iter().find(|(name, _)| name == subject);
            of.map(|(_, versions)| json!((1..=versions.len()).collect::<Vec<_>>()))
        }
        ("GET", ["subjects", subject, "versions", version]) => version_of(&state, subject, version),
        ("POST", ["subjects", subject, "versions"]) => {
            let schema = given(&request.body)?;
            let number = state.add(subject, schema);
            Some(json!({ "id": number }))
        }
        ("POST", ["subjects", subject]) => {
            let schema = given(&request.body)?;
            let number = state.schemas.iter().position(|known| *known == schema).map(|place| place + 1);
            number.and_then(|number| {
                let (_, versions) = state.subjects.iter().find(|(name, _)| name == subject)?;
                let version = versions.iter().position(|version| *version == number)? + 1;
                state.tell(number, Some((subject, version)))
            })
        }
        _ => None,
    };
    let (status, code) = MISSING;
    Ok(told.map_or_else(|| (status, json!({ "error_code": code, "message": "not found" })), |told| ("200 OK", told)))
}

fn version_of(state: &State, subject: &str, version: &str) -> Option<Value> {
    let (_, versions) = state.subjects.iter().find(|(name, _)| name == subject)?;
    let version = if version == "latest" { versions.len() } else { version.parse().ok()? };
    state.tell(*versions.get(version.checked_sub(1)?)?, Some((subject, version)))
}

/// The schema in a request, as it is kept.
fn given(body: &str) -> Result<Value> {
    let given: Value = serde_json::from_str(body).context("not JSON")?;
    let references = given.get("references").filter(|list| list.is_array()).cloned().unwrap_or_else(|| json!([]));
    let language = given.get("schemaType").and_then(Value::as_str).unwrap_or("AVRO");
    Ok(json!({ "schema": given.get("schema"), "schemaType": language, "references": references }))
}

/// A part of a path, percent-decoded.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match (first, code.and_then(|code| u8::from_str_radix(code, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
