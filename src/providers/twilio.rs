//! Twilio's REST API, as far as calls need it: how is one, what was recorded of it, and the end of a recording.
//!
//! The sound itself is streamed by `media`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::Timestamp;
use reqwest::{RequestBuilder, Url};
use serde::Deserialize;

use crate::model::{Sid, TwilioAccount};
use crate::telemetry::Metrics;

use super::http::{Ask, Http, address};
use super::{CallState, ProviderError, Recording};

const PROVIDER: &str = "Twilio";
const DEADLINE: Duration = Duration::from_secs(10);

/// The version of the API, the first part of every path.
const VERSION: &str = "2010-04-01";

/// Twilio's API.
#[derive(Clone, Debug)]
pub struct Twilio {
    pub(super) http: Http,
    pub(super) base: Url,
    pub(super) metrics: Arc<Metrics>,
}

#[derive(Deserialize)]
struct Call {
    status: String,
}

#[derive(Deserialize)]
struct Recordings {
    recordings: Vec<Recorded>,
}

#[derive(Deserialize)]
struct Recorded {
    sid: String,
    status: String,
    duration: Option<String>,
    date_created: Option<String>,
}

impl Twilio {
    /// Twilio at this address: `https://api.twilio.com`, or a simulator.
    pub fn new(http: &Http, base_url: &str, metrics: Arc<Metrics>) -> anyhow::Result<Twilio> {
        let base = Url::parse(base_url).with_context(|| format!("could not read Twilio's address `{base_url}`"))?;
        anyhow::ensure!(base.has_host(), "Twilio's address `{base_url}` names no host");
        metrics.provider_asked_for("twilio", &["call", "recordings", "media", "delete_recording"]);
        Ok(Twilio { http: http.clone(), base, metrics })
    }

    /// How is this call?
    pub async fn call_state(&self, account: &TwilioAccount, call: &Sid) -> Result<CallState, ProviderError> {
        let file = format!("{call}.json");
        let Some(url) = self.of_account(account, &["Calls", &file]) else {
            return Ok(CallState::NotFound);
        };
        let secrets = [account.auth_token.reveal()];
        let ask = ask("call", &secrets);
        let found: Option<Call> = ask.json_or_absent(self.get(url, account), &self.metrics).await?;
        match found {
            None => Ok(CallState::NotFound),
            Some(call) => match call.status.as_str() {
                "queued" | "initiated" | "ringing" | "in-progress" => Ok(CallState::Live),
                "completed" | "busy" | "failed" | "no-answer" | "canceled" => Ok(CallState::Ended(call.status)),
                // A word we do not know is no definite answer: nothing may be ended on it.
                other => Err(ask.nonsense(format!("call status `{other}`"))),
            },
        }
    }

    /// The recordings of a call, newest first.
    pub async fn recordings(&self, account: &TwilioAccount, call: &Sid) -> Result<Vec<Recording>, ProviderError> {
        let Some(url) = self.of_account(account, &["Calls", call.as_str(), "Recordings.json"]) else {
            return Ok(Vec::new());
        };
        let secrets = [account.auth_token.reveal()];
        let ask = ask("recordings", &secrets);
        let found: Option<Recordings> = ask.json_or_absent(self.get(url, account), &self.metrics).await?;
        let mut listed = found.map(|page| page.recordings).unwrap_or_default();
        // Twilio lists the newest first, but does not say so; an undated one goes last.
        listed.sort_by_key(|recorded| std::cmp::Reverse(recorded.created_at()));
        listed
            .into_iter()
            .map(|recorded| {
                let sid = Sid::parse(&recorded.sid).map_err(|error| ask.nonsense(error.to_string()))?;
                let url = self
                    .of_account(account, &["Recordings", sid.as_str()])
                    .ok_or_else(|| ask.nonsense("a recording without a usable SID".to_owned()))?;
                Ok(Recording {
                    sid,
                    status: recorded.status,
                    duration_seconds: recorded.duration.and_then(|seconds| seconds.parse().ok()),
                    url: url.into(),
                })
            })
            .collect()
    }

    /// Deletes a recording. One that is gone already is deleted.
    pub async fn delete_recording(&self, account: &TwilioAccount, recording: &Sid) -> Result<(), ProviderError> {
        let file = format!("{recording}.json");
        let Some(url) = self.of_account(account, &["Recordings", &file]) else { return Ok(()) };
        let secrets = [account.auth_token.reveal()];
        let request = self.http.client().delete(url);
        let request = request.basic_auth(account.sid.as_str(), Some(account.auth_token.reveal()));
        ask("delete_recording", &secrets).gone(request, &self.metrics).await
    }

    fn get(&self, url: Url, account: &TwilioAccount) -> RequestBuilder {
        self.http.client().get(url).basic_auth(account.sid.as_str(), Some(account.auth_token.reveal()))
    }

    pub(super) fn of_account(&self, account: &TwilioAccount, rest: &[&str]) -> Option<Url> {
        let mut parts = vec![VERSION, "Accounts", account.sid.as_str()];
        parts.extend(rest);
        address(&self.base, &parts)
    }
}

impl Recorded {
    fn created_at(&self) -> Option<Timestamp> {
        let written = self.date_created.as_deref()?;
        jiff::fmt::rfc2822::parse(written).ok().map(|zoned| zoned.timestamp())
    }
}

fn ask<'a>(operation: &'static str, secrets: &'a [&'a str]) -> Ask<'a> {
    Ask { provider: PROVIDER, operation, deadline: DEADLINE, secrets }
}
