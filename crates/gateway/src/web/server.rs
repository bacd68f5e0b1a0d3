//! Connections to the web listener: TLS, bounds, and which address goes where.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use arc_swap::ArcSwapOption;
use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::{Web, browser, grants, login};
use crate::control::{self, Peer, Refused};

/// Connections at once, and from one address.
const CONNECTIONS_MAX: usize = 2_000;
const OF_ONE_ADDRESS_MAX: usize = 200;
/// For the TLS greeting, and for the head of a request, from the end of the one before.
const HEAD: Duration = Duration::from_secs(15);
/// For a whole request with its answer; a policy of 10,000 rules takes some seconds.
const REQUEST: Duration = Duration::from_secs(120);
/// A connection's life; who wants more connects again. So no client that takes nothing keeps a place for ever.
const CONNECTION: Duration = Duration::from_secs(600);
/// Requests under way get this long when the gate stops.
const DRAIN: Duration = Duration::from_secs(5);
/// A request that somebody without a login may send; a SAML response is the largest.
const BODY_MAX: usize = 512 * 1024;
/// Bodies beyond this are read a few at a time.
const LARGE: u64 = 64 * 1024;
const LARGE_LOGINS: usize = 16;
const LARGE_COMMANDS: usize = 2;
/// A header block; the longest is a token of 16 KiB.
const HEADERS_MAX: usize = 64 * 1024;

/// Certificates that new connections are greeted with; a reload replaces them.
pub(crate) type Tls = ArcSwapOption<rustls::ServerConfig>;

/// Binds the address.
///
/// # Errors
/// It is taken, or not this machine's.
pub(crate) async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot bind the web listener {address}"))
}

/// Takes connections until `stopping`.
pub(crate) async fn serve(web: Arc<Web>, listener: TcpListener, tls: Arc<Tls>, stopping: CancellationToken) {
    let router = router(&web);
    let (open, tasks) = (Arc::new(Open::default()), TaskTracker::new());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of descriptors, most likely: going on at once would spin.
                warn!(%error, "cannot accept a connection at the web listener");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let limits = &web.shared().limits;
        let failed = web.shared().failures.in_this_minute(peer.ip(), web.shared().now_ms());
        let place = (failed < limits.failed_logins_per_address).then(|| open.enter(peer.ip())).flatten();
        let Some(place) = place else {
            debug!(%peer, "a connection to the web listener is turned away");
            continue;
        };
        let (router, tls, stopping) = (router.clone(), tls.load_full(), stopping.clone());
        tasks.spawn(async move {
            attend(router, stream, peer, tls, stopping).await;
            drop(place);
        });
    }
    tasks.close();
    if tokio::time::timeout(DRAIN, tasks.wait()).await.is_err() {
        warn!(left = tasks.len(), "requests at the web listener did not end in time and are cut");
    }
}

async fn attend(
    router: Router,
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<rustls::ServerConfig>>,
    stopping: CancellationToken,
) {
    // Small answers wait for nothing.
    let _set = stream.set_nodelay(true);
    match tls {
        None => {
            converse(router, stream, Peer::Remote { address: peer.ip().to_canonical(), tls: false }, stopping).await
        }
        Some(config) => match tokio::time::timeout(HEAD, TlsAcceptor::from(config).accept(stream)).await {
            Ok(Ok(stream)) => {
                converse(router, stream, Peer::Remote { address: peer.ip().to_canonical(), tls: true }, stopping).await;
            }
            Ok(Err(error)) => debug!(%peer, %error, "a TLS greeting at the web listener failed"),
            Err(_late) => debug!(%peer, "a TLS greeting at the web listener took too long"),
        },
    }
}

async fn converse(
    router: Router,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: Peer,
    stopping: CancellationToken,
) {
    let router = router.layer(axum::Extension(ConnectInfo(peer)));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEADERS_MAX);
    let mut connection =
        std::pin::pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping.cancelled() => finish(connection.as_mut()).await,
        () = tokio::time::sleep(CONNECTION) => finish(connection.as_mut()).await,
    };
    if let Err(error) = ended {
        debug!(%error, "a connection to the web listener ended");
    }
}

/// Lets the request under way end, if it does.
async fn finish<T: AsyncRead + AsyncWrite + Unpin + 'static>(
    mut connection: std::pin::Pin<&mut http1::Connection<TokioIo<T>, TowerToHyperService<Router>>>,
) -> hyper::Result<()> {
    connection.as_mut().graceful_shutdown();
    tokio::time::timeout(REQUEST, connection).await.unwrap_or(Ok(()))
}

fn router(web: &Arc<Web>) -> Router {
    Router::new()
        .route("/", get(browser::front))
        .route("/login/callback", get(browser::callback))
        .route("/login/{id}", get(browser::open))
        .route("/login/{id}/done", get(browser::done))
        .route("/saml/{name}/acs", post(browser::saml_response))
        .route("/saml/{name}/metadata", get(browser::saml_metadata))
        .route("/.well-known/jwks.json", get(grants::jwks))
        .route("/token", post(grants::token))
        .route("/v1/login/providers", get(login::providers))
        .route("/v1/login", post(login::begin))
        .route("/v1/login/{id}/finish", post(login::finish))
        .route("/v1/token", post(grants::mint))
        .route("/v1/client-secret", post(grants::client_secret))
        .route("/v1/logout", post(login::logout))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(Arc::new(Semaphore::new(LARGE_LOGINS)), few_large))
        .with_state(Arc::clone(web))
        .merge(
            control::router(Arc::clone(&web.control))
                .layer(middleware::from_fn_with_state(Arc::new(Semaphore::new(LARGE_COMMANDS)), few_large)),
        )
        .layer(middleware::from_fn_with_state(Arc::clone(web), few_failures))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::from_fn_with_state(web.secure(), headers))
}

async fn in_time(request: Request, next: Next) -> Response {
    let late = |_late| Refused::Busy("the request took too long; try again".into()).into_response();
    tokio::time::timeout(REQUEST, next.run(request)).await.unwrap_or_else(late)
}

/// An address that failed too often is turned away for the rest of the minute, on connections that are open too.
async fn few_failures(State(web): State<Arc<Web>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| peer.address());
    let shared = web.shared();
    let failed = peer.map_or(u32::MAX, |address| shared.failures.in_this_minute(address, shared.now_ms()));
    if failed < shared.limits.failed_logins_per_address {
        return next.run(request).await;
    }
    let refused = Refused::TooMany("too many failed logins from this address; try again in a minute".into());
    ([(header::CONNECTION, "close")], refused).into_response()
}

/// Large bodies take their turn: what they hold in memory is bounded, whoever sends them.
async fn few_large(State(turns): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let small = match length {
        Some(length) => length <= LARGE,
        None => !request.headers().contains_key(header::TRANSFER_ENCODING),
    };
    let turn = if small { None } else { Some(turns.try_acquire()) };
    if let Some(Err(_none_left)) = turn {
        return Refused::Busy("other large requests are under way; try again".into()).into_response();
    }
    next.run(request).await
}

/// Nothing here is to be kept, framed, guessed at or told to other sites.
async fn headers(State(secure): State<bool>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    );
    if secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

/// How many connections are open.
#[derive(Default)]
struct Open(Mutex<HashMap<IpAddr, usize>>);

/// A connection's place; given up when dropped.
struct OpenPlace(Arc<Open>, IpAddr);

impl Open {
    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<OpenPlace> {
        let address = tidegate_proxy::failures::origin(address);
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let own = open.get(&address).copied().unwrap_or(0);
        if all >= CONNECTIONS_MAX || own >= OF_ONE_ADDRESS_MAX {
            return None;
        }
        open.insert(address, own.saturating_add(1));
        Some(OpenPlace(Arc::clone(self), address))
    }
}

impl Drop for OpenPlace {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = open.get_mut(&self.1) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.remove(&self.1);
            }
        }
    }
}
