//! How a business comes to its number, whatever fails on the way.
//!
//! A job is a saga: plain code, a step after the other. `run` writes each step down before and after it, and when the
//! code is run again, it hands out what is written instead of doing it a second time. So a job goes on where it stopped,
//! after a failure as after the end of the process. `runner` claims jobs and runs them; what they do is in `saga`.
//!
//! `watch` looks where numbers lead, and makes jobs where they were taken; `overlaps` which names on the SIP domain have
//! had their time. `prices` knows what Twilio takes for numbers, `ports` how far those are that move here.
//!
//! A step is repeatable: one that may have had its effect looks before it asks again. `gate` stands between all jobs
//! and the providers: it spaces requests, and keeps everybody away from a provider that is down.

mod asked;
mod backoff;
mod desk;
mod findings;
mod gate;
mod lists;
mod meter;
mod overlaps;
mod ports;
mod prices;
mod run;
mod runner;
mod saga;
mod shelf;
mod trouble;
mod watch;
mod words;

pub use asked::{About, Asked};
pub use desk::{Desk, Policy};
pub use findings::Amiss;
pub use gate::Gates;
pub use lists::{ADDRESSES_PER_LIST, ListLimits, NAMES_PER_LIST};
pub use meter::Meter;
pub use ports::Ports;
pub use prices::PriceBook;
pub use runner::{Pace, Runner};
pub use saga::why_not_portable;
pub use shelf::Shelf;
pub use watch::{Finding, Report, UnknownNumber, Watch};
pub use words::{sip_password, sip_username};
