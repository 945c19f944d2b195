//! An edge as those see it who ask it: the balancer, the operator, Prometheus.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

pub const OPERATOR: &str = "an-invented-operator-token";

/// Longest that somebody who looks waits for an answer.
const LOOK: Duration = Duration::from_secs(1);
/// Longest that somebody waits who wants something done.
const DEED: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub struct Desk {
    pub name: String,
    pub edge: SocketAddr,
    pub admin: SocketAddr,
    pub web: reqwest::Client,
    /// Where it logs.
    pub log: PathBuf,
}

impl Desk {
    pub async fn is_ready(&self) -> bool {
        let asked = self.web.get(format!("http://{}/readyz", self.edge)).timeout(LOOK).send().await;
        asked.is_ok_and(|answer| answer.status().is_success())
    }

    /// Asks its admin API; nothing if it does not answer in time.
    pub async fn admin(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        self.admin_if(method, path, body, None).await
    }

    /// The same, where the thing is still at this version.
    pub async fn admin_if(
        &self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        version: Option<u64>,
    ) -> Option<(u16, Value)> {
        let method = method.parse().expect("a method");
        let request = self.web.request(method, format!("http://{}{path}", self.admin));
        let mut request = request.bearer_auth(OPERATOR).timeout(DEED);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(version) = version {
            request = request.header("If-Match", format!("\"{version}\""));
        }
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null)))
    }

    /// The same, which has to succeed.
    pub async fn done(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.admin(method, path, Some(body)).await.expect("the admin API answers");
        assert!((200..300).contains(&status), "{method} {path} at {}: {status} {answer}", self.name);
        answer
    }

    /// All rows of a list; nothing if it breaks off.
    pub async fn all(&self, path: &str) -> Option<Vec<Value>> {
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let (status, page) = self.admin("GET", &format!("{path}?limit=200{cursor}"), None).await?;
            if status != 200 {
                return None;
            }
            rows.extend(page["data"].as_array()?.iter().cloned());
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Some(rows),
            }
        }
    }

    /// What it tells Prometheus; nothing if it does not answer in time.
    pub async fn metrics(&self) -> Option<String> {
        let asked = self.web.get(format!("http://{}/metrics", self.admin)).timeout(LOOK).send().await.ok()?;
        asked.text().await.ok()
    }

    /// How long its log is, in bytes.
    pub fn logged(&self) -> u64 {
        std::fs::metadata(&self.log).map_or(0, |log| log.len())
    }

    /// What it has warned of in its log, behind so many bytes.
    pub fn warned(&self, behind: u64) -> BTreeSet<String> {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let lines = log.get(behind as usize..).unwrap_or_default().split(|byte| *byte == b'\n');
        let lines = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
        let grave = lines.filter(|line| line["level"] == "WARN" || line["level"] == "ERROR");
        grave.filter_map(|line| line["message"].as_str().map(str::to_owned)).collect()
    }

    /// The codes of what needs a person; nothing if it does not answer in time.
    pub async fn warnings(&self) -> Option<Vec<String>> {
        let asked = self.web.get(format!("http://{}/api/today", self.admin)).bearer_auth(OPERATOR).timeout(LOOK);
        let today: Value = asked.send().await.ok()?.json().await.ok()?;
        let codes = today["warnings"].as_array()?.iter().filter_map(|warning| warning["code"].as_str());
        Some(codes.map(str::to_owned).collect())
    }
}
