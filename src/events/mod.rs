//! What happens, told to whoever listens: a bus with a ring of the last events, and cursors of subscribers into it.
//!
//! An event has a number, one more than the one before; with the name of the run they make its id. A subscriber has no
//! queue of its own, only a place in the ring: however slow it reads, it costs nothing, and one that falls out of the
//! ring hears that it did. What events look like on the wire is `admin`'s business; who publishes them is `app`'s.

mod bus;
mod event;
mod place;
mod ring;
mod standing;

pub use bus::{Begins, Bus, Limits, Next, Refused, Subscription};
pub use event::{Audience, Changed, Event, Kind, News, VoicemailNow, Warning, WarningKind};
pub use place::{NotAPlace, Place};
pub use ring::Kept;
pub use standing::Standing;
