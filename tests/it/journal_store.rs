//! Journal, drain and SQLite store as they work together: what one promises the next keeps.

use std::path::Path;
use std::time::{Duration, Instant};

use patchbay::journal::{Journal, Options};
use patchbay::model::{EndedBy, Record, VoicemailState};
use patchbay::store::{Ask, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Executor};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::store_fixtures::*;

/// A journal that drains into the store of its directory.
struct Kept {
    journal: Journal,
    store: Store,
    stop: oneshot::Sender<()>,
    drained: JoinHandle<()>,
}

/// Small segments, and nobody waits long.
fn options() -> Options {
    Options {
        segment_bytes: 2_000,
        gather: Duration::from_millis(1),
        flush_every: Duration::from_millis(5),
        apply_within: Duration::from_millis(5),
        backoff_min: Duration::from_millis(5),
        backoff_max: Duration::from_millis(50),
        ..Options::default()
    }
}

async fn store(dir: &Path) -> Store {
    Store::open(&format!("sqlite:{}", dir.join("patchbay.db").display()), &KEY).await.unwrap()
}

/// A connection past the store's doors.
async fn raw(dir: &Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(dir.join("patchbay.db")).connect().await.unwrap()
}

impl Kept {
    async fn open(dir: &Path) -> Kept {
        let store = store(dir).await;
        let (journal, drain) = {
            let begun = Instant::now();
            // The last run's writer lets go of the directory in its own time.
            loop {
                match Journal::open(&dir.join("spool"), options(), Default::default()) {
                    Ok(opened) => break opened,
                    Err(error) => assert!(begun.elapsed() < Duration::from_secs(20), "{error}"),
                }
                tokio::task::yield_now().await;
            }
        };
        let (stop, stopped) = oneshot::channel();
        let draining = drain.run(store.clone(), async { drop(stopped.await) });
        Kept { journal, store, stop, drained: tokio::spawn(draining) }
    }

    async fn all_in_the_store(&self) {
        let begun = Instant::now();
        while self.journal.depth() > 0 {
            assert!(begun.elapsed() < Duration::from_secs(20), "{} records wait", self.journal.depth());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn close(self) {
        self.journal.shutdown().await;
        self.stop.send(()).unwrap();
        self.drained.await.unwrap();
    }

    /// Stops as a process that is killed does: in the middle of whatever the drain is at.
    async fn die(self) {
        self.drained.abort();
        let _ = self.drained.await;
        self.journal.shutdown().await;
    }

    async fn heard(&self, call: &str) -> Vec<String> {
        let row = self.store.call(&sid(call)).await.unwrap();
        row.map(|row| row.events.into_iter().map(|event| event.what).collect()).unwrap_or_default()
    }
}

/// An event of a call; all at one instant, so that only the order in which they were applied tells them apart.
fn said(call: &str, number: usize) -> Record {
    Record::CallEvent(event(call, &number.to_string(), 1))
}

fn counted(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn over_deaths_and_restarts_each_record_is_in_the_store_once_and_each_calls_in_their_order() {
    let dir = TempDir::new().unwrap();
    let calls = ["CA1", "CA2", "CA3"];
    let mut told = 0;
    for run in 0..12 {
        let kept = Kept::open(dir.path()).await;
        for number in told..told + 25 {
            for call in calls {
                kept.journal.append(said(call, number));
            }
        }
        told += 25;
        let message = news(run, "CA1", Some("RE1"), VoicemailState::Ready, i64::from(run));
        kept.journal.append_durable(Record::Voicemail(message)).await.unwrap();
        // At another moment of the drain's work each time.
        tokio::time::sleep(Duration::from_millis(u64::from(run % 6) * 3)).await;
        if run % 3 == 2 { kept.close().await } else { kept.die().await }
    }
    let kept = Kept::open(dir.path()).await;
    kept.all_in_the_store().await;
    for call in calls {
        assert_eq!(kept.heard(call).await, counted(0..told), "{call}");
    }
    let voicemails = kept.store.voicemails(&Ask::default()).await.unwrap();
    assert_eq!(voicemails.rows.len(), 1, "one recording is one voicemail, however often it was told");
    kept.close().await;
    let left = std::fs::read_dir(dir.path().join("spool")).unwrap().map(|entry| entry.unwrap().path());
    assert_eq!(left.filter(|path| path.extension().is_some_and(|end| end == "log")).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_live_until_its_end_is_kept_and_an_end_that_comes_first_counts_too() {
    let dir = TempDir::new().unwrap();
    let kept = Kept::open(dir.path()).await;
    kept.journal.append(Record::CallBegan(began("CA1", None, 1)));
    kept.journal.append(Record::CallEnded(ended("CA2", EndedBy::Status, 2)));
    kept.journal.append(Record::CallBegan(began("CA2", None, 1)));
    kept.journal.append(Record::CallBegan(began("CA3", None, 1)));
    kept.journal.append(Record::CallEnded(ended("CA3", EndedBy::Asked, 2)));
    kept.all_in_the_store().await;
    let live = kept.store.live_calls(at(0)).await.unwrap();
    assert_eq!(live.iter().map(|call| call.began.call_sid.as_str()).collect::<Vec<_>>(), ["CA1"]);
    kept.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_locked_messages_are_acknowledged_at_once_and_arrive_when_it_is_free() {
    let dir = TempDir::new().unwrap();
    let kept = Kept::open(dir.path()).await;
    let mut locker = raw(dir.path()).await;
    locker.execute("BEGIN EXCLUSIVE").await.unwrap();
    let begun = Instant::now();
    for number in 0..40 {
        kept.journal.append_durable(said("CA1", number)).await.unwrap();
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(kept.journal.depth(), 40);
    // Long enough for the drain to have tried and failed.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!((kept.heard("CA1").await, kept.journal.depth()), (Vec::new(), 40));
    locker.execute("ROLLBACK").await.unwrap();
    kept.all_in_the_store().await;
    assert_eq!(kept.heard("CA1").await, counted(0..40));
    kept.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_while_the_store_is_locked_outlives_the_process() {
    let dir = TempDir::new().unwrap();
    let kept = Kept::open(dir.path()).await;
    let mut locker = raw(dir.path()).await;
    locker.execute("BEGIN EXCLUSIVE").await.unwrap();
    for number in 0..10 {
        kept.journal.append_durable(said("CA1", number)).await.unwrap();
    }
    kept.die().await;
    locker.execute("ROLLBACK").await.unwrap();
    let kept = Kept::open(dir.path()).await;
    kept.all_in_the_store().await;
    assert_eq!(kept.heard("CA1").await, counted(0..10));
    kept.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_the_store_cannot_take_is_set_aside_with_its_reason_and_holds_up_nobody() {
    let dir = TempDir::new().unwrap();
    drop(store(dir.path()).await);
    // Nothing we know is refused; so the table is taught to refuse one.
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON call_events WHEN new.what IN ('3', '4', '9') \
                  BEGIN SELECT RAISE(ABORT, 'refused on purpose'); END";
    raw(dir.path()).await.execute(poison).await.unwrap();
    let kept = Kept::open(dir.path()).await;
    for number in 0..12 {
        kept.journal.append_durable(said("CA1", number)).await.unwrap();
        kept.journal.append(said("CA2", number + 100));
    }
    kept.all_in_the_store().await;
    assert_eq!(kept.heard("CA1").await, ["0", "1", "2", "5", "6", "7", "8", "10", "11"]);
    assert_eq!(kept.heard("CA2").await, counted(100..112));
    let query = "SELECT record, why FROM refused ORDER BY seq";
    let refused: Vec<(String, String)> = sqlx::query_as(query).fetch_all(&mut raw(dir.path()).await).await.unwrap();
    let records: Vec<Record> = refused.iter().map(|(record, _)| serde_json::from_str(record).unwrap()).collect();
    assert_eq!(records, [said("CA1", 3), said("CA1", 4), said("CA1", 9)]);
    assert!(refused.iter().all(|(_, why)| why.contains("refused on purpose")), "{refused:?}");
    kept.close().await;

    // What was set aside is not tried again at every start.
    let kept = Kept::open(dir.path()).await;
    assert_eq!(kept.journal.depth(), 0);
    kept.close().await;
}
