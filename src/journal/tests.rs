//! The journal by its promises: while all is well here, and a file for each thing that can go wrong.
#![allow(clippy::unwrap_used)]

mod disk;
mod fixtures;
mod gathering;
mod schedules;
mod segments;
mod store;

use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::model::{CallEvent, Record};
use fixtures::*;

#[tokio::test]
async fn every_record_reaches_the_store_once_and_in_order_and_segments_are_deleted() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), Options { segment_bytes: 3000, ..quick() }, &store);
    for number in 0..500 {
        house.journal.append(record(number));
        if number % 100 == 0 {
            house.journal.append_durable(record(1000 + number)).await.unwrap();
        }
    }
    until(|| store.kept().len() == 505).await;
    let kept = store.kept();
    let (durable, plain): (Vec<_>, Vec<_>) = kept.iter().copied().partition(|number| *number >= 1000);
    assert_eq!(plain, (0..500).collect::<Vec<_>>());
    assert_eq!(durable, [1000, 1100, 1200, 1300, 1400]);
    until(|| house.journal.depth() == 0).await;
    house.close().await;
    assert_eq!(segments(dir.path()), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_record_is_in_the_store_well_within_a_second() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), Options::default(), &store);
    let begun = Instant::now();
    house.journal.append(record(1));
    until(|| store.kept() == [1]).await;
    assert!(begun.elapsed() < Duration::from_millis(900));
    house.close().await;
}

#[test]
fn a_second_process_on_the_same_directory_is_told_so() {
    let dir = TempDir::new().unwrap();
    let (journal, drain) = Journal::open(dir.path(), quick(), Arc::default()).unwrap();
    let refusal = Journal::open(dir.path(), quick(), Arc::default()).unwrap_err().to_string();
    assert!(refusal.contains("another patchbay process is using the spool directory"), "{refusal}");
    drop((journal, drain));
    // The writer lets go in its own time.
    let begun = Instant::now();
    while Journal::open(dir.path(), quick(), Arc::default()).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
}

#[tokio::test]
async fn after_shutdown_nothing_is_taken_and_all_before_is_on_disk() {
    let dir = TempDir::new().unwrap();
    let (journal, drain) = Journal::open(dir.path(), Options::default(), Arc::default()).unwrap();
    journal.append(record(1));
    journal.shutdown().await;
    journal.append_durable(record(2)).await.unwrap_err();
    journal.append(record(3));
    assert_eq!((journal.lost(), journal.depth()), (1, 1));
    drop((journal, drain));
    let store = Fake::default();
    drain_all(dir.path(), &store).await;
    assert_eq!(store.kept(), [1]);
}

#[tokio::test]
async fn a_record_too_long_to_be_read_again_is_not_written() {
    let dir = TempDir::new().unwrap();
    let (journal, drain) = Journal::open(dir.path(), quick(), Arc::default()).unwrap();
    let with = |what: String| match record(1) {
        Record::CallEvent(event) => Record::CallEvent(CallEvent { what, ..event }),
        other => other,
    };
    let around = serde_json::to_vec(&with(String::new())).unwrap().len();
    let longest = "1".repeat(frame::PAYLOAD_MAX - around);
    journal.append_durable(with(format!("{longest}1"))).await.unwrap_err();
    journal.append(with(format!("{longest}1")));
    assert_eq!((journal.lost(), journal.depth()), (1, 0));
    journal.append_durable(with(longest)).await.unwrap();
    assert_eq!((journal.lost(), journal.depth()), (1, 1));
    journal.shutdown().await;
    drop((journal, drain));
}
