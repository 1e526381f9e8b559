//! The words of a copy: its source and its directive.

use std::fmt;
use std::str::FromStr;

use crate::bucket::{BucketName, Region};
use crate::error::{Error, Why};
use crate::key::ObjectKey;
use crate::version::VersionId;

/// The object, or the version of it, that a copy reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CopySource {
    /// The bucket.
    pub bucket: BucketName,
    /// The bucket's region as the source names it; a source without a host names none.
    pub region: Option<Region>,
    /// The key.
    pub key: ObjectKey,
    /// The version; the current one when `None`.
    pub version_id: Option<VersionId>,
}

/// Whether a copy keeps the source's metadata or takes the request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Directive {
    /// The source's goes over; what the request carries is ignored.
    #[default]
    Copy,
    /// Exactly what the request carries; nothing of the source's is kept.
    Replaced,
}

impl FromStr for Directive {
    type Err = Error;

    /// Letter case does not matter; `REPLACE` is the other dialect's word, which some clients send.
    fn from_str(text: &str) -> Result<Self, Error> {
        match text.to_ascii_lowercase().as_str() {
            "copy" => Ok(Self::Copy),
            "replaced" | "replace" => Ok(Self::Replaced),
            _ => Err(Error::new(
                "metadata directive (Copy or Replaced)",
                Why::Unknown,
            )),
        }
    }
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Copy => "Copy",
            Self::Replaced => "Replaced",
        })
    }
}
