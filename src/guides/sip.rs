//! The guide for calls that the business's own telephone system sends over SIP.

use super::guide::texts;
use super::settings::who_answers;
use super::{
    Facts, Instructions, Method, MethodGuide, Pbx, Section, SipSetup, SipSteps, Table, Value, asterisk, choice, costs,
    first, warnings,
};

pub(super) const LABEL: &str = "PBX/SIP Trunk Integration (Enterprise Grade)";

pub(super) fn guide(facts: &Facts<'_>, pbx: Pbx) -> MethodGuide {
    let method = Method::Sip;
    let (first, warnings) = (first::first(facts, method), warnings::warnings(facts, method));
    let uri = facts.sip_uri();
    let shown = uri.clone().unwrap_or_else(|| "(the SIP address, once there is one)".to_owned());
    let mut sections = vec![rules(facts)];
    match pbx {
        Pbx::Asterisk | Pbx::FreePbx => sections.extend(asterisk::sections(facts, pbx)),
        Pbx::RingCentral => sections.push(ringcentral(facts)),
        Pbx::Generic => {}
    }
    sections.push(settings(facts));
    sections.extend(password(facts));
    sections.extend([why(facts), costs::section(facts), choice::operator(facts, &warnings)]);
    MethodGuide {
        method,
        label: LABEL.to_owned(),
        description: format!("Clinic's phone system (PBX) routes calls to {} via SIP protocol.", facts.brand),
        pbx: Some(pbx),
        is_ready: first.is_empty(),
        first,
        warnings,
        values: values(facts),
        flow: vec![
            choice::begins(facts),
            "PBX receives call (RingCentral, 3CX, Bell, Telus, etc.)".to_owned(),
            "PBX routes based on rules: after hours, overflow (staff busy), press 1 for AI, 2 for staff".to_owned(),
            format!("SIP call goes to {}", uri.as_deref().unwrap_or("the SIP address of the business")),
            choice::asks(facts),
            "AI assistant answers".to_owned(),
        ],
        instructions: Instructions::Sip(SipSetup {
            title: format!("Connect Your Phone System to {}", facts.brand),
            sip_uri: uri,
            steps: SipSteps {
                ringcentral: vec![
                    "Go to RingCentral Admin Portal".to_owned(),
                    "Navigate to Phone System > Auto-Receptionist".to_owned(),
                    "Add External Number or SIP Destination".to_owned(),
                    format!("Paste: {shown}"),
                    "Set routing rule: After Hours → AI Receptionist".to_owned(),
                ],
                asterisk: asterisk::steps(),
                generic: vec![
                    "Log into your phone system admin panel".to_owned(),
                    "Add a new SIP trunk or external destination".to_owned(),
                    format!("Enter SIP URI: {shown}"),
                    "Configure when calls should route to AI (after-hours, overflow, etc.)".to_owned(),
                    "Save and test".to_owned(),
                ],
            },
        }),
        sections,
        pros: texts([
            "Clinic keeps their number",
            "Best caller ID preservation of a number that stays where it is: usually the caller's own",
            "Flexible routing (after-hours, overflow, menu)",
            "No call forwarding latency",
            "Works with existing phone systems",
            "Enterprise-grade quality",
            "Clinic controls when AI answers",
        ]),
        cons: texts(["Requires PBX admin access", "10-30 minute setup per clinic", "May need IT assistance"]),
        best_for: texts([
            "Clinics with existing PBX systems",
            "After-hours only scenarios",
            "Overflow when staff is busy",
            "Press 1 for AI, 2 for staff menus",
            "Enterprise clients",
        ]),
        time: "10-30 minutes".to_owned(),
        costs: costs::of(facts, method),
    }
}

fn values(facts: &Facts<'_>) -> Vec<Value> {
    let value = |label: &str, value: Option<String>, note: Option<&str>| Value {
        label: label.to_owned(),
        value,
        note: note.map(str::to_owned),
    };
    let networks = facts.networks();
    let domain = facts.domain().0.map(str::to_owned);
    let mut values = vec![
        value("Your clinic number", facts.clinic_number().map(|number| number.to_string()), None),
        value("SIP address (URI)", facts.sip_uri(), None),
    ];
    let is_there = domain.is_some();
    values.push(value("SIP server", domain, is_there.then_some("also called host, domain or proxy")));
    if networks.is_empty() {
        let name = facts.username();
        let note = match name {
            Some(_) => "told once, when it was made; below is how to get a new one",
            None => "told once, when SIP is configured",
        };
        let of_name = name.map(|_| "also the authentication name");
        values.push(value("User name", name.map(str::to_owned), of_name));
        values.push(value("Password", None, Some(note)));
    } else {
        let note = "calls from anywhere else are refused; there is no user name and no password";
        values.push(value("Your system's addresses", Some(networks.join(", ")), Some(note)));
    }
    if let Some(number) = facts.our_number(Method::Sip) {
        values.push(value("Our number", Some(number.to_string()), Some("leads to the business too")));
    }
    values
}

/// What the telephone system may be told to send.
fn rules(facts: &Facts<'_>) -> Section {
    let rows = [
        ["After hours", "Send to AI via SIP outside business hours; let staff ring at other times"],
        ["Overflow (staff busy)", "Send to AI via SIP what staff has not taken after some seconds"],
        ["Menu", "Press 1 for AI, 2 for staff"],
        ["Everything", "Send every call, and let the hours kept here decide"],
    ];
    Section::titled("Which calls to send")
        .says(format!(
            "Your phone system decides which calls come here. Of those that do: {}",
            who_answers(&facts.answers())
        ))
        .shows(Table { head: texts(["Rule", "What the phone system does"]), rows: rows.map(texts).into() })
}

/// What any system that speaks SIP asks for.
fn settings(facts: &Facts<'_>) -> Section {
    let server = facts.domain().0.unwrap_or("(the SIP domain, once there is one)");
    let signs_in = facts.networks().is_empty();
    let row = |what: &str, value: String| [what.to_owned(), value];
    let mut rows = vec![row("SIP server, host or domain", format!("{server}, port 5060 over UDP or TCP"))];
    if signs_in {
        let name = facts.username().unwrap_or("(told when SIP is configured)");
        rows.push(row("User name and authentication name", name.to_owned()));
        rows.push(row("Password", "the one that was told once".to_owned()));
    } else {
        rows.push(row("User name and password", "none: the address your system calls from is enough".to_owned()));
    }
    let number = facts.clinic_number().map(|number| number.to_string());
    let may_dial = [facts.own_name().map(str::to_owned), number, Some(facts.tenant.slug.clone())];
    let may_dial: Vec<String> = may_dial.into_iter().flatten().collect();
    rows.push(row("Registration", "none: calls go out from your system to us".to_owned()));
    rows.push(row("Number or user to dial", may_dial.join(" or ")));
    rows.push(row("Audio", "G.711 µ-law (PCMU)".to_owned()));
    rows.push(row("Keys (DTMF)", "RFC 4733, also called RFC 2833".to_owned()));
    rows.push(row("Caller ID", "the caller's own number, as it came in".to_owned()));
    Section::titled("What to type in where")
        .says(
            "Works with RingCentral, 3CX, Bell, Telus and whatever else speaks SIP. Names differ from system to system; \
             these are the values:",
        )
        .shows(Table::of(["Asked for", "Value"], rows))
}

fn ringcentral(facts: &Facts<'_>) -> Section {
    let way = match facts.networks().is_empty() {
        true => format!(
            "Where RingCentral asks for no user name and password, {} must know it by the addresses it calls from: ask \
             RingCentral for them, and have them configured in place of the password (sourceIps).",
            facts.brand
        ),
        false => "RingCentral must call from the addresses above.".to_owned(),
    };
    Section::titled("In RingCentral").says(way)
}

/// Where a password comes from, once it was not written down, and how one ends.
fn password(facts: &Facts<'_>) -> Vec<Section> {
    let (Some(_), Some(number)) = (facts.username(), facts.clinic_number()) else { return Vec::new() };
    let slug = &facts.tenant.slug;
    // What is not said again is forgotten.
    let phone = facts.phone.filter(|phone| !phone.needs_phone_number);
    let without = if phone.is_some() { " --without-number" } else { "" };
    let system = facts.phone.and_then(|phone| phone.pbx_type.as_deref());
    let system = system.map(|name| format!(" --pbx-type {}", quoted(name))).unwrap_or_default();
    let command = format!(
        "patchbay tenants phone {slug} --method sip --clinic-number {number}{system}{without} --renew-sip-password\n\
         patchbay tenants deploy {slug}"
    );
    let renewed = Section::titled("A new password")
        .says(
            "The password was told once, in the answer to the configuration, and is shown nowhere again. If it was not \
             written down, or is to be changed, whoever runs the installation makes a new one: a new user name and a new \
             password, which are good beside those before. Enter both in your phone system when it suits you. No call is \
             lost in between, and what it dials stays as it is.",
        )
        .copies("A new user name and password, and their way to Twilio", "sh", command);
    let names = format!("patchbay tenants sip-names {slug}\npatchbay tenants sip-names {slug} --remove sip_…");
    let ended = Section::titled("The end of the older password")
        .says(
            "It ends by itself once your phone system has called with the new one, and some days have passed in which it has \
             not called with the older. If somebody else knows it, it is ended at once by whoever runs the installation.",
        )
        .copies("Which user names are good, and the end of the older one", "sh", names);
    vec![renewed, ended]
}

/// A text as one word of a shell, whatever stands in it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The question everybody asks.
fn why(facts: &Facts<'_>) -> Section {
    let address = facts.sip_uri().unwrap_or_else(|| "the SIP address".to_owned());
    Section::titled("Why a Twilio number?")
        .says("“The user already has their own phone number on their PBX, why do they need a Twilio number?”")
        .says(format!(
            "They can do without: {address} is enough, and then no number is bought. One use is left: where the fallback \
             rings staff on a call that came over SIP, Twilio wants a number of the account's own as caller ID. The four \
             things a number is said to be for:"
        ))
        .lists([
            "Vapi Endpoint: what the assistant is attached to. Here that is an address of the business at Vapi.",
            "SIP Target: what the PBX routes calls to. Here that is the SIP address.",
            "Call Identity: whose call it is. Here the SIP user name, or the address it came from, tells.",
            "Billing: whose costs they are. Here the account tells.",
        ])
}
