//! Listens for the admin API: HTTP/1.1 with a deadline for the head, a bound on connections, and an end that waits.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Longest a request's head may take, and longest a connection may lie idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections at a time: people, scripts and Prometheus, with room to spare.
const CONNECTIONS_MAX: usize = 512;

/// Longest open requests are waited for at the end.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// What of a request's head or of an answer may wait in memory. An answer that nobody reads takes no more than this.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Cuts the connection of a request, for an answer without end that nobody reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Scissors(CancellationToken);

impl Scissors {
    /// Cuts it.
    pub fn cut(&self) {
        self.0.cancel();
    }
}

/// How long to rest when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `shutdown` comes, then lets open requests end.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send) {
    let drain = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accept = async {
            let place = Arc::clone(&places).acquire_owned().await.expect("the semaphore is never closed");
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accept => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "could not accept an admin connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let mut http = http1::Builder::new();
        // Without a timer the head's deadline would do nothing.
        http.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(BUFFER_BYTES_MAX);
        let (scissors, routes) = (Scissors::default(), TowerToHyperService::new(router.clone()));
        let handed_in = scissors.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(handed_in.clone());
            routes.call(request)
        });
        let connection = drain.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "an admin connection ended early");
                    }
                }
                () = scissors.0.cancelled() => tracing::debug!("an admin connection was cut off: nobody reads it"),
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_MAX, drain.shutdown()).await.is_err() {
        tracing::warn!("some admin requests were still open when the listener ended");
    }
}
