//! Where a connection stands, kept so cheaply that it can be noted on every request.
//!
//! The socket's wrapper and the service note what happens, whoever tends the connection reads it and knows the time.
//! Nothing here looks at a clock.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has not said anything yet.
    Fresh,
    /// It has been answered and says nothing.
    Idle,
    /// A head has begun.
    Head,
    /// The head is there, the body is awaited.
    Body,
    /// The request is whole and being answered.
    Answer,
    /// HTTP/2: at least one request is open.
    Streams,
}

/// A connection's phase, and a count that tells one phase from the next of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Beat(u64);

/// The shared notes on one connection. Only its own task writes them, save for the streams of HTTP/2, which only add.
#[derive(Debug)]
pub(super) struct Pulse {
    /// From the right: 3 bits of phase, 21 bits of open streams, the rest counts changes.
    beat: AtomicU64,
    /// The peer does not take what has been written.
    blocked: AtomicBool,
    /// The body has been waited for long enough.
    overdue: AtomicBool,
    /// The peer may still be sending what was refused.
    refused: AtomicBool,
    /// When the silence began, in milliseconds since the listener began.
    silent_since: AtomicU64,
}

const STREAM: u64 = 1 << 3;
const CHANGE: u64 = 1 << 24;

impl Beat {
    pub(super) fn phase(self) -> Phase {
        match self.0 & (STREAM - 1) {
            0 => Phase::Fresh,
            1 => Phase::Idle,
            2 => Phase::Head,
            3 => Phase::Body,
            4 => Phase::Answer,
            _ if self.0 & (CHANGE - STREAM) == 0 => Phase::Idle,
            _ => Phase::Streams,
        }
    }
}

impl Pulse {
    /// A connection that has just been accepted, so long after its listener began.
    pub(super) fn new(since: Duration) -> Pulse {
        Pulse {
            beat: AtomicU64::new(0),
            blocked: AtomicBool::new(false),
            overdue: AtomicBool::new(false),
            refused: AtomicBool::new(false),
            silent_since: AtomicU64::new(millis(since)),
        }
    }

    pub(super) fn beat(&self) -> Beat {
        Beat(self.beat.load(Relaxed))
    }

    /// HTTP/1.1, and HTTP/2 once at its beginning: the connection is in another phase now.
    pub(super) fn enter(&self, phase: Phase) {
        let changes = self.beat.load(Relaxed) & !(CHANGE - 1);
        self.beat.store(changes.wrapping_add(CHANGE) | phase as u64, Relaxed);
    }

    /// HTTP/2: a request has begun. Streams come and go on several threads.
    pub(super) fn open_stream(self: &Arc<Pulse>) -> OpenStream {
        self.beat.fetch_add(CHANGE + STREAM, Relaxed);
        OpenStream(Arc::clone(self))
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed)
    }

    pub(super) fn is_overdue(&self) -> bool {
        self.overdue.load(Relaxed)
    }

    pub(super) fn body_is_overdue(&self) {
        self.overdue.store(true, Relaxed);
    }

    pub(super) fn was_refused(&self) -> bool {
        self.refused.load(Relaxed)
    }

    pub(super) fn refuse(&self) {
        self.refused.store(true, Relaxed);
    }

    pub(super) fn silent_since(&self) -> u64 {
        self.silent_since.load(Relaxed)
    }

    pub(super) fn note_silence(&self, since: Duration) {
        self.silent_since.store(millis(since), Relaxed);
    }
}

fn millis(since: Duration) -> u64 {
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// A request of HTTP/2 that is open until this is dropped.
pub(super) struct OpenStream(Arc<Pulse>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.beat.fetch_add(CHANGE - STREAM, Relaxed);
    }
}

/// A socket that notes when a head begins and when the peer stops taking what is written.
pub(super) struct Watched<S> {
    socket: S,
    pulse: Arc<Pulse>,
    ending: Ending,
}

/// Who ends the stream of bytes when the talk is over.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The protocol's own machinery.
    ByProtocol,
    /// Whoever tends the connection, because there may be more to read before it.
    ByKeeper,
}

impl<S> Watched<S> {
    pub(super) fn new(socket: S, pulse: Arc<Pulse>, ending: Ending) -> Watched<S> {
        Watched { socket, pulse, ending }
    }

    pub(super) fn into_inner(self) -> S {
        self.socket
    }

    fn noting<T>(&self, written: Poll<T>) -> Poll<T> {
        if written.is_pending() {
            self.pulse.blocked.store(true, Relaxed);
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        // Only where heads follow one another; what HTTP/2 reads may be anything.
        let heads = self.ending == Ending::ByKeeper;
        if heads && buf.filled().len() > before && matches!(self.pulse.beat().phase(), Phase::Fresh | Phase::Idle) {
            self.pulse.enter(Phase::Head);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write(cx, buf);
        self.noting(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.socket).poll_write_vectored(cx, bufs);
        self.noting(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.socket).poll_flush(cx);
        // Only once everything is out: a peer that takes a byte now and then is still blocking.
        if flushed.is_ready() && self.pulse.is_blocked() {
            self.pulse.blocked.store(false, Relaxed);
        }
        self.noting(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.ending {
            Ending::ByKeeper => Poll::Ready(Ok(())),
            Ending::ByProtocol => Pin::new(&mut self.socket).poll_shutdown(cx),
        }
    }
}
