//! The bus: publishes into the ring, wakes who waits, and lets in as many as there are places for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::event::Event;
use super::place::Place;
use super::ring::{Kept, Ring};
use super::standing::Standing;

/// How many events a subscriber takes at a time.
const BATCH_MAX: usize = 64;

/// What the bus holds at most.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Subscribers at a time.
    pub subscribers: usize,
    /// Events kept for those who come back.
    pub events: usize,
    /// Bytes these may take, as they are and as they are told.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { subscribers: 256, events: 16_384, bytes: 32 << 20 }
    }
}

/// The bus: cheap to clone.
#[derive(Clone, Debug)]
pub struct Bus(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    epoch: String,
    state: Mutex<State>,
    /// The number of the last event.
    last: watch::Sender<u64>,
    places: Arc<Semaphore>,
    closing: CancellationToken,
}

#[derive(Debug)]
struct State {
    ring: Ring,
    standing: Standing,
}

/// Why a subscriber is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Every place is taken.
    Full,
    /// The process is stopping.
    Closed,
}

/// Where a subscription begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// Now; nothing was heard before.
    New,
    /// Where the subscriber stopped: it has missed nothing.
    Continued,
    /// Now; what was missed is no longer there.
    TooFarBehind,
    /// Now; what was heard before was told by another run of the process.
    Restarted,
}

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// Events, in order.
    Events(Vec<Arc<Kept>>),
    /// Some events are gone before they were heard; the subscription goes on from now.
    Missed,
    /// Nothing more: the process is stopping.
    Closed,
}

/// A subscriber's place in the ring.
#[derive(Debug)]
pub struct Subscription {
    bus: Bus,
    seq: u64,
    last: watch::Receiver<u64>,
    _place: OwnedSemaphorePermit,
}

impl Bus {
    /// A bus for this run, which `epoch` names: letters and digits, another in each run.
    pub fn new(epoch: String, limits: Limits) -> Bus {
        let state = State { ring: Ring::new(limits.events, limits.bytes), standing: Standing::default() };
        Bus(Arc::new(Inner {
            epoch,
            state: Mutex::new(state),
            last: watch::Sender::new(0),
            places: Arc::new(Semaphore::new(limits.subscribers)),
            closing: CancellationToken::new(),
        }))
    }

    /// Tells everybody. Never waits.
    pub fn publish(&self, event: Event) {
        let mut state = self.lock();
        state.standing.hear(&event);
        state.ring.push(event);
        self.0.last.send_replace(state.ring.last());
    }

    /// Something happened that cannot be told: everybody begins anew.
    pub fn gap(&self) {
        let mut state = self.lock();
        state.ring.gap();
        self.0.last.send_replace(state.ring.last());
    }

    /// Lets a subscriber in, after the event it heard last where it says so and nothing is missing since.
    pub fn subscribe(&self, heard: Option<&Place>) -> Result<(Subscription, Begins), Refused> {
        if self.0.closing.is_cancelled() {
            return Err(Refused::Closed);
        }
        let place = Arc::clone(&self.0.places).try_acquire_owned().map_err(|_| Refused::Full)?;
        let state = self.lock();
        let now = state.ring.last();
        let (seq, begins) = match heard {
            None => (now, Begins::New),
            Some(heard) if heard.epoch != self.0.epoch => (now, Begins::Restarted),
            Some(heard) if state.ring.after(heard.seq, 0).is_some() => (heard.seq, Begins::Continued),
            Some(_) => (now, Begins::TooFarBehind),
        };
        Ok((Subscription { bus: self.clone(), seq, last: self.0.last.subscribe(), _place: place }, begins))
    }

    /// What lasts.
    pub fn standing(&self) -> Standing {
        self.lock().standing.clone()
    }

    /// The events since an instant, and whether all of them are still there.
    pub fn since(&self, at: Timestamp) -> (Vec<Arc<Kept>>, bool) {
        let state = self.lock();
        // Events are in the order of their numbers; their instants differ from it by seconds.
        let recent: Vec<_> = state.ring.all().filter(|kept| kept.event.at >= at).map(Arc::clone).collect();
        let oldest = state.ring.all().next();
        let is_whole = oldest.map_or(state.ring.last() == 0, |oldest| oldest.seq == 1 || oldest.event.at < at);
        (recent, is_whole)
    }

    /// Ends every subscription, and lets nobody in any more.
    pub fn close(&self) {
        self.0.closing.cancel();
    }

    /// No method panics halfway, so what a poisoned lock guards is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The place up to which everything was heard.
    pub fn place(&self) -> Place {
        Place { epoch: self.bus.0.epoch.clone(), seq: self.seq }
    }

    /// Waits for what comes next. Dropped before it has answered, it has taken nothing.
    pub async fn next(&mut self) -> Next {
        loop {
            if self.bus.0.closing.is_cancelled() {
                return Next::Closed;
            }
            self.last.mark_unchanged();
            if let Some(next) = self.take() {
                return next;
            }
            let bus = self.bus.clone();
            tokio::select! {
                () = bus.0.closing.cancelled() => return Next::Closed,
                // The sender lives as long as the bus.
                _ = self.last.changed() => {}
            }
        }
    }

    fn take(&mut self) -> Option<Next> {
        let bus = self.bus.clone();
        let state = bus.lock();
        let Some(events) = state.ring.after(self.seq, BATCH_MAX) else {
            self.seq = state.ring.last();
            return Some(Next::Missed);
        };
        self.seq = events.last()?.seq;
        Some(Next::Events(events))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::event::{Audience, News, Warning, WarningKind};
    use super::*;

    fn bus(subscribers: usize, events: usize) -> Bus {
        Bus::new("run1".to_owned(), Limits { subscribers, events, bytes: usize::MAX })
    }

    fn publish(bus: &Bus, records: u64) {
        let news = News::Warning(Warning { kind: WarningKind::StoreAway, active: true, records });
        let at = Timestamp::from_second(records as i64).unwrap();
        bus.publish(Event { at, audience: Audience::PLATFORM, news });
    }

    async fn heard(subscription: &mut Subscription) -> Vec<u64> {
        match subscription.next().await {
            Next::Events(events) => events.iter().map(|kept| kept.seq).collect(),
            Next::Missed => vec![0],
            Next::Closed => vec![],
        }
    }

    #[tokio::test]
    async fn a_subscriber_hears_what_is_published_after_it_came() {
        let bus = bus(9, 9);
        publish(&bus, 1);
        let (mut subscription, begins) = bus.subscribe(None).unwrap();
        assert_eq!(begins, Begins::New);
        assert_eq!(subscription.place().to_string(), "run1-1");
        let waiting = tokio::spawn(async move {
            let first = heard(&mut subscription).await;
            (first, subscription.place().to_string())
        });
        tokio::task::yield_now().await;
        publish(&bus, 2);
        assert_eq!(waiting.await.unwrap(), (vec![2], "run1-2".to_owned()));
    }

    #[tokio::test]
    async fn who_comes_back_goes_on_where_it_stopped_while_that_is_in_the_ring() {
        let bus = bus(9, 3);
        (0..5).for_each(|n| publish(&bus, n));
        for (epoch, seq, begins, next) in [
            ("run1", 5, Begins::Continued, 6),
            ("run1", 2, Begins::Continued, 3),
            ("run1", 1, Begins::TooFarBehind, 6),
            ("run1", 9, Begins::TooFarBehind, 6),
            ("run0", 4, Begins::Restarted, 6),
        ] {
            let place = Place { epoch: epoch.to_owned(), seq };
            let (subscription, found) = bus.subscribe(Some(&place)).unwrap();
            assert_eq!((found, subscription.place().seq + 1), (begins, next), "{place}");
        }
    }

    #[tokio::test]
    async fn a_slow_subscriber_hears_that_it_has_missed_something_and_goes_on() {
        let bus = bus(9, 3);
        let (mut subscription, _) = bus.subscribe(None).unwrap();
        (0..5).for_each(|n| publish(&bus, n));
        assert_eq!(heard(&mut subscription).await, [0]);
        publish(&bus, 6);
        assert_eq!(heard(&mut subscription).await, [6]);
        bus.gap();
        assert_eq!(heard(&mut subscription).await, [0]);
        assert_eq!(subscription.place().seq, 7);
    }

    #[tokio::test]
    async fn there_are_so_many_places_and_one_that_is_left_is_free() {
        let bus = bus(2, 3);
        let (one, _) = bus.subscribe(None).unwrap();
        let _two = bus.subscribe(None).unwrap();
        assert_eq!(bus.subscribe(None).unwrap_err(), Refused::Full);
        drop(one);
        assert!(bus.subscribe(None).is_ok());
    }

    #[tokio::test]
    async fn a_closed_bus_ends_every_subscription_at_once() {
        let bus = bus(2, 3);
        let (mut subscription, _) = bus.subscribe(None).unwrap();
        let waiting = tokio::spawn(async move { matches!(subscription.next().await, Next::Closed) });
        tokio::task::yield_now().await;
        bus.close();
        assert!(waiting.await.unwrap());
        assert_eq!(bus.subscribe(None).unwrap_err(), Refused::Closed);
    }

    #[test]
    fn what_is_asked_for_since_an_instant_says_whether_it_is_all() {
        let bus = bus(1, 3);
        let since = |second| {
            let (kept, is_whole) = bus.since(Timestamp::from_second(second).unwrap());
            (kept.len(), is_whole)
        };
        assert_eq!(since(0), (0, true));
        (10..13).for_each(|second| publish(&bus, second));
        assert_eq!(since(0), (3, true));
        publish(&bus, 13);
        assert_eq!((since(12), since(11), since(0)), ((2, true), (3, false), (3, false)));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn whoever_keeps_up_hears_everything_once_and_in_order() {
        let bus = bus(9, 100_000);
        let listeners: Vec<_> = (0..4)
            .map(|_| {
                let (mut subscription, _) = bus.subscribe(None).unwrap();
                tokio::spawn(async move {
                    let mut all = Vec::new();
                    while all.len() < 4_000 {
                        all.extend(heard(&mut subscription).await);
                    }
                    all
                })
            })
            .collect();
        let publishers: Vec<_> = (0..4)
            .map(|_| {
                let bus = bus.clone();
                tokio::spawn(async move { (0..1_000).for_each(|n| publish(&bus, n)) })
            })
            .collect();
        for publisher in publishers {
            publisher.await.unwrap();
        }
        for listener in listeners {
            assert_eq!(listener.await.unwrap(), (1..=4_000).collect::<Vec<_>>());
        }
    }
}
