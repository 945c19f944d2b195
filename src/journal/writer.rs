//! The one thread that writes: numbers records, writes them, makes them durable, many with one `fsync`.
//!
//! Where the disk refuses, records go to memory, from where the drain takes them to the store; the disk is tried
//! again every second, and what still waits is written first.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Options;
use super::files::{self, Disk};
use super::frames::Frames;
use super::queue::{Batch, Queue};
use super::shared::Shared;

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
    /// What is being written.
    fresh: Frames,
    /// Written since the last `fsync`, in order: kept until it succeeds, for after a failed one nobody knows what the
    /// disk has.
    unsynced: Frames,
    unsynced_since: Option<Instant>,
    /// The disk refuses; it is tried again then.
    retry_at: Option<Instant>,
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
            fresh: Frames::default(),
            unsynced: Frames::default(),
            unsynced_since: None,
            retry_at: None,
        }
    }

    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        let mut batch = Batch::default();
        loop {
            let is_last = self.queue.take(&mut batch, self.due());
            let closers = self.queue.closers();
            let is_urgent = batch.messages.iter().any(|message| message.waiter.is_some());
            self.fresh.number(&mut batch, &mut self.next_seq);
            self.write();
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

    /// Writes what is fresh. While the disk refuses, it goes to memory; once the disk is to be tried again, behind
    /// everything that waits there: on disk as in memory, numbers only rise.
    fn write(&mut self) {
        let Some(retry_at) = self.retry_at else {
            self.write_now();
            return;
        };
        if Instant::now() < retry_at {
            self.shared.hold(self.fresh.take_apart());
            return;
        }
        let mut all = self.shared.take_held();
        self.fresh.move_behind(&mut all);
        self.fresh = all;
        if !self.fresh.is_empty() && self.write_now() && self.flush() {
            self.retry_at = None;
            tracing::info!("spool.dir can be written again");
        }
    }

    /// True if it is written.
    fn write_now(&mut self) -> bool {
        if self.fresh.is_empty() {
            return true;
        }
        match self.write_frames() {
            Ok(()) => {
                self.fresh.move_behind(&mut self.unsynced);
                self.unsynced_since.get_or_insert_with(Instant::now);
                true
            }
            Err(error) => {
                // What was written before may be fine.
                let is_sound = self.unsynced.is_empty() || self.disk.sync().is_ok();
                self.give_up_segment(&error, is_sound);
                false
            }
        }
    }

    fn write_frames(&mut self) -> io::Result<()> {
        let mut open = match self.open {
            Some(open) => open,
            None => self.begin_segment()?,
        };
        let bytes = self.fresh.bytes();
        self.disk.write(bytes)?;
        open.written += bytes.len() as u64;
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
            self.give_up_segment(&error, false);
            return false;
        }
        if let Some(open) = &mut self.open {
            open.synced = open.written;
        }
        self.unsynced.acknowledge();
        if self.segment_is_full() {
            self.close_segment();
        }
        true
    }

    /// The disk refused what is fresh, or to make durable what it had taken. Nothing more is written to this segment:
    /// its end may be half a record. `is_sound` says that all written before is durable.
    fn give_up_segment(&mut self, error: &io::Error, is_sound: bool) {
        if self.retry_at.is_none() {
            tracing::error!(%error, "spool.dir cannot be written: records go from memory to the store");
        }
        self.retry_at = Some(Instant::now() + self.retry_every);
        self.unsynced_since = None;
        if let Some(open) = self.open.take() {
            // What goes to memory is not read from disk as well.
            self.shared.seal(if is_sound { open.written } else { open.synced });
        }
        if is_sound {
            self.unsynced.acknowledge();
        }
        self.fresh.move_behind(&mut self.unsynced);
        self.shared.hold(self.unsynced.take_apart());
    }

    fn close_segment(&mut self) {
        if let Some(open) = self.open.take() {
            self.shared.seal(open.written);
        }
    }
}
