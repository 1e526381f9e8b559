//! Tells what this store can do that COS cannot.

use cosette_proto::ops::{Capabilities, Capability, GetCapabilities};

use crate::policy::Permit;

pub(super) fn get(_: &Permit, _: GetCapabilities) -> Capabilities {
    Capabilities {
        version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        has: Capability::ALL.into(),
    }
}
