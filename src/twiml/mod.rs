//! A step of a call as TwiML, and the canned answers that need nothing.
//!
//! Which step it is was settled in `routing`; when it is asked for, and by whom, is the edge's business.

mod answer;
pub mod canned;
mod document;
mod escape;
mod screen;
pub mod text;
mod urls;
pub mod words;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::routing::{Call, CompiledTenant, Walk};

pub use answer::answer;
pub use screen::{Screen, screening};
pub use urls::{Url, Urls};

/// The answer to a call that is at this point of its walk.
///
/// A step that has no TwiML of ours (`bypass` answers in Vapi's words) is answered by what follows it.
pub fn render(tenant: &CompiledTenant, walk: &Walk, call: &Call<'_>, urls: &Urls<'_>) -> Bytes {
    answer(&tenant.script, walk, call, urls)
}

/// The answer to whoever picked up a leg that must be accepted by key. `stage` is the `s` of the callback's URL.
pub fn screen(tenant: &CompiledTenant, walk: &Walk, stage: &str, digits: Option<&str>, urls: &Urls<'_>) -> Bytes {
    screening(&tenant.script, walk, Screen::read(stage, digits), urls)
}

/// After a message, in the tenant's voice.
pub fn goodbye(tenant: &CompiledTenant) -> Bytes {
    answer::goodbye(&tenant.script)
}
