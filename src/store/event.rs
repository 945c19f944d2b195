//! What endpoints are told, word for word as the admin API speaks of the same things.
//!
//! Pure. An event is named by its kind and the one thing it tells of: told again, it has the same name.

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::model::{EventKind, Job, MessageId, Number, Port, Seed, Target, TenantId, WebhookId};

use super::{CallRow, VoicemailRow};

/// Something endpoints are told of.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// Of which one thing; with the kind, its name.
    pub subject: String,
    /// Whose it is: none if nobody's, or the installation's.
    pub tenant_id: Option<TenantId>,
    /// When it happened.
    pub at: Timestamp,
    /// What is told.
    pub data: Value,
}

impl Event {
    /// A call is over.
    pub(crate) fn call_ended(call: &CallRow, ended_at: Timestamp) -> Event {
        let began = &call.began;
        Event {
            kind: EventKind::CallEnded,
            subject: began.call_sid.to_string(),
            tenant_id: began.tenant_id.clone(),
            at: ended_at,
            data: json!({
                "sid": began.call_sid,
                "tenantId": began.tenant_id,
                "from": began.from,
                "to": began.to,
                "at": began.at,
                "endedAt": ended_at,
                "status": call.status,
                "durationSeconds": call.duration_seconds,
                "decision": {"available": began.decision.available, "reason": began.decision.reason.as_str()},
                "step": began.step,
            }),
        }
    }

    /// A voicemail is there to be heard.
    pub(crate) fn voicemail_created(row: &VoicemailRow) -> Event {
        Event {
            kind: EventKind::VoicemailCreated,
            subject: row.id.to_string(),
            tenant_id: row.tenant_id.clone(),
            at: row.created_at,
            data: json!({
                "id": row.id,
                "tenantId": row.tenant_id,
                "callSid": row.call_sid,
                "recordingSid": row.recording_sid,
                "from": row.from,
                "duration": row.duration_seconds,
                "createdAt": row.created_at,
            }),
        }
    }

    /// A provisioning run is over. One that is begun again and ends again is told of again.
    pub(crate) fn job_finished(job: &Job) -> Event {
        let standing = &job.standing;
        Event {
            kind: EventKind::JobFinished,
            subject: format!("{} {}", job.id, job.updated_at),
            tenant_id: job.tenant_id.clone(),
            at: job.updated_at,
            data: json!({
                "id": job.id,
                "kind": job.kind,
                "tenantId": job.tenant_id,
                "state": standing.state,
                "detail": standing.detail,
                "result": standing.result,
            }),
        }
    }

    /// A number is not as it should be: what, in words, and whether a job brings it back; or it is again.
    pub fn number_drift(number: &Number, amiss: Option<(&str, &str, bool)>, at: Timestamp) -> Event {
        let (what, detail, mending) = amiss.unwrap_or(("mended", "it leads here again", false));
        Event {
            kind: EventKind::NumberDrift,
            subject: format!("{} {what} {at}", number.id),
            tenant_id: number.tenant_id.clone(),
            at,
            data: json!({
                "numberId": number.id,
                "e164": number.e164,
                "tenantId": number.tenant_id,
                "what": what,
                "detail": detail,
                "isBroughtBack": mending,
            }),
        }
    }

    /// A number on its way here is further than before.
    pub fn port_changed(port: &Port) -> Event {
        Event {
            kind: EventKind::PortChanged,
            subject: format!("{} {} {}", port.id, port.since, json!(port.seen)),
            tenant_id: Some(port.tenant_id.clone()),
            at: port.since,
            data: json!({
                "portId": port.id,
                "e164": port.e164,
                "tenantId": port.tenant_id,
                "stage": port.stage,
                "detail": port.words(),
                "portDate": port.seen.port_date,
            }),
        }
    }

    /// The AI cannot be reached since `since`, or can be again: one target, or with none Vapi as a whole.
    pub fn ai_breaker(target: Option<&Target>, is_open: bool, since: Timestamp, at: Timestamp) -> Event {
        let state = if is_open { "open" } else { "closed" };
        Event {
            kind: EventKind::AiBreaker,
            subject: format!("{} {state} {since}", json!(target)),
            tenant_id: None,
            at,
            data: json!({
                "scope": if target.is_some() { "target" } else { "vapi" },
                "target": target,
                "state": state,
                "brokenSince": since,
            }),
        }
    }

    /// Somebody tries whether it arrives.
    pub(crate) fn test(id: &MessageId, webhook: &WebhookId, at: Timestamp) -> Event {
        Event {
            kind: EventKind::Test,
            subject: id.to_string(),
            tenant_id: None,
            at,
            data: json!({"webhookId": webhook}),
        }
    }

    /// The body as it is signed and sent.
    pub(crate) fn payload(&self) -> String {
        json!({"type": self.kind, "timestamp": self.at, "data": self.data}).to_string()
    }

    /// What it is called towards one endpoint: the same whenever it is told again.
    pub(crate) fn message_id(&self, webhook: &WebhookId) -> MessageId {
        let digest = Sha256::new()
            .chain_update(webhook.as_str())
            .chain_update([0])
            .chain_update(self.kind.as_str())
            .chain_update([0])
            .chain_update(&self.subject)
            .finalize();
        let mut random = [0; 10];
        random.copy_from_slice(&digest[..10]);
        MessageId::new(Seed { at: self.at, random })
    }
}
