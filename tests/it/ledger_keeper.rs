//! The keeper: it ends a call on a definite answer only, and never asks more than it may at once.
#![allow(clippy::unwrap_used)]

use std::future::pending;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use patchbay::calls::{Ended, Ledger, LiveCall, Pace, Told, keep};
use patchbay::model::EndedBy;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::ledger_battery::{NEVER, at, call, sid, tenant};

/// A keeper with a clock that is set by hand.
struct Kept {
    ledger: Ledger,
    clock: Arc<AtomicI64>,
    ended: mpsc::UnboundedReceiver<Ended>,
    keeper: JoinHandle<()>,
}

impl Kept {
    /// A ledger of `calls` calls begun at second 0, kept at a pace that no test has to wait for.
    async fn new<Answer>(calls: usize, ask: impl Fn(LiveCall) -> Answer + Send + Sync + 'static) -> Kept
    where
        Answer: Future<Output = Option<Told>> + Send + 'static,
    {
        let ledger = Ledger::memory(None, Arc::default());
        for number in 0..calls {
            ledger.begin(call(&sid(number), &tenant(1, 1), NEVER, at(0))).await;
        }
        let clock = Arc::new(AtomicI64::new(0));
        let (tell, ended) = mpsc::unbounded_channel();
        let pace =
            Pace { sweep_every: Duration::from_millis(1), asking_max: 3, answer_within: Duration::from_millis(20) };
        let now = Arc::clone(&clock);
        let keeper = tokio::spawn(keep(
            ledger.clone(),
            move || at(now.load(Ordering::SeqCst)),
            ask,
            move |end| drop(tell.send(end)),
            pace,
            pending(),
        ));
        Kept { ledger, clock, ended, keeper }
    }

    fn set_clock(&self, second: i64) {
        self.clock.store(second, Ordering::SeqCst);
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

#[tokio::test]
async fn a_call_ends_when_its_provider_says_so() {
    let mut kept = Kept::new(20, |_| async { Some(Told::Over(Some("completed".to_owned()))) }).await;
    kept.set_clock(600);
    for _ in 0..20 {
        let end = kept.ended.recv().await.unwrap();
        assert_eq!((end.by, end.at, end.status.as_deref()), (EndedBy::Asked, at(600), Some("completed")));
    }
    assert_eq!(kept.ledger.live().await, []);
}

#[tokio::test]
async fn an_unreachable_silent_or_broken_provider_changes_nothing() {
    let (seen, mut asked) = mpsc::unbounded_channel();
    let turn = AtomicUsize::new(0);
    let kept = Kept::new(4, move |call| {
        let way = turn.fetch_add(1, Ordering::SeqCst) % 3;
        seen.send(call.sid).unwrap();
        async move {
            match way {
                0 => None,
                1 => pending().await,
                _ => panic!("a question that panics, on purpose"),
            }
        }
    })
    .await;
    for round in 0..3 {
        // Ten minutes unheard of, then again every three.
        kept.set_clock(600 + round * 180);
        for _ in 0..4 {
            asked.recv().await.unwrap();
        }
    }
    assert_eq!(kept.ledger.live().await.len(), 4);
    assert_eq!(kept.ledger.others(tenant(1, 1).id()).await, 4);
}

#[tokio::test]
async fn a_call_that_goes_on_is_left_alone_for_another_ten_minutes() {
    let (seen, mut asked) = mpsc::unbounded_channel();
    let kept = Kept::new(1, move |call| {
        seen.send(call.heard).unwrap();
        async { Some(Told::GoesOn) }
    })
    .await;
    for second in [600, 1200, 1800] {
        kept.set_clock(second - 1);
        // Several looks at the ledger go by.
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(asked.try_recv().is_err(), "not yet");
        kept.set_clock(second);
        assert_eq!(asked.recv().await, Some(at(second - 600)));
        while kept.ledger.live().await[0].heard != at(second) {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn only_so_many_questions_are_under_way_at_once_and_all_are_asked() {
    let under_way = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (now, high, all) = (Arc::clone(&under_way), Arc::clone(&most), Arc::clone(&seen));
    let mut kept = Kept::new(200, move |call| {
        let (now, high, all) = (Arc::clone(&now), Arc::clone(&high), Arc::clone(&all));
        async move {
            high.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            all.lock().unwrap().push(call.sid);
            tokio::task::yield_now().await;
            now.fetch_sub(1, Ordering::SeqCst);
            Some(Told::Over(None))
        }
    })
    .await;
    kept.set_clock(600);
    for _ in 0..200 {
        kept.ended.recv().await.unwrap();
    }
    assert!(most.load(Ordering::SeqCst) <= 3);
    assert_eq!(seen.lock().unwrap().len(), 200, "each once");
}

#[tokio::test]
async fn leases_that_run_out_are_told_of() {
    let mut kept = Kept::new(2, |_| pending()).await;
    kept.ledger.hanging_up(&sid(0), at(0)).await;
    kept.set_clock(120);
    let end = kept.ended.recv().await.unwrap();
    assert_eq!((end.sid.clone(), end.by), (sid(0), EndedBy::HungUp));
    kept.set_clock(6 * 3600);
    let end = kept.ended.recv().await.unwrap();
    assert_eq!((end.sid.clone(), end.by), (sid(1), EndedBy::Expired));
}
