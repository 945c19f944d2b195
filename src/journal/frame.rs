//! How a record lies in a segment: a mark, its length, a checksum, its sequence number, its JSON. Pure.
//!
//! The mark begins with a byte no UTF-8 text contains, so that reading finds its way again behind damage.

const MARK: [u8; 4] = [0xFF, b'p', b'b', b'1'];
const HEADER_LEN: usize = 4 + 4 + 4 + 8;

/// A longer payload is no record of ours: the length itself is damaged.
pub(super) const PAYLOAD_MAX: usize = 8 << 20;

/// What lies next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next<'a> {
    /// A whole record; `len` bytes with its header.
    Frame { seq: u64, payload: &'a [u8], len: usize },
    /// So many bytes make no sense, but a whole record follows them.
    Damaged { len: usize },
    /// Nothing readable follows to the end: what was being written when the process died.
    Torn { len: usize },
    /// The bytes given end before the record does.
    NeedMore,
    /// Nothing.
    End,
}

/// Appends a record's frame. The payload is at most [`PAYLOAD_MAX`] long.
pub(super) fn encode(out: &mut Vec<u8>, seq: u64, payload: &[u8]) {
    let len = u32::try_from(payload.len()).expect("whoever appends has seen to its length");
    let mut header = [0; HEADER_LEN];
    header[..4].copy_from_slice(&MARK);
    header[4..8].copy_from_slice(&len.to_le_bytes());
    header[8..12].copy_from_slice(&checksum(len, seq, payload).to_le_bytes());
    header[12..].copy_from_slice(&seq.to_le_bytes());
    out.extend_from_slice(&header);
    out.extend_from_slice(payload);
}

/// What a whole frame of ours carries.
pub(super) fn payload(frame: &[u8]) -> &[u8] {
    &frame[HEADER_LEN..]
}

/// Reads what lies at the beginning of `bytes`; `complete` says that nothing comes after them.
pub(super) fn next(bytes: &[u8], complete: bool) -> Next<'_> {
    if bytes.is_empty() {
        return Next::End;
    }
    match whole(bytes) {
        Whole::Frame { seq, payload } => return Next::Frame { seq, payload, len: HEADER_LEN + payload.len() },
        Whole::Short if !complete => return Next::NeedMore,
        Whole::Short | Whole::Bad => {}
    }
    let follows = |at: &usize| matches!(whole(&bytes[*at..]), Whole::Frame { .. });
    match marks(bytes).find(follows) {
        Some(at) => Next::Damaged { len: at },
        None if complete => Next::Torn { len: bytes.len() },
        None => Next::NeedMore,
    }
}

enum Whole<'a> {
    Frame { seq: u64, payload: &'a [u8] },
    Short,
    Bad,
}

fn whole(bytes: &[u8]) -> Whole<'_> {
    let Some((header, rest)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        let begins_well = bytes.iter().zip(MARK).all(|(byte, mark)| *byte == mark);
        return if begins_well { Whole::Short } else { Whole::Bad };
    };
    let word = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
    let (len, sum) = (word(4), word(8));
    let seq = u64::from(word(12)) | u64::from(word(16)) << 32;
    if header[..4] != MARK || len as usize > PAYLOAD_MAX {
        return Whole::Bad;
    }
    let Some(payload) = rest.get(..len as usize) else { return Whole::Short };
    if checksum(len, seq, payload) == sum { Whole::Frame { seq, payload } } else { Whole::Bad }
}

/// Where a record might begin, the very first byte left out.
fn marks(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let windows = bytes.windows(MARK.len()).enumerate().skip(1);
    windows.filter(|(_, window)| *window == MARK).map(|(at, _)| at)
}

fn checksum(len: u32, seq: u64, payload: &[u8]) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(&len.to_le_bytes());
    sum.update(&seq.to_le_bytes());
    sum.update(payload);
    sum.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Records = Vec<(u64, Vec<u8>)>;

    /// Everything that can be read, in order, and how many bytes could not.
    fn read_all(mut bytes: &[u8]) -> (Records, usize) {
        let (mut read, mut unreadable) = (Vec::new(), 0);
        loop {
            match next(bytes, true) {
                Next::Frame { seq, payload, len } => {
                    read.push((seq, payload.to_vec()));
                    bytes = &bytes[len..];
                }
                Next::Damaged { len } | Next::Torn { len } => {
                    unreadable += len;
                    bytes = &bytes[len..];
                }
                Next::NeedMore => panic!("there is no more"),
                Next::End => return (read, unreadable),
            }
        }
    }

    fn three() -> (Vec<u8>, Records, Vec<usize>) {
        let records = vec![(7, b"{\"a\":1}".to_vec()), (8, Vec::new()), (1 << 40, "{\"b\":\"é\"}".into())];
        let (mut bytes, mut ends) = (Vec::new(), Vec::new());
        for (seq, payload) in &records {
            encode(&mut bytes, *seq, payload);
            ends.push(bytes.len());
        }
        (bytes, records, ends)
    }

    #[test]
    fn cut_anywhere_every_record_before_the_cut_is_read_and_nothing_else() {
        let (bytes, records, ends) = three();
        for cut in 0..=bytes.len() {
            let whole = ends.iter().filter(|end| **end <= cut).count();
            let (read, unreadable) = read_all(&bytes[..cut]);
            assert_eq!(read, records[..whole]);
            assert_eq!(unreadable, cut - ends[..whole].last().copied().unwrap_or(0));
        }
    }

    #[test]
    fn one_damaged_byte_costs_one_record() {
        let (bytes, records, ends) = three();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            let hit = ends.iter().filter(|end| **end <= at).count();
            let spared: Vec<_> = (0..3).filter(|index| *index != hit).map(|index| records[index].clone()).collect();
            assert_eq!(read_all(&damaged).0, spared, "byte {at}");
        }
    }

    #[test]
    fn the_longest_record_is_read_again() {
        let longest = vec![b' '; PAYLOAD_MAX];
        let mut bytes = Vec::new();
        encode(&mut bytes, 1, &longest);
        assert_eq!((payload(&bytes), read_all(&bytes).0), (&longest[..], vec![(1, longest.clone())]));
    }

    #[test]
    fn a_part_of_a_record_asks_for_more() {
        let (bytes, _, ends) = three();
        for cut in 1..ends[0] {
            assert_eq!(next(&bytes[..cut], false), Next::NeedMore);
        }
        assert_eq!(next(&[0; 64], false), Next::NeedMore);
    }
}
