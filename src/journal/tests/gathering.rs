//! Records are gathered before they are applied, and nobody waits for that who should not.

use std::sync::atomic::Ordering;
use std::time::Instant;

use tempfile::TempDir;

use super::super::*;
use super::fixtures::*;

/// Longer than any test.
fn patient() -> Options {
    Options { apply_within: Duration::from_secs(3_600), ..quick() }
}

async fn append(house: &House, numbers: std::ops::Range<usize>) {
    for number in numbers {
        house.journal.append_durable(record(number)).await.unwrap();
    }
}

#[tokio::test]
async fn few_records_wait_for_more_and_go_together_once_they_are_enough() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), patient(), &store);
    append(&house, 0..63).await;
    assert_eq!((store.kept().len(), house.journal.depth()), (0, 63));
    append(&house, 63..64).await;
    until(|| store.kept().len() == 64).await;
    assert_eq!(store.0.applied.load(Ordering::SeqCst), 1, "in one transaction");
    until(|| (house.journal.depth(), house.journal.done()) == (0, 64)).await;
    house.close().await;
}

#[tokio::test]
async fn what_is_gathered_goes_when_its_time_is_over() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), Options { apply_within: Duration::from_millis(30), ..quick() }, &store);
    let begun = Instant::now();
    append(&house, 0..3).await;
    until(|| store.kept() == [0, 1, 2]).await;
    assert!(begun.elapsed() >= Duration::from_millis(30));
    house.close().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_gathering() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), patient(), &store);
    append(&house, 0..5).await;
    house.close().await;
    assert_eq!(store.kept(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_stop_that_comes_before_the_journals_does_not_either() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), patient(), &store);
    append(&house, 0..5).await;
    house.stop();
    until(|| store.kept() == [0, 1, 2, 3, 4]).await;
    house.journal.shutdown().await;
    house.drained.await.unwrap();
}

#[tokio::test]
async fn whoever_waits_until_all_is_in_the_store_does_not_wait_for_gathering() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), patient(), &store);
    append(&house, 0..5).await;
    assert_eq!(house.journal.settled(Duration::from_secs(20)).await, 0);
    assert_eq!(store.kept(), [0, 1, 2, 3, 4]);
    house.close().await;
}

#[tokio::test]
async fn what_an_earlier_run_left_is_not_gathered() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    write_only(dir.path(), patient(), 0..5).await;
    let house = House::open(dir.path(), patient(), &store);
    house.journal.caught_up().await;
    assert_eq!(store.kept(), [0, 1, 2, 3, 4]);
    house.close().await;
}

#[tokio::test]
async fn what_the_disk_refused_is_not_gathered() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), patient(), &store);
    append(&house, 0..2).await;
    Faults::set(&house.faults.is_full, true);
    append(&house, 2..3).await;
    assert_eq!(store.kept(), [0, 1, 2], "acknowledged only when the store has it");
    Faults::set(&house.faults.is_full, false);
    house.close().await;
}
