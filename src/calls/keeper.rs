//! The background work of the ledger: leases that ran out end, and providers are asked after calls long unheard of.
//!
//! How a provider is asked, and what is kept of an end, come in as closures.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::{Ledger, LiveCall};
use crate::model::{EndedBy, Sid};

/// What a provider definitely said of a call. Where it did not answer, or not clearly, there is nothing told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// It goes on.
    GoesOn,
    /// It is over; the final status in the provider's word, where it has one.
    Over(Option<String>),
}

/// A call the keeper ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Which.
    pub sid: Sid,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub by: EndedBy,
    /// The final status, where a provider gave one.
    pub status: Option<String>,
}

/// How fast the keeper works.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often leases are looked through. A lease ends at most this late.
    pub sweep_every: Duration,
    /// How many questions are under way at once: few enough not to use up a provider's rate.
    pub asking_max: usize,
    /// Longest a question may take.
    pub answer_within: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { sweep_every: Duration::from_secs(2), asking_max: 8, answer_within: Duration::from_secs(15) }
    }
}

/// How many calls are taken from the ledger at once for asking. With the default pace even unanswered questions get
/// through them in two and a half minutes, before the first of them would be listed again.
const TAKEN_MAX: usize = 64;

/// Keeps the ledger until `shutdown` comes: ends leases that ran out, asks after calls unheard of, and ends those of
/// which a provider says so. An unanswered question changes nothing.
pub async fn keep<Ask, Answer>(
    ledger: Ledger,
    clock: impl Fn() -> Timestamp,
    ask: Ask,
    ended: impl Fn(Ended),
    pace: Pace,
    shutdown: impl Future<Output = ()>,
) where
    Ask: Fn(LiveCall) -> Answer + Send + Sync + 'static,
    Answer: Future<Output = Option<Told>> + Send + 'static,
{
    let ask = Arc::new(ask);
    let mut tick = interval(pace.sweep_every);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut waiting: VecDeque<LiveCall> = VecDeque::new();
    let mut asking = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            _ = tick.tick() => {
                let now = clock();
                for (sid, by) in ledger.sweep(now).await {
                    ended(Ended { sid, at: now, by, status: None });
                }
                if waiting.is_empty() {
                    waiting.extend(ledger.to_ask(now, TAKEN_MAX).await);
                }
            }
            Some(answer) = asking.join_next() => {
                // A question that panicked is an unanswered one; the panic hook has told of it.
                if let Ok((sid, Some(told))) = answer
                    && let Some(end) = obey(&ledger, sid, told, clock()).await
                {
                    ended(end);
                }
                if waiting.is_empty() {
                    waiting.extend(ledger.to_ask(clock(), TAKEN_MAX).await);
                }
            }
        }
        while asking.len() < pace.asking_max
            && let Some(call) = waiting.pop_front()
        {
            let ask = Arc::clone(&ask);
            asking.spawn(async move {
                let sid = call.sid.clone();
                (sid, timeout(pace.answer_within, ask(call)).await.ok().flatten())
            });
        }
    }
}

async fn obey(ledger: &Ledger, sid: Sid, told: Told, now: Timestamp) -> Option<Ended> {
    match told {
        Told::GoesOn => {
            ledger.heard(&sid, now).await;
            None
        }
        Told::Over(status) => {
            let was_live = ledger.end(&sid, EndedBy::Asked).await;
            was_live.then_some(Ended { sid, at: now, by: EndedBy::Asked, status })
        }
    }
}
