//! Two businesses from nothing: one whose carrier forwards its calls, one that calls from its own telephone system. Each
//! is made, configured, deployed by a job that is watched, and called.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{CALLER, Secrets, line};
use crate::app::Running;
use crate::cli::api::text;
use crate::cli::call::print_step;
use crate::cli::jobs;
use crate::cli::remote::Remote;
use crate::cli::told::say;
use crate::simulator::caller::{Caller, Outcome, Placed, Script};

/// A business, and how it is reached.
struct Newcomer {
    name: &'static str,
    slug: &'static str,
    told: &'static str,
    phone: Value,
}

fn newcomers() -> [Newcomer; 2] {
    [
        Newcomer {
            name: "Harbour Vet",
            slug: "harbour-vet",
            told: "its carrier forwards calls to a number that is bought for it",
            phone: json!({ "method": "forwarded", "clinicNumber": "+12055550188" }),
        },
        Newcomer {
            name: "Bella Napoli",
            slug: "bella-napoli",
            told: "its own telephone system calls over SIP",
            phone: json!({ "method": "sip", "clinicNumber": "+13125550188", "pbxType": "FreePBX" }),
        },
    ]
}

/// Shows both; the calls must be answered.
pub(super) async fn show(running: &Running, remote: &Remote, secrets: &Secrets) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for newcomer in newcomers() {
        say(format_args!("\n{}, set up from nothing: {}.\n", newcomer.name, newcomer.told));
        let to = set_up(remote, &newcomer).await?;
        say("");
        let call = Placed { to, from: CALLER.to_owned(), ..Placed::default() };
        let caller = Caller::new(line(running, secrets)?)?;
        outcomes.push(caller.place(&call, &Script::default(), |event| print_step(event, false)).await);
    }
    Ok(outcomes)
}

/// Makes it and deploys it; answers what it is called by.
async fn set_up(remote: &Remote, newcomer: &Newcomer) -> anyhow::Result<String> {
    let target = json!({ "kind": "assistant", "id": "00000000-0000-4000-8000-000000000009" });
    let body = json!({ "name": newcomer.name, "slug": newcomer.slug, "timezone": "America/Chicago", "target": target });
    let made = remote.post("/api/tenants", &body).await?;
    let tenant = format!("/api/tenants/{}", text(&made, "id"));
    remote.put(&format!("{tenant}/phone-integration"), &newcomer.phone).await?;
    let begun = remote.post(&format!("{tenant}/deploy"), &Value::Null).await?;
    let job = jobs::watched(remote, text(&begun, "jobId"), true).await?;
    let phone = remote.get(&format!("{tenant}/phone-integration"), &[]).await?;
    anyhow::ensure!(job["state"] == "succeeded", "{} was not set up: {}", newcomer.name, text(&job, "detail"));
    let to = phone["sipUrl"].as_str().or_else(|| phone["twilioForwardNumber"].as_str());
    to.map(str::to_owned).context("it is set up, and nobody knows what to call")
}
