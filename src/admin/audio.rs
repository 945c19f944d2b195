//! What callers left, to be heard: streamed from Twilio with the account's credentials, which never leave us.
//!
//! Parts are passed on to Twilio, and cut out here where Twilio sends the whole.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

use super::AdminState;
use super::auth::Caller;
use super::byte_range::ByteRange;
use super::error::Problem;
use super::json::Id;
use super::listening::{Cut, listen};
use super::voicemails::find;
use crate::model::{Sid, TwilioAccount, VoicemailId, VoicemailState};
use crate::providers::{Media, MediaAsk, MediaFormat, Portion, ProviderError, Twilio};
use crate::retention::account_of;
use crate::store::VoicemailRow;

/// Where recordings are heard, and by how many at once.
#[derive(Clone, Debug)]
pub struct Audio {
    twilio: Twilio,
    places: Arc<Semaphore>,
    idle: Duration,
}

impl Audio {
    /// Of this Twilio, for so many listeners at once, who wait so long for the next piece at most.
    pub fn new(twilio: Twilio, listeners_max: usize, idle: Duration) -> Audio {
        Audio { twilio, places: Arc::new(Semaphore::new(listeners_max)), idle }
    }
}

/// In which form.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AudioQuery {
    /// `mp3`, which is small, or `wav`, as it was recorded; `mp3` where nothing is said.
    #[param(inline, value_type = Option<AudioFormat>)]
    format: Option<String>,
}

/// A form in which a recording is heard.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only describes the words of the query")]
#[schema(rename_all = "lowercase")]
enum AudioFormat {
    Mp3,
    Wav,
}

/// The sound of a voicemail
///
/// Streamed from Twilio. `Range` is obeyed, so players can jump.
#[utoipa::path(get, path = "/api/voicemails/{id}/audio", tag = "voicemails",
    params(AudioQuery, ("Range" = Option<String>, Header, description = "Which bytes: one part.")),
    responses(
        (status = 200, description = "The recording", content((Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/wav"))),
        (status = 206, description = "The part asked for", content((Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/wav"))),
        (status = 400, description = "The part after ? cannot be read", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such voicemail, not for this token to see, or Twilio has no recording of it any more", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There is nothing to hear: `recording_pending`, `recording_absent`, `recording_failed`, `account_unknown`", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 416, description = "The part asked for lies beyond the end", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "There is no such format", body = super::error::ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "Twilio failed (`upstream_failed`), or refuses the account's token (`upstream_refused`)", body = super::error::ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn hear(
    State(admin): State<AdminState>,
    caller: Caller,
    Id(id): Id<VoicemailId>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let voicemail = find(&admin, &caller, &id).await?;
    let format = format_of(&uri)?;
    let recording = recording_of(&voicemail)?;
    let account = account(&admin, &voicemail).await?;
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok()).and_then(ByteRange::parse);
    let place = Arc::clone(&admin.audio.places).try_acquire_owned().map_err(|_| Problem::too_many_listen())?;
    let spelled = range.map(ByteRange::spell);
    let (account, range_asked, idle) = (&account, spelled.as_deref(), admin.audio.idle);
    let media = admin.audio.twilio.media(MediaAsk { account, recording, format, range: range_asked, idle }).await;
    let media = media.map_err(failed)?;
    let part = Part::of(&media, range)?;
    let body = Body::new(listen(media, part.cut, part.length, place));
    let mut response = (part.status, body).into_response();
    let name = format!("inline; filename=\"{id}.{}\"", format.as_str());
    let said = [
        (header::CONTENT_TYPE, Some(format.content_type().to_owned())),
        (header::ACCEPT_RANGES, Some("bytes".to_owned())),
        (header::CONTENT_LENGTH, part.length.map(|length| length.to_string())),
        (header::CONTENT_RANGE, part.range),
        (header::CONTENT_DISPOSITION, Some(name)),
    ];
    for (name, value) in said {
        say(&mut response, name, value);
    }
    Ok(response)
}

/// What goes out, of what comes in.
struct Part {
    status: StatusCode,
    cut: Cut,
    length: Option<u64>,
    range: Option<String>,
}

impl Part {
    fn of(media: &Media, asked: Option<ByteRange>) -> Result<Part, Problem> {
        let whole = Part { status: StatusCode::OK, cut: Cut::WHOLE, length: media.length(), range: None };
        match (media.portion(), asked, media.length()) {
            (Portion::Beyond(length), _, _) => Err(Problem::beyond_the_end(length.clone())),
            (Portion::Part(range), _, _) => {
                Ok(Part { status: StatusCode::PARTIAL_CONTENT, range: Some(range.clone()), ..whole })
            }
            // Whose length nobody knows has no part that could be named: the whole is a good answer too.
            (Portion::Whole, None, _) | (Portion::Whole, Some(_), None) => Ok(whole),
            (Portion::Whole, Some(asked), Some(length)) => {
                let beyond = || Problem::beyond_the_end(Some(format!("bytes */{length}")));
                let (first, last) = asked.within(length).ok_or_else(beyond)?;
                let take = last - first + 1;
                Ok(Part {
                    status: StatusCode::PARTIAL_CONTENT,
                    cut: Cut { skip: first, take: Some(take) },
                    length: Some(take),
                    range: Some(format!("bytes {first}-{last}/{length}")),
                })
            }
        }
    }
}

fn format_of(uri: &Uri) -> Result<MediaFormat, Problem> {
    let unreadable = |_| Problem::bad_request("bad_query", "the part after ? cannot be read");
    let Query(asked) = Query::<AudioQuery>::try_from_uri(uri).map_err(unreadable)?;
    match asked.format.as_deref() {
        None | Some("mp3") => Ok(MediaFormat::Mp3),
        Some("wav") => Ok(MediaFormat::Wav),
        Some(_) => Err(Problem::fault("?format", "unknown_value", "this must be one of mp3, wav")),
    }
}

fn recording_of(voicemail: &VoicemailRow) -> Result<&Sid, Problem> {
    let (code, detail) = match voicemail.state {
        VoicemailState::Pending => {
            ("recording_pending", "Twilio has not told of the recording yet; it is looked up by itself")
        }
        VoicemailState::Absent => ("recording_absent", "nothing was said, so Twilio recorded nothing"),
        VoicemailState::Failed => ("recording_failed", "the recording failed at Twilio"),
        VoicemailState::Ready => match &voicemail.recording_sid {
            Some(recording) => return Ok(recording),
            None => ("recording_absent", "Twilio told of no recording"),
        },
    };
    Err(Problem::no_sound(code, detail))
}

async fn account(admin: &AdminState, voicemail: &VoicemailRow) -> Result<TwilioAccount, Problem> {
    let global = admin.around.global_account.as_ref();
    let (sid, tenant) = (voicemail.account_sid.as_ref(), voicemail.tenant_id.as_ref());
    let found = account_of(&admin.store, global, sid, tenant).await?;
    let detail = "no organization has the Twilio account that keeps the recording: give its credentials to one";
    found.ok_or_else(|| Problem::no_sound("account_unknown", detail))
}

fn failed(error: ProviderError) -> Problem {
    match error {
        ProviderError::Refused { status: 404 | 410, .. } => Problem::recording_gone(),
        ProviderError::Refused { status: 401 | 403, .. } => {
            tracing::warn!(%error, "Twilio refuses the token of an account whose recording somebody wants to hear");
            Problem::upstream_refused("Twilio refuses the account's token: set the organization's credentials right")
        }
        ProviderError::Refused { status: 429, .. } => {
            Problem::upstream_failed("Twilio asks for rest: too many requests of the account; try again in a moment")
        }
        ProviderError::Unreachable { .. } => Problem::upstream_failed("Twilio did not answer; try again in a moment"),
        ProviderError::Refused { .. } | ProviderError::Nonsense { .. } => {
            tracing::warn!(%error, "Twilio failed to give a recording");
            Problem::upstream_failed("Twilio answered with an error of its own; try again later")
        }
    }
}

fn say(response: &mut Response, name: HeaderName, value: Option<String>) {
    if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
        response.headers_mut().insert(name, value);
    }
}
