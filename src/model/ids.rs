//! Identifiers of our own making: a prefix that says what it names, then 26 characters of lower-case
//! base32 that sort by the time they were made. They are kept where they stand, without memory of their own: a call
//! touches many of them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BODY_LEN: usize = 26;

/// Sixteen bytes of time and chance, from which an identifier is spelled.
///
/// Both come in as arguments, so that the rooms that make identifiers stay pure.
#[derive(Clone, Copy, Debug)]
pub struct Seed {
    /// When the thing named came to be.
    pub at: Timestamp,
    /// Ten random bytes.
    pub random: [u8; 10],
}

impl Seed {
    fn spell<const LEN: usize>(self, prefix: &str) -> [u8; LEN] {
        let millis = u64::try_from(self.at.as_millisecond()).unwrap_or(0);
        let mut bytes = [0u8; 16];
        bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&self.random);
        let value = u128::from_be_bytes(bytes);
        let mut text = [0; LEN];
        let (begin, body) = text.split_at_mut(prefix.len());
        begin.copy_from_slice(prefix.as_bytes());
        for (place, letter) in body.iter_mut().rev().enumerate() {
            let digit = (value >> (5 * place)) & 31;
            *letter = ALPHABET[digit as usize];
        }
        text
    }
}

/// The text is no identifier of this kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an identifier of this kind")]
pub struct NotAnId;

fn parse<const LEN: usize>(raw: &str, prefix: &str) -> Result<[u8; LEN], NotAnId> {
    let body = raw.strip_prefix(prefix).ok_or(NotAnId)?;
    let spelled = body.len() == BODY_LEN && body.bytes().all(|byte| ALPHABET.contains(&byte));
    if !spelled {
        return Err(NotAnId);
    }
    raw.as_bytes().try_into().map_err(|_| NotAnId)
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name([u8; $prefix.len() + BODY_LEN]);

        impl $name {
            /// Makes a new one.
            pub fn new(seed: Seed) -> Self {
                Self(seed.spell($prefix))
            }

            /// Reads one back.
            pub fn parse(raw: &str) -> Result<Self, NotAnId> {
                parse(raw, $prefix).map(Self)
            }

            /// The text, prefix included.
            pub fn as_str(&self) -> &str {
                str::from_utf8(&self.0).expect("prefix and alphabet are ASCII")
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.as_str()).finish()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(raw: String) -> Result<Self, NotAnId> {
                Self::parse(&raw)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.as_str().to_owned()
            }
        }
    };
}

id!(
    /// Names the erasure of one person's data.
    ErasureId, "era_"
);
id!(
    /// Names a provisioning run.
    JobId, "job_"
);
id!(
    /// Names an organization: whoever owns Twilio credentials.
    OrgId, "org_"
);
id!(
    /// Names a tenant: one business.
    TenantId, "ten_"
);
id!(
    /// Names a number that leads to a tenant.
    NumberId, "num_"
);
id!(
    /// Names a port: a number on its way here.
    PortId, "prt_"
);
id!(
    /// Names a token of the admin API.
    TokenId, "tok_"
);
id!(
    /// Names a voicemail.
    VoicemailId, "vm_"
);
id!(
    /// Names an endpoint that is told of events.
    WebhookId, "wh_"
);
id!(
    /// Names what one endpoint is told of one event: the same however often it is sent.
    MessageId, "msg_"
);

#[cfg(test)]
mod tests {
    use super::*;

    fn seed(second: i64, random: u8) -> Seed {
        Seed { at: Timestamp::from_second(second).expect("in range"), random: [random; 10] }
    }

    #[test]
    fn identifiers_sort_by_the_time_they_were_made() {
        let early = TenantId::new(seed(1_000, 255));
        let late = TenantId::new(seed(1_001, 0));
        assert!(early < late);
        assert_eq!(TenantId::parse(early.as_str()), Ok(early));
    }

    #[test]
    fn another_kind_or_a_damaged_text_is_refused() {
        let tenant = TenantId::new(seed(1_000, 7));
        assert_eq!(OrgId::parse(tenant.as_str()), Err(NotAnId));
        assert_eq!(TenantId::parse("ten_short"), Err(NotAnId));
        assert_eq!(TenantId::parse(&tenant.as_str().to_uppercase()), Err(NotAnId));
    }
}
