//! The sound of a recording at Twilio, piece by piece: never the whole of it in memory.
//!
//! The address is made of our own parts. Twilio may send us on to where it keeps the sound; credentials stay with the
//! host they are for.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderName, LOCATION, RANGE};
use reqwest::{Response, StatusCode, Url};

use crate::model::{Sid, TwilioAccount};

use super::http::Ask;
use super::{ProviderError, Twilio};

/// Longest each of Twilio's hosts may take to begin its answer. Whoever listens is told after ten seconds.
const BEGIN_MAX: Duration = Duration::from_secs(4);

/// How often we let ourselves be sent on.
const HOPS_MAX: u32 = 3;

/// The longest sound passed on: a day of speech as MP3, and far more than a voicemail ever is.
const MEDIA_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// What is asked of a recording.
#[derive(Clone, Copy, Debug)]
pub struct MediaAsk<'a> {
    /// Who keeps it.
    pub account: &'a TwilioAccount,
    /// Which.
    pub recording: &'a Sid,
    /// As what.
    pub format: MediaFormat,
    /// Which bytes of it, as HTTP writes it.
    pub range: Option<&'a str>,
    /// Longest between two pieces.
    pub idle: Duration,
}

/// The forms in which Twilio gives a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaFormat {
    /// Small.
    Mp3,
    /// As it was recorded.
    Wav,
}

/// How much of a recording came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Portion {
    /// All of it, even where a part was asked for.
    Whole,
    /// A part, as `Content-Range` says.
    Part(String),
    /// The part asked for lies beyond its end; perhaps with what `Content-Range` says of its length.
    Beyond(Option<String>),
}

/// A recording as it comes. Dropped, it ends the request.
#[derive(Debug)]
pub struct Media {
    response: Response,
    portion: Portion,
    idle: Duration,
    left: u64,
}

impl Twilio {
    /// Begins to read a recording.
    pub async fn media(&self, asked: MediaAsk<'_>) -> Result<Media, ProviderError> {
        let secrets = [asked.account.auth_token.reveal()];
        let ask = Ask { provider: "Twilio", operation: "media", deadline: BEGIN_MAX, secrets: &secrets };
        let file = format!("{}.{}", asked.recording, asked.format.as_str());
        let address = self.of_account(asked.account, &["Recordings", &file]);
        let mut url = address.ok_or_else(|| ask.nonsense("a recording without a usable SID".to_owned()))?;
        for _ in 0..=HOPS_MAX {
            let mut request = self.http.client().get(url.clone());
            if url.origin() == self.base.origin() {
                request = request.basic_auth(asked.account.sid.as_str(), Some(asked.account.auth_token.reveal()));
            }
            if let Some(range) = asked.range {
                request = request.header(RANGE, range);
            }
            let response = ask.open(request, is_wanted, &self.metrics).await?;
            if !response.status().is_redirection() {
                return Media::of(response, &asked, &ask);
            }
            url = self.sent_on(&url, &response).ok_or_else(|| ask.nonsense("a redirect to nowhere".to_owned()))?;
        }
        Err(ask.nonsense("redirects without end".to_owned()))
    }

    /// Where an answer sends us: over https, or to our own base (a simulator).
    fn sent_on(&self, from: &Url, response: &Response) -> Option<Url> {
        let place = text(response, LOCATION)?;
        let url = from.join(&place).ok()?;
        (url.scheme() == "https" || url.origin() == self.base.origin()).then_some(url)
    }
}

impl Media {
    fn of(response: Response, asked: &MediaAsk<'_>, ask: &Ask<'_>) -> Result<Media, ProviderError> {
        let said = text(&response, CONTENT_RANGE);
        let portion = match (response.status(), said) {
            (StatusCode::PARTIAL_CONTENT, Some(range)) => Portion::Part(range),
            (StatusCode::PARTIAL_CONTENT, None) => return Err(ask.nonsense("a part without saying which".to_owned())),
            (StatusCode::RANGE_NOT_SATISFIABLE, said) => Portion::Beyond(said),
            _ => Portion::Whole,
        };
        let kind = text(&response, CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
        let is_sound = kind.starts_with("audio/") || kind.starts_with("application/octet-stream");
        if !is_sound && !matches!(portion, Portion::Beyond(_)) {
            return Err(ask.nonsense("something that is no sound".to_owned()));
        }
        if response.content_length().is_some_and(|length| length > MEDIA_BYTES_MAX) {
            return Err(ask.nonsense(format!("more than {MEDIA_BYTES_MAX} bytes")));
        }
        Ok(Media { response, portion, idle: asked.idle, left: MEDIA_BYTES_MAX })
    }

    /// How much of the recording this is.
    pub fn portion(&self) -> &Portion {
        &self.portion
    }

    /// How many bytes are to come, where told.
    pub fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// The next piece; none at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ProviderError> {
        let broken = |detail: &str| ProviderError::Unreachable { provider: "Twilio", detail: detail.to_owned() };
        let chunk = tokio::time::timeout(self.idle, self.response.chunk()).await;
        let chunk = chunk.map_err(|_| broken("a recording stopped coming"))?;
        let chunk = chunk.map_err(|_| broken("the connection broke during media"))?;
        let length = chunk.as_ref().map_or(0, Bytes::len) as u64;
        self.left = self.left.checked_sub(length).ok_or_else(|| broken("a recording without end"))?;
        Ok(chunk)
    }
}

impl MediaFormat {
    /// The word for it, which is also how its files end.
    pub fn as_str(self) -> &'static str {
        match self {
            MediaFormat::Mp3 => "mp3",
            MediaFormat::Wav => "wav",
        }
    }

    /// How HTTP calls it.
    pub fn content_type(self) -> &'static str {
        match self {
            MediaFormat::Mp3 => "audio/mpeg",
            MediaFormat::Wav => "audio/wav",
        }
    }
}

fn is_wanted(status: StatusCode) -> bool {
    matches!(status.as_u16(), 200 | 206 | 301 | 302 | 303 | 307 | 308 | 416)
}

fn text(response: &Response, name: HeaderName) -> Option<String> {
    Some(response.headers().get(name)?.to_str().ok()?.to_owned())
}
