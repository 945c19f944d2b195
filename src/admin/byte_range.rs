//! Which bytes of a recording somebody wants (RFC 9110, section 14). Pure.
//!
//! One part or the whole: who asks for several parts, or for something that is no range, gets the whole.

/// One part of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ByteRange {
    /// From one byte to another, both included; without an end, to the last.
    From(u64, Option<u64>),
    /// So many at the end.
    Last(u64),
}

impl ByteRange {
    /// Reads the header `Range`.
    pub fn parse(header: &str) -> Option<ByteRange> {
        let (unit, rest) = header.split_once('=')?;
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return None;
        }
        let (first, last) = rest.trim().split_once('-')?;
        match (first.is_empty(), last.is_empty()) {
            (true, true) => None,
            (true, false) => Some(ByteRange::Last(number(last)?)),
            (false, true) => Some(ByteRange::From(number(first)?, None)),
            (false, false) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(ByteRange::From(first, Some(last)))
            }
        }
    }

    /// As HTTP writes it.
    pub fn spell(self) -> String {
        match self {
            ByteRange::From(first, Some(last)) => format!("bytes={first}-{last}"),
            ByteRange::From(first, None) => format!("bytes={first}-"),
            ByteRange::Last(many) => format!("bytes=-{many}"),
        }
    }

    /// The first and the last byte of it in something of this length; none if it lies beyond the end.
    pub fn within(self, length: u64) -> Option<(u64, u64)> {
        let end = length.checked_sub(1)?;
        match self {
            ByteRange::From(first, last) => (first <= end).then(|| (first, last.unwrap_or(end).min(end))),
            ByteRange::Last(0) => None,
            ByteRange::Last(many) => Some((length.saturating_sub(many), end)),
        }
    }
}

/// Digits alone: a sign is no part of a range.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_part_is_read_and_anything_else_is_the_whole() {
        for (header, range) in [
            ("bytes=0-0", Some(ByteRange::From(0, Some(0)))),
            ("bytes=5-", Some(ByteRange::From(5, None))),
            ("Bytes= 5-9 ", Some(ByteRange::From(5, Some(9)))),
            ("bytes=-5", Some(ByteRange::Last(5))),
            ("bytes=-", None),
            ("bytes=9-5", None),
            ("bytes=0-1,3-4", None),
            ("bytes=+1-2", None),
            ("bytes=99999999999999999999-", None),
            ("items=0-1", None),
            ("", None),
        ] {
            assert_eq!(ByteRange::parse(header), range, "{header}");
        }
    }

    #[test]
    fn a_part_ends_where_the_whole_ends() {
        for (range, length, part) in [
            (ByteRange::From(0, Some(9)), 10, Some((0, 9))),
            (ByteRange::From(0, Some(10)), 10, Some((0, 9))),
            (ByteRange::From(9, None), 10, Some((9, 9))),
            (ByteRange::From(10, None), 10, None),
            (ByteRange::Last(3), 10, Some((7, 9))),
            (ByteRange::Last(30), 10, Some((0, 9))),
            (ByteRange::Last(0), 10, None),
            (ByteRange::From(0, None), 0, None),
            (ByteRange::Last(1), 0, None),
        ] {
            assert_eq!(range.within(length), part, "{range:?} of {length}");
        }
    }

    proptest! {
        #[test]
        fn a_range_is_read_back_as_it_is_spelled(first in 0u64..1_000, more in 0u64..1_000, end in any::<bool>()) {
            for range in [ByteRange::From(first, end.then_some(first + more)), ByteRange::Last(more)] {
                prop_assert_eq!(ByteRange::parse(&range.spell()), Some(range));
            }
        }
    }
}
