//! What the writer and the drain share: which segments can be read how far, and what the disk refused.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, watch};

use super::Options;
use super::files::{LeftOver, Segment};
use super::frame;
use super::frames::{Frames, Held};
use crate::store::Numbered;
use crate::telemetry::Metrics;

/// How often lost records are told of while they go on being lost.
const TELL_EVERY: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Shared {
    /// Names this run.
    pub(super) id: Arc<str>,
    /// The drain waits for this: there is more, or the writer has stopped.
    pub(super) wake: Notify,
    state: Mutex<State>,
    depth: AtomicU64,
    done: AtomicU64,
    lost: AtomicU64,
    refused: AtomicU64,
    told: Mutex<Option<Instant>>,
    overflow_max: usize,
    overflow_bytes_max: usize,
    metrics: Arc<Metrics>,
    /// True once all that earlier runs left is in the store.
    caught_up: watch::Sender<bool>,
    /// A segment, or something held in memory, is done with.
    let_go: Notify,
    /// The directory is ours until writer, drain and every clone of the journal are gone.
    _lock: File,
}

#[derive(Debug)]
struct State {
    /// Oldest first; those of earlier runs before ours. Only the last may be open.
    segments: VecDeque<Segment>,
    /// Records of this run that are not surely on disk, in order.
    overflow: VecDeque<Held>,
    overflow_bytes: usize,
    has_stopped: bool,
}

/// What there is to drain at one instant. Whatever is not in it has a higher number than all that is.
#[derive(Debug)]
pub(super) struct View {
    pub(super) front: Option<Segment>,
    /// No segment stands behind the front.
    pub(super) front_is_last: bool,
    /// The first of what the disk refused; none of it while a segment of an earlier run is to be read.
    pub(super) overflow: Vec<Numbered>,
    pub(super) has_stopped: bool,
}

impl Shared {
    pub(super) fn new(id: Arc<str>, lock: File, left: LeftOver, options: &Options, metrics: Arc<Metrics>) -> Shared {
        metrics.spool_depth(left.records);
        let (caught_up, _) = watch::channel(left.segments.is_empty());
        let state = State { segments: left.segments, overflow: VecDeque::new(), overflow_bytes: 0, has_stopped: false };
        Shared {
            id,
            wake: Notify::new(),
            state: Mutex::new(state),
            depth: AtomicU64::new(left.records),
            done: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            told: Mutex::default(),
            overflow_max: options.overflow_max,
            overflow_bytes_max: options.overflow_bytes_max,
            metrics,
            caught_up,
            let_go: Notify::new(),
            _lock: lock,
        }
    }

    /// The writer has begun a segment.
    pub(super) fn begin_segment(&self, number: u64, path: PathBuf) {
        let segment = Segment { number, id: Arc::clone(&self.id), path, readable: 0, is_sealed: false };
        self.lock().segments.push_back(segment);
    }

    /// The open segment can be read so far.
    pub(super) fn publish(&self, readable: u64) {
        if let Some(open) = self.lock().open_segment() {
            open.readable = readable;
        }
        self.show_and_wake();
    }

    /// The open segment ends here.
    pub(super) fn seal(&self, readable: u64) {
        if let Some(open) = self.lock().open_segment() {
            open.readable = readable;
            open.is_sealed = true;
        }
        self.show_and_wake();
    }

    /// Keeps in memory what the disk refused, as far as there is room.
    pub(super) fn hold(&self, refused: Vec<Held>) {
        let mut no_room = Vec::new();
        let mut state = self.lock();
        for held in refused {
            let has_room = state.overflow.len() < self.overflow_max
                && state.overflow_bytes + held.frame.len() <= self.overflow_bytes_max;
            if has_room {
                state.overflow_bytes += held.frame.len();
                state.overflow.push_back(held);
            } else {
                no_room.push(held);
            }
        }
        drop(state);
        self.lose(no_room.len() as u64);
        no_room.into_iter().for_each(|held| held.refuse("the disk refuses and memory is full"));
        self.show_and_wake();
    }

    /// The disk has room again: gives back what it refused.
    pub(super) fn take_held(&self) -> Frames {
        let mut state = self.lock();
        state.overflow_bytes = 0;
        state.overflow.drain(..).collect()
    }

    pub(super) fn holds_any(&self) -> bool {
        !self.lock().overflow.is_empty()
    }

    /// The writer writes no more.
    pub(super) fn stop(&self) {
        self.lock().has_stopped = true;
        self.show_and_wake();
    }

    /// What there is to drain; at most `max` of what the disk refused.
    pub(super) fn view(&self, max: usize) -> View {
        let state = self.lock();
        let front = state.segments.front().cloned();
        let is_ours = front.as_ref().is_none_or(|front| front.id == self.id);
        let overflow = state.overflow.iter().take(if is_ours { max } else { 0 });
        View {
            front_is_last: state.segments.len() <= 1,
            overflow: overflow.map(numbered).collect(),
            has_stopped: state.has_stopped,
            front,
        }
    }

    /// All records of this run up to `seq` are in the store.
    pub(super) fn applied(&self, seq: u64) {
        let mut kept = Vec::new();
        let mut state = self.lock();
        while state.overflow.front().is_some_and(|held| held.seq <= seq) {
            let held = state.overflow.pop_front();
            state.overflow_bytes -= held.as_ref().map_or(0, |held| held.frame.len());
            kept.extend(held);
        }
        drop(state);
        let any = !kept.is_empty();
        kept.into_iter().for_each(Held::acknowledge);
        if any {
            self.let_go.notify_waiters();
        }
    }

    /// Waits until no segment before this one is left, and no record before this one in memory.
    pub(super) async fn let_go_before(&self, segment: u64, seq: u64) {
        loop {
            let mut more = std::pin::pin!(self.let_go.notified());
            // Heard from now on, or what comes between the look and the wait would be missed.
            more.as_mut().enable();
            let is_gone = {
                let state = self.lock();
                state.segments.iter().all(|kept| kept.number >= segment)
                    && state.overflow.iter().all(|held| held.seq >= seq)
            };
            if is_gone {
                return;
            }
            more.await;
        }
    }

    /// The front segment is done with.
    pub(super) fn drop_front(&self, number: u64) {
        let mut state = self.lock();
        if state.segments.front().is_some_and(|front| front.number == number) {
            state.segments.pop_front();
        }
        if state.segments.front().is_none_or(|front| front.id == self.id) {
            self.caught_up.send_replace(true);
        }
        drop(state);
        self.let_go.notify_waiters();
    }

    /// Waits until all that earlier runs left is in the store.
    pub(super) async fn caught_up(&self) {
        // The sender lives as long as this.
        let _ = self.caught_up.subscribe().wait_for(|caught_up| *caught_up).await;
    }

    /// One more record to be kept.
    pub(super) fn one_more(&self) {
        self.depth.fetch_add(1, Ordering::Relaxed);
    }

    /// It was not taken after all, and whoever brought it knows.
    pub(super) fn one_less(&self) {
        self.settled(1);
    }

    /// So many records are done with.
    pub(super) fn settled(&self, records: u64) {
        let less = |depth: u64| Some(depth.saturating_sub(records));
        let _ = self.depth.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.done.fetch_add(records, Ordering::Relaxed);
        self.metrics.spool_depth(self.depth());
    }

    /// So many records are lost, which is told at once and then every few seconds.
    pub(super) fn lose(&self, records: u64) {
        if records == 0 {
            return;
        }
        self.settled(records);
        let lost = self.lost.fetch_add(records, Ordering::Relaxed) + records;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            *told = Some(Instant::now());
            tracing::error!(
                lost_since_start = lost,
                "records are lost: neither spool.dir nor memory has room for them"
            );
        }
    }

    pub(super) fn depth(&self) -> u64 {
        self.depth.load(Ordering::Relaxed)
    }

    pub(super) fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// A record is set aside for good.
    pub(super) fn one_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    fn show_and_wake(&self) {
        self.metrics.spool_depth(self.depth());
        self.wake.notify_one();
    }

    /// No method panics halfway, so what a poisoned lock guards is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn numbered(held: &Held) -> Numbered {
    let record = serde_json::from_slice(frame::payload(&held.frame)).expect("it was spelled by this process");
    Numbered { seq: held.seq, record }
}

impl State {
    fn open_segment(&mut self) -> Option<&mut Segment> {
        self.segments.back_mut().filter(|last| !last.is_sealed)
    }
}
