//! The protocol as a whole: what every operation's messages look like on the wire, that nothing is
//! lost on the way there and back, what official clients send, and what is refused.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the impossible should fail there"
)]

mod bad_input;
mod clients;
mod generators;
mod hostile;
mod replies;
mod round_trip;
mod samples;
mod text;
mod wire;
