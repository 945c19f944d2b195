//! What can be looked at only by asking the providers: are we let in, is what the settings name there, and do numbers
//! and domains still lead to us. Nothing is changed.

use std::sync::Arc;

use anyhow::Context as _;

use super::{Finding, Grade, finding};
use crate::config::Settings;
use crate::model::TwilioAccount;
use crate::providers::{AccountKind, Http, Outlook, OwnedNumber, ProviderError, Twilio, Vapi};
use crate::provisioning::Meter;
use crate::telemetry::Metrics;

/// Of numbers that lead elsewhere, how many are named.
const NAMED_MAX: usize = 5;

/// The providers there are credentials for.
#[derive(Clone, Debug, Default)]
pub struct Providers {
    /// Twilio, and the installation's own account there.
    pub twilio: Option<(Twilio, TwilioAccount)>,
    /// Vapi.
    pub vapi: Option<Vapi>,
}

impl Providers {
    /// Those the settings name.
    pub fn of(settings: &Settings) -> anyhow::Result<Providers> {
        let (account, key) = (settings.twilio.account(), settings.vapi.api_key.clone());
        if account.is_none() && key.is_none() {
            return Ok(Providers::default());
        }
        let http = Http::new().context("could not build the HTTP client")?;
        let metrics: Arc<Metrics> = Arc::default();
        let mut providers = Providers::default();
        if let Some(account) = account {
            let twilio = Twilio::new(&http, settings.twilio.api_base.as_str(), Arc::clone(&metrics))?;
            providers.twilio = Some((twilio, account));
        }
        if let Some(key) = key {
            providers.vapi = Some(Vapi::new(&http, settings.vapi.api_base.as_str(), key, metrics)?);
        }
        Ok(providers)
    }
}

/// Asks them.
pub async fn online(settings: &Settings, providers: &Providers) -> Vec<Finding> {
    let (mut of_twilio, mut of_vapi) = (Vec::new(), Vec::new());
    let asking_twilio = async {
        if let Some((twilio, account)) = &providers.twilio {
            ask_twilio(twilio, account, settings, &mut of_twilio).await;
        }
    };
    let asking_vapi = async {
        if let Some(vapi) = &providers.vapi {
            ask_vapi(vapi, settings, &mut of_vapi).await;
        }
    };
    tokio::join!(asking_twilio, asking_vapi);
    of_twilio.extend(of_vapi);
    of_twilio
}

async fn ask_twilio(twilio: &Twilio, account: &TwilioAccount, settings: &Settings, report: &mut Vec<Finding>) {
    const SUBJECT: &str = "twilio.account_sid";
    let kind = twilio.account_kind(account).await;
    report.push(match &kind {
        Ok(AccountKind::Full) => finding(Grade::Ok, SUBJECT, "Twilio lets the account in"),
        Ok(AccountKind::Trial) => {
            let detail = "is a trial account: it may own one number, calls only verified numbers, and ends calls after ten \
                          minutes";
            finding(Grade::Warning, SUBJECT, detail)
        }
        Err(error) => failed(SUBJECT, error),
    });
    if kind.is_err() {
        return;
    }
    report.push(match twilio.numbers(account, None).await {
        Ok(numbers) => numbers_lead(&numbers, settings),
        Err(error) => failed("numbers", &error),
    });
    let domains = [("sip.domain", &settings.sip.domain), ("sip.acl_domain", &settings.sip.acl_domain)];
    for (subject, name) in domains {
        let Some(name) = name else { continue };
        report.push(match twilio.sip_domain(account, name).await {
            Ok(Some(domain)) if leads_to_us(domain.voice_url.as_deref(), settings) => {
                finding(Grade::Ok, subject, format!("{name} leads to the edge"))
            }
            Ok(Some(_)) => {
                let own = format!("{}/api/twilio/sip", settings.edge.public_base());
                finding(Grade::Warning, subject, format!("{name} leads elsewhere: set its VoiceUrl to {own}"))
            }
            Ok(None) => finding(
                Grade::Warning,
                subject,
                format!("{name} is not a domain of the account yet: the first tenant deployed by sip makes it"),
            ),
            Err(error) => failed(subject, &error),
        });
    }
}

async fn ask_vapi(vapi: &Vapi, settings: &Settings, report: &mut Vec<Finding>) {
    const SUBJECT: &str = "vapi.api_key";
    match vapi.free_numbers().await {
        Ok(total) => {
            let meter = Meter { total, limit: settings.vapi.free_number_limit };
            let grade = if meter.is_near() { Grade::Warning } else { Grade::Ok };
            let detail = format!("Vapi takes the key; {total} of {} free numbers are used", meter.limit);
            report.push(finding(grade, SUBJECT, detail));
        }
        Err(error) => {
            report.push(failed(SUBJECT, &error));
            return;
        }
    }
    if let Some(target) = &settings.vapi.default_target {
        report.push(match vapi.has_target(target).await {
            Ok(true) => finding(Grade::Ok, "vapi.default_target", "Vapi knows it"),
            Ok(false) => finding(Grade::Fault, "vapi.default_target", "Vapi knows no such assistant or squad"),
            Err(error) => failed("vapi.default_target", &error),
        });
    }
}

/// Where the account's numbers lead. An import to Vapi takes a number away; which of them are to lead here is known only
/// to the store, so one that leads elsewhere is told of and no fault.
fn numbers_lead(numbers: &[OwnedNumber], settings: &Settings) -> Finding {
    let is_ours = |number: &&OwnedNumber| {
        let is_set = |sid: &Option<String>| sid.as_deref().is_some_and(|sid| !sid.is_empty());
        leads_to_us(number.voice_url.as_deref(), settings)
            && !is_set(&number.voice_application_sid)
            && !is_set(&number.trunk_sid)
    };
    let (ours, others): (Vec<&OwnedNumber>, Vec<&OwnedNumber>) = numbers.iter().partition(is_ours);
    let counted = format!("{} of {} numbers lead to the edge", ours.len(), numbers.len());
    if others.is_empty() {
        return finding(Grade::Ok, "numbers", counted);
    }
    let named: Vec<String> = others.iter().take(NAMED_MAX).map(|number| number.e164.masked().to_string()).collect();
    let more = if others.len() > NAMED_MAX { " and others" } else { "" };
    finding(Grade::Warning, "numbers", format!("{counted}; elsewhere {}{more}", named.join(", ")))
}

/// Is this one of our addresses, whatever its fragment says of retries?
fn leads_to_us(url: Option<&str>, settings: &Settings) -> bool {
    let bases = settings.edge.public_url.iter().map(ToString::to_string).chain([settings.edge.public_base()]);
    url.is_some_and(|url| bases.into_iter().any(|base| url.starts_with(&format!("{base}/api/twilio/"))))
}

/// Who cannot be reached may be reached from where patchbay is to run; who refuses us refuses us there too.
fn failed(subject: &'static str, error: &ProviderError) -> Finding {
    match error.outlook() {
        Outlook::Credentials | Outlook::Never => finding(Grade::Fault, subject, error.to_string()),
        Outlook::Unclear | Outlook::Later(_) => {
            finding(Grade::Warning, subject, format!("could not be looked at: {error}"))
        }
    }
}
