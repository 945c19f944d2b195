//! `/api/twilio/porting`: Twilio tells that something happened to a port. Whoever says so is not believed, nor what they
//! say: Twilio is asked, at most so often that it harms nobody who is lied to.

use super::{Answer, Edge};

pub(super) fn answer(edge: &Edge) -> Answer {
    edge.port_news.notify_one();
    Answer::empty(204)
}
