//! Identifiers that providers give: compared, never taken apart.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

/// A provider's identifier (`CallSid`, `AccountSid`, `RecordingSid`, a Vapi call id): 1 to 64 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Sid(Arc<str>);

/// The text cannot be a provider's identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier: 1 to 64 visible ASCII characters")]
pub struct NotASid;

impl Sid {
    /// Takes a provider's identifier as it stands.
    pub fn parse(raw: &str) -> Result<Sid, NotASid> {
        if Sid::is_one(raw) { Ok(Sid(raw.into())) } else { Err(NotASid) }
    }

    /// Can this be a provider's identifier? For whoever only compares it.
    pub fn is_one(raw: &str) -> bool {
        // All are asked, so that the compiler looks at many at once.
        let is_graphic = || raw.bytes().fold(true, |all, byte| all & byte.is_ascii_graphic());
        (1..=64).contains(&raw.len()) && is_graphic()
    }

    /// The text as the provider wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Sid {
    type Error = NotASid;
    fn try_from(raw: String) -> Result<Self, NotASid> {
        Sid::parse(&raw)
    }
}

impl Serialize for Sid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl From<Sid> for String {
    fn from(sid: Sid) -> String {
        sid.0.as_ref().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_to_sixty_four_visible_characters_will_do() {
        assert!(Sid::parse("CA1234567890ABCDE").is_ok());
        assert!(Sid::parse(&"x".repeat(64)).is_ok());
        for bad in ["", " ", "CA 1", "CA\n1", "CAé", &"x".repeat(65)] {
            assert_eq!(Sid::parse(bad), Err(NotASid));
        }
    }
}
