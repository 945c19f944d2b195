//! YAML as people write it by hand: read into JSON with the line of every value, and written so that it reads back as
//! the same.
//!
//! What looks like a number only to YAML stays the text that was typed: `+16475550123`, `08:00`, `007`, `yes`, `on`.

mod read;
mod write;

pub(super) use read::{Node, read};
pub(super) use write::written;

#[cfg(test)]
mod tests;
