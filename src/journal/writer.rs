//! The one thread that writes: numbers records, writes them, makes them durable, many with one `fsync`.
//!
//! Where the disk refuses, records go to memory, from where the drain takes them to the store; the disk is tried
//! again every second, and what still waits is written first.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::files::{self, Disk};
use super::queue::{Message, Queue};
use super::shared::{Held, Shared};
use super::{JournalError, Options, frame};

pub(super) struct Writer<D> {
    disk: D,
    dir: PathBuf,
    queue: Arc<Queue>,
    shared: Arc<Shared>,
    segment_bytes: u64,
    flush_every: Duration,
    retry_every: Duration,
    next_seq: u64,
    next_number: u64,
    open: Option<Open>,
    /// Written since the last `fsync`, in order: kept until it succeeds, for after a failed one nobody knows what the
    /// disk has.
    unsynced: Vec<Held>,
    unsynced_since: Option<Instant>,
    /// The disk refuses; it is tried again then.
    retry_at: Option<Instant>,
    bytes: Vec<u8>,
}

/// The segment being written.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    written: u64,
    synced: u64,
}

impl<D: Disk> Writer<D> {
    pub(super) fn new(
        disk: D,
        dir: &Path,
        queue: Arc<Queue>,
        shared: Arc<Shared>,
        options: &Options,
        next_number: u64,
    ) -> Writer<D> {
        Writer {
            disk,
            dir: dir.to_owned(),
            queue,
            shared,
            segment_bytes: options.segment_bytes,
            flush_every: options.flush_every,
            retry_every: options.retry_every,
            next_seq: 1,
            next_number,
            open: None,
            unsynced: Vec::new(),
            unsynced_since: None,
            retry_at: None,
            bytes: Vec::new(),
        }
    }

    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut messages = Vec::new();
        loop {
            let is_last = self.queue.take(&mut messages, self.due());
            let closers = self.queue.closers();
            let is_urgent = messages.iter().any(|message| message.waiter.is_some());
            let batch = messages.drain(..).filter_map(|message| self.number(message)).collect();
            self.write(batch);
            if is_urgent || is_last || self.flush_is_due() {
                self.flush();
            }
            if !closers.is_empty() {
                self.flush();
                self.close_segment();
                for closer in closers {
                    // Whoever asked may have gone.
                    let _ = closer.send((self.next_number, self.next_seq));
                }
            }
            if is_last {
                break;
            }
        }
        self.close_segment();
        self.shared.stop();
    }

    /// When something is to be done although nothing comes.
    fn due(&self) -> Option<Instant> {
        let flush = self.unsynced_since.map(|since| since + self.flush_every);
        let retry = self.retry_at.filter(|_| self.shared.holds_any());
        [flush, retry].into_iter().flatten().min()
    }

    fn flush_is_due(&self) -> bool {
        let waits_long = self.unsynced_since.is_some_and(|since| since.elapsed() >= self.flush_every);
        waits_long || self.segment_is_full()
    }

    fn segment_is_full(&self) -> bool {
        self.open.is_some_and(|open| open.written >= self.segment_bytes)
    }

    /// Gives a record its place. One that cannot be written at all is lost here, before it can hold up others.
    fn number(&mut self, message: Message) -> Option<Held> {
        let Message { record, waiter } = message;
        let payload = serde_json::to_vec(&record).map_err(|error| error.to_string());
        let framed = payload.and_then(|payload| {
            frame::encode(self.next_seq, &payload).ok_or_else(|| format!("{} bytes are too many", payload.len()))
        });
        match framed {
            Ok(frame) => {
                let seq = self.next_seq;
                self.next_seq += 1;
                Some(Held { seq, record, frame, waiter })
            }
            Err(error) => {
                tracing::error!(%error, "a record cannot be written");
                self.shared.lose(1);
                if let Some(waiter) = waiter {
                    let _ = waiter.send(Err(JournalError(error)));
                }
                None
            }
        }
    }

    /// Writes a batch. While the disk refuses, it goes to memory; once the disk is to be tried again, behind
    /// everything that waits there: on disk as in memory, numbers only rise.
    fn write(&mut self, batch: Vec<Held>) {
        let Some(retry_at) = self.retry_at else {
            self.write_now(batch);
            return;
        };
        if Instant::now() < retry_at {
            self.shared.hold(batch);
            return;
        }
        let mut all = self.shared.take_held();
        all.extend(batch);
        if all.is_empty() {
            return;
        }
        if self.write_now(all) && self.flush() {
            self.retry_at = None;
            tracing::info!("spool.dir can be written again");
        }
    }

    /// True if it is written.
    fn write_now(&mut self, batch: Vec<Held>) -> bool {
        if batch.is_empty() {
            return true;
        }
        match self.write_frames(&batch) {
            Ok(()) => {
                self.unsynced.extend(batch);
                self.unsynced_since.get_or_insert_with(Instant::now);
                true
            }
            Err(error) => {
                // What was written before this batch may be fine.
                let is_sound = self.unsynced.is_empty() || self.disk.sync().is_ok();
                self.give_up_segment(&error, is_sound, batch);
                false
            }
        }
    }

    fn write_frames(&mut self, batch: &[Held]) -> io::Result<()> {
        let mut open = match self.open {
            Some(open) => open,
            None => self.begin_segment()?,
        };
        self.bytes.clear();
        batch.iter().for_each(|held| self.bytes.extend_from_slice(&held.frame));
        self.disk.write(&self.bytes)?;
        open.written += self.bytes.len() as u64;
        self.open = Some(open);
        self.shared.publish(open.written);
        Ok(())
    }

    fn begin_segment(&mut self) -> io::Result<Open> {
        let number = self.next_number;
        // Whatever comes of it, the next attempt takes another name.
        self.next_number += 1;
        let path = files::path(&self.dir, number, &self.shared.id);
        self.disk.create(&path)?;
        self.shared.begin_segment(number, path);
        let open = Open::default();
        self.open = Some(open);
        Ok(open)
    }

    /// Makes everything written durable, and tells those who wait. True if it is.
    fn flush(&mut self) -> bool {
        self.unsynced_since = None;
        if self.unsynced.is_empty() {
            return true;
        }
        if let Err(error) = self.disk.sync() {
            self.give_up_segment(&error, false, Vec::new());
            return false;
        }
        if let Some(open) = &mut self.open {
            open.synced = open.written;
        }
        self.unsynced.drain(..).for_each(Held::acknowledge);
        if self.segment_is_full() {
            self.close_segment();
        }
        true
    }

    /// The disk refused `batch`, or to make durable what it had taken. Nothing more is written to this segment: its
    /// end may be half a record. `is_sound` says that all written before `batch` is durable.
    fn give_up_segment(&mut self, error: &io::Error, is_sound: bool, batch: Vec<Held>) {
        if self.retry_at.is_none() {
            tracing::error!(%error, "spool.dir cannot be written: records go from memory to the store");
        }
        self.retry_at = Some(Instant::now() + self.retry_every);
        self.unsynced_since = None;
        let mut refused = std::mem::take(&mut self.unsynced);
        if let Some(open) = self.open.take() {
            // What goes to memory is not read from disk as well.
            self.shared.seal(if is_sound { open.written } else { open.synced });
        }
        if is_sound {
            refused.drain(..).for_each(Held::acknowledge);
        }
        refused.extend(batch);
        self.shared.hold(refused);
    }

    fn close_segment(&mut self) {
        if let Some(open) = self.open.take() {
            self.shared.seal(open.written);
        }
    }
}
