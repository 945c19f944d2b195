//! A call that begins, by whatever way it came: decided, counted, written down. What it hears is for others to say.

use std::time::Instant;

use jiff::Timestamp;

use crate::calls::{Began, Begin};
use crate::directory::Line;
use crate::model::{Arrival, Decision, E164, Fresh, FreshBeginning, Purpose, Reason, Sid, Verdicts, Via, as_e164};
use crate::routing::{self, CompiledTenant, guard};
use crate::telemetry::{CallLine, RequestId};

use super::Edge;
use super::ai_legs::breaker_key;

/// A call as its provider tells of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arriving<'a> {
    /// Twilio's CallSid, or Vapi's call id.
    pub sid: &'a Sid,
    /// The caller as the provider wrote it.
    pub from: &'a str,
    /// Their number, if they tell it.
    pub caller: Option<E164>,
    /// What was dialled, as the provider wrote it.
    pub to: &'a str,
    /// The line that sent it on to us, where the carrier says so.
    pub forwarded_from: Option<&'a str>,
    /// The account that carries it.
    pub account: Option<&'a Sid>,
    /// How it came.
    pub arrival: Arrival,
    /// When.
    pub at: Timestamp,
    /// When its request arrived.
    pub arrived: Instant,
    /// The name of its request in logs and records.
    pub request_id: RequestId,
}

/// The first answer to a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct FirstAnswer<'a> {
    pub decision: Decision,
    /// Other live calls of the tenant that were not with the AI.
    pub others: u32,
    /// The first step of its walk, as the planner spells it.
    pub step: &'a str,
    /// Its bytes, where they cannot be made again.
    pub foreign: Option<&'a [u8]>,
}

impl Arriving<'_> {
    /// Decides whether the AI takes it, and counts it.
    pub(super) async fn begin(&self, edge: &Edge, line: &Line) -> Began {
        let tenant = &line.tenant;
        let verdicts = self.verdicts(edge, line).await;
        let wants_ai = verdicts.below.available || verdicts.at.available;
        let admitted = if wants_ai { admit(edge, tenant, self.arrival, self.at) } else { Ok(()) };
        let began = self.begin_as(edge, line, verdicts, admitted.err()).await;
        if began.first && matches!(began.decision.reason, Reason::AiUnavailable | Reason::AiFull) {
            edge.metrics.ai_dial("refused");
        }
        let goes_to_ai = began.first && began.decision.available;
        if wants_ai && admitted.is_ok() && !goes_to_ai {
            edge.ai_not_dialled(tenant);
        }
        began
    }

    /// Counts it under answers that are settled.
    pub(super) async fn begin_as(
        &self,
        edge: &Edge,
        line: &Line,
        verdicts: Verdicts,
        ai_refused: Option<Reason>,
    ) -> Began {
        let begin = Begin {
            sid: self.sid,
            tenant: &line.tenant,
            number: line.number().map(|number| &number.id),
            caller: self.caller,
            account: self.account,
            arrival: self.arrival,
            verdicts,
            ai_refused,
            now: self.at,
        };
        edge.ledger.begin(begin).await
    }

    /// The engine's answers, unless the call goes to voicemail before anything is asked.
    pub(super) async fn verdicts(&self, edge: &Edge, line: &Line) -> Verdicts {
        if takes_messages(line) {
            return Verdicts::always(Decision::fallback(Reason::VoicemailNumber));
        }
        if self.has_come_round(edge, line).await {
            return Verdicts::always(Decision::fallback(Reason::Loop));
        }
        let already_overflowed = line.number().is_some_and(|number| number.already_overflowed);
        routing::verdicts(&line.tenant.rules, already_overflowed, self.at)
    }

    /// The caller is one of the tenant's own numbers: a forward of ours has come back.
    pub(super) fn is_from_ourselves(&self, line: &Line) -> bool {
        guard::is_own_number(&line.tenant, self.caller)
    }

    async fn has_come_round(&self, edge: &Edge, line: &Line) -> bool {
        if self.is_from_ourselves(line) {
            return true;
        }
        match self.forwarded_from.map(as_e164) {
            Some(Some(number)) => edge.ledger.is_ringing(number).await,
            Some(None) => false,
            None => match self.caller {
                Some(caller) => edge.ledger.caller_is_being_forwarded(line.tenant.id(), caller).await,
                None => false,
            },
        }
    }

    /// Writes down how it was answered first: for the operator's eyes and counters, and for the store. No line means
    /// that nobody has the number.
    pub(super) fn keep(
        &self,
        edge: &Edge,
        line: Option<&Line>,
        tenant: Option<&CompiledTenant>,
        first: FirstAnswer<'_>,
    ) {
        edge.metrics.decision(first.decision);
        let took = self.arrived.elapsed();
        let line_written = CallLine {
            at: self.at,
            tenant: tenant.map(CompiledTenant::slug),
            decision: first.decision,
            step: first.step,
            call_sid: self.sid,
            from: self.from,
            to: self.to,
            took,
            request_id: self.request_id.as_str(),
        };
        line_written.write();
        edge.journal.append(Fresh::CallBegan(FreshBeginning {
            call_sid: self.sid,
            tenant_id: tenant.map(CompiledTenant::id),
            tenant_version: tenant.map_or(0, |tenant| tenant.version),
            number_id: line.and_then(Line::number).map(|number| &number.id),
            account_sid: self.account,
            from: self.from,
            to: self.to,
            arrival: self.arrival,
            at: self.at,
            others: first.others,
            decision: first.decision,
            step: first.step,
            answer: first.foreign.map(String::from_utf8_lossy),
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            request_id: self.request_id.as_str(),
        }));
    }
}

/// The number called takes messages and nothing else.
pub(super) fn takes_messages(line: &Line) -> bool {
    line.number().is_some_and(|number| number.purpose == Purpose::Voicemail)
}

/// May this call go to the AI, as far as the AI is concerned?
pub(super) fn admit(edge: &Edge, tenant: &CompiledTenant, arrival: Arrival, now: Timestamp) -> Result<(), Reason> {
    let reachable = match (arrival, tenant.script.ai()) {
        (Arrival::Vapi, _) => tenant.target.is_some(),
        (_, Some(Via::Sip)) => true,
        (Arrival::Number, Some(Via::Bypass)) => edge.vapi.is_some(),
        (Arrival::Number, Some(Via::Redirect)) => true,
        (Arrival::Sip, Some(Via::Bypass | Via::Redirect)) | (_, None) => false,
    };
    if !reachable {
        return Err(Reason::NotConfigured);
    }
    edge.health.admit(|| breaker_key(tenant), now)
}
