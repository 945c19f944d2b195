//! The guide for calls that the carrier forwards.

use super::facts::Answers;
use super::guide::texts;
use super::settings::{fallback, who_answers};
use super::{
    Facts, Forwarding, Instructions, Method, MethodGuide, Section, Table, Value, choice, costs, first, warnings,
};
use crate::model::availability::Mode;

pub(super) const LABEL: &str = "Call Forwarding (Fastest Setup)";

pub(super) fn guide(facts: &Facts<'_>) -> MethodGuide {
    let method = Method::Forwarded;
    let (first, warnings) = (first::first(facts, method), warnings::warnings(facts, method));
    let sections = vec![
        choices(&facts.answers()),
        before(facts),
        test(facts),
        later(facts),
        costs::section(facts),
        choice::operator(facts, &warnings),
    ];
    let ours = facts.our_number(method);
    let to = ours.map_or_else(|| "the new Twilio number".to_owned(), |number| number.to_string());
    let steps = vec![
        "Call your phone carrier customer service".to_owned(),
        format!("Set up call forwarding to {to}"),
        "Choose \"Always Forward\" or \"Forward When Busy/No Answer\"".to_owned(),
        "Test by calling your clinic number".to_owned(),
    ];
    MethodGuide {
        method,
        label: LABEL.to_owned(),
        description: format!(
            "Clinic keeps their number and forwards calls to a Twilio number that {} provides.",
            facts.brand
        ),
        pbx: None,
        is_ready: first.is_empty(),
        first,
        warnings,
        values: values(facts),
        flow: flow(facts, &to),
        instructions: Instructions::Forwarded(Forwarding {
            clinic_name: facts.tenant.name.clone(),
            forward_to_number: ours,
            steps,
        }),
        sections,
        pros: texts([
            "Setup in minutes (no porting wait)",
            "Clinic keeps their number",
            "Easy to disable (just turn off forwarding)",
            "No paperwork",
        ]),
        cons: texts([
            "Caller ID may show clinic number instead of patient's",
            "Extra hop can reduce quality",
            "DTMF (press 1/2) may not work",
            "Can't control when forwarding happens (carrier-dependent)",
        ]),
        best_for: texts([
            "Quick pilot/trial setups",
            "Clinics nervous about changing numbers",
            "After-hours only scenarios",
        ]),
        time: "Minutes, and a call to your carrier".to_owned(),
        costs: costs::of(facts, method),
    }
}

fn values(facts: &Facts<'_>) -> Vec<Value> {
    let ours = facts.our_number(Method::Forwarded);
    vec![
        Value {
            label: "Your clinic number".to_owned(),
            value: facts.clinic_number().map(|number| number.to_string()),
            note: None,
        },
        Value {
            label: "Forward your calls to".to_owned(),
            value: ours.map(|number| number.to_string()),
            note: ours.is_none().then(|| "comes with the deployment".to_owned()),
        },
    ]
}

fn flow(facts: &Facts<'_>, to: &str) -> Vec<String> {
    vec![
        choice::begins(facts),
        format!("Clinic's carrier forwards to {to}"),
        "Twilio receives forwarded call".to_owned(),
        choice::asks(facts),
        "AI assistant answers".to_owned(),
    ]
}

/// What either choice of the third step comes to, with the settings of now.
fn choices(answers: &Answers) -> Section {
    let fallback = fallback(answers);
    let always = match answers.mode {
        Mode::Always => "Your own phones no longer ring. The AI answers every call.".to_owned(),
        Mode::Disabled => format!("Your own phones no longer ring. The AI is off: {fallback}."),
        Mode::AfterHoursOnly => {
            format!("Outside your business hours the AI answers; during business hours {fallback}.")
        }
        Mode::OverflowOnly => {
            format!("The AI answers from {} calls at once on; below that {fallback}.", answers.threshold)
        }
        Mode::Scheduled => format!("The AI answers when your schedule says so; at other times {fallback}."),
        Mode::Combined => format!("The AI answers when hours, schedule or busy lines say so; otherwise {fallback}."),
    };
    let untaken = match answers.mode {
        Mode::Always => "Your phones ring first. The AI answers what nobody takes.".to_owned(),
        Mode::Disabled => format!("Your phones ring first. The AI is off for the rest: {fallback}."),
        Mode::AfterHoursOnly => format!(
            "Your phones ring first. Of what nobody takes, the AI answers calls outside your business hours; during \
             business hours {fallback}."
        ),
        Mode::OverflowOnly | Mode::Scheduled | Mode::Combined => format!(
            "Your phones ring first. Of what nobody takes, the AI answers what the settings give it; otherwise {fallback}."
        ),
    };
    let rows = [["Always Forward".to_owned(), always], ["Forward When Busy/No Answer".to_owned(), untaken]];
    Section::titled("Which of the two to choose")
        .says("With the settings as they are now:")
        .shows(Table::of(["Choice", "What callers meet"], rows))
}

fn before(facts: &Facts<'_>) -> Section {
    Section::titled("Before you call your carrier").lists([
        "Have your account number and the name the account is under at hand.".to_owned(),
        "Ask whether forwarding is part of your plan, what a forwarded call costs, and how many can be forwarded at the \
         same time."
            .to_owned(),
        "Ask that the caller's own number is passed on. Where a carrier passes on yours instead, the AI cannot know who \
         calls."
            .to_owned(),
        format!(
            "Does a fax machine, an alarm or a card terminal share {}? Give it a line of its own first: “Always Forward” \
             takes its calls too.",
            facts.known_as()
        ),
    ])
}

fn test(facts: &Facts<'_>) -> Section {
    Section::titled("When you test")
        .says(
            "Call from a mobile phone, not from a telephone of the clinic: telephones of one system are often connected \
             without the carrier, and then nothing is forwarded.",
        )
        .says(format!("What should happen: {}", who_answers(&facts.answers())))
}

fn later(facts: &Facts<'_>) -> Section {
    Section::titled("If something is not right").lists([
        "Nothing changed: the carrier has not switched forwarding on yet, or only for calls that nobody answers. Let it \
         ring longer, or ask them."
            .to_owned(),
        "Every caller seems to be you: the carrier passes on your number. Ask for the original caller's.".to_owned(),
        "Pressing 1 or 2 does nothing: tones get lost on the way with some carriers. Porting or SIP keeps them.".to_owned(),
        format!(
            "You want your calls back: turn forwarding off at your carrier. Nothing has to be changed at {}.",
            facts.brand
        ),
    ])
}
