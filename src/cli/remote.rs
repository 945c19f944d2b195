//! The admin API, as commands ask it: JSON in, JSON out, and a problem told in one sentence.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use reqwest::{Method, Url};
use serde_json::Value;

/// Longest a command waits for an answer; saving and simulating take milliseconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// An admin API somewhere, and a token for it.
#[derive(Debug)]
pub(super) struct Remote {
    client: reqwest::Client,
    base: Url,
    token: String,
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
        let mut url = self.url(path)?;
        url.query_pairs_mut().extend_pairs(query);
        self.ask(Method::GET, url, None).await
    }

    /// Makes something, or asks a question that has a body.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::POST, self.url(path)?, Some(body)).await
    }

    /// Sets something.
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.ask(Method::PUT, self.url(path)?, Some(body)).await
    }

    fn url(&self, path: &str) -> anyhow::Result<Url> {
        let whole = format!("{}{path}", self.base.as_str().trim_end_matches('/'));
        Url::parse(&whole).with_context(|| format!("`{path}` is no path of the admin API"))
    }

    async fn ask(&self, method: Method, url: Url, body: Option<&Value>) -> anyhow::Result<Value> {
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response =
            request.send().await.map_err(|error| anyhow::Error::new(error.without_url())).map_err(|error| {
                let cause = error.root_cause();
                anyhow!("the admin API at {} cannot be reached; is `patchbay serve` running there?: {cause}", self.base)
            })?;
        let status = response.status();
        let text = response.text().await.context("the admin API broke off its answer")?;
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if !status.is_success() && answer.is_null() {
            bail!(
                "{} answered {}, and not as an admin API does; look at PATCHBAY_ADMIN_URL",
                self.base,
                status.as_u16()
            );
        }
        if !status.is_success() {
            bail!("the admin API answered {}: {}", status.as_u16(), problem(&answer));
        }
        Ok(answer)
    }
}

/// A problem in one sentence: what it is, and each fault with its place.
fn problem(answer: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut said = vec![text(&answer["title"]), text(&answer["detail"])];
    for fault in answer["errors"].as_array().into_iter().flatten() {
        said.push(format!("{} {}", text(&fault["pointer"]), text(&fault["detail"])));
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
        assert_eq!(problem(&answer), "Invalid; two faults; /mode is unknown; /fallback is missing");
        assert_eq!(problem(&Value::Null), "no reason given");
    }
}
