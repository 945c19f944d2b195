//! Whether the AI answers, and what a call walks through: pure functions of (tenant, count, instant).

mod alike;
mod clock;
mod compile;
mod coverage;
mod day;
mod decide;
pub mod dialing;
mod few;
mod forced;
pub mod guard;
mod hours;
mod next_change;
mod overflow;
mod plan;
#[cfg(test)]
mod properties;
mod replay;
mod rules;
#[cfg(test)]
pub(crate) mod sample;
mod schedule;
mod script;
mod trace;
mod week;

pub use alike::Alike;
pub use compile::{CompiledTenant, Surroundings, compile};
pub use coverage::{Covered, Mark, MarkKind, coverage, marks};
pub use decide::{decide, verdicts};
pub use next_change::next_change;
pub use plan::{Call, CallerId, Leg, Step, Walk, after, begin, refer};
pub use replay::{Past, Replay, Replayed};
pub use rules::Rules;
pub use script::{AiLeg, Script, ScriptSource, SipLeg, Spoken, StandIn};
pub use trace::{NoTrace, Trace, Traced};
