//! Availability settings as given: read, checked, every fault named.
//!
//! The JSON stays what it was; this is the reading of it that `routing` compiles. Unknown keys are kept and named,
//! keys that are promised but not obeyed yet are refused. `null` is as good as absent wherever absent is allowed.

mod fallback;
mod forced;
mod hours;
mod reader;
mod schedule;
mod span;
pub mod zone;

use jiff::tz::TimeZone;
use serde_json::Value;

use super::{Fallback, Fault};
use reader::{Notes, Object, Path};

pub use forced::{ForcedReading, parse_instant, read_override};
pub use hours::{BusinessHours, Exception, ExceptionDays, Holiday, Week, parse_date};
pub use schedule::{Action, CustomSchedule, ScheduleRule};
pub use span::{MINUTES_PER_DAY, Span};

/// Availability settings, read.
#[derive(Clone, Debug)]
pub struct Availability {
    /// Which section decides.
    pub mode: Mode,
    /// When the business is closed.
    pub after_hours: AfterHours,
    /// When staff are busy.
    pub high_volume: HighVolume,
    /// When somebody said so, hour by hour.
    pub custom_schedule: CustomSchedule,
    /// What happens when the AI does not answer; voicemail where nothing is said.
    pub fallback: Fallback,
}

/// Which section decides whether the AI answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The AI always answers.
    Always,
    /// The AI answers while the business is closed.
    AfterHoursOnly,
    /// The AI answers while staff are busy.
    OverflowOnly,
    /// The custom schedule alone decides.
    Scheduled,
    /// The AI never answers.
    Disabled,
    /// Every section whose `enabled` is set has its say.
    Combined,
}

/// The `afterHours` section.
#[derive(Clone, Debug, Default)]
pub struct AfterHours {
    /// Counts in mode `combined` only.
    pub enabled: bool,
    /// The zone `businessHours` names, whether or not it holds a schedule.
    pub zone: Option<TimeZone>,
    /// When the business is open; none where no schedule was ever given.
    pub hours: Option<BusinessHours>,
}

/// The `highVolume` section.
#[derive(Clone, Copy, Debug)]
pub struct HighVolume {
    /// Counts in mode `combined` only.
    pub enabled: bool,
    /// From this many other calls on, the AI answers.
    pub threshold: u32,
}

impl HighVolume {
    /// The threshold where none is given.
    pub const THRESHOLD_DEFAULT: u32 = 5;
}

impl Default for HighVolume {
    fn default() -> HighVolume {
        HighVolume { enabled: false, threshold: HighVolume::THRESHOLD_DEFAULT }
    }
}

/// How strictly settings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// Somebody saves them: everything a mode needs must be there.
    Save,
    /// They are stored already, or `decide` was asked: missing hours are lived with.
    Stored,
}

/// Settings that were read, and what is doubtful in them.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The settings.
    pub availability: Availability,
    /// Doubts that do not stop a save: unknown keys, empty rules.
    pub warnings: Vec<Fault>,
}

const KNOWN: [&str; 5] = ["mode", "afterHours", "highVolume", "customSchedule", "fallback"];

/// What a later build obeys: refused, lest somebody believe it works.
const NOT_YET: [&str; 7] =
    ["plan", "staffFirst", "menu", "callback", "callers", hours::HOLIDAY_CALENDAR, hours::CALENDAR_URL];

const MODES: [(&str, Mode); 6] = [
    ("always", Mode::Always),
    ("after-hours-only", Mode::AfterHoursOnly),
    ("overflow-only", Mode::OverflowOnly),
    ("scheduled", Mode::Scheduled),
    ("disabled", Mode::Disabled),
    ("combined", Mode::Combined),
];

impl Availability {
    /// Reads settings; all faults are reported together.
    pub fn read(given: &Value, strictness: Strictness) -> Result<Reading, Vec<Fault>> {
        let mut notes = Notes::default();
        match Self::read_object(given, strictness, &mut notes) {
            Some(availability) if notes.faults.is_empty() => Ok(Reading { availability, warnings: notes.warnings }),
            _ => Err(notes.faults),
        }
    }

    /// The fallback alone, of settings that may be broken elsewhere; the standard one where it is broken itself.
    pub fn salvage_fallback(given: &Value) -> Fallback {
        let mut notes = Notes::default();
        let root = Path::ROOT;
        let fallback = Object::read(given, &root, &mut notes).map(|settings| fallback::read(&settings, &mut notes));
        fallback.filter(|_| notes.faults.is_empty()).unwrap_or_default()
    }

    fn read_object(given: &Value, strictness: Strictness, notes: &mut Notes) -> Option<Availability> {
        let root = Path::ROOT;
        let settings = Object::read(given, &root, notes)?;
        settings.refuse(&NOT_YET, notes);
        refuse_override(&settings, strictness, notes);
        settings.name_unknown(&KNOWN, &[&NOT_YET, &["override"]], notes);

        let mode = settings.required_word("mode", &MODES, notes);
        let after_hours = read_after_hours(&settings, notes);
        let high_volume = read_high_volume(&settings, notes);
        let custom_schedule = CustomSchedule::read(&settings, notes);
        let fallback = fallback::read(&settings, notes);

        let availability = Availability { mode: mode?, after_hours, high_volume, custom_schedule, fallback };
        availability.doubt_hours(strictness, notes);
        availability.doubt_rules(notes);
        Some(availability)
    }

    /// Whether opening hours are part of the decision.
    fn needs_hours(&self) -> bool {
        match self.mode {
            Mode::AfterHoursOnly => true,
            Mode::Combined => self.after_hours.enabled,
            Mode::Always | Mode::OverflowOnly | Mode::Scheduled | Mode::Disabled => false,
        }
    }

    fn doubt_hours(&self, strictness: Strictness, notes: &mut Notes) {
        if !self.needs_hours() || self.after_hours.hours.is_some() || notes.faulted_under("/afterHours") {
            return;
        }
        let root = Path::ROOT;
        let section = root.key("afterHours");
        let place = section.key("businessHours");
        match strictness {
            Strictness::Save => notes.fault(&place, "required", "this mode needs business hours with a `schedule`"),
            Strictness::Stored => notes.warn(
                &place,
                "hours_missing",
                "this mode needs business hours with a `schedule`; until there are some the AI always answers",
            ),
        }
    }

    /// Settings that are allowed, but hardly what somebody meant.
    fn doubt_rules(&self, notes: &mut Notes) {
        let root = Path::ROOT;
        let scheduled = match self.mode {
            Mode::Scheduled => true,
            Mode::Combined => self.custom_schedule.enabled,
            Mode::Always | Mode::AfterHoursOnly | Mode::OverflowOnly | Mode::Disabled => false,
        };
        if scheduled && self.custom_schedule.rules.is_empty() && !notes.faulted_under("/customSchedule") {
            let section = root.key("customSchedule");
            notes.warn(&section.key("rules"), "no_rules", "there are no rules, so this schedule changes nothing");
        }
        let enabled = self.after_hours.enabled || self.high_volume.enabled || self.custom_schedule.enabled;
        if self.mode == Mode::Combined && !enabled {
            notes.warn(&root.key("mode"), "nothing_enabled", "no section is enabled, so the AI never answers");
        }
    }
}

/// In the API an override is a resource of its own; here it would be kept and never obeyed.
fn refuse_override(settings: &Object<'_>, strictness: Strictness, notes: &mut Notes) {
    if settings.get("override").is_none() {
        return;
    }
    let place = settings.path.key("override");
    match strictness {
        Strictness::Save => {
            notes.fault(&place, "not_supported", "an override is a resource of its own: put it to `…/override`");
        }
        Strictness::Stored => {
            notes.warn(&place, "unknown_key", "an override inside stored settings is kept but has no effect");
        }
    }
}

fn read_after_hours(settings: &Object<'_>, notes: &mut Notes) -> AfterHours {
    let path = settings.path.key("afterHours");
    let Some(section) = settings.section(&path, notes) else { return AfterHours::default() };
    section.refuse(&hours::NOT_YET, notes);
    section.name_unknown(&["enabled", "businessHours"], &[&hours::NOT_YET], notes);
    let enabled = section.flag("enabled", notes);
    let path = section.path.key("businessHours");
    let Some(given) = section.section(&path, notes) else { return AfterHours { enabled, zone: None, hours: None } };
    let zone = given.zone("timezone", notes);
    AfterHours { enabled, zone, hours: BusinessHours::read(&given, notes) }
}

fn read_high_volume(settings: &Object<'_>, notes: &mut Notes) -> HighVolume {
    let path = settings.path.key("highVolume");
    let Some(section) = settings.section(&path, notes) else { return HighVolume::default() };
    section.name_unknown(&["enabled", "threshold", "estimatedWaitMinutes"], &[], notes);
    let enabled = section.flag("enabled", notes);
    let threshold = section.whole("threshold", 0..=u32::MAX, notes).unwrap_or(HighVolume::THRESHOLD_DEFAULT);
    if let Some(minutes) = section.get("estimatedWaitMinutes") {
        let place = section.path.key("estimatedWaitMinutes");
        match minutes.as_f64() {
            Some(minutes) if minutes >= 0.0 => notes.warn(
                &place,
                "not_supported",
                "kept, but nothing is offered to waiting callers until callbacks exist",
            ),
            _ => notes.fault(&place, "type", "must be a number of minutes, zero or more"),
        }
    }
    HighVolume { enabled, threshold }
}

#[cfg(test)]
mod tests;
