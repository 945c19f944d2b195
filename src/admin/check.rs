//! The preflight from inside the process, and what the edge refused for its signature, each with what to do about it.
//!
//! One looks at a time: it touches files and asks the providers. Whoever comes meanwhile, or soon after, gets the same.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::auth::Caller;
use super::error::{Problem, ProblemBody};
use super::{AdminState, Pending};
use crate::preflight::{Finding, Grade, RefusedSignature, Signatures, signature_words};

/// How long what was found is told again.
const GOOD_FOR: Duration = Duration::from_secs(10);

/// Looks whether all is in place.
pub type Look = Arc<dyn Fn() -> Pending<Vec<Finding>> + Send + Sync>;

/// The preflight, from whoever can do it, and what the edge refused.
#[derive(Clone)]
pub struct Inspection {
    look: Look,
    signatures: Arc<dyn Fn() -> Signatures + Send + Sync>,
    last: Arc<Mutex<Option<(Instant, Seen)>>>,
    good_for: Duration,
}

/// What was found, and when.
#[derive(Clone)]
struct Seen {
    at: Timestamp,
    found: Arc<[Finding]>,
}

impl Inspection {
    /// One that has not looked yet.
    pub fn new(look: Look, signatures: Arc<dyn Fn() -> Signatures + Send + Sync>) -> Inspection {
        Inspection { look, signatures, last: Arc::default(), good_for: GOOD_FOR }
    }

    async fn seen(&self, now: impl Fn() -> Timestamp) -> Seen {
        // Held while it looks: who comes meanwhile waits here, and finds it done.
        let mut last = self.last.lock().await;
        if let Some((_, seen)) = last.as_ref().filter(|(when, _)| when.elapsed() < self.good_for) {
            return seen.clone();
        }
        let found = (self.look)().await.into();
        let seen = Seen { at: now(), found };
        *last = Some((Instant::now(), seen.clone()));
        seen
    }
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inspection(…)")
    }
}

/// Whether all is in place.
#[derive(Serialize, ToSchema)]
#[schema(as = Check)]
pub(super) struct CheckBody {
    /// When it was looked at.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Everything that was looked at, well or not.
    checks: Vec<FindingBody>,
    signatures: SignaturesBody,
}

/// One thing that was looked at.
#[derive(Serialize, ToSchema)]
#[schema(as = CheckFinding)]
struct FindingBody {
    grade: GradeBody,
    /// What it is: mostly the setting it is about.
    #[schema(value_type = String, example = "edge.public_url")]
    subject: &'static str,
    /// What was found.
    #[schema(example = "https://calls.example.com is a public https URL")]
    detail: String,
}

/// `ok`; `warning`: it works, and somebody should look; `fault`: something does not work, or soon will not.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = CheckGrade)]
#[serde(rename_all = "lowercase")]
enum GradeBody {
    Ok,
    Warning,
    Fault,
}

/// What the edge refused for its signature since the start.
#[derive(Serialize, ToSchema)]
#[schema(as = SignatureFailures)]
#[serde(rename_all = "camelCase")]
struct SignaturesBody {
    /// The bases whose signature counts, as `edge.public_url` gives them.
    #[schema(value_type = Vec<String>, example = json!(["https://calls.example.com"]))]
    public_urls: Vec<String>,
    /// The causes there were, the most frequent first.
    failures: Vec<FailureBody>,
    /// The last 20 requests, newest first.
    recent: Vec<RecentBody>,
}

/// A cause, and what to do about it.
#[derive(Serialize, ToSchema)]
#[schema(as = SignatureFailure)]
struct FailureBody {
    /// As `patchbay_signature_failures_total` names it.
    #[schema(value_type = String, example = "mismatch")]
    cause: &'static str,
    /// How often, since the start.
    count: u64,
    /// What it means.
    #[schema(value_type = String)]
    meaning: &'static str,
    /// What a person does now.
    #[schema(value_type = String)]
    next: &'static str,
}

/// A request that was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = RefusedRequest)]
struct RecentBody {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String, example = "mismatch")]
    cause: &'static str,
    /// What was called, as far as it can be seen here: the host as the request names it, without the query.
    #[schema(example = "https://calls.example.com/api/twilio/voice")]
    url: String,
}

/// Looks whether all is in place
///
/// What `patchbay check` looks at, from inside the process: files and keys, the certificate, what the settings say of
/// each other, and what the providers say. Whoever asks while somebody else does, or within ten seconds after, gets the
/// same. With it the requests the edge refused for their signature since the start, by cause, each with what to do.
#[utoipa::path(get, path = "/api/check", tag = "check",
    responses(
        (status = 200, description = "What was found", body = CheckBody),
        (status = 503, description = "It took too long; what is found is told to the next who asks", body = ProblemBody, content_type = "application/problem+json"),
    ))]
pub(super) async fn read(State(admin): State<AdminState>, caller: Caller) -> Result<Answer<CheckBody>, Problem> {
    caller.operator()?;
    let seen = admin.inspection.seen(|| (admin.now)()).await;
    let signatures = (admin.inspection.signatures)();
    Ok(Answer(CheckBody {
        at: seen.at,
        checks: seen.found.iter().map(FindingBody::of).collect(),
        signatures: SignaturesBody::of(signatures),
    }))
}

impl FindingBody {
    fn of(finding: &Finding) -> FindingBody {
        let grade = match finding.grade {
            Grade::Ok => GradeBody::Ok,
            Grade::Warning => GradeBody::Warning,
            Grade::Fault => GradeBody::Fault,
        };
        FindingBody { grade, subject: finding.subject, detail: finding.detail.clone() }
    }
}

impl SignaturesBody {
    fn of(signatures: Signatures) -> SignaturesBody {
        let mut failures = signatures.failures;
        failures.retain(|(_, count)| *count > 0);
        failures.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let failure = |(cause, count): (&'static str, u64)| {
            let words = signature_words(cause);
            FailureBody { cause, count, meaning: words.meaning, next: words.next }
        };
        let recent = |refused: RefusedSignature| RecentBody { at: refused.at, cause: refused.cause, url: refused.url };
        SignaturesBody {
            public_urls: signatures.public_urls,
            failures: failures.into_iter().map(failure).collect(),
            recent: signatures.recent.into_iter().map(recent).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// How often it was looked, where three ask at once and one after them, and what was found is told for so long.
    async fn looks(good_for: Duration) -> usize {
        let looks = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&looks);
        let look: Look = Arc::new(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            Box::pin(async {
                tokio::task::yield_now().await;
                Vec::new()
            })
        });
        let inspection = Inspection { good_for, ..Inspection::new(look, Arc::new(Signatures::default)) };
        let asked = || inspection.seen(|| Timestamp::UNIX_EPOCH);
        tokio::join!(asked(), asked(), asked());
        asked().await;
        looks.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn what_was_found_is_told_to_whoever_asks_meanwhile_and_soon_after() {
        assert_eq!(looks(Duration::from_secs(3_600)).await, 1);
        assert_eq!(looks(Duration::ZERO).await, 4, "and no longer");
    }
}
