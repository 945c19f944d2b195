//! How a business comes to its number. So far: how many of Vapi's free numbers are used.

mod meter;

pub use meter::Meter;
