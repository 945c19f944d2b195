//! What changed of the breakers since somebody last looked, for whoever tells others. The call path knows nothing of it.
//!
//! A probe under way is no news: a breaker is open until a success closes it.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Health;
use crate::model::Target;

/// A breaker that opened or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// Whose; none for Vapi as a whole.
    pub target: Option<Target>,
    /// It opened, or it closed.
    pub is_open: bool,
    /// When it had opened.
    pub since: Timestamp,
}

/// What was told of the breakers so far.
#[derive(Clone, Debug, Default)]
pub struct Told(HashMap<Option<Target>, Timestamp>);

impl Told {
    /// What there is to tell now. It comes again until [`Told::tell`] has heard of it.
    pub fn news(&self, health: &Health) -> Vec<News> {
        let broken = health.broken();
        let closed = self.0.iter().filter(|(target, since)| broken.get(*target) != Some(*since));
        let closed = closed.map(|(target, since)| News { target: target.clone(), is_open: false, since: *since });
        let opened = broken.iter().filter(|(target, since)| self.0.get(*target) != Some(*since));
        let opened = opened.map(|(target, since)| News { target: target.clone(), is_open: true, since: *since });
        closed.chain(opened).collect()
    }

    /// This was told.
    pub fn tell(&mut self, news: News) {
        if news.is_open {
            self.0.insert(news.target, news.since);
        } else if self.0.get(&news.target) == Some(&news.since) {
            self.0.remove(&news.target);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::health::AiDial;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    fn target(number: usize) -> Target {
        Target::parse(&format!("assistant:front-desk-{number}")).unwrap()
    }

    fn fail(health: &Health, number: usize, second: i64) {
        (0..3).for_each(|_| health.report(&target(number), AiDial::Failed, at(second)));
    }

    fn heard(told: &mut Told, health: &Health) -> Vec<(Option<usize>, bool)> {
        let mut heard = Vec::new();
        for news in told.news(health) {
            let number = |target: &Target| target.id.as_str().rsplit('-').next().unwrap().parse().unwrap();
            heard.push((news.target.as_ref().map(number), news.is_open));
            told.tell(news);
        }
        heard.sort();
        heard
    }

    #[test]
    fn a_breaker_is_told_of_once_when_it_opens_and_once_when_it_closes() {
        let (health, mut told) = (Health::default(), Told::default());
        assert_eq!(heard(&mut told, &health), []);
        fail(&health, 1, 0);
        assert_eq!(heard(&mut told, &health), [(Some(1), true)]);
        assert!(health.admit(|| std::borrow::Cow::Owned(target(1)), at(6)).is_ok(), "a probe");
        health.report(&target(1), AiDial::Failed, at(7));
        assert_eq!(heard(&mut told, &health), [], "it is open as before");
        health.report(&target(1), AiDial::Answered, at(30));
        assert_eq!(heard(&mut told, &health), [(Some(1), false)]);
        assert_eq!(heard(&mut told, &health), []);
    }

    #[test]
    fn what_closed_and_opened_again_between_two_looks_is_told_as_both() {
        let (health, mut told) = (Health::default(), Told::default());
        fail(&health, 1, 0);
        heard(&mut told, &health);
        health.report(&target(1), AiDial::Answered, at(1));
        fail(&health, 1, 2);
        assert_eq!(heard(&mut told, &health), [(Some(1), false), (Some(1), true)]);
        assert_eq!(heard(&mut told, &health), []);
        health.report(&target(1), AiDial::Answered, at(3));
        assert_eq!(heard(&mut told, &health), [(Some(1), false)]);
    }

    #[test]
    fn the_whole_is_told_of_besides_its_targets() {
        let (health, mut told) = (Health::default(), Told::default());
        fail(&health, 1, 0);
        fail(&health, 2, 0);
        assert_eq!(heard(&mut told, &health), [(None, true), (Some(1), true), (Some(2), true)]);
        health.report(&target(1), AiDial::Answered, at(9));
        assert_eq!(heard(&mut told, &health), [(None, false), (Some(1), false)]);
    }

    #[test]
    fn what_could_not_be_told_comes_again() {
        let (health, told) = (Health::default(), Told::default());
        fail(&health, 1, 0);
        assert_eq!(told.news(&health), told.news(&health));
        assert_eq!(told.news(&health).len(), 1);
    }
}
