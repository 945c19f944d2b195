//! The append-only log of what must be kept, and its drain into the store.
//!
//! Callers put records into a bounded queue; one thread numbers them, writes them and makes them durable, many with
//! one `fsync`; the drain reads them back and applies them to the store, and deletes what is applied. Records the
//! disk refuses wait in memory and go to the store straight. Nothing here knows what a record means.
//!
//! Every run of the process writes under an identifier of its own, which is part of each segment's file name. The
//! store keeps its cursor by (identifier, sequence number), so a record is applied exactly once however often the
//! process dies, and even if the directory is lost, put back or shared with numbers the disk never saw.

pub mod dir;
mod drain;
mod files;
mod frame;
mod frames;
mod pace;
mod queue;
mod reading;
mod shared;
#[cfg(test)]
mod tests;
mod writer;

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use crate::model::Kept;
use crate::model::spelled::Clock;
use crate::telemetry::Metrics;

use files::{Disk, Files};
use queue::{NoRoom, Queue, Waiter};
use shared::Shared;
use writer::Writer;

pub use drain::{Drain, Sink};

thread_local! {
    /// Where a record is spelled before it is handed over.
    static SPELLED: RefCell<(Vec<u8>, Clock)> = RefCell::new((Vec::new(), Clock::new(9)));
}

/// The journal: cheap to clone, one writer behind it.
#[derive(Clone, Debug)]
pub struct Journal {
    door: Arc<Door>,
}

/// The record could not be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("could not write the journal: {0}")]
pub struct JournalError(pub String);

/// How the journal works. The defaults are meant for production.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment is closed, and deletable, once it is this long.
    pub segment_bytes: u64,
    /// How long records nobody waits for are gathered into one write.
    pub gather: Duration,
    /// How long a written record may go without `fsync`; at most half a second.
    pub flush_every: Duration,
    /// Records that may wait for the writer. Beyond it they are lost: the disk has hung for seconds.
    pub queue_max: usize,
    /// Records the disk refused that may wait in memory for the store.
    pub overflow_max: usize,
    /// Bytes they may take.
    pub overflow_bytes_max: usize,
    /// How often a disk that refused is tried again.
    pub retry_every: Duration,
    /// Longest that whoever asked for durability waits. Twilio gives a callback 15 seconds and comes again.
    pub durable_within: Duration,
    /// How long records on disk are gathered before they are applied, unless somebody waits or they are many.
    pub apply_within: Duration,
    /// The store is written by other processes too, each in its turn.
    pub in_turn: bool,
    /// First wait after the store failed; doubled each time.
    pub backoff_min: Duration,
    /// Longest wait.
    pub backoff_max: Duration,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            segment_bytes: 4 << 20,
            gather: Duration::from_millis(20),
            flush_every: Duration::from_millis(250),
            queue_max: 65_536,
            overflow_max: 16_384,
            overflow_bytes_max: 32 << 20,
            retry_every: Duration::from_secs(1),
            durable_within: Duration::from_secs(3),
            apply_within: Duration::from_millis(80),
            in_turn: false,
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
        }
    }
}

/// What all clones of a journal share; when the last is dropped the writer flushes and stops.
#[derive(Debug)]
struct Door {
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    dir: PathBuf,
    durable_within: Duration,
    stopped: watch::Receiver<()>,
}

impl Journal {
    /// Opens the journal in this directory, made if it is not there, and takes it for this process alone. What earlier
    /// runs left comes out of the drain first.
    pub fn open(dir: &Path, options: Options, metrics: Arc<Metrics>) -> io::Result<(Journal, Drain)> {
        Journal::open_on(Files::new(dir), dir, options, metrics)
    }

    fn open_on(disk: impl Disk, dir: &Path, options: Options, metrics: Arc<Metrics>) -> io::Result<(Journal, Drain)> {
        let lock = files::take(dir)?;
        let left = files::left_over(dir)?;
        let next_number = left.segments.back().map_or(1, |segment| segment.number + 1);
        let shared = Arc::new(Shared::new(new_id()?, lock, left, &options, metrics));
        let queue = Arc::new(Queue::new(options.queue_max, options.gather));
        let (running, stopped) = watch::channel(());
        let writer = Writer::new(disk, dir, Arc::clone(&queue), Arc::clone(&shared), &options, next_number);
        std::thread::Builder::new().name("journal".to_owned()).spawn(move || {
            writer.run();
            drop(running);
        })?;
        let drain = Drain::new(Arc::clone(&shared), dir, &options);
        let dir = dir.to_owned();
        let door = Door { queue, shared, dir, durable_within: options.durable_within, stopped };
        Ok((Journal { door: Arc::new(door) }, drain))
    }

    /// Keeps a record without waiting: on disk within half a second. Never blocks; where nothing has room any more
    /// the record is lost, counted and told of.
    pub fn append(&self, record: impl Kept) {
        self.door.shared.one_more();
        if self.door.put(&record, None).is_err() {
            self.door.shared.lose(1);
        }
    }

    /// Keeps a record and waits until it is on disk (group commit), or in the store where the disk refuses.
    ///
    /// After an error it may still be kept later: who comes again must be recognized.
    pub async fn append_durable(&self, record: impl Kept) -> Result<(), JournalError> {
        let (waiter, kept) = oneshot::channel();
        self.door.shared.one_more();
        if let Err(refusal) = self.door.put(&record, Some(waiter)) {
            self.door.shared.one_less();
            return Err(refusal);
        }
        // It is spelled: nothing of it waits for the disk.
        drop(record);
        match tokio::time::timeout(self.door.durable_within, kept).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(JournalError("it stopped before the record was kept".to_owned())),
            Err(_) => Err(JournalError("neither disk nor store kept the record in time".to_owned())),
        }
    }

    /// Records not yet in the store.
    pub fn depth(&self) -> u64 {
        self.door.shared.depth()
    }

    /// Records that were on their way since the start and are no more: in the store, set aside or lost.
    pub fn done(&self) -> u64 {
        self.door.shared.done()
    }

    /// Waits until all that earlier runs left is in the store, or set aside.
    pub async fn caught_up(&self) {
        self.door.shared.caught_up().await;
    }

    /// Waits until everything appended so far is in the store and off the disk, at most this long. Answers how many
    /// records are on their way still, which is none where it came to its end.
    pub async fn settled(&self, within: Duration) -> u64 {
        let (closer, closed) = oneshot::channel();
        self.door.queue.push_closer(closer);
        let settling = async {
            // Nobody answers once the journal is shut down: then the drain alone goes on.
            let (segment, seq) = closed.await.unwrap_or((u64::MAX, u64::MAX));
            self.door.shared.let_go_before(segment, seq).await;
        };
        match tokio::time::timeout(within, settling).await {
            Ok(()) => 0,
            Err(_) => self.depth().max(1),
        }
    }

    /// The records that were set aside for a person to look at: their files, and what is in them.
    pub async fn set_aside(&self) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
        let dir = self.door.dir.clone();
        tokio::task::spawn_blocking(move || files::all_refused(&dir)).await.map_err(io::Error::other)?
    }

    /// Records lost since the start, because neither disk nor memory had room.
    pub fn lost(&self) -> u64 {
        self.door.shared.lost()
    }

    /// Records the store refused since the start, which are set aside for a person to look at.
    pub fn refused(&self) -> u64 {
        self.door.shared.refused()
    }

    /// Writes and fsyncs everything appended so far, and stops; later appends fail. The drain goes on.
    pub async fn shutdown(&self) {
        self.door.queue.close();
        let mut stopped = self.door.stopped.clone();
        // The writer never sends: it drops its end when it has stopped.
        while stopped.changed().await.is_ok() {}
    }
}

impl Door {
    /// Spells a record and puts it into the queue. It is spelled here, where its parts are at hand and warm: the writer
    /// sees bytes only, and nothing of a call outlives its answer.
    fn put(&self, record: &impl Kept, waiter: Option<Waiter>) -> Result<(), JournalError> {
        SPELLED.with_borrow_mut(|(spelled, clock)| {
            spelled.clear();
            let spelling = record.spell(spelled, clock).map_err(|error| error.to_string());
            let fits = spelling.and_then(|()| match spelled.len() {
                len if len > frame::PAYLOAD_MAX => Err(format!("{len} bytes are too many")),
                _ => Ok(()),
            });
            if let Err(error) = fits {
                tracing::error!(%error, "a record cannot be written");
                return Err(JournalError(error));
            }
            let pushed = self.queue.push(spelled, waiter);
            pushed.map_err(|NoRoom| JournalError("its queue is full or closed".to_owned()))
        })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Names this run: sixteen random bytes in hex.
fn new_id() -> io::Result<Arc<str>> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(format!("could not name the journal: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into())
}
