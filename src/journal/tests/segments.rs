//! What earlier runs left on disk: cut off, damaged, put back, of another version.

use std::fs;

use tempfile::TempDir;

use super::super::*;
use super::fixtures::*;

#[tokio::test]
async fn cut_off_anywhere_every_record_before_the_cut_is_there_once_and_in_order() {
    let whole = TempDir::new().unwrap();
    write_only(whole.path(), quick(), 0..4).await;
    let [segment] = &segments(whole.path())[..] else { panic!("one segment") };
    let bytes = fs::read(segment).unwrap();
    let record_len = bytes.len() / 4;
    for cut in 0..=bytes.len() {
        let (dir, store) = (TempDir::new().unwrap(), Fake::default());
        fs::write(dir.path().join(segment.file_name().unwrap()), &bytes[..cut]).unwrap();
        drain_all(dir.path(), &store).await;
        assert_eq!(store.kept(), (0..cut / record_len).collect::<Vec<_>>(), "cut at {cut}");
        assert_eq!(segments(dir.path()).len(), 0);
    }
}

#[tokio::test]
async fn damage_in_the_middle_costs_the_damaged_record_only() {
    let whole = TempDir::new().unwrap();
    write_only(whole.path(), quick(), 0..4).await;
    let [segment] = &segments(whole.path())[..] else { panic!("one segment") };
    let bytes = fs::read(segment).unwrap();
    let record_len = bytes.len() / 4;
    for at in (0..bytes.len()).step_by(7) {
        let (dir, store) = (TempDir::new().unwrap(), Fake::default());
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        fs::write(dir.path().join(segment.file_name().unwrap()), damaged).unwrap();
        drain_all(dir.path(), &store).await;
        let spared: Vec<_> = (0..4).filter(|number| *number != at / record_len).collect();
        assert_eq!(store.kept(), spared, "byte {at}");
    }
}

#[tokio::test]
async fn reopening_goes_on_behind_what_was_there_and_uses_no_place_twice() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    for run in 0..4 {
        write_only(dir.path(), Options { segment_bytes: 200, ..quick() }, run * 5..run * 5 + 5).await;
    }
    let (journal, drain) = Journal::open(dir.path(), quick(), Arc::default()).unwrap();
    assert_eq!(journal.depth(), 20);
    journal.append(record(20));
    journal.shutdown().await;
    drain.run(store.clone(), async {}).await;
    assert_eq!(store.kept(), (0..21).collect::<Vec<_>>());
    assert_eq!(store.0.kept.lock().unwrap().0.len(), 5, "each run has a name of its own");
    assert_eq!(journal.depth(), 0);
}

#[tokio::test]
async fn a_directory_that_was_put_back_is_not_applied_again() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    write_only(dir.path(), quick(), 0..5).await;
    let [segment] = &segments(dir.path())[..] else { panic!("one segment") };
    let bytes = fs::read(segment).unwrap();
    drain_all(dir.path(), &store).await;
    fs::write(segment, bytes).unwrap();
    drain_all(dir.path(), &store).await;
    assert_eq!(store.kept(), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_record_of_another_version_is_set_aside() {
    let (dir, store) = (TempDir::new().unwrap(), Fake::default());
    write_only(dir.path(), quick(), 0..1).await;
    let [segment] = &segments(dir.path())[..] else { panic!("one segment") };
    let mut bytes = fs::read(segment).unwrap();
    frame::encode(&mut bytes, 2, br#"{"kind":"of_tomorrow"}"#);
    frame::encode(&mut bytes, 3, &serde_json::to_vec(&record(1)).unwrap());
    fs::write(segment, bytes).unwrap();
    drain_all(dir.path(), &store).await;
    assert_eq!(store.kept(), [0, 1]);
    assert_eq!(fs::read_dir(dir.path().join("refused")).unwrap().count(), 1);
}
