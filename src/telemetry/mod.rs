//! What the operator sees: metrics, logs, request ids.

mod call_line;
mod labels;
mod logs;
mod mask;
mod metrics;
mod request_id;
mod writer;

pub use call_line::CallLine;
pub use labels::{Endpoint, Lookup};
pub use logs::{Format, Logs};
pub use mask::mask;
pub use metrics::{Metrics, time_zone_release};
pub use request_id::{RequestId, RequestIds};
