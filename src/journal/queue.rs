//! Between those who append and the one who writes: a bounded queue that wakes the writer as seldom as it may.
//!
//! An append is a lock of a few dozen nanoseconds. Only the first record of a burst and records somebody waits for
//! wake the writer; the rest are found when it comes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::JournalError;
use crate::model::Record;

/// Whoever wants the open segment closed: is told which one comes next, and the next record's number.
pub(super) type Closer = oneshot::Sender<(u64, u64)>;

/// Whoever waits for a record to be kept.
pub(super) type Waiter = oneshot::Sender<Result<(), JournalError>>;

#[derive(Debug)]
pub(super) struct Message {
    pub(super) record: Record,
    pub(super) waiter: Option<Waiter>,
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
    messages: Vec<Message>,
    closers: Vec<Closer>,
    /// When the first of them came.
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
    pub(super) fn push(&self, message: Message) -> Result<(), NoRoom> {
        let mut inner = self.lock();
        if inner.is_closed || inner.messages.len() >= self.max {
            return Err(NoRoom);
        }
        let wakes = inner.messages.is_empty() || (message.waiter.is_some() && !inner.is_urgent);
        if inner.messages.is_empty() {
            inner.since = Some(Instant::now());
        }
        inner.is_urgent |= message.waiter.is_some();
        inner.messages.push(message);
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

    /// Waits for something to do, at the longest until `due`, and moves all there is into `messages`, which is empty.
    /// True if that was the last.
    pub(super) fn take(&self, messages: &mut Vec<Message>, due: Option<Instant>) -> bool {
        let mut inner = self.lock();
        loop {
            let now = Instant::now();
            let gathered = inner.since.map(|since| since + self.gather);
            let wake = [due, gathered].into_iter().flatten().min();
            if inner.is_urgent || inner.is_closed || wake.is_some_and(|wake| wake <= now) {
                std::mem::swap(messages, &mut inner.messages);
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
