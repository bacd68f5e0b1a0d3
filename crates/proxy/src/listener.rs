//! A listener: one port to begin with, one more for each broker, so that a client's connection says which broker it means.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tidegate_model::Endpoint;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::certificate::ListenerTls;
use crate::cluster::Cluster;
use crate::connection;
use crate::failures::origin;
use crate::gate::Shared;
use crate::metrics::Reason;

/// How often operators are told that connections are turned away.
const TELL_EVERY_MS: u64 = 10_000;

/// How a listener is configured.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// Its name.
    pub name: String,
    /// Where clients begin.
    pub bind: SocketAddr,
    /// The host that clients are told.
    pub advertised_host: String,
    /// One port per broker, on the same address as `bind`.
    pub broker_ports: RangeInclusive<u16>,
    /// It takes credentials without TLS beyond loopback, because the configuration says so.
    pub plaintext_accepted: bool,
}

/// Which broker a port stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Any of them.
    Bootstrap,
    /// The one with this node id.
    Broker(i32),
}

/// Where the brokers of a cluster are served.
#[derive(Debug)]
pub struct Endpoints {
    cluster: Arc<Cluster>,
    advertised_host: String,
    range: RangeInclusive<u16>,
    ports: Mutex<Ports>,
}

#[derive(Debug, Default)]
struct Ports {
    by_node: BTreeMap<i32, u16>,
    /// Given to a broker, but nobody listens there yet.
    unbound: Vec<(i32, u16)>,
}

impl Endpoints {
    fn new(cluster: Arc<Cluster>, config: &ListenerConfig) -> Self {
        Self {
            cluster,
            advertised_host: config.advertised_host.clone(),
            range: config.broker_ports.clone(),
            ports: Mutex::default(),
        }
    }

    /// The cluster behind.
    #[must_use]
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// Where a broker is served; a broker that is new gets a port, which [`Listener::bind_missing`] opens.
    #[must_use]
    pub fn of_broker(&self, node_id: i32, host: &str, port: u16) -> Option<Endpoint> {
        self.cluster.saw_broker(node_id, host, port);
        let mut ports = self.ports();
        let port = match ports.by_node.get(&node_id) {
            Some(port) => *port,
            None => {
                let port = self.free_port(&ports, node_id)?;
                ports.by_node.insert(node_id, port);
                ports.unbound.push((node_id, port));
                port
            }
        };
        Some(Endpoint { host: self.advertised_host.clone(), port })
    }

    /// The first port plus the node id where that fits, so that a restart gives each broker the port it had.
    fn free_port(&self, ports: &Ports, node_id: i32) -> Option<u16> {
        let taken = |port: &u16| ports.by_node.values().any(|used| used == port);
        let natural = u16::try_from(node_id).ok().and_then(|id| self.range.start().checked_add(id));
        natural
            .filter(|port| self.range.contains(port) && !taken(port))
            .or_else(|| self.range.clone().rev().find(|port| !taken(port)))
    }

    fn ports(&self) -> MutexGuard<'_, Ports> {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A listener in operation.
pub struct Listener {
    /// Its configuration.
    pub config: ListenerConfig,
    /// Where its brokers are served.
    pub endpoints: Endpoints,
    /// What all connections share.
    pub shared: Arc<Shared>,
    tls: ArcSwapOption<ListenerTls>,
    with_tls: bool,
    /// New connections stop.
    pub stopping: CancellationToken,
    tasks: TaskTracker,
    by_address: Mutex<HashMap<IpAddr, usize>>,
    /// Opening of broker ports, one at a time.
    binding: tokio::sync::Mutex<()>,
    open: watch::Sender<bool>,
    /// When operators were last told that connections are turned away, and which trouble with broker ports.
    told_ms: AtomicU64,
    told_trouble: Mutex<String>,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("name", &self.config.name).finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds the bootstrap port. Clients are taken once the cluster is reached.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub async fn start(
        config: ListenerConfig,
        tls: Option<Arc<ListenerTls>>,
        cluster: Arc<Cluster>,
        shared: Arc<Shared>,
        stopping: CancellationToken,
    ) -> Result<Arc<Self>, std::io::Error> {
        let bootstrap = TcpListener::bind(config.bind).await?;
        let listener = Arc::new(Self {
            endpoints: Endpoints::new(cluster, &config),
            config,
            shared,
            with_tls: tls.is_some(),
            tls: ArcSwapOption::from(tls),
            stopping,
            tasks: TaskTracker::new(),
            by_address: Mutex::default(),
            binding: tokio::sync::Mutex::default(),
            open: watch::Sender::new(false),
            told_ms: AtomicU64::new(0),
            told_trouble: Mutex::default(),
        });
        listener.tasks.spawn(Arc::clone(&listener).run(bootstrap));
        Ok(listener)
    }

    /// Takes new certificates; connections that are open keep theirs. Sessions with a client certificate that is not accepted
    /// any longer are cut; how many.
    pub fn set_tls(&self, tls: Arc<ListenerTls>) -> usize {
        self.tls.store(Some(tls));
        self.shared.live.review_certificates(self)
    }

    /// What new connections are greeted with, if anything.
    pub(crate) fn tls(&self) -> Option<Arc<ListenerTls>> {
        self.tls.load_full().filter(|_| self.with_tls)
    }

    /// Whether clients are taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self.open.borrow()
    }

    /// Waits until every connection has ended, or `deadline` has passed; says how many are left.
    pub async fn drained(&self, deadline: Duration) -> usize {
        self.tasks.close();
        let _ended = tokio::time::timeout(deadline, self.tasks.wait()).await;
        self.tasks.len()
    }

    async fn run(self: Arc<Self>, bootstrap: TcpListener) {
        let cluster = Arc::clone(self.endpoints.cluster());
        tokio::select! {
            () = cluster.ready() => {}
            () = self.stopping.cancelled() => return,
        }
        self.follow_brokers().await;
        info!(listener = %self.config.name, address = %self.config.bind, "taking clients");
        self.open.send_replace(true);
        self.tasks.spawn(Arc::clone(&self).accept(bootstrap, Target::Bootstrap));
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        loop {
            tokio::select! {
                _ = tick.tick() => self.follow_brokers().await,
                () = self.stopping.cancelled() => return,
            }
        }
    }

    /// Opens a port for each broker that the cluster has.
    async fn follow_brokers(self: &Arc<Self>) {
        let Some(learned) = self.endpoints.cluster().learned() else { return };
        let mut trouble = String::new();
        for (node_id, host, port) in &learned.brokers {
            if self.endpoints.of_broker(*node_id, host, *port).is_none() {
                trouble = format!("no port is left for broker {node_id}; give the listener more `broker_ports`");
            }
        }
        if let Err(error) = self.bind_missing().await {
            trouble = error;
        }
        // Said once, not at every look.
        let mut told = self.told_trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if *told != trouble {
            if !trouble.is_empty() {
                warn!(listener = %self.config.name, error = %trouble, "a broker cannot be served");
            }
            *told = trouble;
        }
    }

    /// Opens the ports that brokers were given and nobody listens on.
    ///
    /// # Errors
    /// A port cannot be bound; the text names it.
    pub async fn bind_missing(self: &Arc<Self>) -> Result<(), String> {
        if self.endpoints.ports().unbound.is_empty() {
            return Ok(());
        }
        let _one_at_a_time = self.binding.lock().await;
        loop {
            let Some((node_id, port)) = self.endpoints.ports().unbound.last().copied() else { return Ok(()) };
            let address = SocketAddr::new(self.config.bind.ip(), port);
            let socket = TcpListener::bind(address)
                .await
                .map_err(|e| format!("cannot bind {address} for broker {node_id}: {e}"))?;
            self.endpoints.ports().unbound.retain(|(_, unbound)| *unbound != port);
            info!(listener = %self.config.name, node_id, %address, "serving a broker");
            self.tasks.spawn(Arc::clone(self).accept(socket, Target::Broker(node_id)));
        }
    }

    async fn accept(self: Arc<Self>, socket: TcpListener, target: Target) {
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                () = self.stopping.cancelled() => return,
            };
            match accepted {
                Ok((stream, peer)) => self.admit(stream, peer, target),
                Err(error) => {
                    // Out of descriptors, most likely: going on at once would spin.
                    warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr, target: Target) {
        let limits = &self.shared.limits;
        let now_ms = self.shared.now_ms();
        let address = origin(peer.ip());
        let open = usize::try_from(self.shared.metrics.connections.get()).unwrap_or(0);
        let reason = {
            let mut by_address = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let own = by_address.get(&address).copied().unwrap_or(0);
            if open >= limits.connections {
                Some("connections")
            } else if own >= limits.connections_per_address {
                Some("connections_per_address")
            } else if self.shared.failures.in_this_minute(address, now_ms) >= limits.failed_logins_per_address {
                Some("failed_logins_per_address")
            } else {
                by_address.insert(address, own.saturating_add(1));
                None
            }
        };
        if let Some(reason) = reason {
            self.shared.metrics.turned_away.get_or_create(&Reason { reason }).inc();
            self.tell_turned_away(peer, reason, now_ms);
            return;
        }
        self.shared.metrics.accepted.inc();
        self.shared.metrics.connections.inc();
        let present = Present { listener: Arc::clone(self), address };
        self.tasks.spawn(connection::serve(present, stream, peer, target));
    }

    /// Says it once in a while: who is turned away comes again and again.
    fn tell_turned_away(&self, peer: SocketAddr, reason: &'static str, now_ms: u64) {
        let told = self.told_ms.load(Ordering::Relaxed);
        if now_ms.saturating_sub(told) >= TELL_EVERY_MS
            && self.told_ms.compare_exchange(told, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok()
        {
            warn!(%peer, listener = %self.config.name, reason, "connections are turned away; the metric counts them");
        } else {
            debug!(%peer, reason, "a connection is turned away");
        }
    }
}

/// A connection's place among those that are open; given up when dropped.
#[derive(Debug)]
pub struct Present {
    /// The listener that the connection came to.
    pub listener: Arc<Listener>,
    address: IpAddr,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.listener.shared.metrics.connections.dec();
        let mut by_address = self.listener.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = by_address.get_mut(&self.address) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests;
