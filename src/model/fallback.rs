//! What happens to a call the AI does not take, as settings say it.

use super::E164;

/// The fallback of a tenant, read and checked (CONTRACT section 6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Fallback {
    /// Which of the three.
    pub kind: FallbackKind,
    /// Whom `Forward` rings, in order; never empty there.
    pub forward: Vec<E164>,
    /// All at once or one after the other.
    pub ring: Ring,
    /// Whoever picks up must press 1.
    pub accept_key: bool,
    /// What follows when nobody picks up.
    pub no_answer: NoAnswer,
    /// The greeting before the beep.
    pub greeting: Option<String>,
    /// Have Twilio write the message down.
    pub transcribe: bool,
    /// A true busy tone instead of the sentence, where that is still possible.
    pub reject: bool,
}

impl Default for Fallback {
    /// Voicemail with the standard greeting.
    fn default() -> Fallback {
        Fallback {
            kind: FallbackKind::Voicemail,
            forward: Vec::new(),
            ring: Ring::Together,
            accept_key: false,
            no_answer: NoAnswer::Voicemail,
            greeting: None,
            transcribe: false,
            reject: false,
        }
    }
}

/// The three fallbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FallbackKind {
    /// Greeting, beep, message.
    Voicemail,
    /// Ring staff.
    Forward,
    /// Say that nobody can come to the phone.
    BusySignal,
}

/// How several forward numbers ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ring {
    /// All at once; the first to pick up wins.
    Together,
    /// One after the other.
    InTurn,
}

/// What follows a forward nobody took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoAnswer {
    /// Take a message.
    Voicemail,
    /// Say that nobody can come to the phone.
    BusySignal,
    /// Let the AI answer after all.
    Ai,
}
