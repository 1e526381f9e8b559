//! The command line: every command, every flag, and the help that teaches them.

mod api;
mod around;
mod bench;
mod bulk;
mod encryption;
mod flow;
mod objects;
mod select;
mod serve;
mod settings;
mod user;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use cosette::Dialect;
use cosette_types::Region;

pub(crate) use api::{
    AbortArgs, AclArgs, ApiCommand, AppendArgs, BucketAclArgs, BucketArgs, CompleteArgs,
    ConditionArgs, ContentArgs, CopyObjectArgs, DeleteObjectArgs, DeleteObjectsArgs, GrantArgs,
    InitArgs, ListBucketsArgs, ListObjectsArgs, ListPartsArgs, ListUploadsArgs, ListVersionsArgs,
    MetaArgs, NewAclArgs, NewBucketAclArgs, OptionsArgs, PartCopyArgs, PrefixJobArgs,
    PutBucketArgs, PutBucketDocumentArgs, PutBucketTaggingArgs, PutObjectArgs, PutPolicyArgs,
    PutTaggingArgs, ReadArgs, RenameArgs, RestoreObjectArgs, StartPrefixJobArgs, UploadPartArgs,
    VersionArgs, VersioningArgs,
};
pub(crate) use around::{
    AclCommandArgs, PrefixJobsArgs, PrefixJobsCommand, PresignArgs, PresignMethod, RestoreArgs,
    StartJobArgs, TagCommandArgs,
};
pub(crate) use bench::BenchArgs;
pub(crate) use bulk::{
    ApplyArgs, BulkArgs, CopyTags, EditArgs, JobsArgs, PlanArgs, PlanCommand, ResumeArgs, SyncArgs,
    UndoArgs,
};
pub(crate) use encryption::{
    CustomerKeyArgs, EncryptionArgs, KeyFileArgs, ObjectKeyArgs, SourceKeyArgs, TargetEncryption,
    TransferKeyArgs,
};
pub(crate) use flow::command;
pub(crate) use objects::{
    CatArgs, CopyArgs, DuArgs, ListArgs, MakeBucketArgs, MoveArgs, ObjectAclArgs, PropertyArgs,
    RemoveArgs, RemoveBucketArgs, SourceArgs, SourceConditionArgs, StatArgs, TuningArgs,
    VersionsArgs,
};
pub(crate) use select::SelectArgs;
pub(crate) use serve::{ExportArgs, FsckArgs, ImportArgs, LogFormat, ScrubArgs, ServeArgs};
pub(crate) use settings::{ConfigArgs, ConfigCommand, InitConfigArgs, SetConfigArgs, SettingName};

pub(crate) use user::{
    CreateUserArgs, KeyCommand, PolicyCommand, TokenArgs, UserArgs, UserCommand,
};

use crate::failure::Kind;

const ABOUT: &str = "Copies and moves objects in Tencent Cloud COS and in COS-compatible stores";

const EXAMPLES: &str = "\
Examples:
  cosette demo                                            the whole story on a store of its own
  cosette mb cos://photos-1250000000                      makes a bucket
  cosette cp -r pictures cos://photos-1250000000/2024/    uploads a folder
  cosette cp cos://photos-1250000000/a.jpg cos://photos-1250000000/b.jpg
  cosette mv cos://photos-1250000000/b.jpg cos://photos-1250000000/c.jpg
  cosette ls -l cos://photos-1250000000/
  cosette serve --listen 127.0.0.1:9000                   offers the same store on a port

Without --endpoint or a profile the commands work on a store in one folder of this machine. Several
commands may use it at once; whoever came first has it, the others join.
To work on Tencent Cloud COS: cosette config init --profile work --region ap-guangzhou";

/// The program's command line.
#[derive(Debug, Parser)]
#[command(name = "cosette", version, about = ABOUT, after_help = EXAMPLES, after_long_help = long_help())]
#[command(
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

fn long_help() -> String {
    let mut text = format!("{EXAMPLES}\n\nExit codes:\n   0  done, all of it\n");
    for (_, code, name, meaning) in Kind::TABLE {
        text.push_str(&format!("{code:>4}  {name}: {meaning}\n"));
    }
    text
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: results as JSON on stdout; errors and progress as JSON lines on stderr.
    Json,
}

/// The tool whose file of settings is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ConfigFrom {
    /// `~/.cos.yaml`
    Coscli,
    /// `~/.cos.conf`
    Coscmd,
    /// `~/.tencentcloud/credentials`, else the one in `/etc`
    Tencentcloud,
}

impl ConfigFrom {
    /// Its name, as flags and plans have it.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Coscli => "coscli",
            Self::Coscmd => "coscmd",
            Self::Tencentcloud => "tencentcloud",
        }
    }
}

/// Flags that every command takes.
#[derive(Debug, Default, Clone, Args)]
pub(crate) struct Global {
    /// Profile of the configuration file to use [env: COSETTE_PROFILE]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        help_heading = "Where and how"
    )]
    pub(crate) profile: Option<String>,
    /// Configuration file [env: COSETTE_CONFIG] [default: cosette/config.toml in the user's
    /// configuration folder]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Where and how"
    )]
    pub(crate) config: Option<PathBuf>,
    /// Server to talk to: a URL such as http://127.0.0.1:9000, `cos` for Tencent Cloud, or `s3` for
    /// Amazon S3 [env: COSETTE_ENDPOINT]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        conflicts_with = "data",
        help_heading = "Where and how"
    )]
    pub(crate) endpoint: Option<String>,
    /// How requests are spelled and signed: cos, or s3 as Amazon has it, and the many stores that are like
    /// it [env: COSETTE_DIALECT] [default: the profile's, else cos]
    #[arg(
        long,
        global = true,
        value_name = "DIALECT",
        value_parser = values::dialect(),
        help_heading = "Where and how"
    )]
    pub(crate) dialect: Option<Dialect>,
    /// Take keys and regions from the file of another tool: coscli's ~/.cos.yaml, coscmd's ~/.cos.conf, or
    /// ~/.tencentcloud/credentials [env: COSETTE_CONFIG_FROM]
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "TOOL",
        conflicts_with_all = ["profile", "data"],
        help_heading = "Where and how"
    )]
    pub(crate) config_from: Option<ConfigFrom>,
    /// Region of the (target) bucket, such as ap-beijing [env: COSETTE_REGION]; needed on Tencent
    /// Cloud, and elsewhere only where it matters
    #[arg(
        long,
        global = true,
        value_name = "REGION",
        help_heading = "Where and how"
    )]
    pub(crate) region: Option<Region>,
    /// Folder of the embedded store [env: COSETTE_DATA] [default: cosette in the user's data folder]
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        help_heading = "Where and how"
    )]
    pub(crate) data: Option<PathBuf>,
    /// Authorities that are trusted beside the usual ones to sign a server's certificate: a file in PEM
    /// [env: COSETTE_CA_FILE] [default: the profile's]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Where and how"
    )]
    pub(crate) ca_file: Option<PathBuf>,
    /// Sign nothing: what a public ACL allows, and no more
    #[arg(long, global = true, help_heading = "Where and how")]
    pub(crate) anonymous: bool,
    /// How results are written
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        value_name = "FORMAT",
        help_heading = "Where and how"
    )]
    pub(crate) output: Format,
    /// Say nothing but results and errors
    #[arg(long, short, global = true, help_heading = "Where and how")]
    pub(crate) quiet: bool,
    /// No progress bar, no progress events
    #[arg(long, global = true, help_heading = "Where and how")]
    pub(crate) no_progress: bool,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(DemoArgs),
    Serve(ServeArgs),
    Cp(Box<CopyArgs>),
    Mv(Box<MoveArgs>),
    Sync(Box<SyncArgs>),
    Plan(PlanArgs),
    Apply(ApplyArgs),
    Resume(ResumeArgs),
    Jobs(JobsArgs),
    Undo(UndoArgs),
    Ls(ListArgs),
    Versions(VersionsArgs),
    Rm(RemoveArgs),
    Stat(StatArgs),
    Du(DuArgs),
    Cat(CatArgs),
    Mb(MakeBucketArgs),
    Rb(RemoveBucketArgs),
    User(UserArgs),
    Tag(TagCommandArgs),
    Acl(AclCommandArgs),
    Restore(RestoreArgs),
    Presign(PresignArgs),
    PrefixJobs(PrefixJobsArgs),
    Config(ConfigArgs),
    Fsck(FsckArgs),
    Scrub(ScrubArgs),
    Export(ExportArgs),
    Import(ImportArgs),
    Bench(Box<BenchArgs>),
    Completions(CompletionsArgs),
    Man(ManArgs),
    /// Send exactly one request of the named operation
    #[command(after_help = api::EXAMPLES)]
    Api {
        #[command(subcommand)]
        operation: Box<ApiCommand>,
    },
}

/// Show the whole story on real files: upload, copy, change in place, copy in parts, move, verify
#[derive(Debug, Args)]
#[command(after_help = "\
Everything happens in the bucket demo-1250000000 of the store that the other commands use, and stays
there. Without files, the demo takes those of the current folder's project.

Examples:
  cosette demo
  cosette demo holiday.jpg film.mkv
  cosette demo --data /tmp/try --output json")]
pub(crate) struct DemoArgs {
    /// Files to work on
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cosette completions bash > ~/.local/share/bash-completion/completions/cosette
  cosette completions zsh > ~/.zfunc/_cosette
  cosette completions fish > ~/.config/fish/completions/cosette.fish")]
pub(crate) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

/// Print the manual page, or write all of them
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cosette man | man -l -
  cosette man --dir ~/.local/share/man/man1        then: man cosette-cp")]
pub(crate) struct ManArgs {
    /// Write a page for each command into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
