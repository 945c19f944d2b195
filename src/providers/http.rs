//! The one HTTP client for all providers: deadlines, no redirects, answers capped in size, errors in one language.
//!
//! What an answer means is the business of the files beside this one. Bodies, credentials and addresses never
//! reach an error: what a provider says is cut, cleaned and freed of the secrets of the request.

use std::time::{Duration, Instant};

use reqwest::header::RETRY_AFTER;
use reqwest::{RequestBuilder, Response, StatusCode, Url, redirect};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use crate::telemetry::Metrics;

use super::ProviderError;

/// Longest a connection may take to come up.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Longest answer that is read; a provider's largest page is far below.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// How much of a provider's own words an error carries.
const MESSAGE_CHARS_MAX: usize = 300;

/// Longest a provider may ask to be left alone.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(600);

/// Idle connections are dropped before the far end does it, so that a call does not meet a dead one.
const POOL_IDLE: Duration = Duration::from_secs(55);

/// The client. Cheap to clone; all clones share one pool of connections.
#[derive(Clone, Debug)]
pub struct Http {
    client: reqwest::Client,
}

impl Http {
    /// Makes the client, with the machine's root certificates.
    ///
    /// Where the machine has none (an empty container), plain `http` still works and every `https` is refused:
    /// a phone edge whose providers are simulated must start there too.
    pub fn new() -> anyhow::Result<Http> {
        // Fails only if a provider is installed already, which is what we want.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = match builder().build() {
            Ok(client) => client,
            Err(error) => {
                tracing::warn!(
                    error = format!("{:#}", anyhow::Error::new(error)),
                    "no root certificates on this machine: providers cannot be reached over https"
                );
                builder().tls_certs_only([]).build()?
            }
        };
        Ok(Http { client })
    }

    /// The client underneath, to build a request with.
    pub(super) fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("patchbay/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(POOL_IDLE)
        .tcp_nodelay(true)
}

/// One question to a provider, besides the request itself.
pub(super) struct Ask<'a> {
    /// Which provider, as errors name it and, in lower case, metrics do.
    pub provider: &'static str,
    /// What is asked, as the metric label names it.
    pub operation: &'static str,
    /// How long it may take, all in all.
    pub deadline: Duration,
    /// What must not come back in an error, should the provider repeat it.
    pub secrets: &'a [&'a str],
}

/// What came back: a status that is no refusal, or a refusal whose body the asker may want to see.
pub(super) struct Answer {
    pub status: StatusCode,
    pub body: Vec<u8>,
    /// How long it wants to be left alone, where it said so.
    pub retry_after: Option<Duration>,
}

impl Ask<'_> {
    /// Sends a request and reads the answer as `T`; everything but a 2xx is a refusal.
    pub async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        metrics: &Metrics,
    ) -> Result<T, ProviderError> {
        self.recorded(metrics, async {
            let answer = self.send(request).await?;
            if !answer.status.is_success() {
                return Err(self.refusal(&answer));
            }
            serde_json::from_slice(&answer.body)
                .map_err(|error| self.nonsense(format!("not the JSON expected: {error}")))
        })
        .await
    }

    /// Like [`Ask::json`], but a 404 in the provider's own words is `None`.
    ///
    /// A 404 that is not JSON came from something in between and says nothing about the thing asked for.
    pub async fn json_or_absent<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
        metrics: &Metrics,
    ) -> Result<Option<T>, ProviderError> {
        match self.json(request, metrics).await {
            Ok(found) => Ok(Some(found)),
            Err(ProviderError::Refused { status: 404, code: Some(_), .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request that deletes. What is already gone is done with: a 404 in the provider's own words. Both answer with
    /// nothing or with JSON: anything else is somebody else's answer, and perhaps nothing was deleted.
    pub async fn gone(&self, request: RequestBuilder, metrics: &Metrics) -> Result<(), ProviderError> {
        let deleted = self.recorded(metrics, async {
            let answer = self.send(request).await?;
            if !answer.status.is_success() {
                return Err(self.refusal(&answer));
            }
            match answer.body.is_empty() || serde_json::from_slice::<IgnoredAny>(&answer.body).is_ok() {
                true => Ok(()),
                false => Err(self.nonsense("neither nothing nor JSON".to_owned())),
            }
        });
        match deleted.await {
            Err(ProviderError::Refused { status: 404, code: Some(_), .. }) => Ok(()),
            deleted => deleted,
        }
    }

    /// Sends a request whose answer is too large to be kept: waits for its head alone. Statuses that are not `wanted`
    /// are refusals.
    pub async fn open(
        &self,
        request: RequestBuilder,
        wanted: fn(StatusCode) -> bool,
        metrics: &Metrics,
    ) -> Result<Response, ProviderError> {
        self.recorded(metrics, async {
            let too_late = |_| ProviderError::Unreachable {
                provider: self.provider,
                detail: format!("no answer within {:?} to {}", self.deadline, self.operation),
            };
            let sent = tokio::time::timeout(self.deadline, request.send()).await.map_err(too_late)?;
            let response = sent.map_err(|error| self.unreachable(&error))?;
            if wanted(response.status()) {
                return Ok(response);
            }
            let answer = tokio::time::timeout(self.deadline, self.whole(response)).await.map_err(too_late)??;
            Err(self.refusal(&answer))
        })
        .await
    }

    /// Sends a request whose answer's body does not matter.
    pub async fn done(&self, request: RequestBuilder, metrics: &Metrics) -> Result<(), ProviderError> {
        self.recorded(metrics, async {
            let answer = self.send(request).await?;
            if answer.status.is_success() { Ok(()) } else { Err(self.refusal(&answer)) }
        })
        .await
    }

    async fn recorded<T>(
        &self,
        metrics: &Metrics,
        asking: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let began = Instant::now();
        let result = asking.await;
        let outcome = match &result {
            Ok(_) => "ok",
            Err(error) => error.outcome(),
        };
        metrics.provider(provider_label(self.provider), self.operation, outcome, began.elapsed());
        result
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, ProviderError> {
        let response = request.timeout(self.deadline).send().await.map_err(|error| self.unreachable(&error))?;
        self.whole(response).await
    }

    async fn whole(&self, mut response: Response) -> Result<Answer, ProviderError> {
        let status = response.status();
        let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(seconds);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + chunk.len() > BODY_BYTES_MAX {
                return Err(self.nonsense(format!("more than {BODY_BYTES_MAX} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body, retry_after })
    }

    pub fn unreachable(&self, error: &reqwest::Error) -> ProviderError {
        let detail = if error.is_timeout() {
            format!("no answer within {:?} to {}", self.deadline, self.operation)
        } else if error.is_connect() {
            format!("could not connect for {}", self.operation)
        } else {
            format!("the connection broke during {}", self.operation)
        };
        ProviderError::Unreachable { provider: self.provider, detail }
    }

    pub fn nonsense(&self, detail: String) -> ProviderError {
        ProviderError::Nonsense { provider: self.provider, detail: self.clean(&detail) }
    }

    fn refusal(&self, answer: &Answer) -> ProviderError {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        let message = match &body["message"] {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
            _ => answer.status.canonical_reason().unwrap_or("no reason given").to_owned(),
        };
        // Twilio's own number, or Vapi's, which repeats the status.
        let code = body["code"].as_i64().or_else(|| body["statusCode"].as_i64());
        ProviderError::Refused {
            provider: self.provider,
            status: answer.status.as_u16(),
            code,
            message: self.clean(&message),
            retry_after: answer.retry_after,
        }
    }

    fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "…");
        }
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MESSAGE_CHARS_MAX).collect()
    }
}

/// `Retry-After` as seconds; a date is not obeyed, but for what it tells: later.
fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(|seconds: u64| Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

fn provider_label(provider: &str) -> &'static str {
    match provider {
        "Twilio" => "twilio",
        _ => "vapi",
    }
}

/// An address below a base: each part is escaped, so that an identifier stays one segment.
///
/// None for a part that is a dot segment: URL parsers would climb with it.
pub(super) fn address(base: &Url, parts: &[&str]) -> Option<Url> {
    if parts.iter().any(|part| matches!(*part, "" | "." | "..")) {
        return None;
    }
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().extend(parts);
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASK: Ask<'_> =
        Ask { provider: "Twilio", operation: "call", deadline: Duration::from_secs(1), secrets: &["s3cret", ""] };

    #[test]
    fn an_identifier_stays_one_segment_of_the_address() {
        let base = Url::parse("http://127.0.0.1:1/base/").expect("a url");
        let url = address(&base, &["call", "a/b?c#d%2e"]).expect("an address");
        assert_eq!(url.as_str(), "http://127.0.0.1:1/base/call/a%2Fb%3Fc%23d%252e");
        for climbing in ["", ".", ".."] {
            assert_eq!(address(&base, &["call", climbing]), None);
        }
    }

    #[test]
    fn retry_after_is_obeyed_within_reason() {
        assert_eq!(seconds("3"), Some(Duration::from_secs(3)));
        assert_eq!(seconds("86400"), Some(RETRY_AFTER_MAX));
        assert_eq!(seconds("Fri, 20 Nov 2026 09:00:00 GMT"), None);
    }

    #[test]
    fn a_refusal_carries_the_providers_words_without_our_secrets() {
        let answer = Answer {
            status: StatusCode::BAD_REQUEST,
            body: br#"{"code":20003,"message":"no s3cret\u0000 here"}"#.to_vec(),
            retry_after: None,
        };
        let error = ASK.refusal(&answer).to_string();
        assert_eq!(error, "Twilio refused with 400: no …  here");
        let many = Answer { body: br#"{"statusCode":400,"message":["one","two"]}"#.to_vec(), ..answer };
        assert_eq!(ASK.refusal(&many).to_string(), "Twilio refused with 400: one; two");
        let html = Answer { status: StatusCode::BAD_GATEWAY, body: b"<html>".to_vec(), retry_after: None };
        assert_eq!(ASK.refusal(&html).to_string(), "Twilio refused with 502: Bad Gateway");
    }
}
