//! Many objects at once: which, under what names, and what becomes of the plan.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use cosette::transfer::Edit;

use super::{
    CopyArgs, KeyFileArgs, MoveArgs, PropertyArgs, RemoveArgs, SelectArgs, SourceArgs,
    TransferKeyArgs, TuningArgs, values,
};
use crate::bulk::tally::Prices;
use crate::name::Name;

const BULK: &str = "Many objects";
const KEPT: &str = "What goes along from the source";

/// What `cp -r`, `mv -r` and `sync` take beside what they take for one object.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BulkArgs {
    #[command(flatten)]
    pub(crate) select: SelectArgs,
    #[command(flatten)]
    pub(crate) edit: EditArgs,
    /// Write names otherwise at the target: PATTERN=>REPLACEMENT, a regular expression on the name below
    /// SOURCE, as in '^(\d{4})-(\d\d)=>$1/$2'
    #[arg(long, value_name = "RULE", help_heading = BULK)]
    pub(crate) rename: Option<String>,
    /// Take the names below SOURCE from a file, one a line (- for standard input)
    #[arg(long, value_name = "FILE", conflicts_with = "manifest", help_heading = BULK)]
    pub(crate) names_from: Option<PathBuf>,
    /// Take the objects from a CSV of Bucket,Key[,VersionId], as COS batch jobs have it, or of the columns that its
    /// first row names, as in Bucket,Key,Size (- for standard input: gunzip -c INVENTORY | ...)
    #[arg(long, value_name = "FILE", help_heading = BULK)]
    pub(crate) manifest: Option<PathBuf>,
    /// Leave alone what exists at the target
    #[arg(long, alias = "skip-existing", help_heading = BULK)]
    pub(crate) no_overwrite: bool,
    /// Whole histories: every version, in the order in which they were written, and delete markers in
    /// their places. The target's bucket must keep versions
    #[arg(long, help_heading = BULK)]
    pub(crate) all_versions: bool,
    /// Print the plan and do nothing
    #[arg(long, help_heading = BULK)]
    pub(crate) dry_run: bool,
    /// With --dry-run or plan: what ten thousand requests cost, as one price (0.01) or by kind
    /// (write=0.05,read=0.004,delete=0), to tell the charge
    #[arg(long, value_name = "PRICE", help_heading = BULK)]
    pub(crate) price_per_10000: Option<Prices>,
    /// Begin without a look at buckets and rights
    #[arg(long, help_heading = BULK)]
    pub(crate) no_preflight: bool,
    /// Profile of the source's store, where it is another than the target's: bytes then pass through here
    #[arg(long, value_name = "NAME", help_heading = BULK)]
    pub(crate) from_profile: Option<String>,
}

/// Changes of single fields, and what else goes along.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = KEPT)]
pub(crate) struct EditArgs {
    /// Set one content header and keep the rest, as in Cache-Control:max-age=60; uploads get it, too
    #[arg(long, value_name = "NAME:VALUE", value_parser = values::header, conflicts_with = "metadata_directive", help_heading = KEPT)]
    pub(crate) set_header: Vec<Edit>,
    /// Drop one content header and keep the rest
    #[arg(long, value_name = "NAME", value_parser = values::header_name, conflicts_with = "metadata_directive", help_heading = KEPT)]
    pub(crate) remove_header: Vec<Edit>,
    /// Set one entry of user metadata and keep the rest; uploads get it, too
    #[arg(long, value_name = "NAME:VALUE", value_parser = values::set_meta, conflicts_with = "metadata_directive", help_heading = KEPT)]
    pub(crate) set_meta: Vec<Edit>,
    /// Drop one entry of user metadata and keep the rest
    #[arg(long, value_name = "NAME", value_parser = values::remove_meta, conflicts_with = "metadata_directive", help_heading = KEPT)]
    pub(crate) remove_meta: Vec<Edit>,
    /// Give the target the source's own ACL (needs the rights to read it there and write it here)
    #[arg(long, conflicts_with = "acl", help_heading = KEPT)]
    pub(crate) copy_acl: bool,
    /// Tags: where they can be read, always or the object fails, or never
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = KEPT)]
    pub(crate) copy_tags: CopyTags,
}

/// Whether tags go along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum CopyTags {
    /// Where the service has them and they may be read.
    #[default]
    Auto,
    /// Or the object fails.
    Require,
    /// The target has none.
    None,
}

impl EditArgs {
    /// All changes, in the order of their kinds.
    pub(crate) fn edits(&self) -> Vec<Edit> {
        [
            &self.remove_header,
            &self.remove_meta,
            &self.set_header,
            &self.set_meta,
        ]
        .into_iter()
        .flatten()
        .cloned()
        .collect()
    }
}

impl BulkArgs {
    /// Whether a command with these flags is about one object, and not about what a name or a list has.
    pub(crate) const fn is_single(&self, recursive: bool) -> bool {
        !recursive && self.names_from.is_none() && self.manifest.is_none()
    }

    /// Whether only a plan can carry it out.
    pub(crate) fn is_given(&self) -> bool {
        self.names_from.is_some()
            || self.manifest.is_some()
            || self.rename.is_some()
            || self.dry_run
            || self.no_overwrite
            || self.all_versions
            || self.from_profile.is_some()
            || self.price_per_10000.is_some()
            || self.no_preflight
            || self.edit.copy_acl
            || self.edit.copy_tags != CopyTags::Auto
            || !self.edit.edits().is_empty()
            || self.select.is_given()
    }

    /// Whether two sources can get one target.
    pub(crate) const fn may_meet(&self) -> bool {
        self.rename.is_some() || self.names_from.is_some() || self.manifest.is_some()
    }
}

/// Make the target hold what the source holds
#[derive(Debug, Args)]
#[command(after_help = "\
Copies what is missing at TARGET, has another size there, or was modified at SOURCE later than there.
--checksum compares the CRC-64 of both sides instead of times (a request for each object); --size-only
compares nothing but sizes. Names below SOURCE and TARGET are compared; names as in `cosette cp --help`.

With --delete, objects at TARGET that SOURCE has not are removed, each only if it is still the one that was
seen. If more than --max-delete would go, nothing at all is done, nor if there is nothing under SOURCE: a name
that was mistyped, or a disk that is not mounted, would empty TARGET. What --include, --exclude and the like leave
out is left alone on both sides. What is passed over in a folder (symbolic links, devices, names that are no UTF-8)
is told and counted as left alone, and what TARGET has of that name, or under it, stays. Files on this machine
are never removed, and --delete is refused where TARGET is a folder.

Examples:
  cosette sync site/ cos://web-1250000000/ --exclude '*.tmp'
  cosette sync cos://a-1250000000/2024/ cos://b-1250000000/2024/ --delete --max-delete 50 --dry-run
  cosette sync cos://web-1250000000/ backup/ --checksum")]
pub(crate) struct SyncArgs {
    /// What to take as it is
    #[arg(value_name = "SOURCE")]
    pub(crate) source_name: Name,
    /// What to make like it
    #[arg(value_name = "TARGET")]
    pub(crate) target: Name,
    /// Remove at TARGET what SOURCE has not
    #[arg(long)]
    pub(crate) delete: bool,
    /// Most objects that --delete may remove; if there are more, nothing is done
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "delete")]
    pub(crate) max_delete: u64,
    /// Compare CRC-64 instead of times
    #[arg(long, conflicts_with = "size_only")]
    pub(crate) checksum: bool,
    /// Compare sizes only
    #[arg(long)]
    pub(crate) size_only: bool,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    #[command(flatten)]
    pub(crate) properties: PropertyArgs,
    #[command(flatten)]
    pub(crate) keys: TransferKeyArgs,
    #[command(flatten)]
    pub(crate) tuning: TuningArgs,
    #[command(flatten)]
    pub(crate) bulk: BulkArgs,
}

/// Write what a command would do into a file, to be looked at and applied
#[derive(Debug, Args)]
#[command(after_help = "\
A plan is a text file, one line of JSON for each object with a checksum before it: every source with its ETag,
size and class, and its target. `cosette apply` does exactly what it says and refuses each source that is not any
more what the plan saw. --dry-run of the commands prints the same plan. The sum at the end counts the requests by
their kinds and the archived sources; with --price-per-10000 it tells what the requests cost. What was looked at
beforehand (buckets, rights) is told, too; nothing is written for it.

Examples:
  cosette plan -o move.plan mv -r cos://a-1250000000/2023/ cos://b-1250000000/old/
  cosette plan --show move.plan
  cosette apply move.plan")]
#[command(arg_required_else_help = true)]
pub(crate) struct PlanArgs {
    /// The file to write
    #[arg(
        long = "out",
        short = 'o',
        value_name = "FILE",
        required_unless_present = "show"
    )]
    pub(crate) out: Option<PathBuf>,
    /// Print a plan that was written before
    #[arg(long, value_name = "FILE", conflicts_with = "out")]
    pub(crate) show: Option<PathBuf>,
    /// With --show: what ten thousand requests cost, to tell the charge
    #[arg(long, value_name = "PRICE", requires = "show")]
    pub(crate) price_per_10000: Option<Prices>,
    #[command(subcommand)]
    pub(crate) what: Option<PlanCommand>,
}

/// What is planned.
#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    Cp(Box<CopyArgs>),
    Mv(Box<MoveArgs>),
    Sync(Box<SyncArgs>),
    Rm(Box<RemoveArgs>),
}

/// Carry out a plan
#[derive(Debug, Args)]
#[command(after_help = "\
The plan becomes a job with a journal: when the run is cut off, `cosette resume` goes on. Of a file that is
damaged, was cut off or is no plan nothing is done (exit code 9).

Examples:
  cosette apply move.plan")]
pub(crate) struct ApplyArgs {
    /// A file that `cosette plan` wrote
    #[arg(value_name = "FILE")]
    pub(crate) plan: PathBuf,
    /// Profile of the source's store, where it is another than the target's
    #[arg(long, value_name = "NAME")]
    pub(crate) from_profile: Option<String>,
    /// Begin without a look at buckets and rights
    #[arg(long)]
    pub(crate) no_preflight: bool,
    #[command(flatten)]
    pub(crate) keys: KeyFileArgs,
}

/// Carry on a job that was cut off or had failures
#[derive(Debug, Args)]
#[command(after_help = "\
What is done stays done, what was under way is taken up, what failed is tried again. Nothing is removed whose
copy is not proved.

Examples:
  cosette resume                        the newest job that is not finished
  cosette resume 20261122163501-mv")]
pub(crate) struct ResumeArgs {
    /// The job, as `cosette jobs` shows it
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<String>,
    #[command(flatten)]
    pub(crate) keys: KeyFileArgs,
}

/// List jobs, or what became of one
#[derive(Debug, Args)]
#[command(after_help = "\
Bulk commands write a journal in COSETTE_STATE (otherwise in the user's state folder). Moves are kept so that
they can be taken back; other jobs are forgotten when all of them is done.

Examples:
  cosette jobs
  cosette jobs 20261122163501-mv        each object that was not done, and why
  cosette jobs --forget 20261122163501-mv")]
pub(crate) struct JobsArgs {
    /// Show this job's failures
    #[arg(value_name = "JOB")]
    pub(crate) job: Option<String>,
    /// Remove this job's journal; what it did stays done
    #[arg(long, value_name = "JOB", conflicts_with = "job")]
    pub(crate) forget: Option<String>,
}

/// Take a move back
#[derive(Debug, Args)]
#[command(after_help = "\
Every object that the job moved goes back to its old name, if it is still the one that was moved and nothing
else has taken its old place. What the move overwrote is not brought back (with versioning it is a version).

Examples:
  cosette undo 20261122163501-mv --dry-run
  cosette undo 20261122163501-mv")]
pub(crate) struct UndoArgs {
    /// The job, as `cosette jobs` shows it
    #[arg(value_name = "JOB")]
    pub(crate) job: String,
    /// Print the plan and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
