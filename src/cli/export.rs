//! `patchbay export`: what an installation is, as the file that `patchbay apply` takes. Secrets stay where they are.

use clap::Args;
use serde_json::{Value, json};

use super::api::{self, Api, block_on, text};
use super::apply::{Held, Installation};
use super::told::say;
use super::{orgs, yaml};

/// The platform's own organization has the same id everywhere, and is there without anybody's doing.
pub(super) const PLATFORM: &str = "org_00000000000000000000000000";

/// What can be said of how a tenant is reached; the rest the API tells of it is its own.
pub(super) const SETTABLE: [&str; 9] = [
    "method",
    "clinicNumber",
    "phoneNumber",
    "currentCarrier",
    "wantsTemporaryNumber",
    "pbxType",
    "areaCode",
    "needsPhoneNumber",
    "sourceIps",
];

/// Where the move of a number is that nobody has asked for, or that has come to nothing.
const NOT_BEGUN: [&str; 4] = ["pending_configuration", "action_required", "expired", "canceled"];

const HEAD: &str = "\
# Organizations, tenants, availability and numbers, for `patchbay apply -f FILE`.
# The platform's own organization is not written: tenants that name none join it. Nor are numbers that lead to nobody.
# Secrets are not exported: {env: NAME} names a variable to put one in, where another installation needs it.
";

#[derive(Debug, Args)]
#[command(after_help = api::HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    api: Api,
    /// Only this organization and its tenants: its id or name.
    #[arg(long)]
    org: Option<String>,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    block_on(async {
        let remote = arguments.api.remote()?;
        let org = match &arguments.org {
            Some(named) => Some(orgs::find(&remote, named).await?.body),
            None => None,
        };
        let all = Installation::all(&remote, org.as_ref().map(|org| text(org, "id"))).await?;
        let document = document(&all);
        if arguments.api.json {
            say(document);
            return Ok(());
        }
        say(exported(&document)?.trim_end());
        Ok(())
    })
}

/// A document as a file.
pub(super) fn exported(document: &Value) -> anyhow::Result<String> {
    Ok(format!("{HEAD}{}", yaml::written(document)?))
}

/// An installation as the document that makes it.
pub(super) fn document(all: &Installation) -> Value {
    let mut orgs = json!({});
    for org in all.orgs.iter().filter(|org| text(org, "id") != PLATFORM) {
        orgs[key(org, all)] = of_org(org, all);
    }
    let mut tenants = json!({});
    for (slug, held) in &all.tenants {
        tenants[slug] = of_tenant(slug, held, all);
    }
    let mut document = json!({ "version": 1 });
    for (name, part) in [("organizations", orgs), ("tenants", tenants)] {
        if part != json!({}) {
            document[name] = part;
        }
    }
    document
}

/// By name where it is the only one of that name, else by id.
fn key(org: &Value, all: &Installation) -> String {
    let name = text(org, "name");
    let alone = all.orgs.iter().filter(|other| text(other, "name") == name).count() == 1;
    let key = if alone && !name.starts_with("org_") { name } else { text(org, "id") };
    key.to_owned()
}

fn of_org(org: &Value, all: &Installation) -> Value {
    let mut shown = json!({});
    if key(org, all) != text(org, "name") {
        shown["name"] = org["name"].clone();
    }
    shown["billing"] = org["billing"].clone();
    let twilio = &org["twilio"];
    if !twilio.is_null() {
        let variable = |what: &str| json!({ "env": variable(text(org, "name"), what) });
        let mut account = json!({ "accountSid": twilio["accountSid"], "authToken": variable("TWILIO_AUTH_TOKEN") });
        if twilio["hasNextToken"] == json!(true) {
            account["authTokenNext"] = variable("TWILIO_AUTH_TOKEN_NEXT");
        }
        if !twilio["phoneNumber"].is_null() {
            account["phoneNumber"] = twilio["phoneNumber"].clone();
        }
        shown["twilio"] = account;
    }
    shown
}

fn of_tenant(slug: &str, held: &Held, all: &Installation) -> Value {
    let tenant = &held.tenant;
    let mut shown = json!({ "name": tenant["name"] });
    let org = all.orgs.iter().find(|org| org["id"] == tenant["orgId"]);
    if let Some(org) = org.filter(|org| text(org, "id") != PLATFORM) {
        shown["organization"] = json!(key(org, all));
    }
    for name in ["timezone", "country", "language", "voice", "target"] {
        if !tenant[name].is_null() {
            shown[name] = tenant[name].clone();
        }
    }
    let mut connect = json!({});
    for (name, value) in tenant["connect"].as_object().into_iter().flatten() {
        match name.as_str() {
            "hasPassword" if *value == json!(true) => {
                connect["password"] = json!({ "env": variable(slug, "PASSWORD") });
            }
            "hasPassword" => {}
            _ => connect[name] = value.clone(),
        }
    }
    shown["connect"] = connect;
    shown["availability"] = held.availability.clone();
    if held.phone.is_object() {
        shown["phone"] = of_phone(&held.phone);
    }
    // One that is on its way is what the phone part asks for.
    let numbers = held.numbers.iter().filter(|number| number["porting"] != "coming");
    let mut numbers: Vec<&Value> = numbers.collect();
    numbers.sort_by_key(|number| text(number, "e164"));
    if !numbers.is_empty() {
        shown["numbers"] = numbers.into_iter().map(of_number).collect();
    }
    shown
}

/// How a tenant is reached, never its password. What is not set up is not set up by the file either.
fn of_phone(phone: &Value) -> Value {
    let is_ported = phone["method"] == "ported";
    let mut shown = json!({});
    for name in SETTABLE.into_iter().filter(|name| !phone[*name].is_null()) {
        // One that moves never needs another.
        if !(is_ported && name == "needsPhoneNumber") {
            shown[name] = phone[name].clone();
        }
    }
    let has_begun = is_ported && !NOT_BEGUN.contains(&text(phone, "portStatus"));
    if !phone["setupCompletedAt"].is_string() && !has_begun {
        shown["deploy"] = json!(false);
    }
    shown
}

/// A number by itself where its calls are like any.
fn of_number(number: &Value) -> Value {
    let mut shown = json!({ "number": number["e164"] });
    if number["purpose"] != "calls" {
        shown["purpose"] = number["purpose"].clone();
    }
    if number["alreadyOverflowed"] == json!(true) {
        shown["alreadyOverflowed"] = json!(true);
    }
    if shown == json!({ "number": number["e164"] }) { number["e164"].clone() } else { shown }
}

/// The name of an environment variable for a secret of somebody.
fn variable(whose: &str, what: &str) -> String {
    let letters = whose.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { ' ' });
    let words = letters.collect::<String>().to_ascii_uppercase();
    let words: Vec<&str> = words.split_whitespace().chain([what]).collect();
    let name = words.join("_");
    if name.starts_with(|first: char| first.is_ascii_digit()) { format!("_{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_named_after_whose_secret_it_holds() {
        for (whose, name) in [
            ("smile-dental", "SMILE_DENTAL_PASSWORD"),
            ("Café  & Söhne", "CAF_S_HNE_PASSWORD"),
            ("24-hour", "_24_HOUR_PASSWORD"),
            ("", "PASSWORD"),
        ] {
            assert_eq!(variable(whose, "PASSWORD"), name);
        }
    }
}
