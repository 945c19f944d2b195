//! The custom schedule compiled: when rules enable, when they disable.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::clock::Civil;
use super::day::{Calendar, Held};
use super::week::Week;
use crate::model::availability::{Action, CustomSchedule};

/// Rules by what they do.
#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub zone: TimeZone,
    pub enable: Week,
    pub disable: Week,
}

/// What the rules say at one moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matches {
    pub enable: Option<Held>,
    pub disable: Option<Held>,
}

impl Schedule {
    pub fn compile(given: &CustomSchedule, zone: TimeZone) -> Schedule {
        let gather = |action| {
            let rules = given.rules.iter().filter(move |rule| rule.action == action);
            Week::gather(rules.map(|rule| (rule.weekday, rule.span)))
        };
        Schedule { zone, enable: gather(Action::Enable), disable: gather(Action::Disable) }
    }

    pub fn matches(&self, now: Timestamp) -> Matches {
        let now = Civil::at(&self.zone, now);
        Matches { enable: self.enable.held(now), disable: self.disable.held(now) }
    }
}
