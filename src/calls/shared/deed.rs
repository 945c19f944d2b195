//! What edges and the shared ledger say to each other: deeds, what becomes of them, and a lease as it is spelled there.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::key::Key;
use super::super::lease::{Call, Changed, Image};
use super::held::{Held, Names};
use crate::model::{Arrival, Decision, E164, EndedBy, OrgId, Sid, TenantId};

/// One thing to be done, all of it or nothing; `deeds.lua` does it.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "deed", rename_all = "snake_case")]
pub(super) enum Deed {
    /// Counts, picks and records.
    Begin {
        lease: Box<Spelled>,
        below: Decision,
        at: Decision,
        threshold: u32,
        /// What is decided if the AI cannot take it although it should.
        #[serde(skip_serializing_if = "Option::is_none")]
        refused: Option<Decision>,
        /// What is decided if no line is free.
        full: Decision,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        now: i64,
    },
    /// A call wants to be with the AI again.
    Again {
        sid: Sid,
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<u32>,
        now: i64,
    },
    /// How a call stands here, and what of that is new.
    Put { lease: Box<Spelled>, changed: ChangedThere, now: i64 },
    /// It is over.
    End { sid: Sid, now: i64 },
    /// Its lease seems to have run out.
    RunOut { sid: Sid, now: i64 },
    /// Somebody here is about to ask after it.
    Ask { sid: Sid, now: i64 },
    /// How does it stand?
    Find { sid: Sid },
}

/// What became of a deed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It is live, and stands so.
    Live(Box<Spelled>),
    /// It has begun.
    Begun {
        others: u32,
        decision: Decision,
    },
    /// It is over already, and was only decided.
    Late {
        others: u32,
        decision: Decision,
    },
    /// Nobody knows it.
    Unknown,
    Admitted,
    /// No line is free.
    Full,
    Written,
    /// It ended a moment ago.
    Ended,
    /// It was live; now it is over.
    Over,
    /// Its lease had run out.
    RanOut(EndedBy),
    /// The question is ours to ask.
    Yours,
    /// Somebody else asks.
    Taken,
}

/// As [`Changed`].
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct ChangedThere {
    began: bool,
    line: bool,
    ringing: bool,
    foreign_answer: bool,
    hanging_up: bool,
}

impl From<Changed> for ChangedThere {
    fn from(changed: Changed) -> ChangedThere {
        let Changed { began, line, ringing, foreign_answer, hanging_up, heard: _ } = changed;
        ChangedThere { began, line, ringing, foreign_answer, hanging_up }
    }
}

/// A lease as it is kept there. Instants are milliseconds; what is absent is left out, for Lua knows no null; lists are
/// words, for an empty table of Lua may be either kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Spelled {
    pub(super) sid: Sid,
    /// Who gave the first answer.
    pub(super) edge: String,
    tenant: TenantId,
    org: OrgId,
    version: u64,
    numbered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caller: Option<E164>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<Sid>,
    arrival: Arrival,
    began: i64,
    decision: Decision,
    others: u32,
    heard: i64,
    hanging_up: bool,
    with_ai: bool,
    ringing: String,
    rings_until: i64,
    /// In base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    foreign_answer: Option<String>,
}

impl Spelled {
    pub(super) fn of(image: &Image<Held>, edge: &str) -> Spelled {
        let Image { call, decision, others, heard, hanging_up, with_ai, ringing, rings_until, foreign_answer } = image;
        let settings = call.settings.named();
        Spelled {
            sid: call.key.sid(),
            edge: edge.to_owned(),
            tenant: settings.tenant.clone(),
            org: settings.org.clone(),
            version: settings.version,
            numbered: call.has_number,
            caller: call.caller,
            account: call.account.clone(),
            arrival: call.arrival,
            began: call.began.as_millisecond(),
            decision: *decision,
            others: *others,
            heard: heard.as_millisecond(),
            hanging_up: *hanging_up,
            with_ai: *with_ai,
            ringing: ringing.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
            rings_until: rings_until.as_millisecond(),
            foreign_answer: foreign_answer.as_ref().map(|bytes| STANDARD.encode(bytes)),
        }
    }

    /// The lease. Whose settings it stands for is known by name.
    pub(super) fn image(self, names: &Names) -> Image<Held> {
        let at = |ms| Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
        Image {
            call: Call {
                key: Key::of(&self.sid),
                settings: names.held(self.tenant, self.org, self.version),
                has_number: self.numbered,
                caller: self.caller,
                account: self.account,
                arrival: self.arrival,
                began: at(self.began),
            },
            decision: self.decision,
            others: self.others,
            heard: at(self.heard),
            hanging_up: self.hanging_up,
            with_ai: self.with_ai,
            ringing: self.ringing.split_whitespace().filter_map(|number| E164::parse(number).ok()).collect(),
            rings_until: at(self.rings_until),
            foreign_answer: self.foreign_answer.and_then(|text| STANDARD.decode(text).ok()).map(Into::into),
        }
    }
}

impl Outcome {
    /// Reads what `deeds.lua` answers: a word, and what belongs to it. None for what it never says.
    pub(super) fn read(word: &str, rest: &[String]) -> Option<Outcome> {
        let decided = || {
            let [others, decision] = rest else { return None };
            Some((others.parse().ok()?, serde_json::from_str(decision).ok()?))
        };
        Some(match word {
            "live" => Outcome::Live(Box::new(serde_json::from_str(rest.first()?).ok()?)),
            "begun" => decided().map(|(others, decision)| Outcome::Begun { others, decision })?,
            "late" => decided().map(|(others, decision)| Outcome::Late { others, decision })?,
            "unknown" => Outcome::Unknown,
            "admitted" => Outcome::Admitted,
            "full" => Outcome::Full,
            "written" => Outcome::Written,
            "ended" => Outcome::Ended,
            "over" => Outcome::Over,
            "hung_up" => Outcome::RanOut(EndedBy::HungUp),
            "expired" => Outcome::RanOut(EndedBy::Expired),
            "yours" => Outcome::Yours,
            "taken" => Outcome::Taken,
            _ => return None,
        })
    }
}
