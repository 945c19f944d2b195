//! A store that is away, or refuses what it is given.

use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::Ordering;

use tempfile::TempDir;

use super::super::*;
use super::fixtures::*;

#[tokio::test]
async fn while_the_store_is_away_records_wait_and_then_all_arrive() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    store.set_away(true);
    let house = House::open(dir.path(), Options { segment_bytes: 2000, ..quick() }, &store);
    for number in 0..300 {
        house.journal.append_durable(record(number)).await.unwrap();
    }
    assert_eq!((store.kept().len(), house.journal.depth()), (0, 300));
    assert!(segments(dir.path()).len() > 5);
    store.set_away(false);
    until(|| house.journal.depth() == 0).await;
    assert_eq!(store.kept(), (0..300).collect::<Vec<_>>());
    house.close().await;
}

#[tokio::test]
async fn a_record_the_store_refuses_is_set_aside_and_holds_up_nobody() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    store.0.poison.lock().unwrap().extend([3, 4, 9]);
    store.set_away(true);
    let house = House::open(dir.path(), quick(), &store);
    for number in 0..9 {
        house.journal.append_durable(record(number)).await.unwrap();
    }
    store.set_away(false);
    until(|| store.kept() == [0, 1, 2, 5, 6, 7, 8]).await;
    house.journal.append_durable(record(9)).await.unwrap();
    house.journal.append_durable(record(10)).await.unwrap();
    until(|| house.journal.depth() == 0).await;
    assert_eq!(store.kept(), [0, 1, 2, 5, 6, 7, 8, 10]);
    let refused = fs::read_dir(dir.path().join("refused")).unwrap();
    let mut aside: Vec<usize> = refused
        .map(|entry| number_of(&serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap()))
        .collect();
    aside.sort_unstable();
    assert_eq!(aside, [3, 4, 9]);
    house.close().await;
}

#[tokio::test]
async fn a_store_that_refuses_everything_is_to_blame_itself() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    store.0.refuses_all.store(true, Ordering::SeqCst);
    let house = House::open(dir.path(), quick(), &store);
    for number in 0..9 {
        house.journal.append_durable(record(number)).await.unwrap();
    }
    until(|| store.0.refusals.load(Ordering::SeqCst) > 60).await;
    assert_eq!(house.journal.depth(), 9);
    store.0.refuses_all.store(false, Ordering::SeqCst);
    until(|| house.journal.depth() == 0).await;
    // It may recover in the middle of the search for a culprit, who then comes behind the others.
    let kept: BTreeSet<usize> = store.kept().into_iter().collect();
    assert_eq!((kept, store.kept().len()), ((0..9).collect(), 9));
    house.close().await;
    assert_eq!(fs::read_dir(dir.path().join("refused")).map_or(0, Iterator::count), 0);
}
