//! The leases against a naive ledger, under any order, loss and repetition of events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::leases::{Leases, Pools};
use super::leases_tests::{at, call, caller, end, line, sid, tenant};
use crate::model::{Decision, E164, Reason, Sid, Verdicts};

/// The ledger as one would write it with all the time in the world: a list of calls, counted afresh each time.
#[derive(Default)]
struct Naive {
    calls: BTreeMap<usize, NaiveCall>,
    /// Two generations of ends; the younger's age.
    ended: [BTreeSet<usize>; 2],
    since: Option<Timestamp>,
    limit: Option<u32>,
}

struct NaiveCall {
    tenant: u8,
    with_ai: bool,
    answer: (Decision, u32),
    heard: Timestamp,
    hanging_up: bool,
    ringing: BTreeSet<u8>,
    rings_until: Timestamp,
}

impl Naive {
    fn others(&self, tenant: u8) -> u32 {
        self.calls.values().filter(|call| call.tenant == tenant && !call.with_ai).count() as u32
    }

    fn line_is_free(&self) -> bool {
        let taken = self.calls.values().filter(|call| call.with_ai).count() as u32;
        self.limit.is_none_or(|limit| taken < limit)
    }

    fn begin(&mut self, number: usize, tenant: u8, verdicts: Verdicts, now: Timestamp) -> (Decision, u32, bool) {
        if let Some(call) = self.calls.get_mut(&number) {
            call.heard = now;
            return (call.answer.0, call.answer.1, false);
        }
        let others = self.others(tenant);
        let mut decision = verdicts.pick(others);
        if decision.available && !self.line_is_free() {
            decision = Decision::fallback(Reason::AiFull);
        }
        if !self.ended.iter().any(|generation| generation.contains(&number)) {
            let call = NaiveCall {
                tenant,
                with_ai: decision.available,
                answer: (decision, others),
                heard: now,
                hanging_up: false,
                ringing: BTreeSet::new(),
                rings_until: now,
            };
            self.calls.insert(number, call);
        }
        (decision, others, true)
    }

    fn end(&mut self, number: usize, now: Timestamp) -> bool {
        self.forget_old(now);
        self.ended[0].insert(number);
        self.calls.remove(&number).is_some()
    }

    fn forget_old(&mut self, now: Timestamp) {
        let age = self.since.map_or(i64::MAX, |since| now.duration_since(since).as_secs());
        for _ in 0..(age / 120).min(2) {
            self.ended.swap(0, 1);
            self.ended[0].clear();
            self.since = Some(now);
        }
    }

    fn event(&mut self, number: usize, now: Timestamp) -> Option<&mut NaiveCall> {
        let call = self.calls.get_mut(&number)?;
        call.heard = now;
        call.hanging_up = false;
        Some(call)
    }

    fn sweep(&mut self, now: Timestamp) -> BTreeSet<usize> {
        self.forget_old(now);
        let out =
            |call: &NaiveCall| now.duration_since(call.heard).as_secs() >= if call.hanging_up { 120 } else { 6 * 3600 };
        let gone: BTreeSet<usize> =
            self.calls.iter().filter(|(_, call)| out(call)).map(|(number, _)| *number).collect();
        self.calls.retain(|number, _| !gone.contains(number));
        self.calls.values_mut().filter(|call| call.rings_until <= now).for_each(|call| call.ringing.clear());
        gone
    }
}

#[derive(Clone, Debug)]
enum Event {
    Begin { number: usize, tenant: u8, threshold: u32, ai_first: bool },
    Heard(usize),
    AiOver(usize),
    AiAgain(usize),
    Ringing(usize, Vec<u8>),
    HangingUp(usize),
    End(usize),
    Limit(Option<u32>),
    Sweep,
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let number = || 0usize..8;
    prop_oneof![
        6 => (number(), 0u8..3, 0u32..4, any::<bool>())
            .prop_map(|(number, tenant, threshold, ai_first)| Event::Begin { number, tenant, threshold, ai_first }),
        1 => number().prop_map(Event::Heard),
        2 => number().prop_map(Event::AiOver),
        2 => number().prop_map(Event::AiAgain),
        2 => (number(), prop::collection::vec(0u8..4, 0..3)).prop_map(|(number, rung)| Event::Ringing(number, rung)),
        1 => number().prop_map(Event::HangingUp),
        3 => number().prop_map(Event::End),
        1 => prop::option::of(0u32..4).prop_map(Event::Limit),
        1 => Just(Event::Sweep),
        2 => prop_oneof![Just(1i64), Just(60), Just(119), Just(120), Just(3 * 3600)].prop_map(Event::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn the_ledger_agrees_with_a_naive_one_whatever_comes_in_whatever_order(
        events in prop::collection::vec(event(), 1..80),
    ) {
        let leases = Leases::new(None);
        let mut naive = Naive::default();
        let mut now = at(0);
        leases.sweep(now);
        naive.sweep(now);
        for event in events {
            match event {
                Event::Begin { number, tenant, threshold, ai_first } => {
                    let (ai, staff) = (Decision::ai(Reason::Overflow), Decision::fallback(Reason::UnderCapacity));
                    let (below, at) = if ai_first { (ai, staff) } else { (staff, ai) };
                    let verdicts = Verdicts { below, at, threshold };
                    let answer = leases.begin(call(number, tenant, now), verdicts, None);
                    let expected = naive.begin(number, tenant, verdicts, now);
                    prop_assert_eq!((answer.decision, answer.others, answer.first), expected);
                }
                Event::Heard(number) => {
                    leases.heard(&sid(number), now);
                    naive.event(number, now);
                }
                Event::AiOver(number) => {
                    leases.ai_over(&sid(number), now);
                    if let Some(call) = naive.event(number, now) { call.with_ai = false; }
                }
                Event::AiAgain(number) => {
                    let admitted = leases.ai_again(&sid(number), now);
                    let free = naive.line_is_free();
                    let expected = match naive.event(number, now) {
                        Some(call) if call.with_ai || free => { call.with_ai = true; Ok(()) }
                        Some(_) => Err(Reason::AiFull),
                        None => Ok(()),
                    };
                    prop_assert_eq!(admitted, expected);
                }
                Event::Ringing(number, rung) => {
                    let numbers: Vec<E164> = rung.iter().map(|number| line(*number)).collect();
                    leases.ringing(&sid(number), &numbers, now);
                    let rings_until = now + SignedDuration::from_secs(30 * rung.len() as i64);
                    if let Some(call) = naive.event(number, now) {
                        call.ringing = rung.into_iter().collect();
                        call.rings_until = rings_until;
                    }
                }
                Event::HangingUp(number) => {
                    leases.hanging_up(&sid(number), now);
                    if let Some(call) = naive.event(number, now) { call.hanging_up = true; }
                }
                Event::End(number) => {
                    prop_assert_eq!(end(&leases, number), naive.end(number, now));
                }
                Event::Limit(limit) => {
                    leases.set_ai_limit(limit);
                    naive.limit = limit;
                }
                Event::Sweep => {
                    let swept: BTreeSet<Sid> = leases.sweep(now).into_iter().map(|(sid, _)| sid).collect();
                    prop_assert_eq!(swept, naive.sweep(now).into_iter().map(sid).collect::<BTreeSet<_>>());
                }
                Event::Wait(seconds) => {
                    now += SignedDuration::from_secs(seconds);
                    // The keeper looks through the ledger every few seconds, whatever happens.
                    leases.to_ask(now, 1);
                }
            }
            for number in 0..3 {
                prop_assert_eq!(leases.others(&tenant(number)), naive.others(number));
                let forwarded = naive.calls.values().any(|call| call.tenant == number && !call.ringing.is_empty());
                prop_assert_eq!(leases.caller_is_being_forwarded(&tenant(number), caller()), forwarded);
            }
            for number in 0..4 {
                let rings = naive.calls.values().any(|call| call.ringing.contains(&number));
                prop_assert_eq!(leases.is_ringing(line(number)), rings);
            }
            let live: BTreeSet<Sid> = leases.live().into_iter().map(|call| call.sid).collect();
            prop_assert_eq!(live, naive.calls.keys().map(|number| sid(*number)).collect::<BTreeSet<_>>());
            let with_ai = naive.calls.values().filter(|call| call.with_ai).count() as u64;
            let all = naive.calls.len() as u64;
            prop_assert_eq!(leases.pools(), Pools { number: all, all, vapi: with_ai });
        }
        for number in 0..8 { end(&leases, number); }
        prop_assert!(leases.is_empty());
    }
}
