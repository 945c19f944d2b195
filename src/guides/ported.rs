//! The guide for a number that moves to Twilio.

use super::guide::texts;
use super::settings::who_answers;
use super::{Facts, Instructions, Method, MethodGuide, Porting, Section, Table, Value, choice, costs, first, warnings};

pub(super) const LABEL: &str = "Port Number to Twilio (Best Quality)";

/// How long it takes. Business days: the documents say both.
const TIME: &str = "7-14 business days";

pub(super) fn guide(facts: &Facts<'_>) -> MethodGuide {
    let method = Method::Ported;
    let (first, warnings) = (first::first(facts, method), warnings::warnings(facts, method));
    let mut sections = vec![promise(facts), timeline(), keep(facts), fax(facts), costs::section(facts)];
    sections.push(choice::operator(facts, &warnings));
    MethodGuide {
        method,
        label: LABEL.to_owned(),
        description: "Transfer the clinic's phone number from their current carrier to Twilio.".to_owned(),
        pbx: None,
        is_ready: first.is_empty(),
        first,
        warnings,
        values: vec![Value {
            label: "Number to be moved".to_owned(),
            value: facts.clinic_number().map(|number| number.to_string()),
            note: None,
        }],
        flow: vec![
            choice::begins(facts),
            "Call arrives at Twilio (now owns the number)".to_owned(),
            choice::asks(facts),
            "AI assistant answers".to_owned(),
        ],
        instructions: Instructions::Ported(Porting {
            clinic_name: facts.tenant.name.clone(),
            phone_number: facts.clinic_number(),
            documents: documents(),
            steps: steps(facts),
        }),
        sections,
        pros: texts([
            "Best call quality (no forwarding hop)",
            "Perfect caller ID preservation: always the caller's own",
            "Full control over routing",
            "Can use clinic number for outbound caller ID",
            "Supports all Twilio features",
        ]),
        cons: vec![
            "Requires LOA (Letter of Authorization) + bill from current carrier; Twilio e-mails the letter to be signed"
                .to_owned(),
            "7-14 business day porting process".to_owned(),
            "Clinic temporarily loses control of number".to_owned(),
            "May affect fax lines if sharing the number".to_owned(),
        ],
        best_for: texts([
            "Clinics wanting full AI receptionist replacement",
            "Maximum call quality requirements",
            "Long-term partnerships",
        ]),
        time: TIME.to_owned(),
        costs: costs::of(facts, method),
    }
}

fn documents() -> Vec<String> {
    texts([
        "The number, and the carrier it is with now",
        "A bill from that carrier, at most 30 days old, that shows the number",
        "Name and address exactly as they stand on the bill",
        "The account number with that carrier",
        "For a mobile number, the PIN for moving it (ask the carrier)",
        "Name and e-mail address of the authorized representative: whoever may sign for the account",
    ])
}

fn steps(facts: &Facts<'_>) -> Vec<String> {
    vec![
        "Gather what is listed above, and leave the old service as it is".to_owned(),
        format!("Hand it to whoever runs {} for you, who hands the request in at Twilio", facts.brand),
        "Sign the Letter of Authorization that Twilio e-mails to the authorized representative; nothing is printed or \
         faxed"
            .to_owned(),
        format!("Wait for the date: typically {TIME}"),
        "On that day, test by calling your clinic number".to_owned(),
        "Once calls arrive here, cancel the old service".to_owned(),
    ]
}

/// What the business is told when it is configured, and how it is begun.
fn promise(facts: &Facts<'_>) -> Section {
    Section::titled("What will happen")
        .says(format!(
            "Your existing number ({}) will be transferred to Twilio. This process typically takes {TIME}.",
            facts.known_as()
        ))
        .says(
            "No additional phone number will be purchased. Only if you do not want to wait for the AI: until the day of \
             the move your old number can be forwarded to a temporary one.",
        )
        .says(format!("From then on, with the settings as they are now: {}", who_answers(&facts.answers())))
}

fn timeline() -> Section {
    let row = |when: &str, what: &str| [when.to_owned(), what.to_owned()];
    let rows = [
        row("Day 0", "Twilio is asked whether the number can be moved, and what it needs for it."),
        row("The same day", "The request is handed in with the bill. Twilio e-mails the letter."),
        row(
            "As soon as you sign",
            "Twilio sends the request to your old carrier, which checks name, address, account number and PIN.",
        ),
        row(
            "If something does not fit",
            "The request comes back with the reason, most often a name or address that is not as on the bill. It is \
             mended and sent again; the days count anew.",
        ),
        row("7-14 business days", "The carrier agrees on a date, in the United States a week ahead at the earliest."),
        row("The day itself", "The number moves. From then on your calls arrive here."),
    ];
    Section::titled("How long it takes").shows(Table::of(["When", "What happens"], rows))
}

fn keep(facts: &Facts<'_>) -> Section {
    Section::titled("Do not cancel the old service").says(format!(
        "A number can only be moved while its account is active. If you cancel before the move is completed, {} may be \
         lost for good. Change nothing on the account meanwhile either: no new plan, no new address.",
        facts.known_as()
    ))
}

fn fax(facts: &Facts<'_>) -> Section {
    Section::titled("Fax machines and other devices").says(format!(
        "Does a fax machine, an alarm or a card terminal share {}? It stops working on the day of the move, for all \
         calls arrive here then. Give it a line of its own first. Other numbers of the same account stay where they \
         are, but ask the carrier whether the account stays open when this one leaves.",
        facts.known_as()
    ))
}
