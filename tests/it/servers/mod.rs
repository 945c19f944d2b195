//! Servers of others that the tests start for themselves.

pub mod redis;
