//! The operators' port: `/metrics`, `/livez`, `/readyz`. It shows no name of a caller, topic or broker.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;
use tidegate_proxy::gate::Shared;
use tidegate_proxy::listener::Listener;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// What the port shows.
pub(crate) struct Admin {
    /// What all connections share.
    pub(crate) shared: Arc<Shared>,
    /// The listeners.
    pub(crate) listeners: Vec<Arc<Listener>>,
    /// The metrics.
    pub(crate) registry: Registry,
}

/// Serves until `stopping`.
pub(crate) async fn serve(admin: Arc<Admin>, socket: TcpListener, stopping: CancellationToken) {
    let router = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(admin);
    let served = axum::serve(socket, router).with_graceful_shutdown(async move { stopping.cancelled().await }).await;
    if let Err(error) = served {
        tracing::error!(%error, "the operators' port failed");
    }
}

/// Whether clients are served, and what is in the way if not.
async fn readyz(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    let mut text = String::new();
    let mut ready = true;
    let status = admin.shared.log.status();
    if !status.healthy {
        ready = false;
        text.push_str("evidence: cannot be written\n");
    }
    for listener in &admin.listeners {
        let open = listener.is_open();
        ready &= open;
        let said = if open { "open" } else { "waits for its cluster; see the log" };
        // Writing to a string cannot fail.
        let _written = writeln!(text, "listener {}: {said}", listener.config.name);
    }
    for issuer in admin.shared.issuers.load().state() {
        let said = if issuer.keys > 0 { "has keys" } else { "has no keys yet" };
        let _written = writeln!(text, "issuer {}: {said}", issuer.name);
    }
    let shared_user = admin.shared.agents.connected().iter().any(|agent| agent.isolation_shared_user);
    if shared_user {
        text.push_str("agent_isolation=none: an agent runs as the gateway's own user\n");
    }
    text.push_str(if ready { "ready\n" } else { "not ready\n" });
    (if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, text)
}

async fn metrics(State(admin): State<Arc<Admin>>) -> impl IntoResponse {
    let mut text = String::new();
    if encode(&mut text, &admin.registry).is_err() {
        return (StatusCode::INTERNAL_SERVER_ERROR, "cannot encode the metrics\n").into_response();
    }
    let text = text.trim_end_matches("# EOF\n").to_owned() + &gauges(&admin) + "# EOF\n";
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response()
}

/// States that are read when asked, rather than counted on the way.
fn gauges(admin: &Admin) -> String {
    let status = admin.shared.log.status();
    let agents = admin.shared.agents.counts();
    let rows = [
        ("tidegate_evidence_healthy", "gauge", "Whether the last commit went well", u64::from(status.healthy)),
        ("tidegate_evidence_leaves", "gauge", "Leaves of this incarnation that are durable", status.tree_size),
        (
            "tidegate_evidence_written_bytes",
            "gauge",
            "Bytes of this incarnation that are durable",
            status.bytes_written,
        ),
        ("tidegate_evidence_commits", "gauge", "Commits", status.commits),
        ("tidegate_evidence_commits_failed", "gauge", "Commits that failed", status.failed_commits),
        (
            "tidegate_evidence_fsync_p50_microseconds",
            "gauge",
            "Upper bound on the median of fdatasync",
            status.fsync.percentile_us(50),
        ),
        (
            "tidegate_evidence_fsync_p99_microseconds",
            "gauge",
            "Upper bound on the 99th percentile of fdatasync",
            status.fsync.percentile_us(99),
        ),
        (
            "tidegate_agents_connected",
            "gauge",
            "Agents",
            u64::try_from(admin.shared.agents.connected().len()).unwrap_or(0),
        ),
        ("tidegate_agent_connections_opened", "gauge", "Broker connections that agents handed over", agents.opened),
        ("tidegate_agent_refused", "gauge", "Requests that an agent refused", agents.refused),
        ("tidegate_agent_wrong_user", "gauge", "Connections to the agents' socket by another user", agents.wrong_user),
        ("tidegate_agent_handovers_dropped", "gauge", "Hand-overs dropped", agents.handovers_dropped),
        (
            "tidegate_frames_free_bytes",
            "gauge",
            "What is left of the budget for frames",
            u64::try_from(admin.shared.budget.free_bytes()).unwrap_or(0),
        ),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in rows {
        let _written = writeln!(text, "# HELP {name} {help}.\n# TYPE {name} {kind}\n{name} {value}");
    }
    text
}
