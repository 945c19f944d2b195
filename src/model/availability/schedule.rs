//! `customSchedule`: rules that switch the AI on or off by the weekday, deaf to holidays and exceptions.

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use serde_json::Value;

use super::reader::{Notes, Object, Path};
use super::span::Span;

/// Most rules: one every half hour of a week, with room to spare.
const RULES_MAX: usize = 500;

/// The `customSchedule` section.
#[derive(Clone, Debug, Default)]
pub struct CustomSchedule {
    /// Counts in mode `combined` only.
    pub enabled: bool,
    /// The zone it names; else the business hours', then the tenant's.
    pub zone: Option<TimeZone>,
    /// The rules as given; their order means nothing.
    pub rules: Vec<ScheduleRule>,
}

/// One rule: a stretch of a weekday, and what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleRule {
    /// The day it begins on.
    pub weekday: Weekday,
    /// From when to when.
    pub span: Span,
    /// On or off.
    pub action: Action,
}

/// What a rule does while it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The AI answers.
    Enable,
    /// The AI does not; beats `Enable`.
    Disable,
}

const ACTIONS: [(&str, Action); 2] = [("enable", Action::Enable), ("disable", Action::Disable)];

impl CustomSchedule {
    pub(super) fn read(settings: &Object<'_>, notes: &mut Notes) -> CustomSchedule {
        let path = settings.path.key("customSchedule");
        let Some(section) = settings.section(&path, notes) else { return CustomSchedule::default() };
        section.name_unknown(&["enabled", "timezone", "rules"], &[], notes);
        let enabled = section.flag("enabled", notes);
        let zone = section.zone("timezone", notes);
        let path = section.path.key("rules");
        let entries = section.list("rules", RULES_MAX, notes).iter().enumerate();
        let rules = entries.filter_map(|(index, rule)| read_rule(rule, &path.index(index), notes)).collect();
        CustomSchedule { enabled, zone, rules }
    }
}

fn read_rule(rule: &Value, path: &Path<'_>, notes: &mut Notes) -> Option<ScheduleRule> {
    let given = Object::read(rule, path, notes)?;
    given.name_unknown(&["dayOfWeek", "startTime", "endTime", "action"], &[], notes);
    let weekday = given.required("dayOfWeek", notes).and_then(|_| given.whole("dayOfWeek", 0..=6, notes));
    let span = Span::read(&given, "startTime", "endTime", notes);
    let action = given.required_word("action", &ACTIONS, notes);
    let weekday = i8::try_from(weekday?).ok().and_then(|day| Weekday::from_sunday_zero_offset(day).ok());
    Some(ScheduleRule { weekday: weekday?, span: span?, action: action? })
}
