//! From the journal into the store: in order, in batches, each record exactly once.
//!
//! While the store is away it waits, a little longer each time. A record the store refuses although it takes others
//! is set aside in `refused/` for a person to look at: it must not hold up the rest.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Options;
use super::files::{self, Segment};
use super::pace::Pace;
use super::reading::{Item, Part, read_part};
use super::shared::{Shared, View};
use crate::store::{Numbered, Store, StoreError};

/// Records that are enough to apply at once: what a transaction costs by itself is little beside them.
const ENOUGH: u64 = 64;

/// Longest the store may take for a batch.
const APPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// Refusals in a row after which single records are suspected.
const REFUSALS_MAX: u32 = 3;

/// How many records are tried one by one in the search for one the store takes.
const SUSPECTS_MAX: usize = 32;

/// Longest the drain goes on after it was told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Where records go: the store, or a test's idea of one.
pub trait Sink: Send + Sync {
    /// Applies records in order and moves the journal's cursor, in one transaction; records at or before the cursor
    /// are passed over.
    fn apply(&self, journal: &str, records: &[Numbered]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The journal's cursor: the last record applied, 0 at first.
    fn applied(&self, journal: &str) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

impl Sink for Store {
    async fn apply(&self, journal: &str, records: &[Numbered]) -> Result<(), StoreError> {
        Store::apply(self, journal, records).await
    }

    async fn applied(&self, journal: &str) -> Result<u64, StoreError> {
        Store::applied(self, journal).await
    }
}

/// The journal's way into the store; one per journal.
#[derive(Debug)]
pub struct Drain {
    shared: Arc<Shared>,
    dir: PathBuf,
    apply_within: Duration,
    backoff_min: Duration,
    backoff_max: Duration,
    place: Place,
    pace: Pace,
    /// Until when records are gathered.
    gathers_until: Option<Instant>,
    /// The next wait.
    backoff: Duration,
    refusals: u32,
}

/// How far a segment is read, and its journal applied. No segment has number 0: there is only memory to read.
#[derive(Clone, Debug)]
struct Place {
    number: u64,
    journal: Arc<str>,
    offset: u64,
    applied: u64,
}

impl Drain {
    pub(super) fn new(shared: Arc<Shared>, dir: &Path, options: &Options) -> Drain {
        Drain {
            dir: dir.to_owned(),
            apply_within: options.apply_within,
            backoff_min: options.backoff_min,
            backoff_max: options.backoff_max,
            place: Place { number: 0, journal: Arc::clone(&shared.id), offset: 0, applied: 0 },
            pace: if options.in_turn { Pace::in_turn() } else { Pace::new() },
            gathers_until: None,
            backoff: options.backoff_min,
            refusals: 0,
            shared,
        }
    }

    /// Drains until `shutdown` comes, and then what is left as far as the store takes it within five seconds. What is
    /// on disk then waits for the next run; shut the journal down first.
    pub async fn run(mut self, sink: impl Sink, shutdown: impl Future<Output = ()> + Send) {
        let mut stop = Stop::new(shutdown);
        loop {
            if self.place.journal == self.shared.id {
                self.shared.applied(self.place.applied);
            }
            let view = self.shared.view(self.pace.records());
            let has_stopped = view.has_stopped;
            if !stop.is_told() && self.gathers(&view) {
                let until = *self.gathers_until.get_or_insert_with(|| Instant::now() + self.apply_within);
                // Whatever wakes it may be enough, or may not want to wait.
                if stop.wait_or(async { drop(timeout_at(until, self.shared.wake.notified()).await) }).await {
                    continue;
                }
                break;
            }
            self.gathers_until = None;
            match self.step(view, &sink).await {
                Ok(Step::Moved) => self.backoff = self.backoff_min,
                Ok(Step::Idle) if stop.is_told() && has_stopped => break,
                Ok(Step::Idle) => {
                    if !stop.wait_or(self.shared.wake.notified()).await {
                        break;
                    }
                }
                Err(trouble) => {
                    // Told once per trouble; what follows are its repetitions.
                    if self.backoff == self.backoff_min {
                        tracing::warn!(%trouble, depth = self.shared.depth(), "the journal waits for the store");
                    }
                    let wait = self.backoff;
                    self.backoff = (self.backoff * 2).min(self.backoff_max);
                    if stop.is_told() || !stop.wait_or(sleep(wait)).await {
                        break;
                    }
                }
            }
            if stop.is_over() {
                break;
            }
        }
        if self.shared.depth() > 0 {
            tracing::warn!(depth = self.shared.depth(), "records wait in spool.dir for the next start");
        }
    }

    /// Whether more records are awaited before those that are there are applied. Not where somebody waits: for what an
    /// earlier run left, for the end of a segment (an erasure, a stop), for what the disk refused.
    fn gathers(&self, view: &View) -> bool {
        let Some(front) = &view.front else { return false };
        let is_awaited = front.id != self.shared.id || front.is_sealed || !view.overflow.is_empty();
        let offset = if front.number == self.place.number { self.place.offset } else { 0 };
        let is_over = self.gathers_until.is_some_and(|until| until <= Instant::now());
        !is_awaited && front.readable > offset && self.shared.depth() < ENOUGH && !is_over
    }

    /// Does the next thing there is to do.
    async fn step(&mut self, view: View, sink: &impl Sink) -> Result<Step, Trouble> {
        self.place_in(view.front.as_ref(), sink).await?;
        let part = match &view.front {
            Some(front) => self.read(front).await?,
            None => Part::default(),
        };
        let is_read_out = view.front.as_ref().is_none_or(|front| part.end >= front.readable);
        let is_all = part.foreign.is_none() && is_read_out && view.front_is_last;
        let items = self.merge(part.items, view.overflow, is_all);
        if !items.is_empty() {
            return self.apply(items, part.end, sink).await.map(|()| Step::Moved);
        }
        if let Some((seq, payload)) = part.foreign {
            self.set_foreign_aside(seq, payload).await;
        }
        let has_moved = part.end > self.place.offset;
        self.place.offset = self.place.offset.max(part.end);
        match view.front {
            Some(front) if is_read_out && front.is_sealed => {
                self.delete(&front).await;
                Ok(Step::Moved)
            }
            _ if has_moved => Ok(Step::Moved),
            _ => Ok(Step::Idle),
        }
    }

    /// Goes to the segment in front, or to memory alone where there is none. Earlier runs come before this one, so
    /// once it is this one's turn its place is never left.
    async fn place_in(&mut self, front: Option<&Segment>, sink: &impl Sink) -> Result<(), Trouble> {
        let (number, journal) = front.map_or((0, &self.shared.id), |front| (front.number, &front.id));
        if front.is_none() && self.place.journal == self.shared.id || self.place.number == number {
            return Ok(());
        }
        let applied = match journal {
            same if *same == self.place.journal => self.place.applied,
            // Nobody can have applied anything of this run before now.
            ours if *ours == self.shared.id => 0,
            earlier => ask(sink.applied(earlier)).await.map_err(Trouble::Store)?,
        };
        self.place = Place { number, journal: Arc::clone(journal), offset: 0, applied };
        Ok(())
    }

    /// Reads on in the front segment. Records the store has already are passed over.
    async fn read(&mut self, front: &Segment) -> Result<Part, Trouble> {
        let (offset, readable) = (self.place.offset, front.readable);
        if offset >= readable {
            return Ok(Part { end: offset, ..Part::default() });
        }
        let (path, most) = (front.path.clone(), self.pace.records());
        let read = spawn_blocking(move || read_part(&path, offset, readable, most)).await;
        let mut part = match read.unwrap_or_else(|panicked| Err(io::Error::other(panicked))) {
            Ok(part) => part,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::UnexpectedEof) => {
                tracing::error!(segment = %front.path.display(), "a part of the journal is gone before it was in the store");
                return Ok(Part { end: readable, ..Part::default() });
            }
            Err(error) => return Err(Trouble::Disk(error)),
        };
        let all = part.items.len();
        part.items.retain(|item| item.numbered.seq > self.place.applied);
        // Those of this run were counted as done when they came from memory.
        if front.id != self.shared.id {
            self.shared.settled((all - part.items.len()) as u64);
        }
        Ok(part)
    }

    /// Both sources in one order; a record stands in one of them only. What is in memory waits for lower numbers on
    /// disk that are not read yet.
    fn merge(&self, mut items: Vec<Item>, overflow: Vec<Numbered>, is_all_of_disk: bool) -> Vec<Item> {
        let applied = self.place.applied;
        let last_read = items.last().map_or(applied, |item| item.numbered.seq);
        let up_to = if is_all_of_disk { u64::MAX } else { last_read };
        let from_memory = overflow.into_iter().filter(|numbered| numbered.seq > applied && numbered.seq <= up_to);
        items.extend(from_memory.map(|numbered| Item { numbered, end: None }));
        items.sort_by_key(|item| item.numbered.seq);
        items
    }

    async fn apply(&mut self, items: Vec<Item>, end: u64, sink: &impl Sink) -> Result<(), Trouble> {
        let (records, ends): (Vec<Numbered>, Vec<Option<u64>>) =
            items.into_iter().map(|item| (item.numbered, item.end)).unzip();
        let began = Instant::now();
        let applied = ask(sink.apply(&self.place.journal, &records)).await;
        self.pace.took(records.len(), began.elapsed());
        let done = match applied {
            Ok(()) => records.len(),
            Err(away @ StoreError::Away(_)) => return Err(Trouble::Store(away)),
            Err(refusal) => {
                self.refusals += 1;
                let done = if self.refusals < REFUSALS_MAX { 0 } else { self.single_out(&records, sink).await };
                if done == 0 {
                    return Err(Trouble::Store(refusal));
                }
                done
            }
        };
        self.refusals = 0;
        let reached = if done == records.len() { Some(end) } else { ends[..done].iter().copied().flatten().last() };
        self.place.offset = self.place.offset.max(reached.unwrap_or(0));
        self.place.applied = records[done - 1].seq;
        self.shared.settled(done as u64);
        Ok(())
    }

    /// The store refuses a batch: tries its records one by one. Once it takes one, those it refused just before are
    /// judged. While it takes none after them, it may be the store that ails: they are not given up.
    /// Answers how many records from the beginning are done with.
    async fn single_out(&self, records: &[Numbered], sink: &impl Sink) -> usize {
        let mut done = 0;
        let mut suspects: Vec<&Numbered> = Vec::new();
        for numbered in records.iter().take(SUSPECTS_MAX) {
            match ask(sink.apply(&self.place.journal, std::slice::from_ref(numbered))).await {
                Ok(()) => {
                    done += suspects.len() + 1;
                    for suspect in suspects.drain(..) {
                        self.judge(suspect, sink).await;
                    }
                }
                Err(StoreError::Away(_)) => break,
                Err(_) => {
                    // Set aside before the next is tried: if that succeeds, the cursor has passed this one.
                    let payload = serde_json::to_vec(&numbered.record).unwrap_or_default();
                    suspects.push(numbered);
                    if self.set_aside(numbered.seq, payload).await.is_err() {
                        break;
                    }
                }
            }
        }
        suspects.into_iter().for_each(|suspect| self.take_back(suspect.seq));
        done
    }

    /// Tries a refused record again now that the store takes others: it may have recovered in between. The journal's
    /// cursor has passed the record, so it goes under a name of its own.
    async fn judge(&self, suspect: &Numbered, sink: &impl Sink) {
        let journal = &self.place.journal;
        let name = format!("{journal}-{}", suspect.seq);
        match ask(sink.apply(&name, std::slice::from_ref(suspect))).await {
            Ok(()) => self.take_back(suspect.seq),
            Err(refusal) => {
                self.shared.one_refused();
                tracing::error!(%journal, seq = suspect.seq, %refusal, "the store refuses a record: it is kept in refused/");
            }
        }
    }

    fn take_back(&self, seq: u64) {
        // One that stays behind costs a person a look at it.
        let _ = std::fs::remove_file(files::refused_path(&self.dir, &self.place.journal, seq));
    }

    /// A record this version cannot read, of a later version perhaps: a person may want to look at it.
    async fn set_foreign_aside(&mut self, seq: u64, payload: Vec<u8>) {
        if seq > self.place.applied {
            let is_kept = self.set_aside(seq, payload).await.is_ok();
            self.shared.one_refused();
            tracing::error!(journal = %self.place.journal, seq, is_kept, "a record that cannot be read is set aside in refused/");
        }
        self.shared.settled(1);
    }

    async fn set_aside(&self, seq: u64, payload: Vec<u8>) -> io::Result<()> {
        let path = files::refused_path(&self.dir, &self.place.journal, seq);
        spawn_blocking(move || files::set_aside(&path, &payload)).await.map_err(io::Error::other)?
    }

    async fn delete(&mut self, front: &Segment) {
        let path = front.path.clone();
        let deleted = spawn_blocking(move || std::fs::remove_file(path)).await;
        if let Ok(Err(error)) = deleted {
            tracing::warn!(%error, segment = front.number, "could not delete a segment that is in the store");
        }
        self.shared.drop_front(front.number);
    }
}

#[derive(Debug)]
enum Step {
    Moved,
    Idle,
}

/// Why the drain waits.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Store(StoreError),
    #[error("could not read spool.dir: {0}")]
    Disk(io::Error),
}

/// The signal to stop, and how long is left after it came.
struct Stop<F> {
    told: Pin<Box<F>>,
    deadline: Option<Instant>,
}

impl<F: Future<Output = ()>> Stop<F> {
    fn new(told: F) -> Stop<F> {
        Stop { told: Box::pin(told), deadline: None }
    }

    fn is_told(&self) -> bool {
        self.deadline.is_some()
    }

    fn is_over(&self) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= Instant::now())
    }

    /// Waits for `event` or for the signal. False if time is up.
    async fn wait_or(&mut self, event: impl Future<Output = ()>) -> bool {
        match self.deadline {
            Some(deadline) => timeout_at(deadline, event).await.is_ok(),
            None => {
                tokio::select! {
                    () = event => {}
                    () = &mut self.told => self.deadline = Some(Instant::now() + STOP_WITHIN),
                }
                true
            }
        }
    }
}

async fn ask<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match timeout(APPLY_TIMEOUT, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreError::Away("it did not answer in time".to_owned())),
    }
}
