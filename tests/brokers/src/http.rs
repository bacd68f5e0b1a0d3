//! Just enough of RFC 9112 for the small servers of the harness: one request per connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The most that a request may have, head and body together.
const REQUEST_BYTES_MAX: u64 = 1024 * 1024;
/// A client that does not speak may not hold up the others for longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A server on a free port, and the thread that takes its connections; both end when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Hands every connection to `take`, one after the other.
    pub(crate) fn start(name: &str, take: impl Fn(TcpStream) + Send + 'static) -> Result<Server> {
        let listener = TcpListener::bind("127.0.0.1:0").with_context(|| format!("cannot listen for the {name}"))?;
        let address = listener.local_addr().with_context(|| format!("the {name} has no address"))?;
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let serve = move || {
            for stream in listener.incoming() {
                if told.load(Ordering::Relaxed) {
                    return;
                }
                if let Ok(stream) = stream {
                    take(stream);
                }
            }
        };
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(serve);
        let thread = thread.with_context(|| format!("cannot start the thread of the {name}"))?;
        Ok(Server { address, ended, thread: Some(thread) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // The thread waits for a connection: this is the last one.
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// The state that a server's thread and the tests share.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> Result<MutexGuard<'_, T>> {
    match shared.lock() {
        Ok(state) => Ok(state),
        Err(_) => bail!("another thread failed while it held the state of a server of the harness"),
    }
}

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
