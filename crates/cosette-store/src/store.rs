//! The store: opening, closing, and what all operations share.

use std::path::Path;
use std::sync::Arc;

use cosette_types::limits as protocol;

use crate::environment::{Clock, Random, SystemClock, SystemRandom};
use crate::error::Error;
use crate::extents::Extents;
use crate::limits;
use crate::meta::Meta;

/// How a store behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where random ids come from.
    pub random: Arc<dyn Random>,
    /// Bodies up to this many bytes are rows, not extents; at most [`limits::TINY_BYTES_MAX`].
    pub tiny_body_bytes_max: usize,
    /// Least size of a part that is not the last of its upload.
    pub part_bytes_min: u64,
    /// Whether space is given back in the background. Without it, [`Store::sweep_now`] does it.
    pub background_sweep: bool,
    /// Whether each transaction leaves a row by which an unknown outcome can be resolved. For
    /// drivers that may answer `Unknown`; embedded ones never do.
    pub resolve_unknown_outcomes: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            tiny_body_bytes_max: limits::TINY_BYTES_DEFAULT,
            part_bytes_min: protocol::PART_BYTES_MIN,
            background_sweep: true,
            resolve_unknown_outcomes: false,
        }
    }
}

/// All buckets, objects and uploads of one folder (or of two drivers). Clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {}

impl Store {
    /// Opens the store in a folder, or makes one there.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be used or another process has it open.
    pub async fn open(folder: &Path, options: Options) -> Result<Self, Error> {
        Err(Error::io("under construction"))
    }

    /// Opens the store that two drivers hold.
    ///
    /// # Errors
    /// Those of the drivers; [`Error::Corrupt`] for a store of a later format.
    pub async fn with_drivers(
        meta: Arc<dyn Meta>,
        extents: Arc<dyn Extents>,
        options: Options,
    ) -> Result<Self, Error> {
        Err(Error::io("under construction"))
    }

    /// Finishes what is under way in the background and lets go of the files. Other clones answer
    /// with errors from then on.
    ///
    /// # Errors
    /// Those of the drivers.
    pub async fn close(&self) -> Result<(), Error> {
        Err(Error::io("under construction"))
    }
}
