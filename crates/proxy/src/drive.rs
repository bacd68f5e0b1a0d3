//! Runs the two halves of a connection until it has ended: the client has gone, the gate stops, or the session is cut.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::agents::Upstream;
use crate::exchange::Exchange;
use crate::fault::Fault;
use crate::frames::FrameReader;
use crate::live::Bar;
use crate::slots::Ends;

/// How long a session that was cut waits for the outcome of what it had forwarded. Nothing is delivered meanwhile.
const CUT_GRACE: Duration = Duration::from_secs(1);

/// Runs both halves until the client has gone and every answer that is owed has been recorded.
///
/// # Errors
/// What ended the connection before that.
pub async fn drive<R, W>(
    exchange: &Exchange,
    client_in: FrameReader<R>,
    client_out: W,
    upstream: &mut Upstream,
) -> Result<(), Fault>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let shared = &exchange.listener.shared;
    let protocol = exchange.listener.endpoints.cluster().protocol;
    let (upstream_in, upstream_out) = upstream.split();
    let upstream_in = FrameReader::new(upstream_in, protocol, shared.budget.answers().clone());
    let (owe, owed) = mpsc::channel(shared.limits.in_flight);
    let ends = Ends {
        no_more: exchange.listener.stopping.child_token(),
        answered: CancellationToken::new(),
        late: CancellationToken::new(),
    };
    let requests = async {
        let ended = exchange.request_half(client_in, upstream_out, owe, &ends).await;
        // The client has gone, or was refused: what is in flight still gets its outcome, within bounds.
        tokio::select! {
            () = ends.answered.cancelled() => {}
            () = tokio::time::sleep(shared.limits.drain) => ends.late.cancel(),
        }
        ended
    };
    let answers = async {
        let ended = exchange.answer_half(upstream_in, client_out, owed, &ends).await;
        ends.answered.cancel();
        ends.no_more.cancel();
        ended
    };
    let cut = async {
        tokio::select! {
            () = exchange.seat.cut().cancelled() => {}
            () = exchange.seat.end_in_time(shared) => {}
        }
        ends.no_more.cancel();
        // What changes something on the broker still gets its outcome.
        tokio::time::sleep(CUT_GRACE).await;
        ends.late.cancel();
        std::future::pending::<()>().await;
    };
    let (asked, answered) = tokio::select! {
        ended = async { tokio::join!(requests, answers) } => ended,
        () = cut => (Ok(()), Ok(())),
    };
    match exchange.seat.why_cut() {
        Some(Bar::Ended) => Err(Fault::SessionEnded),
        Some(why) => Err(Fault::Cut(why)),
        None => answered.and(asked),
    }
}
