//! `/api/twilio/voicemail` and `/api/twilio/voicemail/done`: messages that callers left.
//!
//! What is acknowledged is on disk. Real callbacks carry no `To`: the tenant comes from the URL we gave, else from the
//! call, else from `To`; if none tells, the message is kept unassigned, never dropped.

use tokio::time::timeout_at;

use crate::directory::Found;
use crate::model::{E164, EndedBy, Record, Sid, TenantId, VoicemailId, VoicemailNews, VoicemailState};
use crate::twiml::{self, canned, words};

use super::signed::Signed;
use super::{ANSWER_WITHIN, Answer, Edge, KEEP_WITHIN, call, status};

/// The recording is there (or will never be).
pub(super) async fn recorded(edge: &Edge, signed: &Signed<'_>) -> Answer {
    let state = match signed.get("RecordingStatus") {
        Some("absent") => VoicemailState::Absent,
        Some("failed") => VoicemailState::Failed,
        Some("in-progress") => VoicemailState::Pending,
        _ if seconds(signed) == Some(0) => VoicemailState::Absent,
        _ => VoicemailState::Ready,
    };
    let mut news = news(edge, signed, state).await;
    if state == VoicemailState::Ready && wants_transcripts(edge, news.tenant_id.as_ref()).await {
        // Of a long message Twilio makes no transcript and says nothing: what is shown then says so.
        news.transcript = news.duration_seconds.and_then(words::untranscribed).map(str::to_owned);
    }
    if status::may_be_told(edge, signed).await {
        edge.ledger.heard(&signed.call_sid, (edge.now)()).await;
    }
    keep(edge, signed, news).await
}

/// The caller is done speaking: keep what is told, say goodbye.
pub(super) async fn done(edge: &Edge, signed: &Signed<'_>) -> Answer {
    if tells_of_a_recording(signed) {
        announce(edge, signed).await;
    }
    if let Some(status) = signed.final_status() {
        status::end(edge, signed, status, EndedBy::Action).await;
        return Answer::twiml(canned::empty());
    }
    if !status::may_be_told(edge, signed).await {
        return Answer::twiml(canned::goodbye());
    }
    edge.ledger.hanging_up(&signed.call_sid, (edge.now)()).await;
    match edge.ledger.settings(&signed.call_sid).await {
        Some(tenant) => Answer::twiml(twiml::goodbye(&tenant)),
        None => Answer::twiml(canned::goodbye()),
    }
}

/// Keeps that there is a message. A goodbye does not fail because the disk does: the recording's own callback follows,
/// and is kept or refused.
async fn announce(edge: &Edge, signed: &Signed<'_>) {
    let news = news(edge, signed, VoicemailState::Pending).await;
    let keeping = edge.journal.append_durable(Record::Voicemail(news));
    match timeout_at(signed.until(ANSWER_WITHIN), keeping).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => {
            tracing::error!(%failure, call_sid = signed.call_sid.as_str(), "could not keep a voicemail's announcement")
        }
        Err(_late) => {
            tracing::error!(call_sid = signed.call_sid.as_str(), "a voicemail's announcement is still being kept")
        }
    }
}

/// Keeps a piece of news, or says that it could not, so that Twilio comes again.
pub(super) async fn keep(edge: &Edge, signed: &Signed<'_>, news: VoicemailNews) -> Answer {
    let keeping = edge.journal.append_durable(Record::Voicemail(news));
    let failure = match timeout_at(signed.until(KEEP_WITHIN), keeping).await {
        Ok(Ok(())) => return Answer::empty(204),
        Ok(Err(failure)) => failure.to_string(),
        Err(_late) => "neither disk nor store kept the record in time".to_owned(),
    };
    tracing::error!(
        failure,
        call_sid = signed.call_sid.as_str(),
        "a voicemail could not be kept, Twilio will ask again"
    );
    Answer::empty(503)
}

/// What this request tells of a voicemail.
pub(super) async fn news(edge: &Edge, signed: &Signed<'_>, state: VoicemailState) -> VoicemailNews {
    let text = |name: &str| signed.get(name).map(str::to_owned);
    VoicemailNews {
        id: VoicemailId::new(edge.seed()),
        tenant_id: owner(edge, signed).await,
        call_sid: signed.call_sid.clone(),
        account_sid: Some(signed.account_sid().clone()),
        recording_sid: signed.get("RecordingSid").and_then(|sid| Sid::parse(sid).ok()),
        recording_url: text("RecordingUrl"),
        from: text("From"),
        duration_seconds: seconds(signed),
        state,
        transcript: text("TranscriptionText"),
        at: (edge.now)(),
    }
}

fn seconds(signed: &Signed<'_>) -> Option<u32> {
    signed.get("RecordingDuration").and_then(|seconds| seconds.parse().ok())
}

async fn wants_transcripts(edge: &Edge, tenant: Option<&TenantId>) -> bool {
    let Some(id) = tenant else { return false };
    match edge.directory.tenant(id).await {
        Found::Known(tenant) => tenant.script.fallback().transcribe,
        Found::Unknown | Found::Trouble => false,
    }
}

/// A caller who left without a word leaves no message behind.
fn tells_of_a_recording(signed: &Signed<'_>) -> bool {
    let names_one = signed.get("RecordingUrl").or(signed.get("RecordingSid")).is_some();
    match seconds(signed) {
        Some(seconds) => seconds > 0,
        None => names_one,
    }
}

/// Whose message it is. Whoever signs may be anybody's customer, so each word is taken from those only who may speak
/// for that tenant.
async fn owner(edge: &Edge, signed: &Signed<'_>) -> Option<TenantId> {
    if let Some(id) = signed.query.get("t").and_then(|id| TenantId::parse(id).ok()) {
        match edge.directory.tenant(&id).await {
            Found::Known(tenant) if signed.may_speak_for(&tenant) => return Some(id),
            // With the store away the URL's word is all there is; the global account is our own.
            Found::Trouble if signed.account.org_id.is_none() => return Some(id),
            Found::Known(_) | Found::Unknown | Found::Trouble => {}
        }
    }
    if let Some(tenant) = edge.ledger.settings(&signed.call_sid).await
        && signed.may_speak_for(&tenant)
    {
        return Some(tenant.id().clone());
    }
    match edge.directory.by_number(E164::parse(signed.to()).ok()?).await {
        Found::Known(line) if call::may_carry(signed, &line, signed.arrival()) => Some(line.tenant.id().clone()),
        Found::Known(_) | Found::Unknown | Found::Trouble => None,
    }
}
