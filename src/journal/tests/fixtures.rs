//! What the journal's tests run on: a store and a disk that fail on demand, and a journal with its drain between them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::super::*;
use crate::model::Record;
use crate::model::{CallEvent, Sid};
use crate::store::{Numbered, StoreError};

pub(super) fn record(number: usize) -> Record {
    Record::CallEvent(CallEvent {
        call_sid: Sid::parse("CA1").unwrap(),
        at: Timestamp::UNIX_EPOCH,
        what: number.to_string(),
        outcome: None,
        step: None,
    })
}

pub(super) fn number_of(record: &Record) -> usize {
    match record {
        Record::CallEvent(event) => event.what.parse().unwrap(),
        other => panic!("not a record of these tests: {other:?}"),
    }
}

/// Everything fast, so that nobody waits.
pub(super) fn quick() -> Options {
    Options {
        gather: Duration::from_millis(1),
        flush_every: Duration::from_millis(3),
        retry_every: Duration::from_millis(3),
        durable_within: Duration::from_secs(5),
        apply_within: Duration::from_millis(1),
        backoff_min: Duration::from_millis(1),
        backoff_max: Duration::from_millis(4),
        ..Options::default()
    }
}

/// A store that can be away, refuse, or apply without saying so.
#[derive(Clone, Debug, Default)]
pub(super) struct Fake(pub(super) Arc<FakeState>);

#[derive(Debug, Default)]
pub(super) struct FakeState {
    pub(super) kept: Mutex<(BTreeMap<String, u64>, Vec<usize>)>,
    pub(super) is_away: AtomicBool,
    pub(super) refuses_all: AtomicBool,
    pub(super) refusals: AtomicUsize,
    /// Batches taken.
    pub(super) applied: AtomicUsize,
    pub(super) loses_answers: AtomicBool,
    pub(super) poison: Mutex<BTreeSet<usize>>,
}

impl Fake {
    pub(super) fn kept(&self) -> Vec<usize> {
        self.0.kept.lock().unwrap().1.clone()
    }

    pub(super) fn set_away(&self, is_away: bool) {
        self.0.is_away.store(is_away, Ordering::SeqCst);
    }
}

impl Sink for Fake {
    async fn apply(&self, journal: &str, records: &[Numbered]) -> Result<(), StoreError> {
        if self.0.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Away("on purpose".to_owned()));
        }
        let mut kept = self.0.kept.lock().unwrap();
        let (cursors, numbers) = &mut *kept;
        let cursor = cursors.entry(journal.to_owned()).or_default();
        let fresh: Vec<_> = records.iter().filter(|numbered| numbered.seq > *cursor).collect();
        assert!(records.is_sorted_by(|one, next| one.seq < next.seq), "in order, each once");
        let poison = self.0.poison.lock().unwrap();
        let is_poisoned = fresh.iter().any(|numbered| poison.contains(&number_of(&numbered.record)));
        if is_poisoned || self.0.refuses_all.load(Ordering::SeqCst) {
            self.0.refusals.fetch_add(1, Ordering::SeqCst);
            return Err(StoreError::Failed("on purpose".to_owned()));
        }
        for numbered in fresh {
            numbers.push(number_of(&numbered.record));
            *cursor = numbered.seq;
        }
        self.0.applied.fetch_add(1, Ordering::SeqCst);
        if self.0.loses_answers.load(Ordering::SeqCst) {
            return Err(StoreError::Away("after it was done".to_owned()));
        }
        Ok(())
    }

    async fn applied(&self, journal: &str) -> Result<u64, StoreError> {
        if self.0.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::Away("on purpose".to_owned()));
        }
        Ok(self.0.kept.lock().unwrap().0.get(journal).copied().unwrap_or(0))
    }
}

/// A disk that can be full, fail to sync, or hang.
#[derive(Debug)]
pub(super) struct Faulty {
    files: Files,
    faults: Arc<Faults>,
}

#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) is_full: AtomicBool,
    pub(super) cannot_sync: AtomicBool,
    pub(super) hangs: AtomicBool,
    pub(super) is_hanging: AtomicBool,
    pub(super) slow_sync: AtomicBool,
    pub(super) syncs: AtomicUsize,
}

impl Faults {
    pub(super) fn set(fault: &AtomicBool, on: bool) {
        fault.store(on, Ordering::SeqCst);
    }
}

impl Disk for Faulty {
    fn create(&mut self, path: &Path) -> io::Result<()> {
        self.files.create(path)
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        while self.faults.hangs.load(Ordering::SeqCst) {
            self.faults.is_hanging.store(true, Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
        }
        if self.faults.is_full.load(Ordering::SeqCst) {
            // As a full disk does: some of it is written.
            self.files.write(&bytes[..bytes.len() * 2 / 3])?;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.files.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.faults.syncs.fetch_add(1, Ordering::SeqCst);
        if self.faults.slow_sync.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if self.faults.cannot_sync.load(Ordering::SeqCst) {
            return Err(io::Error::other("on purpose"));
        }
        self.files.sync()
    }
}

/// A running journal with its drain.
pub(super) struct House {
    pub(super) journal: Journal,
    pub(super) faults: Arc<Faults>,
    stop: Arc<Notify>,
    pub(super) drained: JoinHandle<()>,
}

impl House {
    pub(super) fn open(dir: &Path, options: Options, store: &Fake) -> House {
        let faults = Arc::<Faults>::default();
        let disk = Faulty { files: Files::new(dir), faults: Arc::clone(&faults) };
        let (journal, drain) = Journal::open_on(disk, dir, options, Arc::default()).unwrap();
        let stop = Arc::new(Notify::new());
        let told = Arc::clone(&stop);
        let drained = tokio::spawn(drain.run(store.clone(), async move { told.notified().await }));
        House { journal, faults, stop, drained }
    }

    /// Tells the drain to stop.
    pub(super) fn stop(&self) {
        self.stop.notify_one();
    }

    pub(super) async fn close(self) {
        self.journal.shutdown().await;
        self.stop();
        self.drained.await.unwrap();
    }
}

pub(super) async fn until(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never came about");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

pub(super) fn segments(dir: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut logs: Vec<_> = entries.filter(|path| path.extension().is_some_and(|end| end == "log")).collect();
    logs.sort();
    logs
}

/// Writes records without draining any.
pub(super) async fn write_only(dir: &Path, options: Options, numbers: std::ops::Range<usize>) {
    let (journal, _drain) = Journal::open(dir, options, Arc::default()).unwrap();
    numbers.for_each(|number| journal.append(record(number)));
    journal.shutdown().await;
}

/// Opens the directory and drains all there is.
pub(super) async fn drain_all(dir: &Path, store: &Fake) {
    House::open(dir, quick(), store).close().await;
}
