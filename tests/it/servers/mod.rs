//! Real servers on loopback, started for the tests of this process and ended with it.

pub mod postgres;
