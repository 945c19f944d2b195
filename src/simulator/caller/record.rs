//! `<Record>`: the caller leaves a message, or none, and the edge hears of it in the order and shapes Twilio uses.

use reqwest::Url;

use crate::simulator::wire::fresh_sid;

use super::markup::Element;
use super::talk::{Talk, Then};
use super::{AnsweredBy, Event};

/// Silence that ends a message where the document names none.
const SILENCE_SECONDS: u32 = 5;

/// The longest message Twilio writes down.
const TRANSCRIBED_SECONDS_MAX: u32 = 120;

impl Talk<'_> {
    pub async fn record(&mut self, here: &Url, record: &Element) -> Then {
        self.answer();
        let longest = record.number("maxLength").unwrap_or(3_600);
        let began = self.clock;
        let Some(wanted) = self.script.caller.message_seconds.filter(|seconds| *seconds > 0) else {
            return self.nothing_said(record).await;
        };
        let full = wanted >= longest;
        self.pass(wanted.min(longest));
        let seconds = self.clock - began;
        if seconds == 0 {
            return self.nothing_said(record).await;
        }
        self.answered_by = AnsweredBy::Voicemail;
        self.tell(Event::Message { seconds });
        if self.ended.is_none() && self.script.caller.hangs_up_after_message {
            self.hang_up();
        } else if !full {
            self.pass(record.number("timeout").unwrap_or(SILENCE_SECONDS));
        }

        let recording = fresh_sid("RE");
        let account = self.post.account().to_owned();
        let url = format!("https://api.twilio.com/2010-04-01/Accounts/{account}/Recordings/{recording}");
        let mut extra = vec![
            ("RecordingUrl", url.clone()),
            ("RecordingSid", recording.clone()),
            ("RecordingDuration", seconds.to_string()),
        ];
        if self.ended.is_some() {
            extra.push(("Digits", "hangup".to_owned()));
        }
        let then = self.go_on(here, record, record.attribute("action").or(Some("")), &extra).await;
        self.recorded(here, record, &recording, &url, "completed", seconds).await;
        self.transcribed(here, record, &recording, &url, seconds).await;
        then
    }

    /// An empty recording: the action is not asked, the document goes on.
    async fn nothing_said(&mut self, record: &Element) -> Then {
        self.tell(Event::NoMessage);
        if self.ended.is_some() {
            return Then::End;
        }
        self.pass(record.number("timeout").unwrap_or(SILENCE_SECONDS));
        let wanted = record.attribute("recordingStatusCallbackEvent").unwrap_or("completed");
        if wanted.split(' ').any(|event| event == "absent") {
            let here = self.post.entrance("/");
            self.recorded(&here, record, &fresh_sid("RE"), "", "absent", 0).await;
        }
        Then::Next
    }

    async fn recorded(&mut self, here: &Url, record: &Element, sid: &str, url: &str, status: &str, seconds: u32) {
        let Some(callback) = record.attribute("recordingStatusCallback") else { return };
        let wanted = record.attribute("recordingStatusCallbackEvent").unwrap_or("completed");
        if !wanted.split(' ').any(|event| event == status) {
            return;
        }
        let Some(to) = self.join(here, callback) else { return };
        // Twilio sends no To and no From here.
        let form = [
            ("AccountSid", self.post.account()),
            ("CallSid", &self.sid),
            ("RecordingSid", sid),
            ("RecordingUrl", url),
            ("RecordingStatus", status),
            ("RecordingDuration", &seconds.to_string()),
            ("RecordingChannels", "1"),
            ("RecordingSource", "RecordVerb"),
        ];
        let form = form.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let method = record.attribute("recordingStatusCallbackMethod").unwrap_or("POST");
        self.notify(to.as_str(), method, form).await;
    }

    async fn transcribed(&mut self, here: &Url, record: &Element, recording: &str, url: &str, seconds: u32) {
        let Some(callback) = record.attribute("transcribeCallback").filter(|_| record.is("transcribe", "true")) else {
            return;
        };
        let Some(to) = self.join(here, callback) else { return };
        let written = (2..=TRANSCRIBED_SECONDS_MAX).contains(&seconds);
        let (status, text) =
            if written { ("completed", "This is the simulated caller. Please call me back.") } else { ("failed", "") };
        let sid = fresh_sid("TR");
        let account = self.post.account();
        let form = self.form(&[
            ("TranscriptionUrl", format!("https://api.twilio.com/2010-04-01/Accounts/{account}/Transcriptions/{sid}")),
            ("TranscriptionSid", sid),
            ("TranscriptionText", text.to_owned()),
            ("TranscriptionStatus", status.to_owned()),
            ("RecordingSid", recording.to_owned()),
            ("RecordingUrl", url.to_owned()),
        ]);
        self.notify(to.as_str(), "POST", form).await;
    }
}
