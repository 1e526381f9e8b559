//! Nothing but a place for tests (`tests/it`): clients of object storage that others made in Rust meet
//! the server here as their users have them, and say whether it is what it claims to be.
