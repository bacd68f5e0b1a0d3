//! Just enough of RFC 9112 for the small servers of the harness: one request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

/// The most that a request may have, head and body together.
const REQUEST_BYTES_MAX: u64 = 1024 * 1024;
/// A client that does not speak may not hold up the others for longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A request.
pub(crate) struct Request {
    pub(crate) method: String,
    /// The path, without the query.
    pub(crate) path: String,
    pub(crate) authorization: String,
    pub(crate) body: String,
}

/// Reads one request and answers it with a status line's end and a JSON body.
pub(crate) fn answer(
    stream: &TcpStream,
    respond: impl FnOnce(&Request) -> Result<(&'static str, Value)>,
) -> Result<()> {
    stream.set_read_timeout(Some(PATIENCE)).context("cannot set a time-out")?;
    let request = read(stream)?;
    let (status, body) = respond(&request)?;
    let body = body.to_string();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .context("cannot answer")
}

fn read(stream: &TcpStream) -> Result<Request> {
    let mut lines = BufReader::new(stream.take(REQUEST_BYTES_MAX));
    let mut line = String::new();
    lines.read_line(&mut line).context("cannot read the request")?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = words.next().zip(words.next()).context("not a request line")?;
    let path = path.split('?').next().unwrap_or_default().to_owned();
    let (mut authorization, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line).context("cannot read the head")? == 0 || line.trim().is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "authorization" => value.trim().clone_into(&mut authorization),
            "content-length" => length = value.trim().parse::<u64>().context("not a length")?,
            _ => (),
        }
    }
    let mut body = String::new();
    lines.take(length.min(REQUEST_BYTES_MAX)).read_to_string(&mut body).context("cannot read the body")?;
    Ok(Request { method, path, authorization, body })
}
