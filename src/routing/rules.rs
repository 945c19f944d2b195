//! Availability settings compiled into a form that answers in well under a microsecond.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::alike::Alike;
use super::forced::Standing;
use super::hours::Hours;
use super::schedule::Schedule;
use crate::model::availability::{Availability, Mode, Strictness, zone};
use crate::model::{Fault, Override};

/// Compiled availability: no JSON, no zone name, no schedule text left in it.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Few have one.
    pub(super) forced: Option<Box<Standing>>,
    pub(super) engine: Engine,
}

/// What decides, with just what it needs.
#[derive(Clone, Debug)]
pub(super) enum Engine {
    /// What is stored cannot be read.
    NotConfigured,
    Always,
    Disabled,
    AfterHours(AfterHours),
    Overflow {
        threshold: u32,
    },
    Scheduled(Box<Schedule>),
    Combined(Box<Combined>),
}

/// Opening hours, if anybody ever said them.
#[derive(Clone, Debug)]
pub(super) enum AfterHours {
    Known(Arc<Hours>),
    Missing,
}

/// The sections that are enabled.
#[derive(Clone, Debug)]
pub(super) struct Combined {
    pub schedule: Option<Box<Schedule>>,
    pub after_hours: Option<AfterHours>,
    pub threshold: Option<u32>,
}

impl Rules {
    /// Compiles settings that were read. `tenant_zone` applies where they name no zone of their own; empty means UTC.
    ///
    /// Total: where a zone that is needed does not exist, the rules answer with the fallback, `not-configured`, and the
    /// fault is told. It is not kept with them: there may be a million rules, and it is told once.
    pub fn compile(availability: &Availability, forced: Option<&Override>, tenant_zone: &str) -> (Rules, Vec<Fault>) {
        let zones = Zones { availability, tenant: tenant_zone };
        let forced = forced.map(Standing::compile).map(Box::new);
        match zones.engine() {
            Some(engine) => (Rules { forced, engine }, Vec::new()),
            None => (Rules { forced, engine: Engine::NotConfigured }, vec![unknown_zone()]),
        }
    }

    /// Compiles stored settings, whatever is wrong with them: broken ones answer with the fallback, `not-configured`.
    /// What is wrong or doubtful is told with them.
    pub fn compile_stored(availability: &Value, forced: Option<&Override>, tenant_zone: &str) -> (Rules, Vec<Fault>) {
        match Availability::read(availability, Strictness::Stored) {
            Ok(reading) => {
                let (rules, mut doubts) = Rules::compile(&reading.availability, forced, tenant_zone);
                doubts.extend(reading.warnings);
                (rules, doubts)
            }
            Err(faults) => {
                let forced = forced.map(Standing::compile).map(Box::new);
                (Rules { forced, engine: Engine::NotConfigured }, faults)
            }
        }
    }

    /// Has what others have alike together with them.
    pub(super) fn share(&mut self, alike: &Alike) {
        let after_hours = match &mut self.engine {
            Engine::AfterHours(after_hours) => Some(after_hours),
            Engine::Combined(sections) => sections.after_hours.as_mut(),
            _ => None,
        };
        if let Some(AfterHours::Known(hours)) = after_hours {
            *hours = alike.hours.like(hours);
        }
    }

    /// Whether what is stored could not be read, so that nothing but an override decides.
    pub fn is_broken(&self) -> bool {
        matches!(self.engine, Engine::NotConfigured)
    }
}

fn unknown_zone() -> Fault {
    Fault::new("/timezone", "timezone", "the tenant's time zone is needed and is no IANA zone")
}

/// The zones of one tenant's settings: each section's own, else the next one's.
struct Zones<'a> {
    availability: &'a Availability,
    tenant: &'a str,
}

impl Zones<'_> {
    fn engine(&self) -> Option<Engine> {
        let given = self.availability;
        Some(match given.mode {
            Mode::Always => Engine::Always,
            Mode::Disabled => Engine::Disabled,
            Mode::AfterHoursOnly => Engine::AfterHours(self.after_hours()?),
            Mode::OverflowOnly => Engine::Overflow { threshold: given.high_volume.threshold },
            Mode::Scheduled => Engine::Scheduled(Box::new(self.schedule()?)),
            Mode::Combined => Engine::Combined(Box::new(Combined {
                schedule: if given.custom_schedule.enabled { Some(Box::new(self.schedule()?)) } else { None },
                after_hours: if given.after_hours.enabled { Some(self.after_hours()?) } else { None },
                threshold: given.high_volume.enabled.then_some(given.high_volume.threshold),
            })),
        })
    }

    fn after_hours(&self) -> Option<AfterHours> {
        let Some(hours) = &self.availability.after_hours.hours else { return Some(AfterHours::Missing) };
        Some(AfterHours::Known(Arc::new(Hours::compile(hours, self.business()?))))
    }

    fn schedule(&self) -> Option<Schedule> {
        let own = self.availability.custom_schedule.zone.clone();
        Some(Schedule::compile(&self.availability.custom_schedule, own.or_else(|| self.business())?))
    }

    /// The business hours' zone, else the tenant's, else UTC.
    fn business(&self) -> Option<TimeZone> {
        let own = self.availability.after_hours.zone.clone();
        own.or_else(|| if self.tenant.is_empty() { Some(TimeZone::UTC) } else { zone::named(self.tenant) })
    }
}
