//! Vapi's API. Here what calls need of it: a call made with the provider bypass, asking after one, ending one, and
//! deleting what is kept of one. Phone numbers are in `numbers`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{RequestBuilder, Url};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;

use crate::model::{E164, Secret, Sid, TargetKind};
use crate::telemetry::Metrics;

use super::http::{Ask, Http, address};
use super::{BypassCall, Bypassed, CallState, ProviderError};

mod numbers;

pub use numbers::{Denial, NumberKind, SipWords, TwilioKey, VapiNumber, VapiServer};

const PROVIDER: &str = "Vapi";
const DEADLINE: Duration = Duration::from_secs(10);

/// How long a caller waits for Vapi before the fallback. The carrier would allow 15 s; a person does not.
const BYPASS_DEADLINE: Duration = Duration::from_millis(2_500);

/// How long an answer that nobody waits for is still wanted, so that the call it created can be ended.
const BYPASS_LATE: Duration = Duration::from_secs(15);

/// Vapi's API.
#[derive(Clone, Debug)]
pub struct Vapi {
    http: Http,
    base: Url,
    key: Secret,
    metrics: Arc<Metrics>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Call {
    id: String,
    status: Option<String>,
    ended_reason: Option<String>,
    monitor: Option<Monitor>,
    phone_call_provider_details: Option<Details>,
    subscription_limits: Option<Limits>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Monitor {
    control_url: Option<String>,
}

#[derive(Deserialize)]
struct Details {
    twiml: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    concurrency_limit: Option<f64>,
}

impl Vapi {
    /// Vapi at this address: `https://api.vapi.ai`, or a simulator.
    pub fn new(http: &Http, base_url: &str, key: Secret, metrics: Arc<Metrics>) -> anyhow::Result<Vapi> {
        let base = Url::parse(base_url).with_context(|| format!("could not read Vapi's address `{base_url}`"))?;
        anyhow::ensure!(base.has_host(), "Vapi's address `{base_url}` names no host");
        metrics.provider_asked_for("vapi", &["call", "end", "bypass", "delete_call"]);
        metrics.provider_asked_for("vapi", &numbers::OPERATIONS);
        Ok(Vapi { http: http.clone(), base, key, metrics })
    }

    /// Creates a call whose media we connect ourselves, or says no within 2.5 s.
    ///
    /// Vapi has no idempotency key: a request once sent may have made a call. So the request outlives the wait,
    /// and a call that comes too late, or whose asker is gone, is ended.
    pub async fn bypass(&self, call: &BypassCall<'_>) -> Result<Bypassed, ProviderError> {
        let creating = self.clone().create(body(call), call.account.auth_token.clone());
        let (tell, told) = oneshot::channel();
        let late = self.clone();
        tokio::spawn(async move {
            if let Err(Ok(bypassed)) = tell.send(creating.await) {
                late.end_unwanted(&bypassed.call_id).await;
            }
        });
        let mut asker = Asker { told: Some(told), vapi: self };
        asker.wait().await
    }

    /// Ends a call that nobody will connect.
    ///
    /// Vapi ends a call through its control address; where there is none, deleting it is all that is left, and of a
    /// call that nobody had there is nothing to lose.
    pub async fn end(&self, call: &Sid) -> Result<(), ProviderError> {
        let Some(found) = self.find(call, "end").await? else { return Ok(()) };
        if found.status.as_deref() == Some("ended") {
            return Ok(());
        }
        let secrets = [self.key.reveal()];
        let ask = ask("end", &secrets);
        let control = found.monitor.and_then(|monitor| monitor.control_url).and_then(|url| self.control_address(&url));
        if let Some(url) = control {
            // The address itself is the permission; the key stays here.
            let request = self.http.client().post(url).json(&json!({ "type": "end-call" }));
            if ask.done(request, &self.metrics).await.is_ok() {
                return Ok(());
            }
        }
        let Some(url) = address(&self.base, &["call", call.as_str()]) else { return Ok(()) };
        ask.done(self.with_key(self.http.client().delete(url)).json(&json!({})), &self.metrics).await
    }

    /// How is this call?
    pub async fn call_state(&self, call: &Sid) -> Result<CallState, ProviderError> {
        let secrets = [self.key.reveal()];
        match self.find(call, "call").await? {
            None => Ok(CallState::NotFound),
            Some(found) => match found.status.as_deref() {
                Some("ended") => Ok(CallState::Ended(found.ended_reason.unwrap_or_else(|| "ended".to_owned()))),
                Some("not-found" | "deletion-failed") => Ok(CallState::NotFound),
                Some("scheduled" | "queued" | "ringing" | "in-progress" | "forwarding") => Ok(CallState::Live),
                other => Err(ask("call", &secrets).nonsense(format!("call status {other:?}"))),
            },
        }
    }

    /// Deletes what Vapi keeps of a call: recording, transcript, summary. One that is gone already is deleted.
    pub async fn delete_call(&self, call: &Sid) -> Result<(), ProviderError> {
        let Some(url) = address(&self.base, &["call", call.as_str()]) else { return Ok(()) };
        let secrets = [self.key.reveal()];
        let request = self.with_key(self.http.client().delete(url)).json(&json!({}));
        ask("delete_call", &secrets).gone(request, &self.metrics).await
    }

    async fn find(&self, call: &Sid, operation: &'static str) -> Result<Option<Call>, ProviderError> {
        let Some(url) = address(&self.base, &["call", call.as_str()]) else { return Ok(None) };
        let secrets = [self.key.reveal()];
        ask(operation, &secrets).json_or_absent(self.with_key(self.http.client().get(url)), &self.metrics).await
    }

    async fn create(self, body: Value, account_token: Secret) -> Result<Bypassed, ProviderError> {
        let secrets = [self.key.reveal(), account_token.reveal()];
        let ask = Ask { deadline: BYPASS_LATE, ..ask("bypass", &secrets) };
        let url = address(&self.base, &["call"]).ok_or_else(|| ask.nonsense("an unusable address".to_owned()))?;
        let request = self.with_key(self.http.client().post(url)).json(&body);
        let call: Call = ask.json(request, &self.metrics).await?;
        let call_id = Sid::parse(&call.id).map_err(|error| ask.nonsense(format!("a call whose id is {error}")))?;
        let Some(twiml) = call.phone_call_provider_details.and_then(|details| details.twiml) else {
            self.end_unwanted(&call_id).await;
            return Err(ask.nonsense("a call without TwiML".to_owned()));
        };
        let concurrency_limit = call.subscription_limits.and_then(|limits| limits.concurrency_limit);
        Ok(Bypassed { call_id, twiml, concurrency_limit: concurrency_limit.map(|limit| limit.max(0.0) as u32) })
    }

    async fn end_unwanted(&self, call: &Sid) {
        match self.end(call).await {
            Ok(()) => tracing::info!(%call, "a call that Vapi made too late was ended"),
            Err(error) => tracing::warn!(%call, %error, "a call that Vapi made too late could not be ended"),
        }
    }

    /// Where Vapi says the call is controlled: `https`, or below our own base (a simulator).
    fn control_address(&self, url: &str) -> Option<Url> {
        let url = Url::parse(url).ok()?;
        (url.scheme() == "https" || url.origin() == self.base.origin()).then_some(url)
    }

    fn with_key(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.key.reveal())
    }
}

/// Whoever waits for a bypassed call. Dropped while waiting, it still takes back what arrived meanwhile.
struct Asker<'a> {
    told: Option<oneshot::Receiver<Result<Bypassed, ProviderError>>>,
    vapi: &'a Vapi,
}

impl Asker<'_> {
    async fn wait(&mut self) -> Result<Bypassed, ProviderError> {
        let too_late = || ProviderError::Unreachable {
            provider: PROVIDER,
            detail: format!("no answer within {BYPASS_DEADLINE:?} to bypass"),
        };
        let Some(told) = self.told.as_mut() else { return Err(too_late()) };
        let result = match tokio::time::timeout(BYPASS_DEADLINE, told).await {
            Ok(Ok(result)) => result,
            // The task is gone without a word: the runtime is going down.
            Ok(Err(_)) | Err(_) => return Err(too_late()),
        };
        self.told = None;
        result
    }
}

impl Drop for Asker<'_> {
    fn drop(&mut self) {
        let Some(mut told) = self.told.take() else { return };
        told.close();
        let (Ok(Ok(bypassed)), Ok(runtime)) = (told.try_recv(), tokio::runtime::Handle::try_current()) else { return };
        let vapi = self.vapi.clone();
        runtime.spawn(async move { vapi.end_unwanted(&bypassed.call_id).await });
    }
}

fn body(call: &BypassCall<'_>) -> Value {
    let variables: Map<String, Value> =
        call.variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let (target, overrides) = match call.target.kind {
        TargetKind::Assistant => ("assistantId", "assistantOverrides"),
        TargetKind::Squad => ("squadId", "squadOverrides"),
    };
    let mut body = json!({
        "phoneCallProviderBypassEnabled": true,
        "phoneNumber": {
            "twilioPhoneNumber": call.number,
            "twilioAccountSid": call.account.sid.as_str(),
            "twilioAuthToken": call.account.auth_token.reveal(),
        },
    });
    body[target] = json!(call.target.id.as_str());
    body[overrides] = json!({ "variableValues": variables });
    // Vapi refuses the whole call for a caller it cannot read.
    if E164::parse(call.from).is_ok() {
        body["customer"] = json!({ "number": call.from });
    }
    body
}

fn ask<'a>(operation: &'static str, secrets: &'a [&'a str]) -> Ask<'a> {
    Ask { provider: PROVIDER, operation, deadline: DEADLINE, secrets }
}
