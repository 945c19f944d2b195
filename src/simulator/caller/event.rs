//! What happens in a call, step by step, as data and as a line for people.

use std::fmt;

use serde::Serialize;

/// One step of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields are named for what they hold")]
pub enum Event {
    /// The caller dials.
    Dials { from: String, to: String, call_sid: String },
    /// The edge was asked, and answered.
    Asked { method: String, path: String, status: u16 },
    /// The TwiML it answered, indented, passwords hidden.
    Twiml { twiml: String },
    /// The caller hears a sentence.
    Hears { text: String },
    /// The caller hears a recording or keys.
    Plays { what: String },
    /// The caller hears nothing.
    Silence { seconds: u32 },
    /// Somebody's phone rings.
    Rings { who: String, seconds: u32 },
    /// Whoever picked up hears a sentence before they are connected.
    Whispers { who: String, text: String },
    /// Somebody presses keys.
    Presses { who: String, keys: String },
    /// The caller says something to a menu.
    Says { text: String },
    /// A leg came to nothing.
    Missed { who: String, status: String },
    /// Somebody talks with the caller.
    Talks { who: String, seconds: u32 },
    /// The AI hands the caller to somebody else.
    Refers { to: String },
    /// The call leaves the edge for good.
    HandedOver { to: String },
    /// The caller leaves a message.
    Message { seconds: u32 },
    /// Nothing was said after the tone.
    NoMessage,
    /// The caller hangs up.
    CallerHangsUp { after_seconds: u32 },
    /// The call was turned away without being answered.
    Rejected { reason: String },
    /// A verb that is TwiML but is not played here.
    NotPlayed { verb: String },
    /// The edge did something wrong.
    Trouble { what: String },
    /// The call is over.
    Ended { status: String, seconds: u32 },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Dials { from, to, call_sid } => write!(f, "{from} calls {to} ({call_sid})"),
            Event::Asked { method, path, status } => write!(f, "→ {method} {path} {status}"),
            Event::Twiml { twiml } => {
                let indented: Vec<String> = twiml.lines().map(|line| format!("    {line}")).collect();
                f.write_str(&indented.join("\n"))
            }
            Event::Hears { text } => write!(f, "  caller hears: {text}"),
            Event::Plays { what } => write!(f, "  caller hears: ♪ {what}"),
            Event::Silence { seconds } => write!(f, "  caller hears nothing for {seconds} s"),
            Event::Rings { who, seconds } => write!(f, "  {who} rings, {seconds} s"),
            Event::Whispers { who, text } => write!(f, "  {who} hears: {text}"),
            Event::Presses { who, keys } => write!(f, "  {who} presses {keys}"),
            Event::Says { text } => write!(f, "  caller says: {text}"),
            Event::Missed { who, status } => write!(f, "  {who}: {status}"),
            Event::Talks { who, seconds } => write!(f, "  caller talks with {who}, {seconds} s"),
            Event::Refers { to } => write!(f, "  the AI hands the caller to {to}"),
            Event::HandedOver { to } => write!(f, "  the call is handed to {to}"),
            Event::Message { seconds } => write!(f, "  caller leaves a message of {seconds} s"),
            Event::NoMessage => write!(f, "  caller says nothing after the tone"),
            Event::CallerHangsUp { after_seconds } => write!(f, "  caller hangs up after {after_seconds} s"),
            Event::Rejected { reason } => write!(f, "  the call is rejected: {reason}"),
            Event::NotPlayed { verb } => write!(f, "  <{verb}> is not played here"),
            Event::Trouble { what } => write!(f, "  ! {what}"),
            Event::Ended { status, seconds } => write!(f, "the call is over: {status}, {seconds} s"),
        }
    }
}
