//! The three methods side by side, and what the guides of all three say alike.

use super::{Audience, Comparison, Facts, Method, Section, Table, Warning, costs};

pub(super) const TITLE: &str = "Three ways to connect your phone number";

pub(super) fn comparison(facts: &Facts<'_>) -> Comparison {
    Comparison { matrix: matrix(), numbers: numbers(), effort: effort(facts), costs: costs::section(facts) }
}

fn rows<const N: usize>(rows: [[&str; N]; 3]) -> impl Iterator<Item = [String; N]> {
    rows.into_iter().map(|row| row.map(str::to_owned))
}

fn matrix() -> Table {
    let head = ["Integration Method", "How Clinic Identified", "Caller ID Preserved", "Best Use Case"];
    Table::of(
        head,
        rows([
            ["Ported", "To = clinic's number", "Always", "Full replacement"],
            ["Forwarded", "To = our number", "Sometimes", "Quick setup"],
            ["SIP", "Parsed from SIP URI", "Usually", "Enterprise"],
        ]),
    )
}

/// Over SIP the address is enough; the documents want a number there too.
fn numbers() -> Table {
    let head =
        ["Method", "User's Number", "Twilio Number Needed?", "Purchase During Deployment?", "Why Twilio Number?"];
    Table::of(
        head,
        rows([
            ["Ported", "Transferred to Twilio", "Yes (same number)", "No (port instead)", "Becomes the user's number"],
            ["Forwarded", "Stays with carrier", "Yes (new number)", "Yes", "Forwarding destination"],
            [
                "SIP Trunk",
                "Stays on user's PBX",
                "Optional (new number)",
                "Yes, unless it does without",
                "Caller ID when staff is rung; the SIP address is endpoint and target",
            ],
        ]),
    )
}

fn effort(facts: &Facts<'_>) -> Table {
    let row = |method| {
        let guide = super::of(facts, method, super::Pbx::Generic);
        let name = match method {
            Method::Ported => "Ported",
            Method::Forwarded => "Forwarded",
            Method::Sip => "SIP",
        };
        [name.to_owned(), guide.time, guide.costs.once, guide.costs.monthly]
    };
    Table::of(["Method", "Time", "One-time", "Monthly"], Method::ALL.map(row))
}

/// What is the business of whoever runs the installation.
pub(super) fn operator(facts: &Facts<'_>, warnings: &[Warning]) -> Section {
    let theirs = warnings.iter().filter(|warning| warning.audience == Audience::Operator);
    Section::titled(&format!("For whoever runs {}", facts.brand))
        .lists(theirs.map(|warning| &warning.text))
        .lists(["A trial account of Twilio's may own one number, and its calls end after ten minutes."])
        .copies(
            "Each call, and why it went where it went",
            "sh",
            format!("patchbay calls list --tenant {}", facts.tenant.slug),
        )
}

/// Where a call begins.
pub(super) fn begins(facts: &Facts<'_>) -> String {
    let number = facts.clinic_number().map(|number| format!(" ({number})"));
    format!("Patient calls clinic's existing number{}", number.unwrap_or_default())
}

/// The step of a call that the drawings of the documents leave out.
pub(super) fn asks(facts: &Facts<'_>) -> String {
    format!("Twilio webhook asks {}: is the AI to answer now?", facts.brand)
}
