//! Many connections that read one topic, each with a request that waits at the broker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tidegate_brokers::raw::{self, Raw, key};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// How long the broker may hold a request.
const LONG_POLL_MS: i32 = 20_000;
const ANSWER_BYTES: i32 = 64 * 1024;
/// A client that is refused asks again after this long.
const REFUSED_PAUSE: Duration = Duration::from_millis(500);
const LOGINS_AT_A_TIME: usize = 8;

/// Many readers, and what they run on.
pub(super) struct Crowd {
    runtime: Runtime,
    readers: Vec<Arc<Reader>>,
    wanted: usize,
}

/// What one connection saw.
#[derive(Default)]
pub(super) struct Reader(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// When the answers with records had been read.
    answers: Vec<Instant>,
    last: Option<Instant>,
    ended: bool,
}

impl Reader {
    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the last record had been read.
    pub(super) fn last(&self) -> Option<Instant> {
        self.seen().last
    }

    /// Whether the connection has ended.
    pub(super) fn has_ended(&self) -> bool {
        self.seen().ended
    }

    pub(super) fn forget_answers(&self) {
        self.seen().answers.clear();
    }

    /// How many answers with records came after this moment.
    pub(super) fn answers_after(&self, at: Instant) -> usize {
        self.seen().answers.iter().filter(|answer| **answer > at).count()
    }

    /// Reads until the connection ends.
    async fn read(&self, stream: std::net::TcpStream, topic: &str, from: i64) {
        // How it ends does not matter; that it does is noted.
        drop(self.read_on(stream, topic, from).await);
        self.seen().ended = true;
    }

    async fn read_on(&self, stream: std::net::TcpStream, topic: &str, mut offset: i64) -> Result<()> {
        stream.set_nonblocking(true).context("cannot set nonblocking")?;
        let mut stream = TcpStream::from_std(stream).context("cannot take the connection")?;
        loop {
            let request = raw::frame(key::FETCH, 4, 0, &raw::fetch(topic, offset, LONG_POLL_MS, ANSWER_BYTES))?;
            tokio::io::AsyncWriteExt::write_all(&mut stream, &request).await.context("cannot send")?;
            let length = usize::try_from(stream.read_i32().await.context("no answer")?).context("a negative length")?;
            let mut answer = vec![0; length];
            stream.read_exact(&mut answer).await.context("the answer is cut off")?;
            let now = Instant::now();
            let fetched = raw::fetched(answer.get(4..).context("the answer is cut off")?)?;
            match fetched.next {
                Some(next) => {
                    offset = next;
                    let mut seen = self.seen();
                    seen.answers.push(now);
                    seen.last = Some(now);
                }
                None if fetched.error != 0 => tokio::time::sleep(REFUSED_PAUSE).await,
                None => {}
            }
        }
    }
}

impl Crowd {
    pub(super) fn new(wanted: usize) -> Result<Crowd> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Ok(Crowd { runtime: runtime.context("cannot start the runtime")?, readers: Vec::new(), wanted })
    }

    pub(super) fn readers(&self) -> &[Arc<Reader>] {
        &self.readers
    }

    /// Logs in as many as are missing, with one token after the other, and lets them read from this offset on; how many.
    pub(super) fn fill(&mut self, address: &str, tokens: &[String], topic: &'static str, from: i64) -> Result<usize> {
        self.readers.retain(|reader| !reader.has_ended());
        let missing = self.wanted.saturating_sub(self.readers.len());
        let login = |first: usize| -> Result<Vec<Raw>> {
            let own = (first..missing).step_by(LOGINS_AT_A_TIME);
            own.zip(tokens.iter().cycle()).map(|(_, token)| Raw::logged_in(address, token)).collect()
        };
        let made = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..LOGINS_AT_A_TIME).map(|first| scope.spawn(move || login(first))).collect();
            let mut made = Vec::with_capacity(missing);
            for task in tasks {
                match task.join() {
                    Ok(raws) => made.extend(raws?),
                    Err(_) => bail!("a login failed"),
                }
            }
            Ok(made)
        })?;
        for raw in made {
            let reader = Arc::new(Reader::default());
            self.readers.push(Arc::clone(&reader));
            self.runtime.spawn(async move { reader.read(raw.stream, topic, from).await });
        }
        Ok(missing)
    }
}
