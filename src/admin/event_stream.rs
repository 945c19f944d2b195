//! The stream of events behind an answer: a task that writes, and a body that hands on what it wrote.
//!
//! A subscriber who does not read is not waited for. While it lags behind, its place in the ring does; when it falls
//! out of the ring it hears a new snapshot; and if it takes nothing at all for a while its connection is cut.

use std::collections::HashSet;
use std::convert::Infallible;
use std::fmt::Write;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use jiff::SignedDuration;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, timeout};

use super::AdminState;
use super::auth::Caller;
use super::event_body::{AiBody, BreakerBody, DecisionsBody, SnapshotBody, WarningBody, json, lines, spell};
use super::live::LiveBody;
use super::serve::Scissors;
use crate::events::{Begins, Bus, Kept, Kind, News, Next, Subscription};
use crate::model::{Role, TenantId};
use crate::store::Session;

/// How long a client is asked to wait before it comes back.
const RETRY_MS: u32 = 3_000;

/// Live calls shown in a snapshot; beyond them only their number.
const LIVE_MAX: usize = 1_000;

/// What decisions a snapshot counts.
const DECISIONS_OF: SignedDuration = SignedDuration::from_mins(1);

/// The bus, and how patiently it is served.
#[derive(Clone, Debug)]
pub struct EventStream {
    /// What happens.
    pub bus: Bus,
    /// How patiently.
    pub pace: Pace,
}

/// How patiently events are served.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often something is written, if only a comment: proxies close what is silent.
    pub heartbeat: Duration,
    /// How long a subscriber may take nothing before it is cut off.
    pub patience: Duration,
    /// How often it is asked whether the token is still good.
    pub token_check: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            heartbeat: Duration::from_secs(15),
            patience: Duration::from_secs(30),
            token_check: Duration::from_secs(20),
        }
    }
}

/// What of all events a subscriber wants.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// Events of these kinds; all where nothing is said.
    pub kinds: Option<HashSet<Kind>>,
    /// Events of this tenant.
    pub tenant: Option<TenantId>,
    /// What there is now, and then the end.
    pub is_once: bool,
}

/// Whoever listens.
pub(super) struct Listener {
    pub admin: AdminState,
    pub caller: Caller,
    /// Through which session, where it was one.
    pub session: Option<Session>,
    pub wanted: Wanted,
    pub subscription: Subscription,
    /// Absent where there is no connection to cut.
    pub scissors: Option<Scissors>,
}

/// What was written, on its way out.
pub(super) struct Lines(mpsc::Receiver<Bytes>);

/// Nobody reads any more.
struct Gone;

impl Listener {
    /// Begins to write.
    pub fn start(self, begins: Begins) -> Lines {
        // One message waits while another is on its way out: the ring is the queue.
        let (out, lines) = mpsc::channel(1);
        tokio::spawn(async move {
            // However it ends, the body ends with it.
            let _ = self.run(begins, &out).await;
        });
        Lines(lines)
    }

    async fn run(mut self, begins: Begins, out: &mpsc::Sender<Bytes>) -> Result<(), Gone> {
        let mut first = format!("retry: {RETRY_MS}\n\n");
        match begins {
            // With its place: a client that hears nothing more goes on from there.
            Begins::Continued => {
                let _ = write!(first, ": continued\nid: {}\n\n", self.subscription.place());
            }
            Begins::New => first += &self.snapshot("new").await,
            Begins::TooFarBehind => first += &self.snapshot("too_far_behind").await,
            Begins::Restarted => first += &self.snapshot("restarted").await,
        }
        self.send(out, first).await?;
        let pace = self.admin.events.pace;
        let mut heartbeat = interval_at(Instant::now() + pace.heartbeat, pace.heartbeat);
        let mut token_check = interval_at(Instant::now() + pace.token_check, pace.token_check);
        loop {
            let once_over = async {
                if !self.wanted.is_once {
                    std::future::pending::<()>().await;
                }
            };
            let text = tokio::select! {
                biased;
                () = out.closed() => return Err(Gone),
                _ = token_check.tick() => {
                    if !self.is_still_welcome().await {
                        return Ok(());
                    }
                    continue;
                }
                // A place alone is no event, but the client keeps it: one whose filter lets little through need not
                // begin anew for that.
                _ = heartbeat.tick() => format!(": still here\nid: {}\n\n", self.subscription.place()),
                next = self.subscription.next() => match next {
                    Next::Events(events) => self.tell(&events),
                    Next::Missed => self.snapshot("too_far_behind").await,
                    Next::Closed => return Ok(()),
                },
                () = once_over => return Ok(()),
            };
            if !text.is_empty() {
                self.send(out, text).await?;
                heartbeat.reset();
            }
        }
    }

    async fn send(&self, out: &mpsc::Sender<Bytes>, text: String) -> Result<(), Gone> {
        match timeout(self.admin.events.pace.patience, out.send(Bytes::from(text))).await {
            Ok(sent) => sent.map_err(|_| Gone),
            Err(_) => {
                if let Some(scissors) = &self.scissors {
                    scissors.cut();
                }
                Err(Gone)
            }
        }
    }

    /// The events that are for this subscriber.
    fn tell(&self, events: &[std::sync::Arc<Kept>]) -> String {
        let epoch = self.subscription.place().epoch;
        let mut text = String::new();
        for kept in events.iter().filter(|kept| self.is_for(kept)) {
            let _ = write!(text, "id: {epoch}-{}\n{}\n", kept.seq, kept.told(spell));
        }
        text
    }

    fn is_for(&self, kept: &Kept) -> bool {
        let event = &kept.event;
        let is_wanted = self.wanted.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind()));
        let is_of = self.wanted.tenant.as_ref().is_none_or(|tenant| event.audience.tenant() == Some(tenant));
        is_wanted && is_of && event.audience.includes(&self.caller.role)
    }

    /// How everything stands. Read after the place is taken: what happens meanwhile is told once more, never missed.
    async fn snapshot(&self, because: &'static str) -> String {
        let place = self.subscription.place();
        let now = (self.admin.now)();
        let mut live = (self.admin.live)().await;
        live.retain(|call| {
            let is_of = self.wanted.tenant.as_ref().is_none_or(|tenant| *tenant == call.tenant_id);
            is_of && self.caller.sees(Some(&call.org_id), Some(&call.tenant_id))
        });
        live.sort_by(|a, b| b.began.cmp(&a.began).then_with(|| a.sid.cmp(&b.sid)));
        let is_platform = self.caller.role == Role::Operator;
        let standing = self.admin.events.bus.standing();
        let whole = standing.breakers.iter().find(|(target, ..)| target.is_none());
        let targets = standing.breakers.iter().filter(|(target, ..)| is_platform && target.is_some());
        let warnings = standing.warnings.iter().filter(|_| is_platform);
        let body = SnapshotBody {
            because,
            at: now,
            live_count: live.len(),
            live: live.into_iter().take(LIVE_MAX).map(LiveBody::of).collect(),
            decisions: self.decisions(now - DECISIONS_OF),
            ai: AiBody {
                state: whole.map_or("closed", |(_, state, _)| state),
                targets: targets.map(|(target, state, _)| BreakerBody::of(target.as_ref(), state)).collect(),
            },
            warnings: warnings.map(|(warning, since)| WarningBody::of(*since, warning)).collect(),
        };
        format!("id: {place}\n{}\n", lines("snapshot", &json(&body)))
    }

    fn decisions(&self, since: jiff::Timestamp) -> DecisionsBody {
        let (recent, complete) = self.admin.events.bus.since(since);
        let mut counted = DecisionsBody { since, ai: 0, fallback: 0, complete };
        for kept in recent {
            let News::CallBegan(began) = &kept.event.news else { continue };
            let is_of = self.wanted.tenant.as_ref().is_none_or(|tenant| began.tenant_id.as_ref() == Some(tenant));
            if is_of && kept.event.audience.includes(&self.caller.role) {
                *(if began.decision.available { &mut counted.ai } else { &mut counted.fallback }) += 1;
            }
        }
        counted
    }

    /// A token that was revoked hears no more, nor does a session that is over. While the store is away nothing can have
    /// been revoked.
    async fn is_still_welcome(&self) -> bool {
        if let Some(session) = &self.session
            && let Ok(None) = self.admin.store.session(&session.sha256, (self.admin.now)()).await
        {
            return false;
        }
        let Some(id) = &self.caller.token else { return true };
        match self.admin.store.token(id).await {
            Ok(token) => token.is_some_and(|token| token.is_good((self.admin.now)())),
            Err(_) => true,
        }
    }
}

impl hyper::body::Body for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|text| text.map(|text| Ok(Frame::data(text))))
    }
}
