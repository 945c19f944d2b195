//! The admin API, as commands ask it: JSON in, JSON out, and a problem told in one sentence.
//!
//! Every POST carries an `Idempotency-Key` of its own, so that it can be sent again after a lost connection without
//! anything happening twice. Where a change must find what was read, its [`Answer`] holds the tag to name.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderValue, IF_MATCH};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde_json::Value;

use crate::model::Fault;

/// Longest a command waits for an answer; saving and simulating take milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pauses before what was lost on the way is sent again; then it is given up.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(500), Duration::from_secs(2)];

/// An admin API somewhere, and a token for it.
#[derive(Debug)]
pub(super) struct Remote {
    client: reqwest::Client,
    base: Url,
    token: String,
}

/// What was answered, and the tag of the version it shows.
#[derive(Debug)]
pub(super) struct Answer {
    pub body: Value,
    pub tag: Option<HeaderValue>,
}

/// A no from the admin API.
#[derive(Debug)]
pub(super) struct Refusal {
    pub status: u16,
    /// The API's stable word for it.
    pub code: String,
    /// Each fault with its place in what was sent.
    pub faults: Vec<Fault>,
    said: String,
}

impl Remote {
    pub fn new(base: &str, token: &str) -> anyhow::Result<Remote> {
        let base = Url::parse(base)
            .with_context(|| format!("`{base}` is no URL of an admin API; one is http://127.0.0.1:8081"))?;
        // Somebody else may have chosen the process' provider of cryptography already; either will do.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let builder = || {
            let builder = reqwest::Client::builder().timeout(PATIENCE);
            // A listener on this machine is never behind a proxy.
            if base.scheme() == "http" { builder.no_proxy() } else { builder }
        };
        // Without root certificates on this machine an API on plain http can still be asked.
        let client = builder().build().or_else(|_| builder().tls_certs_only([]).build())?;
        Ok(Remote { client, base, token: token.to_owned() })
    }

    /// Reads something.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Value> {
        Ok(self.read(path, query).await?.body)
    }

    /// Reads something that may be changed afterwards.
    pub async fn read(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Answer> {
        let request = self.client.get(self.url_of(path, query)?);
        self.told(self.sent_again_if_lost(&request).await?).await
    }

    /// Reads something that is a text of this type.
    pub async fn read_as(&self, content_type: &str, path: &str, query: &[(&str, &str)]) -> anyhow::Result<String> {
        let request = self.client.get(self.url_of(path, query)?).header(ACCEPT, content_type);
        let response = self.sent_again_if_lost(&request).await?;
        let given = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if response.status().is_success() && given.starts_with(content_type) {
            return response.text().await.context("the admin API broke off its answer");
        }
        self.told(response).await?;
        bail!("{} answered no {content_type}", self.shown())
    }

    /// Makes something, or asks a question that has a body.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self.post_if(path, body, None).await?.body)
    }

    /// The same, if what it is about has not changed since it was read.
    pub async fn post_if(&self, path: &str, body: &Value, tag: Option<&HeaderValue>) -> anyhow::Result<Answer> {
        let request = self.client.post(self.url(path)?).header("Idempotency-Key", fresh_key()?).json(body);
        self.told(self.sent_again_if_lost(&unchanged(request, tag)).await?).await
    }

    /// Sets something.
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        Ok(self.change(Method::PUT, path, Some(body), None).await?.body)
    }

    /// Sends a file.
    pub async fn put_file(&self, path: &str, content_type: &str, file: Vec<u8>) -> anyhow::Result<Value> {
        let request = self.client.put(self.url(path)?).header(CONTENT_TYPE, content_type).body(file);
        let sent = request.bearer_auth(&self.token).send().await.map_err(|error| self.unreachable(error))?;
        Ok(self.told(sent).await?.body)
    }

    /// Changes or deletes something, with a tag only if it has not changed since it was read.
    pub async fn change(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        tag: Option<&HeaderValue>,
    ) -> anyhow::Result<Answer> {
        let request = unchanged(self.client.request(method, self.url(path)?), tag);
        let request = if let Some(body) = body { request.json(body) } else { request };
        let sent = request.bearer_auth(&self.token).send().await.map_err(|error| self.unreachable(error))?;
        self.told(sent).await
    }

    /// Reads something that is no JSON, piece by piece.
    pub async fn stream(&self, path: &str) -> anyhow::Result<Response> {
        let request = self.client.get(self.url(path)?);
        let response = self.sent_again_if_lost(&request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        self.told(response).await?;
        bail!("{} answered nothing that can be kept", self.base)
    }

    fn url_of(&self, path: &str, query: &[(&str, &str)]) -> anyhow::Result<Url> {
        let mut url = self.url(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    fn url(&self, path: &str) -> anyhow::Result<Url> {
        let whole = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        Url::parse(&whole).with_context(|| format!("`{path}` is no path of the admin API"))
    }

    /// Only for requests that may safely arrive twice. Where nobody ever listened, nothing was lost.
    async fn sent_again_if_lost(&self, request: &RequestBuilder) -> anyhow::Result<Response> {
        let mut pauses = PAUSES.iter();
        let mut was_lost = false;
        loop {
            let request = request.try_clone().context("this request cannot be sent twice")?;
            let lost = match request.bearer_auth(&self.token).send().await {
                Ok(response) => return Ok(response),
                Err(error) if (error.is_connect() && !was_lost) || error.is_timeout() => {
                    return Err(self.unreachable(error));
                }
                Err(error) => error,
            };
            was_lost = true;
            let Some(pause) = pauses.next() else { return Err(self.unreachable(lost)) };
            tokio::time::sleep(*pause).await;
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> anyhow::Error {
        let error = anyhow::Error::new(error.without_url());
        let cause = error.root_cause();
        anyhow!("the admin API at {} cannot be reached; is `patchbay serve` running there?: {cause}", self.shown())
    }

    /// The base without what somebody may have put into it for a proxy.
    fn shown(&self) -> Url {
        let mut shown = self.base.clone();
        let _ = shown.set_password(None);
        let _ = shown.set_username("");
        shown
    }

    async fn told(&self, response: Response) -> anyhow::Result<Answer> {
        let status = response.status();
        let tag = response.headers().get(reqwest::header::ETAG).cloned();
        let text = response.text().await.context("the admin API broke off its answer")?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if status.is_success() && (!body.is_null() || text.is_empty() || text.trim() == "null") {
            return Ok(Answer { body, tag });
        }
        if !body["title"].is_string() {
            bail!(
                "{} answered {}, and not as an admin API does; look at PATCHBAY_ADMIN_URL",
                self.shown(),
                status.as_u16()
            );
        }
        Err(Refusal::of(status.as_u16(), &body).into())
    }
}

fn unchanged(request: RequestBuilder, tag: Option<&HeaderValue>) -> RequestBuilder {
    if let Some(tag) = tag { request.header(IF_MATCH, tag) } else { request }
}

fn fresh_key() -> anyhow::Result<String> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Refusal {
    fn of(status: u16, body: &Value) -> Refusal {
        let fault = |fault: &Value| {
            Fault::new(text(&fault["pointer"]).as_str(), text(&fault["code"]).as_str(), text(&fault["detail"]))
        };
        let faults = body["errors"].as_array().into_iter().flatten().map(fault).collect();
        Refusal { status, code: text(&body["code"]), faults, said: problem(body) }
    }

    /// Is the thing not there, or not for this token to see?
    pub fn is_not_found(error: &anyhow::Error) -> bool {
        error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.status == 404 && refusal.code == "not_found")
    }

    /// What somebody can do about it that the API itself does not say.
    fn advice(&self) -> &'static str {
        match (self.status, self.code.as_str()) {
            (401, _) => "; set PATCHBAY_TOKEN to a token of this installation",
            (412, _) => "; somebody was quicker: look at what it is now, then give the command again",
            (404, "no_route") => "; that patchbay is older than this command",
            _ => "",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the admin API answered {}: {}{}", self.status, self.said, self.advice())
    }
}

impl Error for Refusal {}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A problem in one sentence: what it is, and each fault with its place.
fn problem(answer: &Value) -> String {
    let faults: Vec<&Value> = answer["errors"].as_array().into_iter().flatten().collect();
    let mut said = vec![text(&answer["title"])];
    // Where there is one fault, or the faults are named one by one, the detail only repeats them.
    if faults.is_empty() {
        said.push(text(&answer["detail"]));
    }
    for fault in faults {
        said.push(format!("{} {}", text(&fault["pointer"]), text(&fault["detail"])).trim().to_owned());
    }
    said.retain(|part| !part.trim().is_empty());
    if said.is_empty() { "no reason given".to_owned() } else { said.join("; ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_problem_is_told_with_every_fault() {
        let answer = json!({
            "title": "Invalid", "detail": "two faults",
            "errors": [{ "pointer": "/mode", "detail": "is unknown" }, { "pointer": "/fallback", "detail": "is missing" }],
        });
        assert_eq!(problem(&answer), "Invalid; /mode is unknown; /fallback is missing");
        assert_eq!(problem(&json!({"title": "Gone", "detail": "it is gone"})), "Gone; it is gone");
        assert_eq!(problem(&Value::Null), "no reason given");
    }

    #[test]
    fn what_somebody_put_into_the_address_is_not_shown() {
        let remote = Remote::new("http://user:a-planted-word@127.0.0.1:9", "t").expect("a URL");
        assert_eq!(remote.shown().as_str(), "http://127.0.0.1:9/");
    }
}
