//! What is kept of calls: the records the journal carries and the store holds.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::spelled::{Clock, Spelling};
use super::{Decision, E164, NumberId, Sid, TenantId, VoicemailId};

/// One thing that happened and must be kept. The journal carries these; the store applies each exactly once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Record {
    /// A live call began, or was refused a place among them (an unknown number).
    CallBegan(CallBegan),
    /// Something happened in a call.
    CallEvent(CallEvent),
    /// A call ended.
    CallEnded(CallEnded),
    /// A voicemail, or news of one.
    Voicemail(VoicemailNews),
    /// What Vapi says of a call after it ended.
    AiReport(AiReport),
}

impl Record {
    /// Which call it is of.
    pub fn call_sid(&self) -> &Sid {
        match self {
            Record::CallBegan(began) => &began.call_sid,
            Record::CallEvent(event) => &event.call_sid,
            Record::CallEnded(ended) => &ended.call_sid,
            Record::Voicemail(news) => &news.call_sid,
            Record::AiReport(report) => &report.call_sid,
        }
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        match self {
            Record::CallBegan(began) => began.at,
            Record::CallEvent(event) => event.at,
            Record::CallEnded(ended) => ended.at,
            Record::Voicemail(news) => news.at,
            Record::AiReport(report) => report.at,
        }
    }

    /// Whose it says it is, where it says so.
    pub fn tenant_id(&self) -> Option<&TenantId> {
        match self {
            Record::CallBegan(began) => began.tenant_id.as_ref(),
            Record::Voicemail(news) => news.tenant_id.as_ref(),
            Record::CallEvent(_) | Record::CallEnded(_) | Record::AiReport(_) => None,
        }
    }

    /// Every provider's identifier by which more of the same may be told later.
    pub fn marks(&self) -> impl Iterator<Item = &Sid> {
        let other = match self {
            Record::Voicemail(news) => news.recording_sid.as_ref(),
            Record::AiReport(report) => report.vapi_call_id.as_ref(),
            Record::CallBegan(_) | Record::CallEvent(_) | Record::CallEnded(_) => None,
        };
        std::iter::once(self.call_sid()).chain(other)
    }
}

/// A call's first answer, with all it takes to explain it and to give it again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallBegan {
    /// Twilio's CallSid, or Vapi's call id on a free Vapi number.
    pub call_sid: Sid,
    /// Whose call it is; none for an unknown number.
    pub tenant_id: Option<TenantId>,
    /// The settings it was decided by.
    pub tenant_version: u64,
    /// The number it came in on, where there is one.
    pub number_id: Option<NumberId>,
    /// The account that carries it.
    pub account_sid: Option<Sid>,
    /// The caller, as the provider wrote it.
    pub from: String,
    /// What was dialled, as the provider wrote it.
    pub to: String,
    /// How it reached us.
    pub arrival: Arrival,
    /// When it was answered.
    pub at: Timestamp,
    /// Other live calls of the tenant that were not with the AI.
    pub others: u32,
    /// What was decided.
    pub decision: Decision,
    /// The first step of its walk, as `routing::plan` spells it.
    pub step: String,
    /// The answer itself where it cannot be made again (Vapi's own TwiML).
    pub answer: Option<String>,
    /// How long the answer took.
    pub took_us: u64,
    /// The request's id, as in the logs.
    pub request_id: String,
}

/// A record as whoever makes it for the journal holds it: borrowed, and read back as the [`Record`] of the same kind.
#[derive(Clone, Debug)]
pub enum Fresh<'a> {
    /// As [`Record::CallBegan`].
    CallBegan(FreshBeginning<'a>),
    /// As [`Record::CallEnded`].
    CallEnded(FreshEnd<'a>),
}

/// A [`CallBegan`], borrowed; its fields are explained there.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "those of CallBegan")]
pub struct FreshBeginning<'a> {
    pub call_sid: &'a Sid,
    pub tenant_id: Option<&'a TenantId>,
    pub tenant_version: u64,
    pub number_id: Option<&'a NumberId>,
    pub account_sid: Option<&'a Sid>,
    pub from: &'a str,
    pub to: &'a str,
    pub arrival: Arrival,
    pub at: Timestamp,
    pub others: u32,
    pub decision: Decision,
    pub step: &'a str,
    pub answer: Option<Cow<'a, str>>,
    pub took_us: u64,
    pub request_id: &'a str,
}

/// A [`CallEnded`], borrowed.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "those of CallEnded")]
pub struct FreshEnd<'a> {
    pub call_sid: &'a Sid,
    pub at: Timestamp,
    pub status: Option<&'a str>,
    pub duration_seconds: Option<u32>,
    pub by: EndedBy,
}

/// What can be kept: it is spelled in the JSON of some [`Record`].
pub trait Kept {
    /// Appends the JSON.
    fn spell(&self, out: &mut Vec<u8>, clock: &mut Clock) -> serde_json::Result<()>;
}

impl Kept for Record {
    fn spell(&self, out: &mut Vec<u8>, _clock: &mut Clock) -> serde_json::Result<()> {
        serde_json::to_writer(out, self)
    }
}

// By hand, because every call pays for it.
impl Kept for Fresh<'_> {
    fn spell(&self, out: &mut Vec<u8>, clock: &mut Clock) -> serde_json::Result<()> {
        match self {
            Fresh::CallBegan(began) => began.spell(&mut Spelling::on(out), clock),
            Fresh::CallEnded(ended) => ended.spell(&mut Spelling::on(out), clock),
        }
        Ok(())
    }
}

impl FreshBeginning<'_> {
    fn spell(&self, json: &mut Spelling<'_>, clock: &mut Clock) {
        json.raw(r#"{"kind":"call_began","call_sid":"#).text(self.call_sid.as_str());
        json.raw(r#","tenant_id":"#).maybe_word(self.tenant_id);
        json.raw(r#","tenant_version":"#).number(self.tenant_version);
        json.raw(r#","number_id":"#).maybe_word(self.number_id);
        json.raw(r#","account_sid":"#).maybe(self.account_sid.map(Sid::as_str));
        json.raw(r#","from":"#).text(self.from);
        json.raw(r#","to":"#).text(self.to);
        json.raw(r#","arrival":"#).word(self.arrival.as_str());
        json.raw(r#","at":"#).word(clock.spell(self.at));
        json.raw(r#","others":"#).number(self.others.into());
        let available = if self.decision.available { "true" } else { "false" };
        json.raw(r#","decision":{"available":"#).raw(available);
        json.raw(r#","reason":"#).word(self.decision.reason.as_str());
        json.raw(r#"},"step":"#).text(self.step);
        json.raw(r#","answer":"#).maybe(self.answer.as_deref());
        json.raw(r#","took_us":"#).number(self.took_us);
        json.raw(r#","request_id":"#).text(self.request_id).raw("}");
    }
}

impl FreshEnd<'_> {
    fn spell(&self, json: &mut Spelling<'_>, clock: &mut Clock) {
        json.raw(r#"{"kind":"call_ended","call_sid":"#).text(self.call_sid.as_str());
        json.raw(r#","at":"#).word(clock.spell(self.at));
        json.raw(r#","status":"#).maybe(self.status);
        json.raw(r#","duration_seconds":"#).maybe_number(self.duration_seconds.map(u64::from));
        json.raw(r#","by":"#).word(self.by.as_str()).raw("}");
    }
}

/// How a call reached us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    /// A number's VoiceUrl.
    Number,
    /// The SIP domain's VoiceUrl.
    Sip,
    /// `assistant-request` of a free Vapi number.
    Vapi,
}

impl Arrival {
    /// The word for records.
    pub fn as_str(self) -> &'static str {
        match self {
            Arrival::Number => "number",
            Arrival::Sip => "sip",
            Arrival::Vapi => "vapi",
        }
    }
}

/// Something that happened in a call after its first answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEvent {
    /// Which call.
    pub call_sid: Sid,
    /// When.
    pub at: Timestamp,
    /// What: `ai-leg`, `forward-leg`, `screened`, `refer`, `status`, `voicemail-step`, `ai-status`…
    pub what: String,
    /// How it came out, in the provider's word: `no-answer`, `completed`…
    pub outcome: Option<String>,
    /// What was answered, as `routing::plan` spells the step.
    pub step: Option<String>,
}

/// A call's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallEnded {
    /// Which call.
    pub call_sid: Sid,
    /// When we heard of it.
    pub at: Timestamp,
    /// The final status in the provider's word, where one was given.
    pub status: Option<String>,
    /// Its length, where one was given.
    pub duration_seconds: Option<u32>,
    /// Who told us.
    pub by: EndedBy,
}

/// What ended a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// Twilio's status callback.
    Status,
    /// A final CallStatus on another request of the call.
    Action,
    /// Vapi's `ended` or its report, for a call Twilio never saw.
    Vapi,
    /// Asked after, and the provider said so.
    Asked,
    /// The lease ran out.
    Expired,
    /// Our own answer hung up, and nothing more was heard.
    HungUp,
}

impl EndedBy {
    /// The word for the metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            EndedBy::Status => "status",
            EndedBy::Action => "action",
            EndedBy::Vapi => "vapi",
            EndedBy::Asked => "asked",
            EndedBy::Expired => "expired",
            EndedBy::HungUp => "hung_up",
        }
    }
}

/// News of a voicemail, merged into one by its recording, else by its call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VoicemailNews {
    /// The id it gets if this is the first news of it.
    pub id: VoicemailId,
    /// Whose it is; none if nothing told (kept unassigned).
    pub tenant_id: Option<TenantId>,
    /// In which call it was left.
    pub call_sid: Sid,
    /// The account that keeps the recording.
    pub account_sid: Option<Sid>,
    /// The recording, once known.
    pub recording_sid: Option<Sid>,
    /// Where Twilio keeps the audio.
    pub recording_url: Option<String>,
    /// The caller, where told.
    pub from: Option<String>,
    /// Seconds, where told.
    pub duration_seconds: Option<u32>,
    /// How far it is.
    pub state: VoicemailState,
    /// Its words, once transcribed.
    pub transcript: Option<String>,
    /// When this news came.
    pub at: Timestamp,
}

/// How far a voicemail is. Later states win over earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VoicemailState {
    /// The caller is done; Twilio has not yet told of the recording.
    Pending,
    /// Twilio has no recording for it: nothing was said.
    Absent,
    /// The recording failed at Twilio.
    Failed,
    /// There to be heard.
    Ready,
}

/// What Vapi says of a call after it ended. Absent fields leave what is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AiReport {
    /// The call it belongs to: Twilio's CallSid where ours travelled along, else Vapi's id.
    pub call_sid: Sid,
    /// Vapi's id of its call.
    pub vapi_call_id: Option<Sid>,
    /// When it came.
    pub at: Timestamp,
    /// Vapi's word for why it ended.
    pub ended_reason: Option<String>,
    /// Seconds with the AI.
    pub duration_seconds: Option<u32>,
    /// In US dollars.
    pub cost_usd: Option<f64>,
    /// Vapi's summary.
    pub summary: Option<String>,
    /// Where Vapi keeps the recording.
    pub recording_url: Option<String>,
}

impl AiReport {
    /// What it is among the things that happened in its call.
    pub fn as_event(&self) -> CallEvent {
        CallEvent {
            call_sid: self.call_sid.clone(),
            at: self.at,
            what: "ai-report".to_owned(),
            outcome: self.ended_reason.clone(),
            step: None,
        }
    }
}

/// A number as the provider wrote it is E.164 or it is not; this is the question asked everywhere.
pub fn as_e164(raw: &str) -> Option<E164> {
    E164::parse(raw).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Reason, Seed};

    fn read_back(fresh: &Fresh<'_>) -> Record {
        let mut spelled = Vec::new();
        fresh.spell(&mut spelled, &mut Clock::new(9)).expect("it is spelled");
        serde_json::from_slice(&spelled).expect("a record")
    }

    #[test]
    fn a_borrowed_end_is_read_back_as_the_one_that_is_kept() {
        let kept = CallEnded {
            call_sid: Sid::parse("CA0001").expect("a SID"),
            at: Timestamp::from_nanosecond(1_794_200_000_123_456_789).expect("in range"),
            status: Some("completed \"?\"".to_owned()),
            duration_seconds: Some(12),
            by: EndedBy::HungUp,
        };
        for kept in [CallEnded { status: None, duration_seconds: None, ..kept.clone() }, kept] {
            let fresh = Fresh::CallEnded(FreshEnd {
                call_sid: &kept.call_sid,
                at: kept.at,
                status: kept.status.as_deref(),
                duration_seconds: kept.duration_seconds,
                by: kept.by,
            });
            assert_eq!(read_back(&fresh), Record::CallEnded(kept.clone()));
        }
    }

    #[test]
    fn a_borrowed_beginning_is_read_back_as_the_one_that_is_kept() {
        let seed = Seed { at: Timestamp::UNIX_EPOCH, random: [7; 10] };
        let sid = |raw| Sid::parse(raw).expect("a SID");
        let full = CallBegan {
            call_sid: sid("CA\"0001"),
            tenant_id: Some(TenantId::new(seed)),
            tenant_version: 7,
            number_id: Some(NumberId::new(seed)),
            account_sid: Some(sid("AC0001")),
            from: "+14165550101".to_owned(),
            to: "sip:smile@example.com\n".to_owned(),
            arrival: Arrival::Sip,
            at: Timestamp::UNIX_EPOCH,
            others: 3,
            decision: Decision::ai(Reason::AfterHours),
            step: "ai".to_owned(),
            answer: Some("<Response attribute=\"1\"/>".to_owned()),
            took_us: 81,
            request_id: "abc".to_owned(),
        };
        let mut all =
            vec![CallBegan { tenant_id: None, number_id: None, account_sid: None, answer: None, ..full.clone() }];
        for (reason, arrival) in
            Reason::ALL.into_iter().zip([Arrival::Number, Arrival::Sip, Arrival::Vapi].into_iter().cycle())
        {
            all.push(CallBegan { decision: Decision::fallback(reason), arrival, ..full.clone() });
        }
        all.push(full);
        for kept in all {
            let fresh = Fresh::CallBegan(FreshBeginning {
                call_sid: &kept.call_sid,
                tenant_id: kept.tenant_id.as_ref(),
                tenant_version: kept.tenant_version,
                number_id: kept.number_id.as_ref(),
                account_sid: kept.account_sid.as_ref(),
                from: &kept.from,
                to: &kept.to,
                arrival: kept.arrival,
                at: kept.at,
                others: kept.others,
                decision: kept.decision,
                step: &kept.step,
                answer: kept.answer.as_deref().map(Cow::Borrowed),
                took_us: kept.took_us,
                request_id: &kept.request_id,
            });
            assert_eq!(read_back(&fresh), Record::CallBegan(kept.clone()));
        }
    }
}
