//! What tests of several rooms share. No program depends on it.

pub mod fault_proxy;

pub use fault_proxy::{Cut, Direction, FaultProxy, Passed};
