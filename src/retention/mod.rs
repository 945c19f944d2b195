//! What is kept, and how it goes: in its time, or because somebody asked to be forgotten.
//!
//! `plan` says what has had its time, `sweep` takes it out, `erase` takes out all of one person, `remote` has the
//! providers forget what they keep of it. How rows are found and deleted is the store's business.

mod erase;
mod plan;
mod remote;
mod sweep;

pub use erase::{Eraser, LiveSids, Spool};
pub use plan::rounds;
pub use remote::{Remote, account_of, wait_after};
pub use sweep::{Totals, sweep};
