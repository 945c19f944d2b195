//! Webhooks that go out, per Standard Webhooks: signed, sent, tried again, and never towards private addresses.
//!
//! What is told to whom is the store's to say, in the transaction that makes it true; here it is only brought there.

mod addresses;
mod backoff;
mod destination;
mod resolver;
mod send;
mod sign;
mod worker;

pub use addresses::{Networks, is_public};
pub use backoff::{next_attempt, retry_after};
pub use destination::{BadDestination, Destination};
pub use resolver::{Looking, Lookup, system as system_lookup};
pub use send::{DEADLINE, Outcome, Sender};
pub use sign::signatures;
pub use worker::{Pace, Worker};
