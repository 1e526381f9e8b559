//! The protocol as a whole: what every operation's messages look like on the wire, that nothing is
//! lost on the way there and back, what official clients send, and what is refused.

mod bad_input;
mod clients;
mod generators;
mod hostile;
mod replies;
mod round_trip;
mod samples;
mod text;
mod wire;
