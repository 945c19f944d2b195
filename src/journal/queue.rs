//! Between those who append and the one who writes: a bounded queue that wakes the writer as seldom as it may.
//!
//! An append is a lock of a few dozen nanoseconds. Only the first record of a burst and records somebody waits for
//! wake the writer; the rest are found when it comes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::JournalError;
use super::frames::KEPT_BYTES;

/// Whoever wants the open segment closed: is told which one comes next, and the next record's number.
pub(super) type Closer = oneshot::Sender<(u64, u64)>;

/// Whoever waits for a record to be kept.
pub(super) type Waiter = oneshot::Sender<Result<(), JournalError>>;

/// What was put in since the writer came last: the bytes of the records, one after another, and where each ends.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) messages: Vec<Message>,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) end: usize,
    pub(super) waiter: Option<Waiter>,
}

impl Batch {
    /// Each record's bytes, and who waits for it. The batch is empty afterwards.
    pub(super) fn drain(&mut self, mut each: impl FnMut(&[u8], Option<Waiter>)) {
        let mut begin = 0;
        for message in self.messages.drain(..) {
            each(&self.bytes[begin..message.end], message.waiter);
            begin = message.end;
        }
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
    }
}

#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    ready: Condvar,
    max: usize,
    gather: Duration,
}

#[derive(Debug, Default)]
struct Inner {
    batch: Batch,
    closers: Vec<Closer>,
    /// When the first record of the batch came.
    since: Option<Instant>,
    /// Somebody waits for one of them.
    is_urgent: bool,
    is_closed: bool,
}

/// The queue is full or closed.
#[derive(Debug)]
pub(super) struct NoRoom;

impl Queue {
    pub(super) fn new(max: usize, gather: Duration) -> Queue {
        Queue { inner: Mutex::default(), ready: Condvar::new(), max, gather }
    }

    /// Puts a record in, without waiting.
    pub(super) fn push(&self, record: &[u8], waiter: Option<Waiter>) -> Result<(), NoRoom> {
        let mut inner = self.lock();
        let is_first = inner.batch.messages.is_empty();
        if inner.is_closed || inner.batch.messages.len() >= self.max {
            return Err(NoRoom);
        }
        let wakes = is_first || (waiter.is_some() && !inner.is_urgent);
        if is_first {
            inner.since = Some(Instant::now());
        }
        inner.is_urgent |= waiter.is_some();
        inner.batch.bytes.extend_from_slice(record);
        let end = inner.batch.bytes.len();
        inner.batch.messages.push(Message { end, waiter });
        drop(inner);
        if wakes {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Asks for the open segment to be closed. Nobody answers where the queue is closed.
    pub(super) fn push_closer(&self, closer: Closer) {
        let mut inner = self.lock();
        if !inner.is_closed {
            inner.closers.push(closer);
            inner.is_urgent = true;
            drop(inner);
            self.ready.notify_one();
        }
    }

    /// Who asked for it since the last time.
    pub(super) fn closers(&self) -> Vec<Closer> {
        std::mem::take(&mut self.lock().closers)
    }

    /// Nothing more comes in.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.ready.notify_one();
    }

    /// Waits for something to do, at the longest until `due`, and moves all there is into `batch`, which is empty.
    /// True if that was the last.
    pub(super) fn take(&self, batch: &mut Batch, due: Option<Instant>) -> bool {
        let mut inner = self.lock();
        loop {
            let now = Instant::now();
            let gathered = inner.since.map(|since| since + self.gather);
            let wake = [due, gathered].into_iter().flatten().min();
            if inner.is_urgent || inner.is_closed || wake.is_some_and(|wake| wake <= now) {
                std::mem::swap(batch, &mut inner.batch);
                inner.since = None;
                inner.is_urgent = false;
                return inner.is_closed;
            }
            inner = match wake {
                Some(wake) => self.ready.wait_timeout(inner, wake - now).unwrap_or_else(PoisonError::into_inner).0,
                None => self.ready.wait(inner).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
