//! What Cosette keeps: versions, uploads, bodies and the extents that hold their bytes.
//!
//! A [`Store`] answers each operation of the protocol with one call. Two narrow seams carry
//! everything: [`meta::Meta`], an ordered key-value store with snapshots and one conditional commit,
//! and [`extents::Extents`], write-once runs of bytes. What is above them is written once, whatever
//! the drivers are. This crate knows no HTTP, no XML and no signatures, and decides nothing about
//! who may do what: owners and grants are kept, not judged.
//!
//! What holds of every call that changes something: it happens at one instant, wholly or not at all;
//! `Ok` is returned once the change would survive loss of power; and dropping its future does not
//! stop it half-way.

mod background;
mod body;
mod codec;
mod completing;
mod digest;
pub mod disk;
mod encryption;
mod environment;
mod error;
pub mod extents;
mod fsck;
mod joined;
mod lease;
pub mod limits;
mod listing;
pub mod meta;
mod ops;
mod orphans;
mod planted;
mod records;
mod recover;
mod scrub;
mod stats;
mod store;
mod sweep;
mod tables;
mod tiny;
mod transfer;
mod txn;
mod uploads;
mod versions;

pub use encryption::{ENCRYPTION_KEY_ROWS, EncryptedWith, EncryptionKeys, PartTerms, Protection};
pub use environment::{Clock, Random, SystemClock, SystemRandom};
pub use error::Error;
pub use fsck::Report;
pub use ops::abort_upload::AbortUpload;
pub use ops::age_version::{AgeVersion, Aging, SeenVersion};
pub use ops::append_object::{AppendObject, Appended};
pub use ops::bucket_documents::BucketDocument;
pub use ops::bucket_settings::Versioning;
pub use ops::buckets::{Bucket, BucketFilter, BucketPage, NewBucket};
pub use ops::complete_upload::{ChosenPart, CompleteUpload, Completed, ExpectedObject};
pub use ops::copy_object::{Copied, CopyObject};
pub use ops::copy_part::{CopiedPart, CopyPart};
pub use ops::delete_object::Deleted;
pub use ops::directory::DirectoryChange;
pub use ops::initiate_upload::InitiateUpload;
pub use ops::list_objects::{ListObjects, ListedObject, ObjectPage};
pub use ops::list_parts::{ListParts, ListedPart, PartPage};
pub use ops::list_uploads::{ListUploads, ListedUpload, UploadPage};
pub use ops::list_versions::{ListVersions, ListedVersion, VersionPage};
pub use ops::move_object::{MoveObject, Moved, MovedAcl};
pub use ops::object::ObjectVersion;
pub use ops::prefix_job::{
    Candidate, LeftObject, NewPrefixJob, PrefixJob, PrefixJobKind, PrefixJobState, Verdict,
};
pub use ops::put_object::{Put, PutObject};
pub use ops::put_part::{PutPart, StoredPart};
pub use ops::read::{ObjectPart, ObjectParts};
pub use ops::restore_object::{RestoreObject, RestoreState, Restoring};
pub use ops::stage::{StageError, StageLimits, Staged};
pub use scrub::{Damage, Holder, ScrubReport};
pub use stats::{CommitStats, Health, Histogram, HistogramView};
pub use store::{Options, Store};
pub use sweep::SweepReport;
pub use transfer::{ImportError, Moved as Transferred};
