//! What things cost, by estimate: what the guides say, what contradicts it, and whose each figure is.

use jiff::civil::Date;

use super::reader::Reader;
use super::values;
use crate::model::{Estimate, Estimates, Figure};

/// What things cost.
#[derive(Clone, Debug)]
pub struct Costs {
    /// The estimates, and what contradicts them.
    pub estimates: Estimates,
}

/// Whose a figure is that somebody gave without saying whose.
const OWN: &str = "the settings";

/// Figures with one source.
struct Book {
    /// The setting that names it.
    source_key: &'static str,
    source: String,
    as_of: Date,
}

impl Costs {
    pub(super) fn read(reader: &mut Reader) -> Costs {
        let guides = Book::read(reader, "costs.source", "costs.as_of");
        let twilio = Book::read(reader, "costs.twilio.source", "costs.twilio.as_of");
        let mut alone = |key| Estimate { said: guides.figure(reader, key), truer: None };
        let [number_month, port_once, minute_outbound] =
            [alone("costs.number_month"), alone("costs.port_once"), alone("costs.minute_outbound")];
        let mut contradicted = |key, truer_key| {
            let (said, truer) = (guides.figure(reader, key), twilio.figure(reader, truer_key));
            // A figure somebody set is theirs: what contradicts the guides says nothing against it.
            let is_own = reader.is_given(key) && !reader.is_given(truer_key);
            Estimate { truer: (!is_own && said.price != truer.price).then_some(truer), said }
        };
        Costs {
            estimates: Estimates {
                number_month,
                number_once: contradicted("costs.number_once", "costs.twilio.number_once"),
                port_once,
                minute_inbound: contradicted("costs.minute_inbound", "costs.twilio.minute_inbound"),
                minute_outbound,
                customer_month: reader.text("costs.customer_month", values::dollars),
            },
        }
    }
}

impl Book {
    fn read(reader: &mut Reader, source_key: &'static str, as_of_key: &'static str) -> Book {
        let source = reader.text(source_key, values::one_line);
        Book { source_key, source, as_of: reader.text(as_of_key, values::date) }
    }

    fn figure(&self, reader: &mut Reader, key: &'static str) -> Figure {
        let price = reader.text(key, values::dollars);
        // Of a figure that was changed nobody else is the source, unless they are named.
        match reader.is_given(key) && !reader.is_given(self.source_key) {
            true => Figure { price, source: OWN.to_owned(), as_of: None },
            false => Figure { price, source: self.source.clone(), as_of: Some(self.as_of) },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::Settings;
    use crate::model::Money;

    fn estimates(variables: &[(&str, &str)]) -> Estimates {
        let variables = variables.iter().map(|(name, value)| (format!("PATCHBAY_COSTS__{name}"), (*value).to_owned()));
        Settings::load(None, variables.collect::<Vec<_>>().into_iter()).unwrap().costs.estimates
    }

    #[test]
    fn what_the_guides_say_stands_and_what_twilio_says_is_reckoned_with() {
        let estimates = estimates(&[]);
        let both = |estimate: &Estimate| (estimate.said.price.to_string(), estimate.holds().price.to_string());
        let pair = |said: &str, holds: &str| (said.to_owned(), holds.to_owned());
        assert_eq!(both(&estimates.number_month), pair("$1", "$1"));
        assert_eq!(both(&estimates.number_once), pair("$1", "$0"));
        assert_eq!(both(&estimates.port_once), pair("$10", "$10"));
        assert_eq!(both(&estimates.minute_inbound), pair("$0.013", "$0.0085"));
        assert_eq!(both(&estimates.minute_outbound), pair("$0.013", "$0.013"));
        assert_eq!(estimates.minute_inbound.said.source, "the provisioning guides");
        assert!(estimates.minute_inbound.holds().source.contains("Twilio"));
    }

    #[test]
    fn a_figure_somebody_set_is_theirs_and_nothing_contradicts_it() {
        let set = estimates(&[("MINUTE_INBOUND", "0.01"), ("NUMBER_MONTH", "1.15")]);
        let inbound = set.minute_inbound.holds();
        assert_eq!((inbound.price, inbound.source.as_str(), inbound.as_of), (Money::usd(10_000), "the settings", None));
        assert_eq!(set.number_month.holds().price, Money::usd(1_150_000));
        assert_eq!(set.number_once.holds().price, Money::NOTHING, "the others stay");
        let both = estimates(&[("MINUTE_INBOUND", "0.01"), ("TWILIO__MINUTE_INBOUND", "0.009")]);
        assert_eq!(both.minute_inbound.holds().price, Money::usd(9_000));
        let named = estimates(&[("NUMBER_MONTH", "1.15"), ("SOURCE", "our invoice"), ("AS_OF", "2026-11-01")]);
        let month = named.number_month.holds();
        assert_eq!((month.source.as_str(), month.as_of), ("our invoice", "2026-11-01".parse().ok()));
    }
}
