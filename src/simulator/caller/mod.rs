//! Twilio as the edge sees it: places a call, follows the TwiML to its end, and tells each step.
//!
//! Nothing rings and nobody speaks: time is counted, not waited for, so a call of an hour is over at once. What people
//! and machines do comes from a [`Script`]. Only the edge is ever called; an address elsewhere ends the journey.

use reqwest::Url;
use serde::Serialize;

use super::wire::fresh_sid;

mod dial;
mod event;
mod form;
mod markup;
mod post;
mod record;
mod script;
mod sign;
mod talk;

pub use event::Event;
pub use post::Line;
pub use script::{Ai, CallerPart, NotAPart, Script, Staff};

pub(in crate::simulator) use post::client;
pub(in crate::simulator) use sign::{sign, signed_form};

use post::Post;
use talk::Talk;

/// Places calls on one line.
#[derive(Clone, Debug)]
pub struct Caller {
    post: Post,
}

/// A call to be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// The number or SIP URI that is called.
    pub to: String,
    /// Who calls, as Twilio writes it: a number, `anonymous`, a SIP URI.
    pub from: String,
    /// The call's SID; a fresh one where none is given.
    pub call_sid: Option<String>,
    /// The number the call was forwarded from, where the carrier tells.
    pub forwarded_from: Option<String>,
    /// The user who authenticated, on a SIP domain by credentials.
    pub sip_username: Option<String>,
}

/// Who took the call in the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnsweredBy {
    /// The AI.
    Ai,
    /// A person the call was forwarded to.
    Staff,
    /// The voicemail: a message was left.
    Voicemail,
    /// A spoken sentence and nothing else.
    Announcement,
    /// Nobody.
    #[default]
    Nobody,
}

/// How a call came out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The call's SID.
    pub call_sid: String,
    /// Who took it.
    pub answered_by: AnsweredBy,
    /// Its final status in Twilio's word.
    pub status: String,
    /// Its length from the answer on.
    pub duration_seconds: u32,
    /// What the edge did wrong: an error, no TwiML, a wrong content type.
    pub troubles: Vec<String>,
}

impl Outcome {
    /// Whether somebody or something took the call, and the edge did nothing wrong.
    pub fn was_answered(&self) -> bool {
        self.troubles.is_empty() && self.answered_by != AnsweredBy::Nobody
    }
}

impl Caller {
    /// A caller on this line.
    pub fn new(line: Line) -> anyhow::Result<Caller> {
        Ok(Caller { post: Post::new(line)? })
    }

    /// Places a call and follows it to its end; `tell` hears each step as it happens.
    pub async fn place(&self, call: &Placed, script: &Script, tell: impl FnMut(&Event) + Send) -> Outcome {
        let sid = call.call_sid.clone().unwrap_or_else(|| fresh_sid("CA"));
        Talk::new(&self.post, call, sid, script.clone(), Box::new(tell)).follow().await
    }

    /// The address the first request goes to: the voice entrance, or the SIP one for a SIP URI.
    pub fn entrance(&self, call: &Placed) -> Url {
        self.post.entrance(if call.is_sip() { "/api/twilio/sip" } else { "/api/twilio/voice" })
    }
}

impl Placed {
    /// Whether this is a call to a SIP URI.
    pub fn is_sip(&self) -> bool {
        let to = self.to.to_ascii_lowercase();
        to.starts_with("sip:") || to.starts_with("sips:")
    }
}

/// A document as people read it, each line moved in; what is no TwiML stays as it is.
pub fn indented(twiml: &str) -> String {
    let pretty = markup::document(twiml.as_bytes()).map_or_else(|_| twiml.to_owned(), |root| root.to_string());
    pretty.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
