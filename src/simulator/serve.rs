//! Connections: reads a request whole, lets a fault meet it, hands it to the provider it is for.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::faults::Kind;
use super::wire::{Reply, Request};
use super::world::World;
use super::{control, twilio, vapi};

/// Longest request body that is read.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A pause after an accept that failed (no file handles left), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The connection is to be reset instead of answered.
#[derive(Debug, thiserror::Error)]
#[error("reset on demand")]
struct Reset;

pub(super) async fn serve(listener: TcpListener, world: Arc<World>, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(stop.clone().run_until_cancelled_owned(connection(stream, Arc::clone(&world))));
            }
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, world: Arc<World>) {
    let service = service_fn(move |request| {
        let world = Arc::clone(&world);
        Box::pin(async move { answer(&world, request).await })
    });
    let mut connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let ended = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)).await;
    if ended.is_err() {
        // Nothing lingers: the far end sees a reset, not an orderly close.
        let stream = connection.into_parts().io.into_inner();
        let _ = stream.set_zero_linger();
    }
}

async fn answer(world: &World, request: hyper::Request<Incoming>) -> Result<Response<Full<Bytes>>, Reset> {
    let (parts, body) = request.into_parts();
    let body_bytes_max = twilio::body_bytes_max(parts.uri.path()).unwrap_or(BODY_BYTES_MAX);
    let Ok(body) = Limited::new(body, body_bytes_max).collect().await else {
        return Ok(respond(vapi::problem(StatusCode::PAYLOAD_TOO_LARGE, &json!("Payload Too Large"))));
    };
    let request = Request::new(parts, body.to_bytes());
    if request.segments.first().is_some_and(|first| first == "_sim") {
        return Ok(respond(control::answer(world, &request).await));
    }

    let for_twilio = twilio::is_for(&request);
    let fault = {
        let mut state = world.lock();
        state.remember(&request);
        state.faults.meet(request.method.as_str(), &request.path)
    };
    if let Some(reply) = fault.as_ref().and_then(|fault| fault.kind.instead(for_twilio)) {
        return Ok(respond(reply));
    }
    let reply = if for_twilio { twilio::answer(world, &request) } else { vapi::answer(world, &request) };
    match fault.map(|fault| (fault.kind, fault.ms)) {
        Some((Kind::TimeoutAfter, _)) => std::future::pending().await,
        Some((Kind::ResetAfter, _)) => return Err(Reset),
        Some((Kind::Slow, ms)) => tokio::time::sleep(Duration::from_millis(ms)).await,
        _ => {}
    }
    Ok(respond(reply))
}

fn respond(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(reply.body));
    *response.status_mut() = reply.status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(reply.content_type));
    for (name, value) in reply.headers {
        if let Ok(value) = header::HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
