//! The calls of a run: who calls whom, and when they hang up.

use std::collections::VecDeque;

use super::random::Random;

/// One call. Times are nanoseconds since the start of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The 128 bits of its CallSid.
    pub sid: u128,
    /// Which of the numbers is called.
    pub to: u32,
    /// Which of the invented callers calls.
    pub from: u32,
    pub answered: u64,
    pub hangs_up: u64,
}

/// How many different people call; their numbers are +1 xxx 555 01xx.
pub const CALLERS: u32 = 100 * AREAS.len() as u32;
const AREAS: [&[u8; 3]; 16] = [
    b"212", b"213", b"303", b"305", b"312", b"404", b"415", b"416", b"503", b"512", b"514", b"604", b"617", b"647",
    b"702", b"713",
];

impl Call {
    pub fn new(random: &mut Random, to: u32) -> Call {
        let sid = u128::from(random.next()) << 64 | u128::from(random.next());
        Call { sid, to, from: random.below(CALLERS), answered: 0, hangs_up: 0 }
    }

    /// `CA` and 32 hexadecimal digits.
    pub fn sid_text(&self) -> [u8; 34] {
        let mut text = *b"CA00000000000000000000000000000000";
        for (pair, byte) in text[2..].as_chunks_mut::<2>().0.iter_mut().zip(self.sid.to_be_bytes()) {
            *pair = [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]);
        }
        text
    }

    /// The caller's number.
    pub fn caller_text(&self) -> [u8; 12] {
        let mut text = *b"+10005550100";
        text[2..5].copy_from_slice(AREAS[self.from as usize / 100]);
        let last = (self.from % 100) as u8;
        text[10] = b'0' + last / 10;
        text[11] = b'0' + last % 10;
        text
    }
}

/// Width of a slot of the wheel: a call waits in the slot of its instant, and is put in order when that comes.
const SLOT_NS: u64 = 1_000_000;

/// The calls that are under way, by the instant at which they hang up. A wheel rather than a heap: some 100,000 calls
/// are under way at a time, and putting one in must cost nothing beside signing it.
pub struct UnderWay {
    slots: Vec<Vec<Call>>,
    /// Slots before this one have been emptied.
    next_slot: u64,
    /// Calls of emptied slots, in the order in which they hang up.
    ready: VecDeque<Call>,
    count: usize,
}

impl UnderWay {
    /// For calls that last no longer than that.
    pub fn new(longest_ns: u64) -> UnderWay {
        let slots = longest_ns / SLOT_NS + 2;
        UnderWay { slots: vec![Vec::new(); slots as usize], next_slot: 0, ready: VecDeque::new(), count: 0 }
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn add(&mut self, call: Call) {
        self.count += 1;
        let last = self.next_slot + self.slots.len() as u64 - 1;
        let slot = (call.hangs_up / SLOT_NS).clamp(self.next_slot, last);
        let place = slot % self.slots.len() as u64;
        self.slots[place as usize].push(call);
    }

    /// When the next call hangs up, if that is now or long past.
    pub fn due(&mut self, now: u64) -> Option<u64> {
        // The slot of this very instant is emptied too: its calls follow within a thousandth of a second.
        while self.next_slot <= now / SLOT_NS {
            self.empty_slot();
        }
        self.ready.front().map(|call| call.hangs_up).filter(|instant| *instant <= now)
    }

    /// Takes the call that hangs up next, whenever that is, of those whose slot has come.
    pub fn take(&mut self) -> Option<Call> {
        let call = self.ready.pop_front()?;
        self.count -= 1;
        Some(call)
    }

    /// From now on all calls hang up at once.
    pub fn end_all(&mut self) {
        for _ in 0..self.slots.len() {
            self.empty_slot();
        }
    }

    fn empty_slot(&mut self) {
        let place = self.next_slot % self.slots.len() as u64;
        let slot = &mut self.slots[place as usize];
        slot.sort_unstable_by_key(|call| call.hangs_up);
        self.ready.extend(slot.drain(..));
        self.next_slot += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_hang_up_in_their_order_and_not_before() {
        let mut random = Random::new(Some(1));
        let mut under_way = UnderWay::new(50 * SLOT_NS);
        for to in 0..1000 {
            let hangs_up = u64::from(random.below(50 * SLOT_NS as u32));
            under_way.add(Call { hangs_up, ..Call::new(&mut random, to) });
        }
        let mut last = 0;
        for now in (0..=51 * SLOT_NS).step_by(777) {
            while let Some(due) = under_way.due(now) {
                assert!(last <= due && due <= now);
                last = due;
                assert_eq!(under_way.take().map(|call| call.hangs_up), Some(due));
            }
        }
        assert_eq!(under_way.len(), 0);
    }

    #[test]
    fn numbers_and_sids_have_their_form() {
        let call = Call { sid: 0xab, to: 0, from: 109, answered: 0, hangs_up: 0 };
        assert_eq!(&call.sid_text(), b"CA000000000000000000000000000000ab");
        assert_eq!(&call.caller_text(), b"+12135550109");
    }
}
