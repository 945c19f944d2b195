//! `/api/twilio/transcription`: a voicemail's words.

use crate::model::VoicemailState;

use super::signed::Signed;
use super::{Answer, Edge, voicemail};

pub(super) async fn answer(edge: &Edge, signed: &Signed<'_>) -> Answer {
    if signed.get("TranscriptionStatus") == Some("failed") {
        tracing::warn!(call_sid = signed.call_sid.as_str(), "Twilio could not transcribe a voicemail");
        return Answer::empty(204);
    }
    // The state is raised by the recording's own callback, never by its words.
    let news = voicemail::news(edge, signed, VoicemailState::Pending).await;
    voicemail::keep(edge, signed, news).await
}
