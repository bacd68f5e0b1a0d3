//! Where the browser comes back to: a port of this machine that takes one answer.
//!
//! Every program and every page on this machine can send something here. Only who knows the state is listened to; everybody
//! else is answered and changes nothing.

use std::future::Future;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use reqwest::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::cli::evidence::table::shown;
use crate::cli::gate::session::is_word;
use crate::cli::gate::{Failed, TEXT_MAX};

/// Line and headers of a browser's request.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// A browser sends at once.
const READ: Duration = Duration::from_secs(10);
/// Connections at once; browsers open some in advance.
const CONNECTIONS_MAX: usize = 16;

/// The listener.
#[derive(Debug)]
pub(super) struct Redirect {
    listener: TcpListener,
    port: u16,
    state: String,
}

/// What a request asked for.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    /// The login is done; the code for it.
    Code(String),
    /// The gate says why there is none.
    Error(String),
    /// Something else, to be answered with this status.
    Other(u16),
}

/// An answer of the gate's, with the connection that waits for a page.
struct Answer {
    came: Came,
    stream: TcpStream,
}

impl Redirect {
    /// Listens on a port that is free.
    ///
    /// # Errors
    /// There is none.
    pub(super) async fn listen(state: String) -> anyhow::Result<Redirect> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.context("no port for the browser to come back to; use --no-browser or --device")?;
        let port = listener.local_addr().context("the port has no number")?.port();
        Ok(Redirect { listener, port, state })
    }

    /// Where the browser shall come back to.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// What it has to bring along.
    pub(super) fn state(&self) -> &str {
        &self.state
    }

    /// Waits for the browser, gives its code to `finish`, and shows the person how it ended. Whoever comes after the first
    /// with the right state finds nobody.
    ///
    /// # Errors
    /// The gate's, or those of `finish`.
    pub(super) async fn wait<T, F, Fut>(self, finish: F) -> Result<T, Failed>
    where
        F: FnOnce(String) -> Fut,
        Fut: Future<Output = Result<T, Failed>>,
    {
        let Answer { came, stream } = self.first().await?;
        let result = match came {
            Came::Code(code) => finish(code).await,
            Came::Error(error) => Err(Failed::not_allowed(anyhow!("the login was refused: {error}"))),
            Came::Other(_) => return Err(Failed::not_allowed(anyhow!("the login was refused"))),
        };
        let page = match &result {
            Ok(_) => page(200, "You are logged in", "Close this page and go back to the terminal."),
            Err(_) => page(400, "You are not logged in", "The terminal says why."),
        };
        answer(stream, &page).await;
        result
    }

    /// The first answer with the right state. The port is closed with it.
    async fn first(self) -> Result<Answer, Failed> {
        let Redirect { listener, port, state } = self;
        let (sender, mut answers) = mpsc::channel(1);
        let state: Arc<str> = state.into();
        let mut serving = JoinSet::new();
        loop {
            tokio::select! {
                Some(answer) = answers.recv() => return Ok(answer),
                // Who finds no room waits until others had their time.
                accepted = listener.accept(), if serving.len() < CONNECTIONS_MAX => {
                    let (stream, _) = accepted.context("the port for the browser to come back to failed; try --no-browser")?;
                    let (sender, state) = (sender.clone(), Arc::clone(&state));
                    serving.spawn(async move { serve(stream, port, &state, &sender).await });
                }
                Some(_ended) = serving.join_next() => {}
            }
        }
    }
}

async fn serve(mut stream: TcpStream, port: u16, state: &str, sender: &mpsc::Sender<Answer>) {
    let Ok(Some(head)) = timeout(READ, head(&mut stream)).await else { return };
    match asked(&head, port, state) {
        Came::Other(status) => answer(stream, &page(status, "Nothing is here", "Go back to the terminal.")).await,
        came => {
            // Of two the first one counts; the other finds the connection closed.
            let _second = sender.try_send(Answer { came, stream });
        }
    }
}

/// The head of a request; `None` when it has no end or is too long.
async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::with_capacity(HEAD_BYTES_MAX);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES_MAX || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

fn asked(head: &str, port: u16, state: &str) -> Came {
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != "GET" {
        return Came::Other(405);
    }
    // A page of another name that leads here is no redirect of the gate's.
    let here = format!("127.0.0.1:{port}");
    let host = lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("host"));
    if host.is_none_or(|(_, host)| host.trim() != here) || !target.starts_with("/?") {
        return Came::Other(404);
    }
    let Ok(url) = Url::parse(&format!("http://{here}{target}")) else { return Came::Other(400) };
    let one = |wanted: &str| {
        let mut all = url.query_pairs().filter(|(name, _)| name == wanted);
        let first = all.next().map(|(_, value)| value.into_owned());
        first.filter(|_| all.next().is_none())
    };
    let known = one("state").is_some_and(|said| verify_slices_are_equal(said.as_bytes(), state.as_bytes()).is_ok());
    match (known, one("code"), one("error")) {
        (true, Some(code), None) if is_word(&code) => Came::Code(code),
        (true, None, Some(error)) => Came::Error(shown(&error, TEXT_MAX)),
        _ => Came::Other(400),
    }
}

/// A whole answer. It loads nothing, and the address with the code in it goes nowhere from here.
fn page(status: u16, title: &str, text: &str) -> String {
    let reason = match status {
        200 => "OK",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Bad Request",
    };
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:1.1rem sans-serif;margin:20vh auto;max-width:30rem;text-align:center}}</style>\
         <h1>{title}</h1><p>{text}</p></html>\n"
    );
    format!(
        "HTTP/1.1 {status} {reason}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\r\n{body}",
        body.len()
    )
}

async fn answer(mut stream: TcpStream, page: &str) {
    let written = async {
        stream.write_all(page.as_bytes()).await?;
        stream.shutdown().await?;
        // Closed with something unread, the other side could lose the page.
        let mut rest = [0; 1024];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // A browser that is gone has the terminal beside it.
    let _gone = timeout(Duration::from_secs(2), written).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &str) -> Came {
        asked(&format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:7\r\n\r\n"), 7, "right")
    }

    #[test]
    fn only_one_path_with_the_right_state_is_listened_to() {
        assert_eq!(get("/?code=a-B_9&state=right"), Came::Code("a-B_9".into()));
        assert_eq!(get("/?state=right&error=not%20you%1b%5b2J"), Came::Error("not you\\u{1b}[2J".into()));
        for (target, status) in [
            ("/?code=x&state=wrong", 400),
            ("/?code=x", 400),
            ("/?code=x&state=right&state=right", 400),
            ("/?code=x&code=y&state=right", 400),
            ("/?code=x&error=y&state=right", 400),
            ("/?code=a%20b&state=right", 400),
            ("/?error=denied&state=wrong", 400),
            ("/", 404),
            ("/favicon.ico", 404),
            ("//?code=x&state=right", 404),
            ("/x/?code=x&state=right", 404),
            ("http://127.0.0.1:7/?code=x&state=right", 404),
        ] {
            assert_eq!(get(target), Came::Other(status), "{target}");
        }
        let asked = |head: &str| asked(head, 7, "right");
        assert_eq!(asked("POST /?code=x&state=right HTTP/1.1\r\nHost: 127.0.0.1:7\r\n\r\n"), Came::Other(405));
        assert_eq!(asked("GET /?code=x&state=right HTTP/1.1\r\nHost: evil.example:7\r\n\r\n"), Came::Other(404));
        assert_eq!(asked("GET /?code=x&state=right HTTP/1.1\r\n\r\n"), Came::Other(404));
        assert_eq!(asked(""), Came::Other(405));
    }

    #[tokio::test]
    async fn silent_and_endless_senders_do_not_keep_the_browser_out() {
        let redirect = Redirect::listen("right".into()).await.unwrap();
        let url = redirect.url();
        let port = redirect.port;
        let waiting = tokio::spawn(redirect.wait(|code| async move { Ok(code) }));
        let mut silent = Vec::new();
        for _ in 0..CONNECTIONS_MAX - 2 {
            silent.push(TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        }
        let mut endless = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let noise = vec![b'x'; HEAD_BYTES_MAX * 2];
        drop(endless.write_all(&noise).await);
        let said = reqwest::Client::new().get(format!("{url}?code=c1&state=right")).send().await.unwrap();
        assert_eq!(said.status(), 200);
        assert!(said.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
        assert!(said.text().await.unwrap().contains("You are logged in"));
        assert_eq!(waiting.await.unwrap().unwrap(), "c1");
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err(), "the port is closed");
    }
}
