//! Many objects at once: plans that can be reviewed, journals that survive a crash, and an engine
//! that carries a plan out.
//!
//! - A **plan** ([`PlanWriter`], [`PlanReader`]) is a file: one [`Entry`] for each object, with what
//!   was seen of its source. It is written as a listing is read and may be as long as the disk allows.
//! - A **job** ([`Job`]) is a plan and the **journal** of what was done of it. After a crash, a kill
//!   or a failure the job is opened and run again: what is done stays done, what was under way is
//!   taken up, and nothing is removed whose copy is not proved.
//! - The **engine** ([`Engine`]) runs a job in bounded memory, tells [`Event`]s to whoever wants to
//!   know, and sends as many requests at a time as the service takes.
//!
//! Absent on purpose: anything that reads a terminal, and choosing what to do with which object:
//! whoever makes the plan does that.

mod abandon;
mod chain;
mod engine;
mod entry;
mod event;
mod halt;
mod job;
mod journal;
mod keys;
pub mod limits;
mod log;
mod look;
mod names;
mod partial;
mod patience;
mod plan;
mod wire;
mod work;

pub use engine::{Engine, Stop};
pub use entry::{
    ContentHeader, Edit, Entry, Place, Seen, Wanted, WantedAcl, WantedEncryption, WantedMetadata,
    WantedTags, Work,
};
pub use event::{Event, Strategy, Summary};
pub use job::{Ended, Job, JobState};
pub(crate) use journal::Tracker;
pub use journal::{Copied, Failure, Skip, Step};
pub(crate) use partial::{Origin, Partial, Shared};
pub use plan::{PlanHead, PlanReader, PlanSummary, PlanWriter};
