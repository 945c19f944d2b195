//! Reading a segment back: runs of records, and what is none of them.

use std::io;
use std::path::Path;

use super::files;
use super::frame::{self, Next};
use crate::model::Record;
use crate::store::Numbered;

/// Records read before the thread lets others go first: it reads on a thread that stands back, but once it runs it is
/// left to run.
const READ_ON_MAX: usize = 16;

/// How much of a segment is read for each record wanted; most are shorter.
const READ_EACH: u64 = 2 << 10;

/// One record to apply.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) numbered: Numbered,
    /// Where the segment goes on after it; none if it comes from memory.
    pub(super) end: Option<u64>,
}

/// What a part of a segment holds: a run of records, or one thing that cannot be applied, or nothing.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) items: Vec<Item>,
    /// A record whose JSON is none of ours.
    pub(super) foreign: Option<(u64, Vec<u8>)>,
    /// Where reading goes on when all of it is done with.
    pub(super) end: u64,
}

/// Reads up to so many records from a segment.
pub(super) fn read_part(path: &Path, offset: u64, readable: u64, most: usize) -> io::Result<Part> {
    let rest = readable.saturating_sub(offset);
    let wanted = rest.min(READ_EACH * most as u64);
    let some = files::read(path, offset, wanted)?;
    if some.is_empty() && rest > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let is_complete = some.len() as u64 >= rest || (some.len() as u64) < wanted;
    if let Some(part) = parse(path, offset, &some, is_complete, most) {
        return Ok(part);
    }
    // A record longer than what was read, or damage that is.
    let all = files::read(path, offset, rest)?;
    Ok(parse(path, offset, &all, true, most).unwrap_or(Part { end: readable, ..Part::default() }))
}

/// Reads records up to the first thing that is none. None if not even what comes first is whole.
fn parse(path: &Path, offset: u64, bytes: &[u8], is_complete: bool, most: usize) -> Option<Part> {
    let mut part = Part { end: offset, ..Part::default() };
    let mut at = 0;
    while part.items.len() < most {
        let next = frame::next(&bytes[at..], is_complete);
        let len = match next {
            Next::Frame { len, .. } | Next::Damaged { len } | Next::Torn { len } => len,
            Next::NeedMore if at == 0 => return None,
            Next::NeedMore | Next::End => break,
        };
        let end = offset + (at + len) as u64;
        let read = match next {
            Next::Frame { seq, payload, .. } => {
                serde_json::from_slice::<Record>(payload).map(|record| Numbered { seq, record }).ok()
            }
            _ => None,
        };
        if let Some(numbered) = read {
            if part.items.len() % READ_ON_MAX == READ_ON_MAX - 1 {
                std::thread::yield_now();
            }
            part.items.push(Item { numbered, end: Some(end) });
            part.end = end;
            at += len;
            continue;
        }
        // It is told of, and moved past, once everything before it is in the store.
        if part.items.is_empty() {
            let segment = path.display();
            match next {
                Next::Frame { seq, payload, .. } => part.foreign = Some((seq, payload.to_vec())),
                Next::Torn { len } => {
                    tracing::warn!(%segment, at = offset, bytes = len, "the journal ends within a record: cut off there");
                }
                _ => {
                    tracing::error!(%segment, at = offset, bytes = len, "a part of the journal is damaged and skipped")
                }
            }
            part.end = end;
        }
        break;
    }
    Some(part)
}
