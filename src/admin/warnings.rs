//! What needs a person, and what they do about it: facts in, a list out. Pure; who asks what, and whose facts these are,
//! is `today`'s business.

use jiff::Timestamp;

use crate::events::{Warning, WarningKind};
use crate::model::{DisabledReason, Job, Port, PortStage, Target, TargetKind, Webhook};
use crate::preflight::{Grade, certificate_grade, certificate_words};
use crate::provisioning::Meter;

/// What is known, as far as it concerns whoever asks.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Now.
    pub now: Timestamp,
    /// Warnings in force, and since when.
    pub standing: Vec<(Warning, Timestamp)>,
    /// How many numbers are not as they should be, and since when the first of them.
    pub numbers_amiss: Option<(u64, Timestamp)>,
    /// The breaker for Vapi as a whole, where it is not closed: its state, and since when.
    pub vapi: Option<(&'static str, Timestamp)>,
    /// Breakers of single targets that are not closed.
    pub targets: Vec<(Target, &'static str, Timestamp)>,
    /// Vapi's free numbers, where that is known.
    pub free_numbers: Option<Meter>,
    /// When the edge's certificate ends.
    pub certificate_end: Option<Timestamp>,
    /// How many jobs are a person's now.
    pub jobs_by_hand: u64,
    /// The one of them that was begun last.
    pub job_by_hand: Option<Job>,
    /// Since when the oldest of them is there.
    pub by_hand_since: Option<Timestamp>,
    /// Ports that wait for a person.
    pub ports: Vec<Port>,
    /// Endpoints of webhooks that were disabled for what came of them.
    pub webhooks: Vec<Webhook>,
}

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// Stable word for programs.
    pub code: &'static str,
    /// How bad it is; never `Ok`.
    pub grade: Grade,
    /// What it is about.
    pub subject: String,
    /// What is.
    pub detail: String,
    /// What a person does now, in one sentence.
    pub next: String,
    /// The command that helps.
    pub command: Option<String>,
    /// Where the console shows it.
    pub href: Option<String>,
    /// Since when it is so.
    pub since: Option<Timestamp>,
}

/// Everything that needs a person, faults first.
pub(super) fn warnings(facts: &Facts) -> Vec<Told> {
    let mut told: Vec<Told> = facts.standing.iter().filter_map(|(warning, since)| standing(warning, *since)).collect();
    told.extend(facts.vapi.map(|(state, since)| vapi(state, since)));
    told.extend(certificate(facts));
    told.extend(numbers_astray(facts));
    told.extend(facts.targets.iter().map(|(of, state, since)| target(of, state, *since)));
    told.extend(jobs(facts));
    told.extend(facts.ports.iter().filter_map(port));
    told.extend(facts.webhooks.iter().filter_map(webhook));
    told.extend(facts.free_numbers.and_then(free_numbers));
    // Those of one grade stay in this order.
    told.sort_by_key(|told| std::cmp::Reverse(told.grade));
    told
}

impl Told {
    fn new(code: &'static str, grade: Grade, subject: impl Into<String>, detail: String, next: &str) -> Told {
        let (subject, next) = (subject.into(), next.to_owned());
        Told { code, grade, subject, detail, next, command: None, href: None, since: None }
    }

    fn command(self, command: impl Into<String>) -> Told {
        Told { command: Some(command.into()), ..self }
    }

    fn at(self, href: impl Into<String>) -> Told {
        Told { href: Some(href.into()), ..self }
    }

    fn since(self, since: Timestamp) -> Told {
        Told { since: Some(since), ..self }
    }
}

/// What the bus knows to last; of numbers more is known elsewhere.
fn standing(warning: &Warning, since: Timestamp) -> Option<Told> {
    let (code, records) = (warning.kind.as_str(), counted(warning.records, "record"));
    let told = match warning.kind {
        WarningKind::StoreAway => Told::new(
            code,
            Grade::Fault,
            "store",
            format!("The store does not answer. Calls are answered still; {records} in spool.dir until it is back."),
            "Look whether the disk and the file of store.url are there and can be written; what waits is brought in by \
             itself when the store is back.",
        )
        .command("patchbay check"),
        WarningKind::JournalBehind => Told::new(
            code,
            Grade::Warning,
            "journal",
            format!("{records} for the store for longer than they should; lists of calls are behind."),
            "Look whether the disk of the store is busy or full; it catches up by itself when the store is quick again.",
        )
        .command("patchbay check"),
        WarningKind::RecordsRefused => Told::new(
            code,
            Grade::Fault,
            "journal",
            format!("The store refused {}, kept in spool.dir/refused.", plainly(warning.records, "record")),
            "Look into the log for why, and keep spool.dir/refused for whoever mends it: calls and voicemails are in it.",
        ),
        WarningKind::RecordsLost => Told::new(
            code,
            Grade::Fault,
            "journal",
            format!("{}: neither disk nor memory had room.", lost(warning.records)),
            "Make room on the disk of spool.dir; what was lost of calls is missing in the lists and does not come back.",
        ),
        WarningKind::LedgerDegraded => Told::new(
            code,
            Grade::Warning,
            "ledger",
            "Redis cannot be counted on: this edge counts live calls by itself, and no call is refused for it. Until it is \
             back, edges together may let more calls through than an overflow threshold or Vapi's limit says."
                .to_owned(),
            "Look whether the Redis of live.url runs and can be reached from here; the edge takes up with it by itself.",
        )
        .command("patchbay check"),
        WarningKind::NumbersAstray => return None,
    };
    Some(told.at("/check").since(since))
}

fn vapi(state: &str, since: Timestamp) -> Told {
    let (grade, detail) = match state {
        "half_open" => (Grade::Warning, "Vapi could not be reached; a first call tries it again just now."),
        _ => (Grade::Fault, "Vapi cannot be reached: callers get the fallback, and the AI answers nobody."),
    };
    let next = "Look at Vapi's status page and at the key in vapi.api_key; the AI is tried again by itself every few \
                seconds.";
    Told::new("ai_away", grade, "vapi", detail.to_owned(), next).command("patchbay check").since(since)
}

fn target(target: &Target, state: &str, since: Timestamp) -> Told {
    let kind = match target.kind {
        TargetKind::Assistant => "assistant",
        TargetKind::Squad => "squad",
    };
    let detail = match state {
        "half_open" => format!("The {kind} did not answer; a first call tries it again just now."),
        _ => format!("The {kind} does not answer: callers of its tenants get the fallback."),
    };
    let next = format!(
        "Open the {kind} at Vapi and look whether it is there, published and reachable; else give its tenants another \
         target."
    );
    let subject = format!("{kind}:{}", target.id);
    Told::new("target_away", Grade::Warning, subject, detail, &next).since(since)
}

fn certificate(facts: &Facts) -> Option<Told> {
    let end = facts.certificate_end?;
    let grade = certificate_grade(end, facts.now);
    if grade == Grade::Ok {
        return None;
    }
    let mut detail = certificate_words(end, facts.now);
    detail.replace_range(..1, "T");
    detail.push('.');
    let next = "Renew the certificate and put it into the files of edge.tls: it is taken over within seconds, without a \
                restart.";
    Some(Told::new("certificate_ends", grade, "edge.tls", detail, next).command("patchbay check").at("/check"))
}

fn numbers_astray(facts: &Facts) -> Option<Told> {
    let of_bus = facts.standing.iter().find(|(warning, _)| warning.kind == WarningKind::NumbersAstray);
    let (count, since) = facts.numbers_amiss.or(of_bus.map(|(warning, since)| (warning.records, *since)))?;
    let detail = match count {
        1 => "1 number does not lead here as it should: its callers may hear something else.".to_owned(),
        count => format!("{count} numbers do not lead here as they should: their callers may hear something else."),
    };
    let next = "Look which they are and what is done about each; what is not brought back by itself, bring back with \
                rewire.";
    let told = Told::new(WarningKind::NumbersAstray.as_str(), Grade::Warning, "numbers", detail, next);
    Some(told.command("patchbay numbers audit").at("/numbers?state=astray").since(since))
}

fn jobs(facts: &Facts) -> Option<Told> {
    if facts.jobs_by_hand == 0 {
        return None;
    }
    let only = facts.job_by_hand.as_ref().filter(|_| facts.jobs_by_hand == 1);
    let detail = match (facts.jobs_by_hand, only) {
        (1, Some(job)) if !job.standing.detail.is_empty() => {
            format!("1 job came as far as it can by itself: {}", job.standing.detail)
        }
        (1, _) => "1 job came as far as it can by itself.".to_owned(),
        (count, _) => format!("{count} jobs came as far as they can by themselves."),
    };
    let next = "Do by hand what the job's detail says is left, then begin it again: it goes on where it stopped.";
    let command = match only {
        Some(job) => format!("patchbay jobs show {}", job.id),
        None => "patchbay jobs list --state manual".to_owned(),
    };
    let told = Told::new("jobs_manual", Grade::Warning, "jobs", detail, next).command(command);
    Some(Told { since: facts.by_hand_since, ..told.at("/jobs?state=manual") })
}

fn port(port: &Port) -> Option<Told> {
    let (code, next) = match port.stage {
        PortStage::ActionRequired => (
            "port_refused",
            "Correct what differs from the carrier's bill, upload another bill if it asks for one, and deploy the tenant \
             again.",
        ),
        PortStage::WaitingForSignature => (
            "port_signature",
            "Have the authorized representative sign the letter that Twilio e-mailed; after a while the request expires.",
        ),
        _ => return None,
    };
    let told = Told::new(code, Grade::Warning, port.e164.to_string(), port.words(), next);
    let command = format!("patchbay tenants port show {}", port.tenant_id);
    Some(told.command(command).at(format!("/tenants/{}", port.tenant_id)).since(port.since))
}

fn webhook(webhook: &Webhook) -> Option<Told> {
    let detail = match webhook.disabled_reason? {
        DisabledReason::Gone => "It answered 410, gone: nothing is sent there any more.",
        DisabledReason::Failing => "For days nothing but failures came of it: nothing is sent there any more.",
    };
    let next = "Mend the receiver or its URL, enable the webhook again, and replay what it missed; delete it if nobody \
                wants it.";
    let told = Told::new("webhook_disabled", Grade::Warning, webhook.id.as_str(), detail.to_owned(), next);
    Some(told.at("/webhooks").since(webhook.updated_at))
}

fn free_numbers(meter: Meter) -> Option<Told> {
    if !meter.is_near() {
        return None;
    }
    let detail = format!("{} of {} free numbers of Vapi are used.", meter.total, meter.limit);
    let next = match meter.remaining() {
        0 => "Set up a Twilio account for the next numbers, or release free ones that nobody needs.",
        _ => "Set up a Twilio account for further numbers before the free ones are used up.",
    };
    Some(Told::new("free_numbers", Grade::Warning, "vapi", detail, next).command("patchbay numbers free"))
}

/// So many of them wait.
fn counted(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun} waits") } else { format!("{count} {noun}s wait") }
}

fn plainly(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

fn lost(count: u64) -> String {
    if count == 1 { "1 record was lost".to_owned() } else { format!("{count} records were lost") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
