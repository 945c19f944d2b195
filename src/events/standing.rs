//! What lasts: warnings in force and breakers that are not closed, as the events so far add up.

use jiff::Timestamp;

use super::event::{Event, News, Warning};
use crate::model::Target;

/// How many breakers are remembered at most: beyond them nobody reads a list.
const BREAKERS_MAX: usize = 1_000;

/// What lasts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Warnings in force, and since when.
    pub warnings: Vec<(Warning, Timestamp)>,
    /// Breakers that are not closed, and since when; without a target, the one for the AI as a whole.
    pub breakers: Vec<(Option<Target>, &'static str, Timestamp)>,
}

impl Standing {
    pub(super) fn hear(&mut self, event: &Event) {
        match &event.news {
            News::Warning(warning) => self.warn(warning, event.at),
            News::Breaker { target, state } => {
                let known = self.breakers.iter().find(|(known, ..)| known == target);
                let since = known.map_or(event.at, |(.., since)| *since);
                self.breakers.retain(|(known, ..)| known != target);
                if *state != "closed" && self.breakers.len() < BREAKERS_MAX {
                    self.breakers.push((target.clone(), state, since));
                }
            }
            _ => {}
        }
    }

    fn warn(&mut self, warning: &Warning, at: Timestamp) {
        let known = self.warnings.iter().find(|(known, _)| known.kind == warning.kind);
        let since = known.map_or(at, |(_, since)| *since);
        self.warnings.retain(|(known, _)| known.kind != warning.kind);
        if warning.active {
            self.warnings.push((warning.clone(), since));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::event::{Audience, WarningKind};
    use super::*;

    fn hear(standing: &mut Standing, second: i64, news: News) {
        let at = Timestamp::from_second(second).unwrap();
        standing.hear(&Event { at, audience: Audience::PLATFORM, news });
    }

    #[test]
    fn a_warning_stands_from_its_beginning_to_its_end() {
        let mut standing = Standing::default();
        let warning = |active, records| Warning { kind: WarningKind::JournalBehind, active, records };
        hear(&mut standing, 1, News::Warning(warning(true, 10)));
        hear(&mut standing, 2, News::Warning(warning(true, 20)));
        assert_eq!(standing.warnings, [(warning(true, 20), Timestamp::from_second(1).unwrap())]);
        hear(&mut standing, 3, News::Warning(Warning { kind: WarningKind::StoreAway, active: false, records: 0 }));
        assert_eq!(standing.warnings.len(), 1);
        hear(&mut standing, 4, News::Warning(warning(false, 0)));
        assert_eq!(standing, Standing::default());
    }

    #[test]
    fn a_breaker_stands_until_it_closes() {
        let mut standing = Standing::default();
        let target = Target::parse("assistant:front-desk");
        hear(&mut standing, 1, News::Breaker { target: None, state: "open" });
        hear(&mut standing, 1, News::Breaker { target: target.clone(), state: "open" });
        hear(&mut standing, 2, News::Breaker { target: target.clone(), state: "half_open" });
        let since = Timestamp::from_second(1).unwrap();
        assert_eq!(standing.breakers, [(None, "open", since), (target, "half_open", since)]);
        hear(&mut standing, 3, News::Breaker { target: None, state: "closed" });
        assert_eq!(standing.breakers.len(), 1);
    }
}
