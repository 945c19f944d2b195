//! What it costs, by the estimates of the settings: what the guides say, and what contradicts it.

use super::guide::texts;
use super::{Costs, Facts, Method, Section, Table};
use crate::model::{Estimate, Figure};

/// What a way costs. Over SIP a number is not needed, and costs nothing where there is none.
pub(super) fn of(facts: &Facts<'_>, method: Method) -> Costs {
    let [once, monthly, port] = [&facts.costs.number_once, &facts.costs.number_month, &facts.costs.port_once];
    let [once, monthly, port] = [once, monthly, port].map(|estimate| estimate.said.price);
    let without = method == Method::Sip
        && facts.is_configured_for(method)
        && facts.phone.is_some_and(|phone| !phone.needs_phone_number && phone.number.is_none());
    let (once, monthly) = match method {
        Method::Ported => (format!("~{port} port fee"), format!("~{monthly} Twilio number + usage")),
        Method::Forwarded => {
            (format!("~{once} number purchase"), format!("~{monthly} Twilio number + usage + carrier forwarding fees"))
        }
        Method::Sip if without => {
            ("nothing (no number is bought)".to_owned(), "usage (no number, no forwarding fees)".to_owned())
        }
        Method::Sip => {
            (format!("~{once} number purchase"), format!("~{monthly} Twilio number + usage (no forwarding fees)"))
        }
    };
    Costs { once, monthly }
}

/// What there is to say of costs.
pub(super) fn section(facts: &Facts<'_>) -> Section {
    let costs = facts.costs;
    let said = |estimate: &Estimate| estimate.said.price;
    let (once, monthly) = (said(&costs.number_once), said(&costs.number_month));
    let (inbound, outbound) = (said(&costs.minute_inbound), said(&costs.minute_outbound));
    let rows = [
        ["Twilio number".to_owned(), format!("~{once} once (forwarding and SIP), ~{monthly}/month")],
        ["Port fee".to_owned(), format!("~{} once (porting only)", said(&costs.port_once))],
        ["Twilio usage".to_owned(), format!("{inbound}/min inbound, {outbound}/min outbound")],
        ["Vapi AI Assistant".to_owned(), "Variable based on usage".to_owned()],
        ["OpenAI API".to_owned(), "Variable based on conversation length".to_owned()],
    ];
    let mut section = Section::titled("What it costs").says(format!(
        "Estimates in US dollars ({}), not prices: Twilio's differ by country and kind of number.",
        sources(facts)
    ));
    let against = contradictions(facts);
    if !against.is_empty() {
        section = section.says(format!("Twilio says otherwise: {}.", against.join("; ")));
    }
    section.shows(Table { head: texts(["What", "Estimate"]), rows: rows.map(Vec::from).into() })
}

/// Whose the figures are, each source once.
fn sources(facts: &Facts<'_>) -> String {
    let costs = facts.costs;
    let all =
        [&costs.number_month, &costs.number_once, &costs.port_once, &costs.minute_inbound, &costs.minute_outbound];
    let mut told: Vec<String> = Vec::new();
    for Figure { source, as_of, .. } in all.map(|estimate| &estimate.said) {
        let source = as_of.map_or_else(|| source.clone(), |day| format!("{source}, {day}"));
        if !told.contains(&source) {
            told.push(source);
        }
    }
    told.join("; ")
}

fn contradictions(facts: &Facts<'_>) -> Vec<String> {
    let once = facts.costs.number_once.truer.as_ref().map(|truer| match truer.price.micros() {
        0 => "no purchase fee (what is paid at first is the first month)".to_owned(),
        _ => format!("{} for the purchase", truer.price),
    });
    let inbound = facts.costs.minute_inbound.truer.as_ref();
    let inbound = inbound.map(|truer| format!("{}/min inbound ({})", truer.price, truer.source));
    once.into_iter().chain(inbound).collect()
}
