//! The edge's front door: it accepts connections, keeps their number bounded and lets them go in order.
//!
//! What is said on a connection, and for how long, is the business of its keeper (`connection`); what is answered,
//! of the [`Handler`].

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use crate::edge::connection::{Shared, attend};
use crate::edge::limits::{Limits, Refusal};
use crate::edge::message::{Answer, Incoming};
use crate::edge::pulse::{Phase, Pulse};
use crate::edge::tls::Tls;

/// What answers the requests of a listener.
///
/// An answer is waited for as long as it takes: a handler sets its own deadline. Its future may be dropped at any await,
/// when the peer resets its stream or the time to drain is up; what must happen regardless belongs in a task of its
/// own. A peer on HTTP/1.1 that merely goes away does not stop it.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request.
    fn answer(&self, request: &Incoming) -> impl Future<Output = Answer> + Send;

    /// Answers in the stead of [`Handler::answer`] when that has panicked.
    fn panicked(&self, path: &str) -> Answer;

    /// Hears of what was refused before it became a request, to count it.
    fn refused(&self, why: Refusal);
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were cut off because the time to drain was up.
    pub cut_off: usize,
}

/// Longest that connections are still taken from the queue when the door closes. They were made before it did, and
/// closing the socket would reset them.
const LAST_GUESTS: Duration = Duration::from_millis(20);

/// How long to leave the door alone after the system could not give us a connection, mostly for want of files.
const BREATH: Duration = Duration::from_millis(50);

/// How many silent connections make room at a time. One look at all of them then serves as many newcomers.
const LEAVING_TOGETHER: usize = 32;

/// Serves a listener until `shutdown`, then lets the connections finish what they have begun.
///
/// When all places are taken, the connections that have been silent longest are closed to make room, first those that
/// have never said anything: whoever holds sockets open cannot keep a call out. If none is silent the newcomer is closed
/// at once, so that the carrier goes on to the next address or the fallback URL instead of waiting in our queue.
pub async fn serve<H: Handler>(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    limits: Limits,
    handler: Arc<H>,
    shutdown: CancellationToken,
) -> Drained {
    let mut house = House::new(Shared::new(handler, limits, tls));
    let mut in_trouble = false;
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => break,
            Some(gone) = house.tasks.join_next_with_id() => house.forget(gone),
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    in_trouble = false;
                    house.admit(socket, peer);
                }
                Err(error) if is_the_peers(&error) => {}
                Err(error) => {
                    if !in_trouble {
                        tracing::error!(%error, "could not accept connections; trying again until it works");
                    }
                    in_trouble = true;
                    house.make_room();
                    sleep(BREATH).await;
                }
            },
        }
    }
    house.shared.start_draining();
    let closing_time = Instant::now() + LAST_GUESTS;
    while let Ok(Ok((socket, peer))) = timeout_at(closing_time, listener.accept()).await {
        house.admit(socket, peer);
    }
    drop(listener);
    house.drain().await
}

/// Whether accepting failed for the one connection only.
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | ConnectionRefused | Interrupted)
}

/// The connections of one listener.
struct House<H> {
    shared: Arc<Shared<H>>,
    tasks: JoinSet<()>,
    guests: HashMap<Id, Guest, foldhash::fast::RandomState>,
}

struct Guest {
    pulse: Arc<Pulse>,
    task: AbortHandle,
}

impl<H: Handler> House<H> {
    fn new(shared: Shared<H>) -> House<H> {
        House { shared: Arc::new(shared), tasks: JoinSet::new(), guests: HashMap::default() }
    }

    fn admit(&mut self, socket: TcpStream, peer: SocketAddr) {
        if self.guests.len() >= self.shared.limits.connections_max {
            self.make_room();
        }
        if self.guests.len() >= self.shared.limits.connections_max {
            self.shared.handler.refused(Refusal::Crowded);
            return;
        }
        let pulse = Arc::new(Pulse::new(self.shared.began.elapsed()));
        let task = self.tasks.spawn(attend(Arc::clone(&self.shared), socket, peer, Arc::clone(&pulse)));
        self.guests.insert(task.id(), Guest { pulse, task });
    }

    /// Closes the connections that have been silent longest.
    fn make_room(&mut self) {
        let silent = self.guests.iter().filter_map(|(id, guest)| match guest.pulse.beat().phase() {
            Phase::Fresh => Some((false, guest.pulse.silent_since(), *id)),
            Phase::Idle => Some((true, guest.pulse.silent_since(), *id)),
            _ => None,
        });
        let mut silent = silent.collect::<Vec<_>>();
        silent.sort_unstable_by_key(|(has_spoken, since, _)| (*has_spoken, *since));
        for (_, _, id) in silent.into_iter().take(LEAVING_TOGETHER) {
            if let Some(guest) = self.guests.remove(&id) {
                guest.task.abort();
            }
        }
    }

    fn forget(&mut self, gone: Result<(Id, ()), JoinError>) {
        match gone {
            Ok((id, ())) => {
                self.guests.remove(&id);
            }
            Err(error) => {
                self.guests.remove(&error.id());
                if error.is_panic() {
                    tracing::error!("a connection ended in a panic outside its handler");
                }
            }
        }
    }

    async fn drain(mut self) -> Drained {
        let deadline = Instant::now() + self.shared.limits.drain_time;
        while let Ok(Some(gone)) = timeout_at(deadline, self.tasks.join_next_with_id()).await {
            self.forget(gone);
        }
        let cut_off = self.guests.len();
        self.tasks.shutdown().await;
        Drained { cut_off }
    }
}
