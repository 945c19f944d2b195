//! Redis hangs, dies, forgets, comes back: calls are answered, counts stay bounded, and what happened is merged once.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use patchbay::calls::{COUNTED_WITHIN, Ledger};
use patchbay::model::{EndedBy, Sid};

use super::ledger_battery::{ALWAYS, at, call, overflow, shared_within, sid, tenant};
use super::ledger_shared::{restored, until};
use super::servers::redis::Redis;

/// How much longer than the deadline a begin may take, on a busy machine that also runs other tests.
const LITTLE: Duration = Duration::from_millis(400);

async fn edges<const N: usize>(redis: &Redis) -> [Ledger; N] {
    let mut edges = Vec::new();
    for _ in 0..N {
        let edge = shared_within(&redis.url(), None, COUNTED_WITHIN).await;
        until("Redis counts", async || !edge.is_degraded()).await;
        edges.push(edge);
    }
    edges.try_into().unwrap()
}

async fn shared_again(edges: &[Ledger]) {
    for edge in edges {
        until("Redis counts again", async || !edge.is_degraded()).await;
    }
}

async fn degraded(edges: &[Ledger]) {
    for edge in edges {
        until("it is noticed", async || edge.is_degraded()).await;
    }
}

async fn sids(edge: &Ledger) -> Vec<Sid> {
    edge.live().await.into_iter().map(|call| call.sid).collect()
}

/// Every edge knows these calls and no others, and so counts them.
async fn all_know(edges: &[Ledger], calls: &[usize]) {
    let expected: Vec<Sid> = calls.iter().map(|call| sid(*call)).collect();
    for edge in edges {
        until("every edge knows the same calls", async || {
            let mut known = sids(edge).await;
            known.sort();
            known == expected && edge.others(tenant(1, 1).id()).await as usize == calls.len()
        })
        .await;
    }
}

/// How long it took, and whether the AI was chosen.
async fn begin(edge: &Ledger, number: usize, threshold: u32) -> (Duration, bool, u32) {
    let tenant = tenant(1, 1);
    let since = Instant::now();
    let began = edge.begin(call(&sid(number), &tenant, overflow(threshold), at(number as i64))).await;
    (since.elapsed(), began.decision.available, began.others)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_hangs_a_begin_takes_the_deadline_once_and_then_nobody_waits() {
    let redis = Redis::start();
    let [edge]: [Ledger; 1] = edges(&redis).await;
    redis.pause();
    let (first, ..) = begin(&edge, 1, 9).await;
    assert!(first < COUNTED_WITHIN + LITTLE, "{first:?}");
    assert!(edge.is_degraded());
    let since = Instant::now();
    for number in 2..50 {
        begin(&edge, number, 100).await;
    }
    assert!(since.elapsed() < COUNTED_WITHIN + LITTLE, "forty-eight calls in {:?}", since.elapsed());
    redis.go_on();
    shared_again(std::slice::from_ref(&edge)).await;
    assert_eq!(edge.others(tenant(1, 1).id()).await, 49);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_need_no_count_do_not_wait_for_redis_at_all() {
    let redis = Redis::start();
    let [edge, other]: [Ledger; 2] = edges(&redis).await;
    redis.pause();
    let (tenant, sid) = (tenant(1, 1), sid(1));
    // Nothing of it reaches Redis, and it is not found out either that Redis hangs.
    let began = tokio::time::timeout(COUNTED_WITHIN, edge.begin(call(&sid, &tenant, ALWAYS, at(0)))).await;
    assert!(began.unwrap().decision.available);
    redis.go_on();
    until("the others are told", async || other.look(&sid).await.is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_away_every_edge_counts_on_from_what_all_had_and_no_call_is_refused() {
    let redis = Redis::start();
    let edges: [Ledger; 2] = edges(&redis).await;
    for number in 0..4 {
        begin(&edges[number % 2], number, 100).await;
    }
    all_know(&edges, &[0, 1, 2, 3]).await;
    let port = redis.kill();
    degraded(&edges).await;
    // Each from four on, by its own calls.
    for (at_edge, edge) in edges.iter().enumerate() {
        for own in 0..3 {
            let (_, with_ai, others) = begin(edge, 10 * (at_edge + 1) + own, 6).await;
            assert_eq!((with_ai, others), (own == 2, 4 + own.min(2) as u32), "edge {at_edge}");
        }
    }
    assert!(edges[0].end(&sid(0), EndedBy::Status).await);
    // Another edge ends a call that it did not begin, and one that nobody knows.
    assert!(edges[1].end(&sid(2), EndedBy::Status).await);
    assert!(!edges[1].end(&sid(77), EndedBy::Status).await);
    let redis = Redis::start_on(port);
    shared_again(&edges).await;
    // It has lost everything; what either knows is there again, once. What both ended stays ended.
    for edge in &edges {
        until("merged", async || edge.others(tenant(1, 1).id()).await == 6 && sids(edge).await.len() == 8).await;
    }
    let late = begin(&edges[0], 77, 100).await;
    assert_eq!(late.2, 6);
    all_but_the_ai(&edges, 6).await;
    drop(redis);
}

/// Nothing was added.
async fn all_but_the_ai(edges: &[Ledger], others: u32) {
    for edge in edges {
        assert_eq!(edge.others(tenant(1, 1).id()).await, others);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_was_emptied_is_told_everything_again_and_nothing_twice() {
    let redis = Redis::start();
    let [dead, one, other]: [Ledger; 3] = edges(&redis).await;
    begin(&dead, 1, 100).await;
    begin(&one, 2, 100).await;
    begin(&other, 3, 100).await;
    all_know(&[one.clone(), other.clone()], &[1, 2, 3]).await;
    // What a dead edge began is known to the others.
    drop(dead);
    let edges = [one, other];
    for round in 0..3 {
        redis.flush();
        until("it knows them all", async || redis.say("HLEN {patchbay}:live:leases\r\n").unwrap() == ":3\r\n").await;
        shared_again(&edges).await;
        all_know(&edges, &[1, 2, 3]).await;
        // Fewer than four others: below; a fourth is counted.
        let (_, with_ai, others) = begin(&edges[round % 2], 10, 3).await;
        assert_eq!((with_ai, others), (true, 3), "round {round}");
        assert!(edges[(round + 1) % 2].end(&sid(10), EndedBy::Status).await || round > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_ended_elsewhere_while_redis_hung_stays_ended() {
    let redis = Redis::start();
    let edges: [Ledger; 2] = edges(&redis).await;
    for number in [1, 2] {
        begin(&edges[0], number, 100).await;
    }
    all_know(&edges, &[1, 2]).await;
    redis.pause();
    degraded(&edges).await;
    assert!(edges[1].end(&sid(1), EndedBy::Status).await);
    begin(&edges[0], 3, 100).await;
    edges[0].heard(&sid(2), at(50)).await;
    redis.go_on();
    shared_again(&edges).await;
    all_know(&edges, &[2, 3]).await;
    assert_eq!(redis.say("ZCARD {patchbay}:live:until\r\n").unwrap(), ":2\r\n");
    let heard = edges[1].live().await.into_iter().find(|call| call.sid == sid(2)).unwrap().heard;
    assert_eq!(heard, at(50));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_ran_out_while_redis_hung_counts_no_more_and_is_told_of_once_it_is_back() {
    let redis = Redis::start();
    let edges: [Ledger; 2] = edges(&redis).await;
    for number in [1, 2] {
        begin(&edges[0], number, 100).await;
        edges[0].hanging_up(&sid(number), at(0)).await;
    }
    edges[0].finish().await;
    all_know(&edges, &[1, 2]).await;
    redis.pause();
    degraded(&edges).await;
    // Heard of again at one edge, which alone can know.
    edges[1].heard(&sid(2), at(100)).await;
    for edge in &edges {
        assert_eq!(edge.sweep(at(200)).await, []);
    }
    assert_eq!((edges[0].live().await.len(), edges[1].live().await.len()), (0, 1));
    redis.go_on();
    shared_again(&edges).await;
    let mut told = Vec::new();
    for edge in &edges {
        edge.finish().await;
        told.extend(edge.sweep(at(201)).await);
    }
    assert_eq!(told, [(sid(1), EndedBy::HungUp)]);
    all_know(&edges, &[2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_without_redis_counts_alone_and_shares_once_it_is_there() {
    let redis = Redis::start();
    let (url, port) = (redis.url(), redis.kill());
    let edge = shared_within(&url, None, COUNTED_WITHIN).await;
    assert!(edge.is_degraded());
    edge.restore(vec![restored(1, &tenant(1, 1))], at(5)).await;
    let (_, with_ai, others) = begin(&edge, 2, 1).await;
    assert_eq!((with_ai, others), (true, 1));
    let redis = Redis::start_on(port);
    shared_again(std::slice::from_ref(&edge)).await;
    let [other]: [Ledger; 1] = edges(&redis).await;
    assert_eq!(sids(&other).await, [sid(1), sid(2)]);
    assert_eq!(other.others(tenant(1, 1).id()).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_redis_comes_and_goes_no_call_waits_long_and_at_the_end_nothing_is_left() {
    let redis = Redis::start();
    let edges: [Ledger; 3] = edges(&redis).await;
    let mut calls = tokio::task::JoinSet::new();
    for worker in 0..6_usize {
        let edges = edges.clone();
        calls.spawn(async move {
            let mut longest = Duration::ZERO;
            for number in 0..60 {
                let number = worker * 1_000 + number;
                let (took, ..) = begin(&edges[number % 3], number, 5).await;
                longest = longest.max(took);
                tokio::time::sleep(Duration::from_millis(20)).await;
                edges[(number + worker) % 3].end(&sid(number), EndedBy::Status).await;
                // Wherever its end was told, the edge that began it hears of it too.
                edges[number % 3].end(&sid(number), EndedBy::Status).await;
            }
            longest
        });
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        redis.pause();
        tokio::time::sleep(Duration::from_millis(200)).await;
        redis.go_on();
        tokio::time::sleep(Duration::from_millis(150)).await;
        redis.flush();
    }
    let longest = calls.join_all().await.into_iter().max().unwrap();
    assert!(longest < COUNTED_WITHIN + LITTLE, "{longest:?}");
    shared_again(&edges).await;
    all_know(&edges, &[]).await;
    until("Redis holds none", async || redis.say("ZCARD {patchbay}:live:until\r\n").unwrap() == ":0\r\n").await;
}

#[tokio::test]
async fn what_is_no_address_of_a_redis_is_refused() {
    let find: patchbay::calls::FindSettings = Arc::new(|_, _| Box::pin(async { None }));
    let options = patchbay::calls::SharedOptions {
        url: "redis:nowhere",
        ai_limit: None,
        metrics: Arc::default(),
        find,
        counted_within: COUNTED_WITHIN,
    };
    assert!(Ledger::shared(options).await.is_err());
}
