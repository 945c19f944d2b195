//! A disk that is slow, full, cannot sync or hangs.

use std::sync::atomic::Ordering;
use std::time::Instant;

use tempfile::TempDir;

use super::super::*;
use super::fixtures::*;

#[tokio::test]
async fn many_who_wait_for_durability_share_few_syncs() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), quick(), &store);
    Faults::set(&house.faults.slow_sync, true);
    let waiting: Vec<_> = (0..400)
        .map(|number| {
            let journal = house.journal.clone();
            tokio::spawn(async move { journal.append_durable(record(number)).await })
        })
        .collect();
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    let syncs = house.faults.syncs.load(Ordering::SeqCst);
    assert!(syncs <= 40, "{syncs} syncs for 400 records");
    house.close().await;
    assert_eq!(store.kept().len(), 400);
}

#[tokio::test]
async fn with_a_full_disk_records_go_to_the_store_straight_and_then_to_disk_again() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), quick(), &store);
    house.journal.append_durable(record(0)).await.unwrap();
    Faults::set(&house.faults.is_full, true);
    for number in 1..20 {
        house.journal.append(record(number));
        if number % 5 == 0 {
            let number = 100 + number;
            house.journal.append_durable(record(number)).await.unwrap();
            assert!(store.kept().contains(&number), "acknowledged only when the store has it");
        }
    }
    store.set_away(true);
    Faults::set(&house.faults.is_full, false);
    house.journal.append_durable(record(200)).await.unwrap();
    assert!(!store.kept().contains(&200));
    store.set_away(false);
    house.close().await;
    let expected = [0, 1, 2, 3, 4, 5, 105, 6, 7, 8, 9, 10, 110, 11, 12, 13, 14, 15, 115, 16, 17, 18, 19, 200];
    assert_eq!(store.kept(), expected);
}

#[tokio::test]
async fn what_waits_in_memory_waits_for_all_that_is_on_disk_before_it() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    store.set_away(true);
    let house = House::open(dir.path(), Options { segment_bytes: 500, ..quick() }, &store);
    for number in 0..30 {
        house.journal.append_durable(record(number)).await.unwrap();
    }
    assert!(segments(dir.path()).len() > 3);
    Faults::set(&house.faults.is_full, true);
    (30..40).for_each(|number| house.journal.append(record(number)));
    tokio::time::sleep(Duration::from_millis(20)).await;
    store.set_away(false);
    until(|| store.kept() == (0..40).collect::<Vec<_>>()).await;
    house.close().await;
}

#[tokio::test]
async fn what_waits_in_memory_is_on_disk_once_there_is_room() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    store.set_away(true);
    let house = House::open(dir.path(), quick(), &store);
    Faults::set(&house.faults.is_full, true);
    house.journal.append(record(1));
    let waiting = tokio::spawn({
        let journal = house.journal.clone();
        async move { journal.append_durable(record(2)).await }
    });
    until(|| !segments(dir.path()).is_empty()).await;
    Faults::set(&house.faults.is_full, false);
    waiting.await.unwrap().unwrap();
    house.close().await;
    store.set_away(false);
    drain_all(dir.path(), &store).await;
    assert_eq!(store.kept(), [1, 2]);
}

#[tokio::test]
async fn a_failed_sync_acknowledges_nothing_the_store_does_not_have() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let house = House::open(dir.path(), Options { durable_within: Duration::from_millis(500), ..quick() }, &store);
    Faults::set(&house.faults.cannot_sync, true);
    store.set_away(true);
    house.journal.append_durable(record(1)).await.unwrap_err();
    store.set_away(false);
    house.journal.append_durable(record(2)).await.unwrap();
    assert_eq!(store.kept(), [1, 2]);
    house.close().await;
    drain_all(dir.path(), &store).await;
    assert_eq!(store.kept(), [1, 2], "what the disk has of them after all is not applied again");
}

#[tokio::test]
async fn with_disk_and_store_away_appending_never_blocks_memory_is_bounded_and_losses_are_counted() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    store.set_away(true);
    let options = Options {
        overflow_max: 10,
        durable_within: Duration::from_millis(500),
        retry_every: Duration::from_millis(1),
        ..quick()
    };
    let house = House::open(dir.path(), options, &store);
    Faults::set(&house.faults.is_full, true);
    (0..30).for_each(|number| house.journal.append(record(number)));
    until(|| house.journal.lost() == 20).await;
    house.journal.append_durable(record(99)).await.unwrap_err();
    assert_eq!(house.journal.depth(), 10);
    store.set_away(false);
    until(|| store.kept() == (0..10).collect::<Vec<_>>()).await;
    Faults::set(&house.faults.is_full, false);
    house.journal.append_durable(record(100)).await.unwrap();
    house.close().await;
    assert_eq!(store.kept().last(), Some(&100));
}

#[tokio::test]
async fn a_disk_that_hangs_holds_up_nobody_who_appends() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    let options = Options { queue_max: 50, durable_within: Duration::from_millis(20), ..quick() };
    let house = House::open(dir.path(), options, &store);
    Faults::set(&house.faults.hangs, true);
    house.journal.append_durable(record(0)).await.unwrap_err();
    until(|| house.faults.is_hanging.load(Ordering::SeqCst)).await;
    let begun = Instant::now();
    (1..200).for_each(|number| house.journal.append(record(number)));
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(house.journal.lost(), 149);
    house.journal.append_durable(record(500)).await.unwrap_err();
    Faults::set(&house.faults.hangs, false);
    house.close().await;
    assert_eq!(store.kept(), (0..=50).collect::<Vec<_>>());
}
