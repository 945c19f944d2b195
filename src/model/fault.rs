//! What is wrong, or only doubtful, in settings somebody gave, and where.

use serde::{Deserialize, Serialize};

/// One fault or warning in a JSON document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// JSON pointer to the place (RFC 6901).
    pub pointer: String,
    /// Stable word for programs.
    pub code: String,
    /// A sentence for people: lower case, without a full stop.
    pub detail: String,
}

impl Fault {
    /// Names a fault.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Fault {
        Fault { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}
