//! What whoever runs the installation does before a guide can be followed, in this order.

use serde_json::json;

use super::{Facts, Method, Todo};
use crate::model::E164;

/// Stands in commands and requests for a number nobody has named yet.
const NUMBER: &str = "YOUR_NUMBER";

/// What is left to be done before the guide of this method holds.
pub(super) fn first(facts: &Facts<'_>, method: Method) -> Vec<Todo> {
    let steps = [
        (method == Method::Sip).then(|| domain(facts)).flatten(),
        (!facts.is_configured_for(method)).then(|| configure(facts, method)),
        (!facts.is_paid && buys(facts, method)).then(|| billing(facts)),
        (!facts.has_target).then(|| target(facts)),
        (method == Method::Ported && !facts.is_set_up_for(method)).then(|| papers(facts)),
        (!facts.is_set_up_for(method)).then(|| deploy(facts, method)),
    ];
    steps.into_iter().flatten().collect()
}

/// Setting it up would cost something.
fn buys(facts: &Facts<'_>, method: Method) -> bool {
    let has_number = facts.lines().any(|line| !line.is_free());
    let needs = facts.phone.filter(|_| facts.is_configured_for(method)).is_none_or(|phone| phone.needs_phone_number);
    !facts.is_set_up_for(method) && (method == Method::Ported || (needs && !has_number))
}

fn domain(facts: &Facts<'_>) -> Option<Todo> {
    let (None, setting) = facts.domain() else { return None };
    let variable = format!("PATCHBAY_{}", setting.replace('.', "__").to_uppercase());
    Some(Todo {
        text: format!(
            "There is no SIP domain yet, so there is no address to call. Set {setting} to a name that ends in \
             .sip.twilio.com and that nobody else has, and restart; the first deployment makes it at Twilio."
        ),
        command: Some(format!("{variable}=example.sip.twilio.com patchbay serve")),
        request: None,
    })
}

fn papers(facts: &Facts<'_>) -> Todo {
    let slug = &facts.tenant.slug;
    Todo {
        text:
            "Tell what the carrier wants to know, as it stands on the bill, and hand in the bill; skip it if that is \
               done already."
                .to_owned(),
        command: Some(format!(
            "patchbay tenants port papers {slug} papers.yaml\npatchbay tenants port bill {slug} bill.pdf"
        )),
        request: None,
    }
}

fn configure(facts: &Facts<'_>, method: Method) -> Todo {
    let (slug, number) = (&facts.tenant.slug, facts.clinic_number());
    let number = number.as_ref().map_or_else(|| NUMBER.to_owned(), E164::to_string);
    let (command, body) = match method {
        Method::Ported => {
            let command = format!(
                "patchbay tenants phone {slug} --method ported --clinic-number {number} --carrier YOUR_CARRIER"
            );
            let body = json!({ "method": "ported", "phoneNumber": number, "currentCarrier": "YOUR_CARRIER" });
            (Some(command), body)
        }
        Method::Forwarded | Method::Sip => {
            let word = method.as_str();
            let command = format!("patchbay tenants phone {slug} --method {word} --clinic-number {number}");
            (Some(command), json!({ "method": word, "clinicNumber": number }))
        }
    };
    let text = match facts.phone {
        None => "Say that the business is reached this way, and by which number its callers know it.",
        Some(_) => {
            "The business is configured for another method. Say that it is to be reached this way; what is set up \
             goes on working meanwhile."
        }
    };
    Todo {
        text: match method {
            Method::Sip => format!("{text} The SIP password is told in the answer, once."),
            Method::Ported | Method::Forwarded => text.to_owned(),
        },
        command,
        request: Some(format!("PUT /api/tenants/{}/phone-integration {body}", facts.tenant.id)),
    }
}

fn billing(facts: &Facts<'_>) -> Todo {
    let org = &facts.tenant.org_id;
    Todo {
        text: "Nothing is bought until somebody pays: an operator says that the organization's billing is verified."
            .to_owned(),
        command: Some(format!("patchbay orgs billing {org} verified")),
        request: Some(format!("PUT /api/orgs/{org}/billing {}", json!({ "status": "verified" }))),
    }
}

fn target(facts: &Facts<'_>) -> Todo {
    let body = json!({ "target": { "kind": "assistant", "id": "ASSISTANT_ID" } });
    Todo {
        text: "Nobody answers yet: name the assistant or the squad at Vapi. Until then callers hear the fallback."
            .to_owned(),
        command: Some(format!("patchbay tenants change {} --target assistant:ASSISTANT_ID", facts.tenant.slug)),
        request: Some(format!("PATCH /api/tenants/{} {body}", facts.tenant.id)),
    }
}

fn deploy(facts: &Facts<'_>, method: Method) -> Todo {
    let phone = facts.phone.filter(|_| facts.is_configured_for(method));
    let was_set_up = phone.is_some_and(|phone| phone.setup_completed_at.is_some());
    let text = match (was_set_up, method) {
        (true, _) => "The number it was deployed with no longer leads to the business. Deploy it once more.",
        (false, Method::Ported) => "Deploy it: that hands the port request in.",
        (false, Method::Forwarded) => "Deploy it: that gets the number your carrier forwards to.",
        (false, Method::Sip) => "Deploy it: that lets the telephone system in.",
    };
    Todo {
        text: text.to_owned(),
        command: Some(format!("patchbay tenants deploy {}", facts.tenant.slug)),
        request: Some(format!("POST /api/tenants/{}/deploy", facts.tenant.id)),
    }
}
