//! The callers: who is called, what each has to hear, how Twilio asks, and what is remembered of it all.

mod changes;
mod heard;
mod kept;
mod listener;
mod load;
mod tally;
mod town;
mod twilio;

pub use heard::Heard;
pub use listener::{Listener, unheard};
pub use load::Load;
pub use tally::{Bad, Tally, What};
pub use town::{Expected, Line, TALKING, Town, caller};
pub use twilio::{ACCOUNT, STATUS, TOKEN, Twilio, VOICE, call_sid};
