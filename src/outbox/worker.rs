//! Takes due deliveries from the store, sends them, and writes down what came of it.
//!
//! A delivery stays pending in the store until its outcome is written: whoever is killed in between sends it again,
//! under the same id. Each endpoint has a few places and all together have a bound, so a receiver that is slow or
//! silent holds up its own deliveries and no others. Outcomes are written in batches: the store has one writer, and
//! calls need it too.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, timeout_at};

use super::backoff::next_attempt;
use super::send::{Outcome, Sender};
use crate::model::{DisabledReason, MessageId, WebhookId};
use crate::store::{Attempt, Due, Outgoing, Store, StoreError, Then};
use crate::telemetry::Metrics;

/// How the worker works.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the store is asked for what is due.
    pub look_every: Duration,
    /// Deliveries under way at once.
    pub at_once_max: usize,
    /// Of them to one endpoint.
    pub to_one_max: u32,
    /// How long stopping waits for those under way. The rest is sent again by the next start.
    pub stop_within: Duration,
}

impl Default for Pace {
    /// 256 sockets and a megabyte or two of bodies; sixty-four silent receivers at four places each fill it.
    fn default() -> Pace {
        Pace {
            look_every: Duration::from_millis(500),
            at_once_max: 256,
            to_one_max: 4,
            stop_within: Duration::from_secs(2),
        }
    }
}

/// The worker.
#[derive(Debug)]
pub struct Worker<N, C> {
    store: Store,
    sender: Sender,
    metrics: Arc<Metrics>,
    pace: Pace,
    /// The clock.
    now: N,
    /// Chance between 0 and 1.
    chance: C,
    under_way: JoinSet<(Outgoing, Outcome)>,
    /// What is under way or not yet written down, by endpoint: not to be begun again.
    taken: HashMap<WebhookId, HashSet<MessageId>>,
    /// Outcomes the store has not yet taken.
    unwritten: Vec<Attempt>,
    /// Is it this process's to begin any?
    may_begin: MayBegin,
}

/// Of several processes one sends.
struct MayBegin(Arc<dyn Fn() -> bool + Send + Sync>);

impl fmt::Debug for MayBegin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MayBegin")
    }
}

impl<N: Fn() -> Timestamp, C: Fn() -> f64> Worker<N, C> {
    /// A worker that has begun nothing.
    pub fn new(store: Store, sender: Sender, metrics: Arc<Metrics>, pace: Pace, now: N, chance: C) -> Worker<N, C> {
        let (under_way, taken, unwritten) = (JoinSet::new(), HashMap::new(), Vec::new());
        let may_begin = MayBegin(Arc::new(|| true));
        Worker { store, sender, metrics, pace, now, chance, under_way, taken, unwritten, may_begin }
    }

    /// Begins only while this says so.
    pub fn only_while(self, may_begin: Arc<dyn Fn() -> bool + Send + Sync>) -> Worker<N, C> {
        Worker { may_begin: MayBegin(may_begin), ..self }
    }

    /// Works until the signal; then finishes what is under way, within bounds.
    pub async fn run(mut self, stopping: impl Future<Output = ()>) {
        let mut stopping = std::pin::pin!(stopping);
        let mut tick = tokio::time::interval(self.pace.look_every);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = &mut stopping => break,
                _ = tick.tick() => {
                    self.write_down().await;
                    self.begin_due().await;
                }
                Some(done) = self.under_way.join_next() => {
                    self.note(done.ok());
                    self.write_down().await;
                    self.begin_due().await;
                }
            }
        }
        let until = Instant::now() + self.pace.stop_within;
        while let Ok(Some(done)) = timeout_at(until, self.under_way.join_next()).await {
            self.note(done.ok());
        }
        self.write_down().await;
    }

    /// Sends what is due now and waits until its outcome is written. Answers how many were sent.
    pub async fn round(&mut self) -> usize {
        self.begin_due().await;
        let begun = self.under_way.len();
        while let Some(done) = self.under_way.join_next().await {
            self.note(done.ok());
        }
        self.write_down().await;
        begun
    }

    /// Begins what is due, as far as there are places.
    async fn begin_due(&mut self) {
        let places = self.pace.at_once_max.saturating_sub(self.under_way.len());
        if places == 0 || !self.unwritten.is_empty() || !(self.may_begin.0)() {
            return;
        }
        let now = (self.now)();
        let outgoing = match self.choose(now, places).await {
            Ok(outgoing) => outgoing,
            Err(failure) => {
                // Whoever watches the store says so; here it is only a pause.
                tracing::debug!(%failure, "could not ask for webhooks that are due");
                return;
            }
        };
        for delivery in outgoing {
            self.taken.entry(delivery.webhook_id.clone()).or_default().insert(delivery.id.clone());
            let sender = self.sender.clone();
            self.under_way.spawn(async move {
                let outcome = sender.send(&delivery, now).await;
                (delivery, outcome)
            });
        }
    }

    async fn choose(&self, now: Timestamp, places: usize) -> Result<Vec<Outgoing>, StoreError> {
        let due = self.store.due_deliveries(now, self.pace.to_one_max).await?;
        let chosen = fairly(due, &self.taken, self.pace.to_one_max as usize, places);
        if chosen.is_empty() { Ok(Vec::new()) } else { self.store.outgoing(&chosen, now).await }
    }

    /// Takes in what is done, and whatever else is done by now.
    fn note(&mut self, done: Option<(Outgoing, Outcome)>) {
        let mut done = done;
        loop {
            if let Some((delivery, outcome)) = done.take() {
                self.metrics.outgoing_webhook(outcome.as_str());
                let attempt = self.judge(delivery, &outcome);
                self.unwritten.push(attempt);
            }
            match self.under_way.try_join_next() {
                Some(next) => done = next.ok(),
                None => return,
            }
        }
    }

    fn judge(&self, delivery: Outgoing, outcome: &Outcome) -> Attempt {
        let at = (self.now)();
        let asked = match outcome {
            Outcome::Refused { retry_after, .. } => *retry_after,
            _ => None,
        };
        let then = match outcome {
            Outcome::Delivered(_) => Then::Delivered,
            Outcome::Refused { status: 410, .. } => Then::Gone,
            _ => next_attempt(delivery.attempts.saturating_add(1), at, (self.chance)(), asked)
                .map_or(Then::Dead, Then::Again),
        };
        Attempt {
            id: delivery.id,
            webhook_id: delivery.webhook_id,
            url: delivery.url,
            at,
            status: outcome.status(),
            error: outcome.error(),
            then,
        }
    }

    /// Writes outcomes down; what the store does not take is kept, and nothing new is begun until it does.
    async fn write_down(&mut self) {
        if self.unwritten.is_empty() {
            return;
        }
        let mut disabled = Vec::new();
        match self.store.record_attempts(&self.unwritten).await {
            Ok(of_batch) => {
                disabled.extend(of_batch);
                for attempt in std::mem::take(&mut self.unwritten) {
                    self.give_back(&attempt);
                }
            }
            Err(failure @ StoreError::Away(_)) => {
                tracing::debug!(%failure, "could not write down what came of webhooks");
                return;
            }
            // Something in the batch cannot be written as it is: one by one, and that one stays taken, so that
            // nobody is flooded with what is due for ever.
            Err(_) => {
                for attempt in std::mem::take(&mut self.unwritten) {
                    match self.store.record_attempts(std::slice::from_ref(&attempt)).await {
                        Ok(of_one) => {
                            disabled.extend(of_one);
                            self.give_back(&attempt);
                        }
                        Err(StoreError::Away(_)) => self.unwritten.push(attempt),
                        Err(failure) => {
                            tracing::error!(%failure, webhook.message = attempt.id.as_str(), "what came of a webhook is lost");
                        }
                    }
                }
            }
        }
        for endpoint in disabled {
            let why = match endpoint.reason {
                DisabledReason::Gone => "its receiver answered 410",
                DisabledReason::Failing => "it has only failed for five days",
            };
            tracing::warn!(webhook.id = endpoint.webhook_id.as_str(), why, "a webhook was disabled");
        }
    }
}

impl<N, C> Worker<N, C> {
    /// A delivery whose outcome is written may be begun again when it is due.
    fn give_back(&mut self, attempt: &Attempt) {
        if let Some(of_endpoint) = self.taken.get_mut(&attempt.webhook_id) {
            of_endpoint.remove(&attempt.id);
            if of_endpoint.is_empty() {
                self.taken.remove(&attempt.webhook_id);
            }
        }
    }
}

/// Whom to serve: each endpoint's first before anybody's second, within its places and all places.
fn fairly(
    due: Vec<Due>,
    taken: &HashMap<WebhookId, HashSet<MessageId>>,
    to_one_max: usize,
    places: usize,
) -> Vec<MessageId> {
    let mut served: HashMap<WebhookId, usize> = HashMap::new();
    let mut in_line: Vec<(usize, Timestamp, MessageId)> = Vec::new();
    for delivery in due {
        let of_endpoint = taken.get(&delivery.webhook_id);
        if of_endpoint.is_some_and(|taken| taken.contains(&delivery.id)) {
            continue;
        }
        let place = served.entry(delivery.webhook_id).or_insert_with(|| of_endpoint.map_or(0, HashSet::len));
        if *place < to_one_max {
            in_line.push((*place, delivery.since, delivery.id));
            *place += 1;
        }
    }
    in_line.sort();
    in_line.into_iter().take(places).map(|(_, _, id)| id).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Seed;

    fn seed(n: u8) -> Seed {
        Seed { at: Timestamp::from_second(1_790_000_000).unwrap(), random: [n; 10] }
    }

    fn due(endpoint: u8, n: u8) -> Due {
        Due {
            id: MessageId::new(seed(n)),
            webhook_id: WebhookId::new(seed(endpoint)),
            since: Timestamp::from_second(1_790_000_000 + i64::from(n)).unwrap(),
        }
    }

    #[test]
    fn everybodys_first_comes_before_anybodys_second() {
        let waiting = vec![due(1, 1), due(1, 2), due(1, 3), due(2, 4), due(3, 5)];
        let chosen = fairly(waiting.clone(), &HashMap::new(), 2, 4);
        assert_eq!(chosen, [1, 4, 5, 2].map(|n| MessageId::new(seed(n))));
        let busy = HashMap::from([(WebhookId::new(seed(1)), HashSet::from([MessageId::new(seed(1))]))]);
        assert_eq!(fairly(waiting, &busy, 2, 9), [4, 5, 2].map(|n| MessageId::new(seed(n))));
    }

    proptest! {
        #[test]
        fn nothing_is_begun_twice_and_no_bound_is_passed(
            waiting in prop::collection::btree_set((0u8..6, 0u8..40), 0..60),
            under_way in prop::collection::btree_set((0u8..6, 0u8..40), 0..20),
            to_one_max in 1usize..5,
            places in 0usize..20,
        ) {
            // A delivery belongs to one endpoint.
            let of_one = |(endpoint, n): &(u8, u8)| n % 6 == *endpoint;
            let mut taken: HashMap<WebhookId, HashSet<MessageId>> = HashMap::new();
            for (endpoint, n) in under_way.iter().filter(|one| of_one(one)) {
                taken.entry(WebhookId::new(seed(*endpoint))).or_default().insert(MessageId::new(seed(*n)));
            }
            let waiting: Vec<Due> = waiting.iter().filter(|one| of_one(one)).map(|(endpoint, n)| due(*endpoint, *n)).collect();
            let chosen = fairly(waiting.clone(), &taken, to_one_max, places);
            prop_assert!(chosen.len() <= places);
            for endpoint in 0..6 {
                let webhook = WebhookId::new(seed(endpoint));
                let busy = taken.get(&webhook).cloned().unwrap_or_default();
                let begun: Vec<_> = waiting.iter().filter(|one| one.webhook_id == webhook && chosen.contains(&one.id)).collect();
                prop_assert!(begun.iter().all(|one| !busy.contains(&one.id)));
                prop_assert!(begun.is_empty() || begun.len() + busy.len() <= to_one_max);
            }
        }
    }
}
