//! The Unix socket that commands come over, and which command goes where.

use std::fs::Permissions;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use axum::extract::connect_info::Connected;
use axum::extract::{DefaultBodyLimit, State};
use axum::routing::{delete, get, post};
use axum::serve::IncomingStream;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use super::operator::Peer;
use super::{Control, Operator, accounts, blocks, dry_run, keys, logins, name_of, policy};

/// A policy of 256 files or a list of 100,000 blocks fits.
const BODY_MAX: usize = 32 << 20;

impl Connected<IncomingStream<'_, UnixListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Peer {
        Peer::Local(stream.io().peer_cred().ok().map(|peer| peer.uid()))
    }
}

/// Binds the socket. Everybody on the machine may connect: who they are decides.
///
/// # Errors
/// Another gate listens there, or the folder cannot be written.
pub(crate) fn bind(path: &Path) -> Result<UnixListener> {
    let named = || format!("cannot bind the control socket {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(named)?;
    }
    match std::fs::symlink_metadata(path) {
        Ok(there) if there.file_type().is_socket() => {
            if std::os::unix::net::UnixStream::connect(path).is_ok() {
                bail!("another gate listens on the control socket {}", path.display());
            }
            std::fs::remove_file(path).with_context(named)?;
        }
        Ok(_) => bail!("{} is in the way of the control socket; remove it or name another", path.display()),
        Err(_) => {}
    }
    let listener = UnixListener::bind(path).with_context(named)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o666)).with_context(named)?;
    Ok(listener)
}

/// Takes commands until `stopping`.
pub(crate) async fn serve(control: Arc<Control>, listener: UnixListener, stopping: CancellationToken) {
    let router = router(control).into_make_service_with_connect_info::<Peer>();
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { stopping.cancelled().await }).await;
    if let Err(error) = served {
        tracing::error!(%error, "the control socket failed");
    }
}

/// Every command, for the socket and for the web listener.
pub(crate) fn router(control: Arc<Control>) -> Router {
    Router::new()
        .route("/v1/whoami", get(whoami))
        .route("/v1/policy/apply", post(policy::apply))
        .route("/v1/policy/rollback", post(policy::rollback))
        .route("/v1/policy/dry-run", post(dry_run::run))
        .route("/v1/policy/versions", get(policy::versions))
        .route("/v1/policy/versions/{number}", get(policy::version))
        .route("/v1/blocks", get(blocks::list).post(blocks::add))
        .route("/v1/blocks/{id}", delete(blocks::end))
        .route("/v1/revocations", get(blocks::revocations).post(blocks::revoke))
        .route("/v1/revocations/{kind}/{value}", delete(blocks::reinstate))
        .route("/v1/service-accounts", get(accounts::list).post(accounts::create))
        .route("/v1/service-accounts/{name}", delete(accounts::delete))
        .route("/v1/service-accounts/{name}/rotate", post(accounts::rotate))
        .route("/v1/service-accounts/{name}/disable", post(accounts::disable))
        .route("/v1/service-accounts/{name}/enable", post(accounts::enable))
        .route("/v1/logins", get(logins::list))
        .route("/v1/gate-keys/rotate", post(keys::rotate))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .with_state(control)
}

/// Tells operators who they are; nobody needs a right for it.
async fn whoami(State(control): State<Arc<Control>>, operator: Operator) -> Json<Value> {
    let caller = &operator.caller;
    let now = control.shared.now_ms() / 1000;
    Json(json!({
        "name": name_of(caller),
        "kind": if caller.kind == tidegate_model::CallerKind::User { "user" } else { "workload" },
        "groups": if caller.groups_known { json!(caller.groups) } else { Value::Null },
        "credential": caller.credential.name(),
        "expires_in_s": caller.expires_at.saturating_sub(now),
        "mfa_age_s": caller.mfa_at.map(|at| now.saturating_sub(at)),
    }))
}
