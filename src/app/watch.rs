//! Looks every second how the AI, the store, the journal and the ledger are, and tells what has become different.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, timeout};
use tokio_util::sync::CancellationToken;

use crate::calls::Ledger;
use crate::events::{Audience, Bus, Event, News, Warning, WarningKind};
use crate::health::{Health, Snapshot, State};
use crate::journal::Journal;
use crate::model::{Clock, Target};
use crate::store::Store;

use super::teller::Teller;

/// How often.
const EVERY: Duration = Duration::from_secs(1);

/// So many records that wait are too many, however fast they go.
const DEPTH_MAX: u64 = 2_000;

/// Once they were too many, so many are few enough.
const DEPTH_FINE: u64 = 500;

/// For so many looks records may wait while none of them gets anywhere; then they are stuck. That some wait whenever one
/// looks is nothing: they are gathered, and calls come at any moment.
const STUCK_LOOKS: u32 = 10;

/// Whom it asks.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    pub bus: Bus,
    pub store: Store,
    pub teller: Teller,
    pub journal: Journal,
    pub health: Arc<Health>,
    pub ledger: Ledger,
    pub clock: Clock,
}

impl Watch {
    /// Looks until `stopping` comes.
    pub async fn run(self, stopping: CancellationToken) {
        let mut known = Known::default();
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = tick.tick() => {}
            }
            let now = (self.clock)();
            // One that can be read may yet take nothing.
            let answers = timeout(EVERY, self.store.ping()).await.is_ok_and(|answer| answer.is_ok());
            let seen = Seen {
                store_up: answers && !self.teller.store_is_away(),
                depth: self.journal.depth(),
                done: self.journal.done(),
                refused: self.journal.refused(),
                lost: self.journal.lost(),
                breakers: self.health.snapshot(now),
                counts_alone: self.ledger.is_degraded(),
            };
            for (audience, news) in known.look(seen) {
                self.bus.publish(Event { at: now, audience, news });
            }
        }
    }
}

/// What is seen at one look.
#[derive(Clone, Debug)]
struct Seen {
    store_up: bool,
    depth: u64,
    /// Records that waited and do no more.
    done: u64,
    refused: u64,
    lost: u64,
    breakers: Snapshot,
    /// The ledger that edges share cannot be counted on.
    counts_alone: bool,
}

/// What was told so far.
#[derive(Debug, Default)]
struct Known {
    warnings: HashMap<WarningKind, Warning>,
    /// Those that are not closed; none for the whole.
    breakers: HashMap<Option<Target>, State>,
    last_depth: u64,
    last_done: u64,
    looks_stuck: u32,
}

impl Known {
    /// What is different from what was told.
    fn look(&mut self, seen: Seen) -> Vec<(Audience, News)> {
        let mut news = Vec::new();
        self.warn(WarningKind::StoreAway, !seen.store_up, seen.depth, &mut news);
        let is_behind = self.is_behind(seen.depth, seen.done);
        self.warn(WarningKind::JournalBehind, is_behind, seen.depth, &mut news);
        self.warn(WarningKind::RecordsRefused, seen.refused > 0, seen.refused, &mut news);
        self.warn(WarningKind::RecordsLost, seen.lost > 0, seen.lost, &mut news);
        self.warn(WarningKind::LedgerDegraded, seen.counts_alone, 0, &mut news);
        self.breakers(seen.breakers, &mut news);
        news
    }

    fn is_behind(&mut self, depth: u64, done: u64) -> bool {
        let is_stuck = depth > 0 && depth >= self.last_depth && done == self.last_done;
        self.looks_stuck = if is_stuck { self.looks_stuck + 1 } else { 0 };
        (self.last_depth, self.last_done) = (depth, done);
        let was_behind = self.warnings.get(&WarningKind::JournalBehind).is_some_and(|warning| warning.active);
        depth >= if was_behind { DEPTH_FINE } else { DEPTH_MAX } || self.looks_stuck >= STUCK_LOOKS
    }

    fn warn(&mut self, kind: WarningKind, active: bool, records: u64, news: &mut Vec<(Audience, News)>) {
        let told = self.warnings.get(&kind);
        let was_active = told.is_some_and(|told| told.active);
        // What is lost or refused stays so; that it becomes more is news.
        let counts = matches!(kind, WarningKind::RecordsRefused | WarningKind::RecordsLost);
        let is_more = counts && told.is_some_and(|told| records > told.records);
        if active != was_active || is_more {
            let warning = Warning { kind, active, records };
            self.warnings.insert(kind, warning.clone());
            news.push((Audience::PLATFORM, News::Warning(warning)));
        }
    }

    fn breakers(&mut self, seen: Snapshot, news: &mut Vec<(Audience, News)>) {
        let whole = std::iter::once((None, seen.whole));
        let targets = seen.targets.into_iter().map(|(target, state)| (Some(target), state));
        let now: HashMap<_, _> = whole.chain(targets).filter(|(_, state)| *state != State::Closed).collect();
        let closed = self.breakers.keys().filter(|known| !now.contains_key(known)).map(|known| (known, State::Closed));
        let different = now.iter().filter(|(target, state)| self.breakers.get(target) != Some(state));
        for (target, state) in closed.chain(different.map(|(target, state)| (target, *state))) {
            // That the AI is away concerns everybody; which target is may tell one tenant of another.
            let audience = if target.is_none() { Audience::Everybody } else { Audience::PLATFORM };
            news.push((audience, News::Breaker { target: target.clone(), state: state.as_str() }));
        }
        self.breakers = now;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn well() -> Seen {
        let breakers = Snapshot { whole: State::Closed, targets: Vec::new() };
        Seen { store_up: true, depth: 0, done: 0, refused: 0, lost: 0, breakers, counts_alone: false }
    }

    fn told(known: &mut Known, seen: Seen) -> Vec<String> {
        let spell = |(audience, news): (Audience, News)| match news {
            News::Warning(warning) => format!("{} {} {}", warning.kind.as_str(), warning.active, warning.records),
            News::Breaker { target, state } => {
                let target = target.map_or("whole".to_owned(), |target| target.id.to_string());
                format!("{target} {state} {}", if audience == Audience::Everybody { "to all" } else { "to us" })
            }
            other => panic!("{other:?}"),
        };
        known.look(seen).into_iter().map(spell).collect()
    }

    #[test]
    fn while_all_is_well_nothing_is_told() {
        let mut known = Known::default();
        for depth in [0, 3, 4, 5, 1, 0, 1_999, 0] {
            assert!(told(&mut known, Seen { depth, ..well() }).is_empty());
        }
    }

    #[test]
    fn trouble_is_told_when_it_begins_and_when_it_ends() {
        let mut known = Known::default();
        let away = || Seen { store_up: false, depth: 7, ..well() };
        assert_eq!(told(&mut known, away()), ["store_away true 7"]);
        assert!(told(&mut known, away()).is_empty());
        assert_eq!(told(&mut known, well()), ["store_away false 0"]);
        for (depth, news) in [(2_000, "true 2000"), (1_999, ""), (500, ""), (499, "false 499"), (1_999, "")] {
            let expected: Vec<String> = Some(news)
                .filter(|news| !news.is_empty())
                .into_iter()
                .map(|news| format!("journal_behind {news}"))
                .collect();
            assert_eq!(told(&mut known, Seen { depth, ..well() }), expected, "{depth}");
        }
    }

    #[test]
    fn a_ledger_that_counts_alone_is_told_of_until_it_counts_with_the_others_again() {
        let mut known = Known::default();
        let alone = || Seen { counts_alone: true, ..well() };
        assert_eq!(told(&mut known, alone()), ["ledger_degraded true 0"]);
        assert!(told(&mut known, alone()).is_empty());
        assert_eq!(told(&mut known, well()), ["ledger_degraded false 0"]);
    }

    #[test]
    fn records_that_do_not_become_fewer_are_stuck() {
        let mut known = Known::default();
        for _ in 1..STUCK_LOOKS {
            assert!(told(&mut known, Seen { depth: 3, ..well() }).is_empty());
        }
        assert_eq!(told(&mut known, Seen { depth: 3, ..well() }), ["journal_behind true 3"]);
        assert_eq!(told(&mut known, Seen { depth: 2, ..well() }), ["journal_behind false 2"]);
    }

    #[test]
    fn some_that_wait_at_every_look_are_not_stuck_while_others_get_through() {
        let mut known = Known::default();
        for done in 1..100 {
            assert!(told(&mut known, Seen { depth: 3, done, ..well() }).is_empty());
        }
    }

    #[test]
    fn what_is_lost_or_refused_is_told_again_when_it_becomes_more() {
        let mut known = Known::default();
        let seen = |refused, lost| Seen { refused, lost, ..well() };
        assert_eq!(told(&mut known, seen(1, 0)), ["records_refused true 1"]);
        assert!(told(&mut known, seen(1, 0)).is_empty());
        assert_eq!(told(&mut known, seen(2, 5)), ["records_refused true 2", "records_lost true 5"]);
    }

    #[test]
    fn breakers_are_told_when_they_turn_and_single_targets_to_the_platform_alone() {
        let mut known = Known::default();
        let target = Target::parse("assistant:front-desk").unwrap();
        let seen =
            |whole, state| Seen { breakers: Snapshot { whole, targets: vec![(target.clone(), state)] }, ..well() };
        assert_eq!(told(&mut known, seen(State::Closed, State::Open)), ["front-desk open to us"]);
        assert!(told(&mut known, seen(State::Closed, State::Open)).is_empty());
        let mut both = told(&mut known, seen(State::Open, State::HalfOpen));
        both.sort();
        assert_eq!(both, ["front-desk half_open to us", "whole open to all"]);
        assert_eq!(told(&mut known, seen(State::Open, State::Closed)), ["front-desk closed to us"]);
        // A target that was forgotten is closed as well.
        assert_eq!(told(&mut known, well()), ["whole closed to all"]);
    }
}
