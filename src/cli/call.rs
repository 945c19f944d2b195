//! `patchbay call`: plays Twilio. Places a call, follows the TwiML to its end and prints each step; with `--at` it asks
//! the admin API what would happen instead.

use std::io::{self, Write as _};

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Url;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::model::{Secret, SipUri};
use crate::simulator::caller::{Ai, Caller, CallerPart, Event, Line, Outcome, Placed, Script, Staff};

use super::remote::Remote;
use super::told::wrong_usage;

/// The caller where none is given: a number of nobody.
const CALLER: &str = "+14165550100";

const HELP: &str = "\
Nothing rings and nobody waits: time is counted, so a call is over at once.
What happens is scripted; lists are in the order dialled, the last word holds for all that follow.

  --ai      answer, busy, no-answer, failed, refer:NUMBER (hands the caller on)
  --staff   answer, busy, no-answer, failed, accept (presses 1 when screened), decline (presses 2)
  --caller  speak[:SECONDS] after a tone, speak-hangup[:SECONDS], silent, hangup-after:SECONDS,
            digits:KEYS (once for each menu), say:TEXT

With --at no call is placed: the admin API at PATCHBAY_ADMIN_URL is asked, with PATCHBAY_TOKEN.
The exit code is 1 if the edge answered an error, a wrong content type or what is no TwiML.";

#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Arguments {
    /// The number (+16475550123) or SIP URI (sip:smile-dental@…) that is called.
    #[arg(long, value_name = "NUMBER_OR_SIP_URI", allow_hyphen_values = true)]
    to: String,
    /// Who calls, as Twilio would write it.
    #[arg(long, value_name = "NUMBER", default_value = CALLER)]
    from: String,
    /// Where the edge listens.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = web_address)]
    edge: Url,
    /// The URL the edge is known by, which is signed; the edge's own where absent.
    #[arg(long, value_name = "URL", value_parser = web_address)]
    public_url: Option<Url>,
    /// The Twilio account that carries the call.
    #[arg(long, value_name = "AC…", env = "TWILIO_ACCOUNT_SID", required_unless_present = "at")]
    account: Option<String>,
    /// The token that signs; better given in the environment than here.
    #[arg(
        long,
        value_name = "AUTH_TOKEN",
        env = "TWILIO_AUTH_TOKEN",
        hide_env_values = true,
        required_unless_present = "at"
    )]
    token: Option<String>,
    /// What the AI does when it is dialled.
    #[arg(long, value_name = "WORD", value_delimiter = ',', default_value = "answer")]
    ai: Vec<Ai>,
    /// What each phone does when it rings.
    #[arg(long, value_name = "WORD", value_delimiter = ',', default_value = "no-answer")]
    staff: Vec<Staff>,
    /// What the caller does.
    #[arg(long, value_name = "WORD", value_delimiter = ',', default_value = "speak")]
    caller: Vec<String>,
    /// The number the call was forwarded from.
    #[arg(long, value_name = "NUMBER")]
    forwarded_from: Option<String>,
    /// The user who authenticated, on a SIP domain by credentials.
    #[arg(long, value_name = "USER")]
    sip_username: Option<String>,
    /// The CallSid; a fresh one where absent.
    #[arg(long, value_name = "CA…")]
    call_sid: Option<String>,
    /// Asks what would happen at this time (RFC 3339) instead of calling.
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
    /// Prints each step as a line of JSON, the outcome last.
    #[arg(long)]
    json: bool,
    /// The admin API that --at asks.
    #[arg(long, value_name = "URL", env = "PATCHBAY_ADMIN_URL", default_value = "http://127.0.0.1:8081", hide = true)]
    admin_url: String,
    /// A token for it.
    #[arg(long, value_name = "TOKEN", env = "PATCHBAY_TOKEN", hide_env_values = true, hide = true)]
    admin_token: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    // Words are checked before anything is done; clap cannot put a list of them together.
    let words = arguments.caller.iter().map(String::as_str);
    let caller = CallerPart::of_words(words).unwrap_or_else(|error| wrong_usage(&error.to_string()));
    let runtime = Builder::new_current_thread().enable_all().build().context("could not start a runtime")?;
    if let Some(at) = arguments.at {
        return runtime.block_on(imagine(arguments, at));
    }
    let script = Script { ai: arguments.ai.clone(), staff: arguments.staff.clone(), caller };
    let outcome = runtime.block_on(place(arguments, &script))?;
    match outcome.troubles.len() {
        0 => Ok(()),
        1 => bail!("the edge did not do well: {}", outcome.troubles[0]),
        count => bail!("the edge did not do well in {count} places, first: {}", outcome.troubles[0]),
    }
}

fn web_address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "must be an http or https URL, as http://127.0.0.1:8080".to_owned())
}

async fn place(arguments: &Arguments, script: &Script) -> anyhow::Result<Outcome> {
    let line = Line {
        edge: arguments.edge.clone(),
        public: arguments.public_url.clone(),
        account: arguments.account.clone().unwrap_or_default(),
        token: Secret::new(arguments.token.clone().unwrap_or_default()),
    };
    let caller = Caller::new(line)?;
    let call = Placed {
        to: arguments.to.clone(),
        from: arguments.from.clone(),
        call_sid: arguments.call_sid.clone(),
        forwarded_from: arguments.forwarded_from.clone(),
        sip_username: arguments.sip_username.clone(),
    };
    let outcome = caller.place(&call, script, |event| print_step(event, arguments.json)).await;
    if arguments.json {
        print_line(&json!({ "event": "outcome", "outcome": outcome }).to_string());
    }
    Ok(outcome)
}

/// Prints one step of a call.
pub(super) fn print_step(event: &Event, as_json: bool) {
    let line = if as_json { json!(event).to_string() } else { event.to_string() };
    print_line(&line);
}

/// A reader who has gone (`patchbay call … | head`) is no reason to fail: the call goes on.
fn print_line(line: &str) {
    let _ = writeln!(io::stdout(), "{line}");
}

async fn imagine(arguments: &Arguments, at: jiff::Timestamp) -> anyhow::Result<()> {
    let Some(token) = &arguments.admin_token else {
        bail!("--at asks the admin API and needs a token: set PATCHBAY_TOKEN");
    };
    let remote = Remote::new(&arguments.admin_url, token)?;
    let (tenant, number) = find(&remote, &arguments.to).await?;
    let mut question = json!({ "at": at.to_string(), "from": arguments.from });
    if let Some(number) = number {
        question["to"] = json!(number);
    }
    let answer = remote.post(&format!("/api/tenants/{tenant}/simulate"), &question).await?;
    if arguments.json {
        print_line(&answer.to_string());
    } else {
        print_line(&explained(&answer));
    }
    Ok(())
}

/// The tenant a number or SIP URI leads to, and the number where it is one.
async fn find(remote: &Remote, to: &str) -> anyhow::Result<(String, Option<String>)> {
    let name = SipUri::parse(to).map_or_else(|_| to.to_owned(), |uri| uri.user);
    if name.starts_with('+') {
        let page = remote.get("/api/numbers/owned", &[("q", &name)]).await?;
        let found = rows(&page).find(|number| number["e164"] == json!(name));
        let tenant = found.and_then(|number| number["tenantId"].as_str());
        let tenant = tenant.with_context(|| format!("{name} leads to no tenant; give it one first"))?;
        return Ok((tenant.to_owned(), Some(name)));
    }
    let name = name.to_ascii_lowercase();
    if let Some(id) = name.strip_prefix("clinic-") {
        return Ok((id.to_owned(), None));
    }
    let page = remote.get("/api/tenants", &[("q", &name)]).await?;
    let found = rows(&page).find(|tenant| tenant["slug"] == json!(name)).and_then(|tenant| tenant["id"].as_str());
    Ok((found.with_context(|| format!("no tenant is called `{name}`"))?.to_owned(), None))
}

fn rows(page: &Value) -> impl Iterator<Item = &Value> {
    page["data"].as_array().into_iter().flatten()
}

/// What would happen, for people: the decision, why, and what Twilio would be answered. Times in UTC.
pub(super) fn explained(answer: &Value) -> String {
    explained_at(answer, |instant| instant.as_str().unwrap_or_default().to_owned())
}

/// The same with times as `told` puts them.
pub(super) fn explained_at(answer: &Value, told: impl Fn(&Value) -> String) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let decision = &answer["decision"];
    let who = if decision["available"] == json!(true) { "the AI answers" } else { "the fallback takes the call" };
    let mut lines = vec![format!("{who}: {}", text(&decision["reason"]))];
    if answer["at"].is_string() {
        lines.push(format!("  at {}", told(&answer["at"])));
    }
    for rule in answer["trace"].as_array().into_iter().flatten() {
        lines.push(format!("  {}: {} → {}", text(&rule["rule"]), text(&rule["saw"]), text(&rule["said"])));
    }
    if answer["nextChange"].is_string() {
        lines.push(format!("  the clock changes this at {}", told(&answer["nextChange"])));
    }
    if let Some(twiml) = answer["twiml"].as_str() {
        lines.push(crate::simulator::caller::indented(twiml));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_imagined_call_is_explained() {
        let answer = json!({
            "at": "2026-12-25T15:00:00Z",
            "decision": { "available": true, "reason": "after-hours" },
            "trace": [{ "rule": "afterHours", "saw": "a holiday", "said": "after-hours" }],
            "twiml": "<Response><Hangup/></Response>",
            "nextChange": null,
        });
        let expected = "the AI answers: after-hours\n  at 2026-12-25T15:00:00Z\n  afterHours: a holiday → after-hours\n    \
                        <Response>\n      <Hangup/>\n    </Response>";
        assert_eq!(explained(&answer), expected);
    }
}
