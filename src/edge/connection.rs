//! One connection from its first byte to its last: which protocol it speaks, and that every wait on it ends.
//!
//! hyper reads the heads and writes the answers. It knows one time limit, and that for heads only; so the limits are
//! watched here, with one timer a connection that the usual request never touches.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::edge::exchange::{self, Line};
use crate::edge::limits::{Limits, Refusal};
use crate::edge::pulse::{Ending, Phase, Pulse, Watched};
use crate::edge::server::Handler;
use crate::edge::timetable::{Ring, Timetable};
use crate::edge::tls::Tls;

/// What all connections of a listener share.
pub(super) struct Shared<H> {
    pub(super) handler: Arc<H>,
    pub(super) limits: Limits,
    tls: Option<Arc<Tls>>,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    pub(super) began: Instant,
    draining: AtomicBool,
    /// Wakes every connection when draining begins.
    wake: CancellationToken,
}

impl<H: Handler> Shared<H> {
    pub(super) fn new(handler: Arc<H>, limits: Limits, tls: Option<Arc<Tls>>) -> Shared<H> {
        let mut http1 = http1::Builder::new();
        http1
            // A peer that has said all it wants to say may still listen to the answer.
            .half_close(true)
            // Watched below, together with everything else that takes time.
            .header_read_timeout(None)
            .max_header_size(limits.head_bytes_max)
            // hyper's own lower bound; a longer buffer only holds what a stranger sends.
            .max_buf_size(limits.head_bytes_max.max(8192));
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams_max)
            .max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX))
            .initial_stream_window_size(64 * 1024)
            .initial_connection_window_size(1024 * 1024)
            .max_send_buf_size(64 * 1024)
            // Finds peers that are gone without a word; those that are silent fall under the limit for silence.
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10));
        let wake = CancellationToken::new();
        Shared { handler, limits, tls, http1, http2, began: Instant::now(), draining: AtomicBool::new(false), wake }
    }

    /// From now on nobody is invited to ask again.
    pub(super) fn start_draining(&self) {
        self.draining.store(true, Ordering::Release);
        self.wake.cancel();
    }

    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }
}

/// Serves one accepted connection to its end.
pub(super) async fn attend<H: Handler>(shared: Arc<Shared<H>>, socket: TcpStream, peer: SocketAddr, pulse: Arc<Pulse>) {
    // An answer is one write; waiting for a second one to join it would only delay it.
    let _ = socket.set_nodelay(true);
    let line = |tls, http2| Line { shared: Arc::clone(&shared), pulse: Arc::clone(&pulse), peer, tls, http2 };
    match &shared.tls {
        None => speak_http1(socket, Arc::new(line(false, false))).await,
        // What a connection without TLS does not need takes no room in it.
        Some(tls) => Box::pin(attend_secured(&shared, tls, socket, line)).await,
    }
}

async fn attend_secured<H: Handler>(
    shared: &Shared<H>,
    tls: &Tls,
    socket: TcpStream,
    line: impl Fn(bool, bool) -> Line<H>,
) {
    match timeout(shared.limits.handshake_time, tls.accept(socket)).await {
        Ok(Ok(secured)) if secured.get_ref().1.alpn_protocol() == Some(b"h2") => {
            speak_http2(secured, Arc::new(line(true, true))).await;
        }
        Ok(Ok(secured)) => speak_http1(secured, Arc::new(line(true, false))).await,
        Ok(Err(_)) | Err(_) => shared.handler.refused(Refusal::Handshake),
    }
}

async fn speak_http1<H: Handler, S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(socket: S, line: Arc<Line<H>>) {
    let io = TokioIo::new(Watched::new(socket, Arc::clone(&line.pulse), Ending::ByKeeper));
    let served = Arc::clone(&line);
    let service = service_fn(move |request| {
        served.pulse.enter(Phase::Body);
        let line = Arc::clone(&served);
        // In memory of its own, which the next request of whatever connection finds warm: as a part of each connection it
        // would be fetched anew for every request.
        Box::pin(async move { Ok::<_, Infallible>(exchange::respond(&line, request).await) })
    });
    let mut talk = line.shared.http1.serve_connection(io, service);
    match keep(Pin::new(&mut talk), &line).await {
        Parting::Over(told) => {
            let refused = match told {
                Err(error) if error.is_parse_too_large() => Some(Refusal::HeadTooLarge),
                Err(error) if error.is_parse() => Some(Refusal::Malformed),
                // Whatever else went wrong is a peer that went away.
                _ => None,
            };
            refused.inspect(|why| line.shared.handler.refused(*why));
            let linger = refused.is_some() || line.pulse.was_refused();
            end(talk.into_parts().io.into_inner().into_inner(), linger, &line.shared.limits).await;
        }
        Parting::CutOff(why) => why.iter().for_each(|why| line.shared.handler.refused(*why)),
    }
}

async fn speak_http2<H: Handler, S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(socket: S, line: Arc<Line<H>>) {
    line.pulse.enter(Phase::Streams);
    let io = TokioIo::new(Watched::new(socket, Arc::clone(&line.pulse), Ending::ByProtocol));
    let served = Arc::clone(&line);
    let service = service_fn(move |request| {
        let open = served.pulse.open_stream();
        let line = Arc::clone(&served);
        async move {
            let response = exchange::respond(&line, request).await;
            drop(open);
            Ok::<_, Infallible>(response)
        }
    });
    let talk = pin!(line.shared.http2.serve_connection(io, service));
    if let Parting::CutOff(Some(why)) = keep(talk, &line).await {
        line.shared.handler.refused(why);
    }
}

/// Closes a socket in order. A refused peer is read from for a while: closing on what it still sends would reset the
/// connection and take the refusal with it.
async fn end<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S, linger: bool, limits: &Limits) {
    let _ = timeout(limits.write_time, socket.shutdown()).await;
    if linger {
        let discard = async {
            let mut scratch = [0; 4096];
            let mut left = limits.linger_bytes_max;
            while let Ok(count @ 1..) = socket.read(&mut scratch).await {
                left = left.saturating_sub(count);
                if left == 0 {
                    break;
                }
            }
        };
        let _ = timeout(limits.linger_time, discard).await;
    }
}

/// How a connection ended.
enum Parting {
    /// By what was said on it.
    Over(Result<(), hyper::Error>),
    /// By us, because a time was up.
    CutOff(Option<Refusal>),
}

/// Lets a connection talk until it is over or has taken too long.
async fn keep<H: Handler, C>(mut talk: Pin<&mut C>, line: &Line<H>) -> Parting
where
    C: GracefulConnection<Error = hyper::Error>,
{
    let mut times = Timetable::new(line);
    let mut alarm = pin!(sleep_until(times.next()));
    let mut wake = pin!(line.shared.wake.cancelled());
    let mut asked_for_waking = false;
    poll_fn(|cx| {
        // Asking once is enough, a task is always woken in the same way; asking each time would take a lock that all
        // connections share.
        if !asked_for_waking {
            asked_for_waking = true;
            let _ = wake.as_mut().poll(cx);
        }
        loop {
            if let Poll::Ready(end) = talk.as_mut().poll(cx) {
                return Poll::Ready(Parting::Over(end));
            }
            if times.take_note() {
                talk.as_mut().graceful_shutdown();
                continue;
            }
            if times.next() < alarm.deadline() {
                alarm.as_mut().reset(times.next());
            }
            while alarm.as_mut().poll(cx).is_ready() && Instant::now() < times.next() {
                alarm.as_mut().reset(times.next());
            }
            if !alarm.is_elapsed() {
                return Poll::Pending;
            }
            match times.ring() {
                Ring::CutOff(why) => return Poll::Ready(Parting::CutOff(why)),
                Ring::WindDown => talk.as_mut().graceful_shutdown(),
                Ring::GoOn => {}
            }
        }
    })
    .await
}
