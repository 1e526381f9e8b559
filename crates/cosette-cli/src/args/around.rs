//! What stands around a copy: tags, restores, signed addresses, prefix jobs.

use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use cosette::RestoreTier;
use cosette_types::{CannedAcl, Text, VersionId};

use super::{GrantArgs, values};
use crate::name::CosName;

/// Show or replace the tags of an object or a bucket
#[derive(Debug, Args)]
#[command(after_help = "\
Tags given replace all that were there; without any, and without --clear, they are shown.

Examples:
  cosette tag cos://photos-1250000000/a.jpg
  cosette tag cos://photos-1250000000/a.jpg project=cosette level=1
  cosette tag --clear cos://photos-1250000000")]
pub(crate) struct TagCommandArgs {
    /// Object or bucket
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// A tag
    #[arg(value_name = "KEY=VALUE", value_parser = values::tag)]
    pub(crate) tags: Vec<(String, String)>,
    /// Remove all tags
    #[arg(long, conflicts_with = "tags")]
    pub(crate) clear: bool,
    /// This version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
}

/// Show or set who else may use an object or a bucket
#[derive(Debug, Args)]
#[command(after_help = "\
Without a preset and without grants the ACL is shown. Those given replace the whole ACL, and what is in force
then is shown.

Examples:
  cosette acl cos://photos-1250000000/a.jpg
  cosette acl cos://photos-1250000000/a.jpg --acl public-read
  cosette acl cos://photos-1250000000 --grant-read 100000000011")]
pub(crate) struct AclCommandArgs {
    /// Object or bucket
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// Preset ACL; `default` of an object means its bucket's
    #[arg(long, value_name = "ACL", value_parser = values::any_acl())]
    pub(crate) acl: Option<CannedAcl>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// This version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
}

/// Make an archived object readable for some days
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cosette restore cos://archive-1250000000/2019.tar --days 3
  cosette stat cos://archive-1250000000/2019.tar          tells how far it is")]
pub(crate) struct RestoreArgs {
    /// Object
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// For how many days, 1 to 365
    #[arg(long, value_name = "DAYS", default_value_t = 1)]
    pub(crate) days: u16,
    /// How soon: Expedited, Standard or Bulk [default: Standard]
    #[arg(long, value_name = "TIER", value_parser = values::restore_tier)]
    pub(crate) tier: Option<RestoreTier>,
    /// This version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
}

/// What a signed address is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
#[value(rename_all = "UPPER")]
pub(crate) enum PresignMethod {
    /// Reading
    #[default]
    Get,
    /// Reading properties
    Head,
    /// Storing
    Put,
    /// Deleting
    Delete,
    /// Storing by a browser's form
    Post,
}

/// Print an address that carries its signature: whoever has it can send that one request
#[derive(Debug, Args)]
#[command(after_help = "\
Nothing is sent. The address works until it expires, for everybody who has it.

Examples:
  cosette presign cos://photos-1250000000/a.jpg
  cosette presign --method PUT --expires 1h cos://photos-1250000000/new.jpg
  cosette presign --method POST 'cos://photos-1250000000/inbox/${filename}' --size-max 10MiB \
      --field success_action_status=201           prints where a form goes, and the fields it must have
  cosette presign cos://photos-1250000000/a.jpg --response-content-type image/png")]
pub(crate) struct PresignArgs {
    /// Object
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// What it is good for
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "METHOD",
        ignore_case = true
    )]
    pub(crate) method: PresignMethod,
    /// For how long: seconds, or 15m, 2h, 7d
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = values::duration)]
    pub(crate) expires: Duration,
    /// This version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
    /// Content-Type of the reply, instead of the stored one; only for GET
    #[arg(long, value_name = "TEXT")]
    pub(crate) response_content_type: Option<Text>,
    /// Content-Disposition of the reply, instead of the stored one; only for GET
    #[arg(long, value_name = "TEXT")]
    pub(crate) response_content_disposition: Option<Text>,
    /// A field of the form with its value; only for POST
    #[arg(long, value_name = "NAME=VALUE", value_parser = values::field)]
    pub(crate) field: Vec<(String, String)>,
    /// Largest file that the form may send; only for POST
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub(crate) size_max: Option<u64>,
}

/// Have the server move or copy everything below a prefix by itself, and watch it
#[derive(Debug, Args)]
#[command(after_help = "\
A prefix job runs in the server and survives its restarts; this program need not stay. Each object is moved
or copied once, or reported with the reason why it stays where it is. Not every store has prefix jobs:
`cosette api get-capabilities` tells.

Examples:
  cosette prefix-jobs move cos://photos-1250000000/2023/ cos://photos-1250000000/old/2023/ --wait
  cosette prefix-jobs list cos://photos-1250000000
  cosette prefix-jobs show cos://photos-1250000000 ID
  cosette prefix-jobs cancel cos://photos-1250000000 ID")]
pub(crate) struct PrefixJobsArgs {
    #[command(subcommand)]
    pub(crate) command: PrefixJobsCommand,
}

/// What to do with prefix jobs.
#[derive(Debug, Subcommand)]
pub(crate) enum PrefixJobsCommand {
    /// Begin to move everything below a prefix
    Move(StartJobArgs),
    /// Begin to copy everything below a prefix
    Copy(StartJobArgs),
    /// The jobs into a bucket
    List(JobsOfArgs),
    /// How far a job is, and what it left where it was
    Show(JobArgs),
    /// Stop a job; what was done stays done
    Cancel(JobArgs),
}

/// A job to begin.
#[derive(Debug, Args)]
pub(crate) struct StartJobArgs {
    /// Where the objects are: bucket and prefix
    #[arg(value_name = "SOURCE")]
    pub(crate) source: CosName,
    /// Where they go: bucket and prefix
    #[arg(value_name = "TARGET")]
    pub(crate) target: CosName,
    /// Leave objects where they are whose target exists
    #[arg(long)]
    pub(crate) forbid_overwrite: bool,
    /// The same token again finds the same job again
    #[arg(long, value_name = "TEXT")]
    pub(crate) client_token: Option<Text>,
    /// Stay until the job has ended
    #[arg(long)]
    pub(crate) wait: bool,
}

/// A bucket.
#[derive(Debug, Args)]
pub(crate) struct JobsOfArgs {
    /// The bucket that the objects go to
    #[arg(value_name = "BUCKET")]
    pub(crate) bucket: CosName,
}

/// A job.
#[derive(Debug, Args)]
pub(crate) struct JobArgs {
    /// The bucket that the objects go to
    #[arg(value_name = "BUCKET")]
    pub(crate) bucket: CosName,
    /// The job's id
    #[arg(value_name = "ID")]
    pub(crate) id: String,
}
