//! A place in the stream of events, as a client keeps it: `<run>-<number>`.

use std::fmt;

/// The id of an event: all up to this one have been heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Names the run of the process: after a restart numbers begin again.
    pub epoch: String,
    /// The number of the event.
    pub seq: u64,
}

/// The text is no place in a stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the id of an event")]
pub struct NotAPlace;

impl Place {
    /// Reads one back.
    pub fn parse(text: &str) -> Result<Place, NotAPlace> {
        let (epoch, seq) = text.split_once('-').ok_or(NotAPlace)?;
        let is_plain = (1..=64).contains(&epoch.len()) && epoch.bytes().all(|byte| byte.is_ascii_alphanumeric());
        // Digits alone: `+1` would be read as a number too.
        let is_number = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain || !is_number {
            return Err(NotAPlace);
        }
        Ok(Place { epoch: epoch.to_owned(), seq: seq.parse().map_err(|_| NotAPlace)? })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_as_it_went_and_anything_else_is_none() {
        let place = Place { epoch: "0a1b".to_owned(), seq: u64::MAX };
        assert_eq!(Place::parse(&place.to_string()), Ok(place));
        for odd in ["", "-", "a-", "-1", "a-+1", "a-1-2", "a 1", "a-18446744073709551616", "ä-1", "a\n-1"] {
            assert_eq!(Place::parse(odd), Err(NotAPlace), "{odd}");
        }
    }
}
