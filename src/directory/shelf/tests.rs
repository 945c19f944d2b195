//! One load a key, whoever comes and goes; stale rather than nothing; never older than a change one knows of.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::*;

/// Longer than any test takes: who waits this long has found a fault.
const PATIENT: Duration = Duration::from_secs(20);
/// For callers who are meant to give up.
const IMPATIENT: Duration = Duration::from_millis(5);

type TestShelf = Shelf<u64, u32>;
type Loaded = Result<Option<u32>, StoreError>;
type Caller = tokio::task::JoinHandle<(Option<u32>, Lookup)>;

fn shelf() -> TestShelf {
    Shelf::new(100, Handle::current(), Duration::ZERO)
}

fn away() -> Loaded {
    Err(StoreError::Away("unplugged".to_owned()))
}

async fn ask(shelf: &TestShelf, key: u64, answer: Loaded) -> (Option<u32>, Lookup) {
    flat(shelf.get(&key, &Patience::of(PATIENT), || async move { answer }).await)
}

fn flat((found, how): (Found<Arc<u32>>, Lookup)) -> (Option<u32>, Lookup) {
    match found {
        Found::Known(value) => (Some(*value), how),
        Found::Unknown => (None, how),
        Found::Trouble => (None, Lookup::Error),
    }
}

/// Begins a lookup whose load waits for a word from the test.
fn slow(shelf: &TestShelf, key: u64, patience: Duration) -> (oneshot::Sender<Loaded>, Caller, oneshot::Receiver<()>) {
    let (answer, answered) = oneshot::channel();
    let (started, has_started) = oneshot::channel();
    let shelf = shelf.clone();
    let caller = tokio::spawn(async move {
        let load = || async move {
            let _ = started.send(());
            answered.await.unwrap()
        };
        flat(shelf.get(&key, &Patience::of(patience), load).await)
    });
    (answer, caller, has_started)
}

#[tokio::test]
async fn known_and_unknown_are_both_loaded_once() {
    let shelf = shelf();
    assert_eq!(ask(&shelf, 1, Ok(Some(10))).await, (Some(10), Lookup::Miss));
    assert_eq!(ask(&shelf, 1, Ok(Some(11))).await, (Some(10), Lookup::Hit));
    assert_eq!(ask(&shelf, 2, Ok(None)).await, (None, Lookup::Miss));
    assert_eq!(ask(&shelf, 2, Ok(Some(20))).await, (None, Lookup::Negative));
}

#[tokio::test]
async fn a_failed_lookup_is_not_unknown_and_is_not_kept() {
    let shelf = shelf();
    assert_eq!(ask(&shelf, 1, away()).await, (None, Lookup::Error));
    assert_eq!(ask(&shelf, 1, Ok(Some(10))).await, (Some(10), Lookup::Miss));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_of_one_cold_key_are_one_load() {
    let shelf = shelf();
    let loads = Arc::new(AtomicU32::new(0));
    let (answer, answered) = watch::channel(false);
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..1000 {
        let (shelf, loads, mut answered) = (shelf.clone(), Arc::clone(&loads), answered.clone());
        callers.spawn(async move {
            let load = || async move {
                loads.fetch_add(1, Ordering::Relaxed);
                answered.wait_for(|answered| *answered).await.unwrap();
                Ok(Some(10))
            };
            flat(shelf.get(&1, &Patience::of(PATIENT), load).await).0
        });
    }
    answer.send(true).unwrap();
    assert!(callers.join_all().await.into_iter().all(|value| value == Some(10)));
    assert_eq!(loads.load(Ordering::Relaxed), 1);
    assert!(shelf.inner.loads.is_empty());
}

#[tokio::test]
async fn whoever_gives_up_leaves_the_load_to_the_next() {
    let shelf = shelf();
    let (answer, caller, _) = slow(&shelf, 1, IMPATIENT);
    assert_eq!(caller.await.unwrap(), (None, Lookup::Error));
    let next = ask(&shelf, 1, Ok(Some(99)));
    answer.send(Ok(Some(10))).unwrap();
    assert_eq!(next.await.0, Some(10), "the first load went on");
}

#[tokio::test]
async fn a_cancelled_caller_does_not_cancel_the_load() {
    let shelf = shelf();
    let (answer, caller, started) = slow(&shelf, 1, PATIENT);
    started.await.unwrap();
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    let next = ask(&shelf, 1, Ok(Some(99)));
    answer.send(Ok(Some(10))).unwrap();
    assert_eq!(next.await.0, Some(10));
}

#[tokio::test]
async fn a_change_is_seen_by_the_next_caller() {
    let shelf = shelf();
    ask(&shelf, 1, Ok(Some(10))).await;
    ask(&shelf, 2, Ok(None)).await;
    shelf.forget(&1);
    shelf.forget(&2);
    assert_eq!(ask(&shelf, 1, Ok(Some(11))).await, (Some(11), Lookup::Miss));
    assert_eq!(ask(&shelf, 2, Ok(Some(20))).await, (Some(20), Lookup::Miss));
    shelf.forget(&1);
    assert_eq!(ask(&shelf, 1, Ok(None)).await, (None, Lookup::Miss));
    assert_eq!(ask(&shelf, 1, Ok(Some(12))).await, (None, Lookup::Negative));
}

#[tokio::test]
async fn a_change_of_some_leaves_the_others_alone_and_drops_what_was_unknown() {
    let shelf = shelf();
    for key in 1..=3 {
        ask(&shelf, key, Ok(Some(key as u32))).await;
    }
    ask(&shelf, 4, Ok(None)).await;
    shelf.forget_if(|value| *value == 2);
    assert_eq!(ask(&shelf, 1, Ok(Some(9))).await, (Some(1), Lookup::Hit));
    assert_eq!(ask(&shelf, 2, Ok(Some(9))).await, (Some(9), Lookup::Miss));
    assert_eq!(ask(&shelf, 3, Ok(Some(9))).await, (Some(3), Lookup::Hit));
    assert_eq!(ask(&shelf, 4, Ok(Some(9))).await, (Some(9), Lookup::Miss));
}

#[tokio::test]
async fn while_the_store_is_away_what_was_known_stands_in() {
    let shelf = shelf();
    ask(&shelf, 1, Ok(Some(10))).await;
    shelf.forget(&1);
    assert_eq!(ask(&shelf, 1, away()).await, (Some(10), Lookup::Stale));
    assert_eq!(shelf.peek(&1).as_deref(), Some(&10));
    assert_eq!(ask(&shelf, 1, Ok(Some(11))).await, (Some(11), Lookup::Miss), "it heals");
    shelf.forget(&1);
    let (_answer, caller, _) = slow(&shelf, 1, IMPATIENT);
    assert_eq!(caller.await.unwrap(), (Some(11), Lookup::Stale), "silence is no better than a refusal");
}

#[tokio::test]
async fn after_a_failure_stale_entries_are_given_at_once_for_a_while() {
    let shelf: TestShelf = Shelf::new(100, Handle::current(), PATIENT);
    ask(&shelf, 1, Ok(Some(10))).await;
    shelf.forget(&1);
    assert_eq!(ask(&shelf, 1, away()).await, (Some(10), Lookup::Stale));
    assert_eq!(ask(&shelf, 1, Ok(Some(11))).await, (Some(10), Lookup::Stale));
    shelf.forget(&1);
    assert_eq!(ask(&shelf, 1, Ok(Some(12))).await, (Some(12), Lookup::Miss), "a change ends the while");
}

#[tokio::test]
async fn a_load_from_before_a_change_is_not_kept() {
    for all in [false, true] {
        for before in [Ok(Some(10)), Ok(None)] {
            let shelf = shelf();
            let (answer, caller, started) = slow(&shelf, 1, PATIENT);
            started.await.unwrap();
            if all {
                shelf.forget_if(|_| false)
            } else {
                shelf.forget(&1)
            }
            assert_eq!(ask(&shelf, 1, Ok(Some(11))).await, (Some(11), Lookup::Miss), "it does not join the old load");
            let expected = before.as_ref().unwrap().to_owned();
            answer.send(before).unwrap();
            assert_eq!(caller.await.unwrap().0, expected);
            assert_eq!(ask(&shelf, 1, Ok(Some(12))).await, (Some(11), Lookup::Hit));
        }
    }
}

#[tokio::test]
async fn a_load_that_panics_is_trouble_and_the_next_begins_anew() {
    let shelf = shelf();
    let load = || async { panic!("a fault in whoever loads") };
    assert_eq!(flat(shelf.get(&1, &Patience::of(PATIENT), load).await), (None, Lookup::Error));
    assert_eq!(ask(&shelf, 1, Ok(Some(10))).await, (Some(10), Lookup::Miss));
}

#[tokio::test]
async fn a_flood_of_keys_nobody_knows_is_bounded_in_loads_and_in_memory() {
    let shelf = shelf();
    ask(&shelf, 0, Ok(Some(10))).await;
    let mut waiting = Vec::new();
    for key in 1..=LOADS_MAX as u64 {
        waiting.push(slow(&shelf, key, PATIENT));
    }
    for (_, _, started) in &mut waiting {
        started.await.unwrap();
    }
    assert_eq!(ask(&shelf, 1_000_000, Ok(None)).await, (None, Lookup::Error), "one more is too many");
    for (answer, caller, _) in waiting {
        answer.send(Ok(None)).unwrap();
        assert_eq!(caller.await.unwrap().0, None);
    }
    for key in 0..100_000 {
        shelf.inner.put(&(2_000_000 + key), &Outcome::Unknown);
    }
    assert!(shelf.inner.unknown.len() <= UNKNOWN_MAX);
    assert_eq!(ask(&shelf, 0, Ok(None)).await, (Some(10), Lookup::Hit), "what is known is not pushed out");
}

#[tokio::test]
async fn known_things_are_bounded_too() {
    let shelf = shelf();
    for key in 0..10_000 {
        ask(&shelf, key, Ok(Some(1))).await;
    }
    assert!(shelf.inner.known.len() <= 100);
}

/// Writers change a value and say so; readers must never see a fresh entry older than what was said before they asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_sees_a_value_from_before_a_change_they_know_of() {
    let shelf = shelf();
    let stored = Arc::new(AtomicU32::new(0));
    let said = Arc::new(AtomicU32::new(0));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (shelf, stored, said) = (shelf.clone(), Arc::clone(&stored), Arc::clone(&said));
        readers.spawn(async move {
            while said.load(Ordering::SeqCst) < 2_000 {
                let at_least = said.load(Ordering::SeqCst);
                let stored = Arc::clone(&stored);
                let load = || async move {
                    let read = stored.load(Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    Ok(Some(read))
                };
                let (value, how) = flat(shelf.get(&1, &Patience::of(PATIENT), load).await);
                assert!(value.unwrap() >= at_least, "{value:?} although {at_least} was said ({how:?})");
            }
        });
    }
    for version in 1..=2_000 {
        stored.store(version, Ordering::SeqCst);
        shelf.forget(&1);
        said.store(version, Ordering::SeqCst);
        tokio::task::yield_now().await;
    }
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}
