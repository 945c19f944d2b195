//! What several edges over one Redis promise together, beyond what every ledger promises alone.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use patchbay::calls::{Ending, Ledger, LiveCall, Restored};
use patchbay::model::{Arrival, Decision, E164, EndedBy, Reason, Sid, Verdicts};
use patchbay::routing::CompiledTenant;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tokio::task::JoinSet;

use super::ledger_battery::{ALWAYS, NEVER, at, call, number, overflow, shared, sid, tenant};
use super::servers::redis::fresh_database;

/// How often a thousand calls come at once. A hundred times by hand: PATCHBAY_LEDGER_ROUNDS=100.
const ROUNDS: u8 = 3;

/// How many stories of two edges are lived through. Each waits for both after every event, so they are not shortened.
const CASES: u32 = 40;

/// Longest that one edge may take to know what another has done, on a busy machine.
const KNOWN_WITHIN: Duration = Duration::from_secs(10);

/// Waits until something holds at an edge that was told of it.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let since = Instant::now();
    while !holds().await {
        assert!(since.elapsed() < KNOWN_WITHIN, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub async fn edges<const N: usize>(url: &str, ai_limit: Option<u32>) -> [Ledger; N] {
    let mut edges = Vec::new();
    for _ in 0..N {
        edges.push(shared(url, ai_limit).await);
    }
    edges.try_into().unwrap()
}

async fn know(edge: &Ledger, sid: &Sid) {
    until("the call is known", async || edge.look(sid).await.is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_calls_at_once_over_three_edges_exactly_thirty_seven_see_fewer_others() {
    let rounds = std::env::var("PATCHBAY_LEDGER_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let edges: [Ledger; 3] = edges(&fresh_database(), None).await;
    for round in 0..rounds {
        let tenant = tenant(round, 1);
        let mut calls = JoinSet::new();
        for number in 0..1_000 {
            let (edge, tenant) = (edges[number % 3].clone(), Arc::clone(&tenant));
            let sid = sid(usize::from(round) * 1_000 + number);
            calls.spawn(async move { edge.begin(call(&sid, &tenant, overflow(37), at(0))).await });
        }
        let begun = calls.join_all().await;
        let mut below: Vec<u32> = begun.iter().filter(|b| !b.decision.available).map(|b| b.others).collect();
        below.sort_unstable();
        assert_eq!(below, (0..37).collect::<Vec<_>>(), "round {round}");
        for edge in &edges {
            until("every edge counts alike", async || edge.others(tenant.id()).await == 37).await;
        }
    }
}

#[tokio::test]
async fn a_first_answer_is_given_again_by_every_edge_even_if_settings_changed() {
    let [one, other]: [Ledger; 2] = edges(&fresh_database(), None).await;
    let (before, after) = (tenant(1, 1), tenant(1, 2));
    // One that is counted is known everywhere at once, one that is not as soon as it was told of.
    for (number, verdicts) in [(1, overflow(1)), (2, ALWAYS)] {
        let sid = sid(number);
        let first = one.begin(call(&sid, &before, verdicts, at(0))).await;
        if number == 2 {
            know(&other, &sid).await;
        }
        let again = other.begin(call(&sid, &after, overflow(0), at(1))).await;
        assert!(first.first && !again.first);
        assert_eq!((again.tenant.version, again.decision, again.others), (1, first.decision, first.others));
        assert_eq!(other.settings(&sid).await.map(|settings| settings.version), Some(1));
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_made_again_is_kept_for_every_edge() {
    let [one, other]: [Ledger; 2] = edges(&fresh_database(), None).await;
    one.begin(call(&sid(1), &tenant(1, 1), ALWAYS, at(0))).await;
    one.foreign_answer(&sid(1)).await.set("<Response/>".into()).unwrap();
    one.foreign_answer_is_kept(&sid(1)).await;
    know(&other, &sid(1)).await;
    until("the bytes are there", async || other.foreign_answer(&sid(1)).await.get().is_some()).await;
    assert_eq!(other.foreign_answer(&sid(1)).await.get().unwrap(), "<Response/>");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_edges_that_hear_of_an_end_one_is_told_that_the_call_was_live() {
    let edges: [Ledger; 3] = edges(&fresh_database(), None).await;
    let tenant = tenant(1, 1);
    for number in 0..50 {
        edges[0].begin(call(&sid(number), &tenant, overflow(100), at(0))).await;
        let mut ends = JoinSet::new();
        for edge in edges.clone() {
            ends.spawn(async move { edge.end(&sid(number), EndedBy::Status).await });
        }
        let told = ends.join_all().await.into_iter().filter(|was_live| *was_live).count();
        assert_eq!(told, 1, "call {number}");
    }
    for edge in &edges {
        until("nothing is live", async || edge.live().await.is_empty() && edge.others(tenant.id()).await == 0).await;
    }
}

#[tokio::test]
async fn any_later_request_of_a_call_may_come_to_any_edge() {
    let [one, other]: [Ledger; 2] = edges(&fresh_database(), Some(1)).await;
    let tenant = tenant(1, 1);
    one.begin(call(&sid(1), &tenant, ALWAYS, at(0))).await;
    know(&other, &sid(1)).await;
    assert!(other.look(&sid(1)).await.unwrap().with_ai);
    other.ai_over(&sid(1), at(1)).await;
    until("it counts among the others", async || one.others(tenant.id()).await == 1).await;
    assert!(!one.look(&sid(1)).await.unwrap().with_ai);
    assert_eq!(one.ai_again(&sid(1), at(2)).await, Ok(()));
    until("it is back with the AI", async || other.look(&sid(1)).await.unwrap().with_ai).await;
    let unbelieved = other.end_if(&sid(1), EndedBy::Status, |_| false).await;
    assert!(matches!(unbelieved, Ending::Disbelieved));
    assert!(other.end(&sid(1), EndedBy::Status).await);
    until("it is over", async || one.look(&sid(1)).await.is_none()).await;
}

#[tokio::test]
async fn numbers_that_ring_for_a_call_ring_for_all_edges() {
    let [one, other]: [Ledger; 2] = edges(&fresh_database(), None).await;
    let tenant = tenant(1, 1);
    let (staff, caller) = (number("+12045550177"), number("+12045550123"));
    one.begin(call(&sid(1), &tenant, NEVER, at(0))).await;
    one.ringing(&sid(1), &[staff], at(0)).await;
    until("it rings", async || other.is_ringing(staff).await).await;
    assert!(other.caller_is_being_forwarded(tenant.id(), caller).await);
    other.ringing(&sid(1), &[], at(1)).await;
    until("it rings no longer", async || !one.is_ringing(staff).await).await;
    assert!(!one.caller_is_being_forwarded(tenant.id(), caller).await);
}

#[tokio::test]
async fn what_has_rung_out_rings_no_more_when_its_call_is_heard_of_again() {
    let [one, other]: [Ledger; 2] = edges(&fresh_database(), None).await;
    let staff = number("+12045550177");
    one.begin(call(&sid(1), &tenant(1, 1), NEVER, at(0))).await;
    one.ringing(&sid(1), &[staff], at(0)).await;
    until("it rings", async || other.is_ringing(staff).await).await;
    for edge in [&one, &other] {
        edge.sweep(at(31)).await;
        assert!(!edge.is_ringing(staff).await);
    }
    one.ai_over(&sid(1), at(32)).await;
    until("it is heard of", async || other.live().await[0].heard == at(32)).await;
    assert!(!one.is_ringing(staff).await && !other.is_ringing(staff).await);
}

#[tokio::test]
async fn lines_are_those_of_all_edges_together() {
    let [one, other]: [Ledger; 2] = edges(&fresh_database(), Some(2)).await;
    let tenant = tenant(1, 1);
    let begin = async |edge: &Ledger, number| edge.begin(call(&sid(number), &tenant, ALWAYS, at(0))).await.decision;
    assert!(begin(&one, 1).await.available && begin(&other, 2).await.available);
    assert_eq!(begin(&one, 3).await, Decision::fallback(Reason::AiFull));
    know(&one, &sid(2)).await;
    one.ai_over(&sid(2), at(1)).await;
    assert!(begin(&one, 4).await.available);
    assert_eq!(begin(&other, 5).await, Decision::fallback(Reason::AiFull));
}

#[tokio::test]
async fn a_lease_that_runs_out_is_told_of_by_one_edge() {
    let edges: [Ledger; 3] = edges(&fresh_database(), None).await;
    let tenant = tenant(1, 1);
    for number in [1, 2, 3] {
        edges[number - 1].begin(call(&sid(number), &tenant, overflow(9), at(0))).await;
    }
    edges[0].hanging_up(&sid(1), at(0)).await;
    for edge in &edges {
        until("all are known", async || edge.live().await.len() == 3).await;
    }
    // Heard of at one edge only, a moment before the others sweep.
    edges[1].heard(&sid(3), at(100)).await;
    let (mut told, mut late) = (Vec::new(), Vec::new());
    for edge in &edges {
        told.extend(edge.sweep(at(120)).await);
    }
    assert_eq!(told, [(sid(1), EndedBy::HungUp)]);
    for edge in &edges {
        late.extend(edge.sweep(at(6 * 3600)).await);
    }
    assert_eq!(late, [(sid(2), EndedBy::Expired)]);
    for edge in &edges {
        until("one is left", async || edge.live().await.len() == 1).await;
    }
}

#[tokio::test]
async fn a_call_long_unheard_of_is_asked_about_by_one_edge() {
    let edges: [Ledger; 3] = edges(&fresh_database(), None).await;
    for number in 0..20 {
        edges[number % 3].begin(call(&sid(number), &tenant(1, 1), overflow(99), at(0))).await;
    }
    for edge in &edges {
        until("all are known", async || edge.live().await.len() == 20).await;
    }
    for (second, expected) in [(599, 0), (600, 20), (601, 0), (779, 0), (780, 20)] {
        let mut asked: Vec<Sid> = Vec::new();
        for edge in &edges {
            asked.extend(edge.to_ask(at(second), 100).await.into_iter().map(|call| call.sid));
        }
        let listed = asked.len();
        asked.sort();
        asked.dedup();
        assert_eq!((listed, asked.len()), (expected, expected), "after {second} seconds");
    }
}

#[tokio::test]
async fn a_dead_edge_costs_no_live_call_state() {
    let url = fresh_database();
    let [dying, other]: [Ledger; 2] = edges(&url, Some(1)).await;
    let tenant = tenant(1, 1);
    dying.begin(call(&sid(1), &tenant, ALWAYS, at(0))).await;
    dying.begin(call(&sid(2), &tenant, overflow(9), at(0))).await;
    dying.ringing(&sid(2), &[number("+12045550177")], at(0)).await;
    until("it rings", async || other.is_ringing(number("+12045550177")).await).await;
    drop(dying);
    let fresh = shared(&url, Some(1)).await;
    for edge in [&other, &fresh] {
        assert_eq!((edge.live().await.len(), edge.others(tenant.id()).await), (2, 1));
        assert!(edge.is_ringing(number("+12045550177")).await);
        let again = edge.begin(call(&sid(1), &tenant, NEVER, at(1))).await;
        assert_eq!((again.first, again.decision), (false, Decision::ai(Reason::AlwaysOn)));
    }
    assert_eq!(fresh.begin(call(&sid(3), &tenant, ALWAYS, at(1))).await.decision.reason, Reason::AiFull);
    assert!(fresh.end(&sid(1), EndedBy::Status).await);
}

#[tokio::test]
async fn a_start_brings_nothing_back_that_is_live_or_over_in_redis() {
    let url = fresh_database();
    let one = shared(&url, None).await;
    let tenant = tenant(1, 1);
    one.begin(call(&sid(1), &tenant, ALWAYS, at(0))).await;
    one.begin(call(&sid(2), &tenant, overflow(9), at(0))).await;
    one.end(&sid(2), EndedBy::Status).await;
    one.finish().await;
    let fresh = shared(&url, None).await;
    let lost = |call: usize| restored(call, &tenant);
    fresh.restore(vec![lost(1), lost(2), lost(3)], at(10)).await;
    for edge in [&one, &fresh] {
        let calls = async || edge.live().await.into_iter().map(|call| call.sid).collect::<Vec<_>>();
        until("what was missing is there", async || calls().await == [sid(1), sid(3)]).await;
        assert!(edge.look(&sid(1)).await.unwrap().with_ai);
        assert_eq!(edge.others(tenant.id()).await, 1);
    }
}

pub fn restored(call: usize, tenant: &Arc<CompiledTenant>) -> Restored {
    Restored {
        sid: sid(call),
        tenant: Arc::clone(tenant),
        number: None,
        caller: None,
        account: None,
        arrival: Arrival::Number,
        decision: Decision::fallback(Reason::Disabled),
        others: 0,
        with_ai: false,
        began: at(call as i64),
        foreign_answer: None,
    }
}

/// Something that happens at one of two edges.
#[derive(Clone, Debug)]
enum Happening {
    Begins { call: usize, tenant: u8, verdicts: Verdicts, ai_refused: bool },
    Ends(usize),
    AiOver(usize),
    AiAgain(usize),
    Rings(usize, bool),
    HangsUp(usize),
    Heard(usize),
    TimePasses(i64),
}

fn happenings() -> impl Strategy<Value = Vec<(usize, Happening)>> {
    let call = || 0..8_usize;
    let verdicts = prop_oneof![Just(ALWAYS), Just(NEVER), (0..4_u32).prop_map(overflow)];
    let happening = prop_oneof![
        4 => (call(), 1..3_u8, verdicts, any::<bool>())
            .prop_map(|(call, tenant, verdicts, ai_refused)| Happening::Begins { call, tenant, verdicts, ai_refused }),
        2 => call().prop_map(Happening::Ends),
        1 => call().prop_map(Happening::AiOver),
        1 => call().prop_map(Happening::AiAgain),
        1 => (call(), any::<bool>()).prop_map(|(call, does)| Happening::Rings(call, does)),
        1 => call().prop_map(Happening::HangsUp),
        1 => call().prop_map(Happening::Heard),
        1 => (1..200_i64).prop_map(Happening::TimePasses),
    ];
    prop::collection::vec((0..2_usize, happening), 1..40)
}

/// What happens, in words that are compared.
async fn does(edges: &[&Ledger], at_edge: usize, happening: &Happening, second: &mut i64) -> String {
    let (edge, now) = (edges[at_edge], at(*second));
    match happening {
        Happening::Begins { call: number, tenant: whose, verdicts, ai_refused } => {
            let (sid, tenant) = (sid(*number), tenant(*whose, 1));
            let mut begin = call(&sid, &tenant, *verdicts, now);
            begin.ai_refused = ai_refused.then_some(Reason::AiUnavailable);
            let began = edge.begin(begin).await;
            format!("{} {:?} {} {}", began.first, began.decision, began.others, began.tenant.id())
        }
        Happening::Ends(call) => edge.end(&sid(*call), EndedBy::Status).await.to_string(),
        Happening::AiOver(call) => format!("{:?}", edge.ai_over(&sid(*call), now).await),
        Happening::AiAgain(call) => format!("{:?}", edge.ai_again(&sid(*call), now).await),
        Happening::Rings(call, does) => {
            let numbers = if *does { vec![staff(*call)] } else { Vec::new() };
            format!("{:?}", edge.ringing(&sid(*call), &numbers, now).await)
        }
        Happening::HangsUp(call) => format!("{:?}", edge.hanging_up(&sid(*call), now).await),
        Happening::Heard(call) => format!("{:?}", edge.heard(&sid(*call), now).await),
        Happening::TimePasses(seconds) => {
            *second += seconds;
            let mut ended = Vec::new();
            for edge in edges {
                ended.extend(edge.sweep(at(*second)).await);
            }
            ended.sort_by(|one, other| one.0.cmp(&other.0));
            format!("{ended:?}")
        }
    }
}

fn staff(call: usize) -> E164 {
    number(&format!("+120455501{:02}", 10 + call))
}

/// All that can be seen of a ledger.
async fn seen(edge: &Ledger) -> (Vec<LiveCall>, [u32; 2], Vec<bool>) {
    let others = [edge.others(tenant(1, 1).id()).await, edge.others(tenant(2, 1).id()).await];
    let mut rings = Vec::new();
    for call in 0..8 {
        rings.push(edge.is_ringing(staff(call)).await);
    }
    (edge.live().await, others, rings)
}

#[test]
fn two_edges_over_one_redis_are_one_ledger_whatever_happens_at_which() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner =
        TestRunner::new(Config { cases: CASES, max_shrink_iters: 0, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&happenings(), |happenings| {
        runtime.block_on(async {
            let edges: [Ledger; 2] = edges(&fresh_database(), Some(3)).await;
            let oracle = Ledger::memory(Some(3), Arc::default());
            for ledger in edges.iter().chain([&oracle]) {
                ledger.sweep(at(0)).await;
            }
            let (mut ours, mut its) = (0, 0);
            let mut ended = [None; 8];
            for (edge, happening) in &happenings {
                match happening {
                    Happening::Ends(call) => ended[*call] = Some(ours),
                    // How much longer than two minutes an end is remembered is nobody's promise.
                    Happening::Begins { call, .. } if ended[*call].is_some_and(|then| ours - then >= 120) => continue,
                    _ => {}
                }
                let answer = does(&[&edges[0], &edges[1]], *edge, happening, &mut ours).await;
                assert_eq!(answer, does(&[&oracle], 0, happening, &mut its).await, "{happening:?}");
                // Not everything that was told can be seen.
                edges[*edge].finish().await;
                let expected = seen(&oracle).await;
                for edge in &edges {
                    let since = Instant::now();
                    while seen(edge).await != expected && since.elapsed() < KNOWN_WITHIN {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    assert_eq!(seen(edge).await, expected, "{happening:?}");
                }
            }
        });
        Ok(())
    });
    outcome.unwrap();
}
