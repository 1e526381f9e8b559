//! What must hold of any bytes that come from outside.
//!
//! Each target is a plain function from bytes to nothing that panics when something does not hold.
//! The same functions run in three ways: over the committed corpus and some thousand mutations of it
//! with every test run; for as long as one likes by `cargo xtask fuzz`; and under `cargo fuzz`, whose
//! folder `fuzz/` only calls them, where a nightly compiler is at hand.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a property that does not hold ends the run where it stands"
)]

pub mod clock;
pub mod corpus;
pub mod mutate;
pub mod run;
pub mod targets;

/// One target: its name, which is that of its corpus and of its file under `fuzz/`, and its body.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// What must hold.
    pub body: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target {
        name: "q_sign",
        body: targets::q_sign::holds,
    },
    Target {
        name: "sig_v4",
        body: targets::sig_v4::holds,
    },
    Target {
        name: "policy",
        body: targets::policy::holds,
    },
    Target {
        name: "copy_source",
        body: targets::copy_source::holds,
    },
    Target {
        name: "range",
        body: targets::range::holds,
    },
    Target {
        name: "uri",
        body: targets::uri::holds,
    },
    Target {
        name: "documents",
        body: targets::documents::holds,
    },
    Target {
        name: "form",
        body: targets::form::holds,
    },
    Target {
        name: "service",
        body: targets::service::holds,
    },
    Target {
        name: "reply",
        body: targets::reply::holds,
    },
];
