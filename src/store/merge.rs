//! A call as its records make it, in whatever order they come.
//!
//! Pure: an engine reads what it keeps, lets a record change it, writes it back. Every rule here picks by what a record
//! says, never by when it arrived, so that any order of the same records ends in the same call.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{AiReport, Arrival, CallBegan, CallEnded, Decision, EndedBy, Reason, Sid, TenantId};

use super::CallRow;

/// A call as kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct KeptCall {
    /// Which call.
    pub sid: Sid,
    /// When it began; while that is unknown, the earliest news of it.
    pub at: Timestamp,
    /// How it began; none while only other news came.
    pub began: Option<CallBegan>,
    /// How it ended.
    pub ending: Option<Ending>,
    /// What Vapi said of it.
    pub report: Option<Report>,
}

/// How a call ended, of everybody who told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Ending {
    /// The first time we heard of it.
    pub at: Timestamp,
    /// The final status, of whoever knows best.
    pub status: Option<Ranked<String>>,
    /// The length, of whoever knows best.
    pub duration_seconds: Option<Ranked<u32>>,
}

/// A word and how good its source is: the smallest wins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Ranked<T> {
    rank: u8,
    at: Timestamp,
    value: T,
}

/// Vapi's reports of a call, field by field the latest that said something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Report {
    at: Timestamp,
    vapi_call_id: Option<Dated<Sid>>,
    ended_reason: Option<Dated<String>>,
    duration_seconds: Option<Dated<u32>>,
    cost_usd: Option<Dated<f64>>,
    summary: Option<Dated<String>>,
    recording_url: Option<Dated<String>>,
}

/// A word and when it was said: the largest wins.
#[derive(Clone, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
pub(crate) struct Dated<T> {
    at: Timestamp,
    value: T,
}

impl KeptCall {
    /// A call of which nothing is known yet but that it is.
    pub(crate) fn unheard_of(sid: Sid, at: Timestamp) -> KeptCall {
        KeptCall { sid, at, began: None, ending: None, report: None }
    }

    /// Its beginning: the earliest of several, so that a repeat changes nothing.
    pub(crate) fn begin(&mut self, began: &CallBegan) {
        let first = match &self.began {
            None => true,
            Some(kept) => (began.at, &began.request_id) < (kept.at, &kept.request_id),
        };
        if first {
            self.at = began.at;
            self.began = Some(began.clone());
        }
    }

    /// Something was heard of it at this instant.
    pub(crate) fn heard(&mut self, at: Timestamp) {
        if self.began.is_none() {
            self.at = self.at.min(at);
        }
    }

    /// Its end.
    pub(crate) fn end(&mut self, ended: &CallEnded) {
        self.heard(ended.at);
        let ending = self.ending.get_or_insert(Ending { at: ended.at, status: None, duration_seconds: None });
        ending.at = ending.at.min(ended.at);
        let rank = rank(ended.by);
        better(&mut ending.status, rank, ended.at, ended.status.as_ref());
        better(&mut ending.duration_seconds, rank, ended.at, ended.duration_seconds.as_ref());
    }

    /// Vapi's report.
    pub(crate) fn report(&mut self, report: &AiReport) {
        self.heard(report.at);
        let kept = self.report.get_or_insert(Report {
            at: report.at,
            vapi_call_id: None,
            ended_reason: None,
            duration_seconds: None,
            cost_usd: None,
            summary: None,
            recording_url: None,
        });
        kept.at = kept.at.max(report.at);
        later(&mut kept.vapi_call_id, report.at, report.vapi_call_id.as_ref());
        later(&mut kept.ended_reason, report.at, report.ended_reason.as_ref());
        later(&mut kept.duration_seconds, report.at, report.duration_seconds.as_ref());
        later(&mut kept.cost_usd, report.at, report.cost_usd.as_ref());
        later(&mut kept.summary, report.at, report.summary.as_ref());
        later(&mut kept.recording_url, report.at, report.recording_url.as_ref());
    }

    /// Whose call it was, once its beginning and its end are known; none before. Nobody's is nobody's.
    pub(crate) fn over(&self) -> Option<Option<&TenantId>> {
        self.ending.as_ref()?;
        self.began.as_ref().map(|began| began.tenant_id.as_ref())
    }

    /// Its length in seconds, where somebody told.
    pub(crate) fn length(&self) -> Option<u32> {
        self.ending.as_ref()?.duration_seconds.as_ref().map(|length| length.value)
    }

    /// What Vapi reported that it cost, in US dollars.
    pub(crate) fn ai_cost(&self) -> Option<f64> {
        self.report.as_ref()?.cost_usd.as_ref().map(|cost| cost.value)
    }

    /// Its beginning, or what stands for one that never arrived.
    pub(crate) fn beginning(&self) -> Cow<'_, CallBegan> {
        match &self.began {
            Some(began) => Cow::Borrowed(began),
            None => Cow::Owned(beginning_unknown(self.sid.clone(), self.at)),
        }
    }

    /// The final status.
    pub(crate) fn status(&self) -> Option<&str> {
        self.ending.as_ref()?.status.as_ref().map(|word| word.value.as_str())
    }

    /// The call as the store's doors speak of it; its events and its organization are read apart.
    pub(crate) fn row(self) -> CallRow {
        let (ended_at, status, duration_seconds) = match self.ending {
            Some(ending) => {
                (Some(ending.at), ending.status.map(|word| word.value), ending.duration_seconds.map(|word| word.value))
            }
            None => (None, None, None),
        };
        CallRow {
            report: self.report.map(|report| report.of(self.sid.clone())),
            began: self.began.unwrap_or_else(|| beginning_unknown(self.sid, self.at)),
            org_id: None,
            ended_at,
            status,
            duration_seconds,
            events: Vec::new(),
        }
    }
}

impl Report {
    fn of(self, call_sid: Sid) -> AiReport {
        AiReport {
            call_sid,
            vapi_call_id: self.vapi_call_id.map(|word| word.value),
            at: self.at,
            ended_reason: self.ended_reason.map(|word| word.value),
            duration_seconds: self.duration_seconds.map(|word| word.value),
            cost_usd: self.cost_usd.map(|word| word.value),
            summary: self.summary.map(|word| word.value),
            recording_url: self.recording_url.map(|word| word.value),
        }
    }
}

/// What stands for a beginning that never arrived: the SID, the earliest news, and nothing else.
fn beginning_unknown(call_sid: Sid, at: Timestamp) -> CallBegan {
    CallBegan {
        call_sid,
        tenant_id: None,
        tenant_version: 0,
        number_id: None,
        account_sid: None,
        from: String::new(),
        to: String::new(),
        arrival: Arrival::Number,
        at,
        others: 0,
        decision: Decision::fallback(Reason::UnknownNumber),
        step: String::new(),
        answer: None,
        took_us: 0,
        request_id: String::new(),
    }
}

/// Who knows best how a call ended, best first.
fn rank(by: EndedBy) -> u8 {
    match by {
        EndedBy::Status => 0,
        EndedBy::Action => 1,
        EndedBy::Asked => 2,
        EndedBy::Vapi => 3,
        EndedBy::HungUp => 4,
        EndedBy::Expired => 5,
    }
}

fn better<T: Ord + Clone>(kept: &mut Option<Ranked<T>>, rank: u8, at: Timestamp, value: Option<&T>) {
    let Some(value) = value else { return };
    let told = Ranked { rank, at, value: value.clone() };
    if kept.as_ref().is_none_or(|kept| told < *kept) {
        *kept = Some(told);
    }
}

fn later<T: PartialOrd + Clone>(kept: &mut Option<Dated<T>>, at: Timestamp, value: Option<&T>) {
    let Some(value) = value else { return };
    let told = Dated { at, value: value.clone() };
    if kept.as_ref().is_none_or(|kept| told > *kept) {
        *kept = Some(told);
    }
}
