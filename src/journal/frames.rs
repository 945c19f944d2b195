//! Frames that go the same way together: their bytes one after another, and whose each is.

use super::JournalError;
use super::frame;
use super::queue::{Batch, Waiter};

/// How much room is kept for the next ones: some ten thousand calls' records.
pub(super) const KEPT_BYTES: usize = 4 << 20;

/// Some frames, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    places: Vec<Place>,
}

/// Where one frame ends, its number, and whoever waits for it.
#[derive(Debug)]
struct Place {
    seq: u64,
    end: usize,
    waiter: Option<Waiter>,
}

/// A frame by itself: one that the disk refused.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) seq: u64,
    pub(super) frame: Box<[u8]>,
    pub(super) waiter: Option<Waiter>,
}

impl Held {
    /// Tells whoever waits that the record is kept.
    pub(super) fn acknowledge(self) {
        acknowledge(self.waiter);
    }

    /// Tells whoever waits that it is not, and why.
    pub(super) fn refuse(self, why: &str) {
        if let Some(waiter) = self.waiter {
            let _ = waiter.send(Err(JournalError(why.to_owned())));
        }
    }
}

fn acknowledge(waiter: Option<Waiter>) {
    if let Some(waiter) = waiter {
        // Who has given up waiting hears nothing.
        let _ = waiter.send(Ok(()));
    }
}

impl Frames {
    /// Gives each record of a batch the next number. The batch is empty afterwards.
    pub(super) fn number(&mut self, batch: &mut Batch, next_seq: &mut u64) {
        batch.drain(|payload, waiter| {
            frame::encode(&mut self.bytes, *next_seq, payload);
            self.places.push(Place { seq: *next_seq, end: self.bytes.len(), waiter });
            *next_seq += 1;
        });
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Moves all of these behind those.
    pub(super) fn move_behind(&mut self, those: &mut Frames) {
        let begin = those.bytes.len();
        those.bytes.extend_from_slice(&self.bytes);
        those.places.extend(self.places.drain(..).map(|place| Place { end: begin + place.end, ..place }));
        self.clear();
    }

    /// They are kept: tells all who wait for one of them.
    pub(super) fn acknowledge(&mut self) {
        self.places.drain(..).for_each(|place| acknowledge(place.waiter));
        self.clear();
    }

    /// Each by itself.
    pub(super) fn take_apart(&mut self) -> Vec<Held> {
        let mut begin = 0;
        let mut apart = |Place { seq, end, waiter }| {
            let frame = self.bytes[begin..end].into();
            begin = end;
            Held { seq, frame, waiter }
        };
        let held = self.places.drain(..).map(&mut apart).collect();
        self.clear();
        held
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
        self.places.clear();
    }
}

impl FromIterator<Held> for Frames {
    fn from_iter<I: IntoIterator<Item = Held>>(held: I) -> Frames {
        let mut frames = Frames::default();
        for Held { seq, frame, waiter } in held {
            frames.bytes.extend_from_slice(&frame);
            frames.places.push(Place { seq, end: frames.bytes.len(), waiter });
        }
        frames
    }
}
