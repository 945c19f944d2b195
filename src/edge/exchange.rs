//! One request and its answer: read whole and within limits, handed over, answered whatever the handler does.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use http_body_util::Full;
use hyper::body::{Body, Incoming as IncomingBody};
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, StatusCode};
use tokio::time::timeout;

use crate::edge::connection::Shared;
use crate::edge::limits::Refusal;
use crate::edge::message::{Answer, Incoming};
use crate::edge::pulse::{Phase, Pulse};
use crate::edge::server::Handler;

/// A connection, as its requests know it.
pub(super) struct Line<H> {
    pub(super) shared: Arc<Shared<H>>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) peer: SocketAddr,
    pub(super) tls: bool,
    pub(super) http2: bool,
}

/// Answers one request.
pub(super) async fn respond<H: Handler>(line: &Line<H>, request: Request<IncomingBody>) -> Response<Full<Bytes>> {
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let answer = match receive(line, &head, body).await {
        Ok(body) => {
            line.enter(Phase::Answer);
            let Parts { method, uri, headers, .. } = head;
            let mut request = Incoming { method, uri, headers, body, peer: line.peer, tls: line.tls, arrived };
            name_host(&mut request);
            hand_over(line, &request).await
        }
        Err(why) => {
            line.shared.handler.refused(why);
            line.pulse.refuse();
            refusal(why)
        }
    };
    line.enter(Phase::Idle);
    let mut response = written(answer);
    // HTTP/2 says it once for the whole connection.
    if !line.http2 && line.shared.is_draining() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads the body, unless the head already says that it cannot be right.
async fn receive<H: Handler>(line: &Line<H>, head: &Parts, body: IncomingBody) -> Result<Bytes, Refusal> {
    if is_ambiguous(&head.headers) {
        return Err(Refusal::Malformed);
    }
    let body_bytes_max = line.shared.limits.body_bytes_max(head.uri.path());
    let read = read_whole(body, body_bytes_max, &line.pulse);
    // On HTTP/1.1 the connection's timetable watches the body.
    if !line.http2 {
        return read.await;
    }
    timeout(line.shared.limits.body_time, read).await.unwrap_or(Err(Refusal::BodyTimeout))
}

/// Whether a proxy might read this head otherwise than we do: where one request ends and the next begins, or for whom
/// it is. hyper refuses what no two readers agree on; lengths next to `chunked` it drops, and closes afterwards.
fn is_ambiguous(headers: &HeaderMap) -> bool {
    let (mut hosts, mut codings, mut is_odd) = (0, 0, false);
    for (name, value) in headers {
        if name == HOST {
            hosts += 1;
        } else if name == TRANSFER_ENCODING {
            codings += 1;
            is_odd |= !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
        }
    }
    is_odd || codings > 1 || hosts > 1
}

/// Reads a body that may not be longer than `bytes_max`. One that claims to be longer is not begun.
async fn read_whole(mut body: IncomingBody, bytes_max: usize, pulse: &Pulse) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(Refusal::BodyTooLarge);
    }
    let mut frame = async || {
        poll_fn(|cx| {
            if pulse.is_overdue() {
                return Poll::Ready(Err(Refusal::BodyTimeout));
            }
            match ready!(Pin::new(&mut body).poll_frame(cx)) {
                // Fields after the body say nothing that is wanted here.
                Some(Ok(frame)) => Poll::Ready(Ok(Some(frame.into_data().unwrap_or_default()))),
                Some(Err(_)) => Poll::Ready(Err(Refusal::BodyIncomplete)),
                None => Poll::Ready(Ok(None)),
            }
        })
        .await
    };
    // Nearly always the body is one piece, and then it is not copied.
    let Some(first) = frame().await? else { return Ok(Bytes::new()) };
    let Some(second) = frame().await? else { return within(bytes_max, first.len()).map(|()| first) };
    let mut whole = BytesMut::from(first);
    whole.extend_from_slice(&second);
    within(bytes_max, whole.len())?;
    while let Some(piece) = frame().await? {
        within(bytes_max, whole.len() + piece.len())?;
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

fn within(bytes_max: usize, bytes: usize) -> Result<(), Refusal> {
    if bytes <= bytes_max { Ok(()) } else { Err(Refusal::BodyTooLarge) }
}

/// Whoever names the host in the first line does so instead of the header; HTTP/2 always does.
fn name_host(request: &mut Incoming) {
    if let Some(authority) = request.uri.authority()
        && let Ok(host) = HeaderValue::from_str(authority.as_str())
    {
        request.headers.insert(HOST, host);
    }
}

/// Lets the handler answer. If it panics, its own last word is said instead, and the connection goes on.
async fn hand_over<H: Handler>(line: &Line<H>, request: &Incoming) -> Answer {
    let handler = &line.shared.handler;
    let mut answering = pin!(async { handler.answer(request).await });
    let answered = poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(cx))) {
        Ok(polled) => polled.map(Some),
        // What the handler left half done is dropped with its future and not looked at again.
        Err(_) => Poll::Ready(None),
    });
    answered.await.unwrap_or_else(|| handler.panicked(request.path()))
}

/// What a peer hears that was refused before any handler.
fn refusal(why: Refusal) -> Answer {
    let answer = match why {
        Refusal::BodyTooLarge => Answer::text(413, "the body is too large\n"),
        Refusal::BodyTimeout => Answer::text(408, "the body did not arrive in time\n"),
        _ => Answer::text(400, "the request is malformed\n"),
    };
    answer.with_header(CONNECTION, HeaderValue::from_static("close"))
}

fn written(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if let Some(content_type) = answer.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in answer.headers {
        headers.append(name, value);
    }
    response
}

impl<H> Line<H> {
    /// On HTTP/2 several requests are under way at once, and only their number says what the connection is doing.
    fn enter(&self, phase: Phase) {
        if !self.http2 {
            self.pulse.enter(phase);
        }
    }
}
