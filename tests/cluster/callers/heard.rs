//! What a caller hears, read from the answer alone.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    Ai,
    /// Staff is rung.
    Staff,
    /// A message is taken.
    Message,
    /// Nobody can take the call.
    Busy,
    /// The line has trouble.
    Trouble,
    /// Anything else.
    Else,
}

impl Heard {
    pub fn of(twiml: &str) -> Heard {
        for (part, heard) in [
            ("sip.vapi.ai", Heard::Ai),
            ("<Number>", Heard::Staff),
            ("<Record ", Heard::Message),
            ("having trouble", Heard::Trouble),
            ("unable to take your call", Heard::Busy),
        ] {
            if twiml.contains(part) {
                return heard;
            }
        }
        Heard::Else
    }
}
