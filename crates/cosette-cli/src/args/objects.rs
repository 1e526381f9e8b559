//! The commands for people: copy, move, list, remove, look at.

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, FromArgMatches};
use cosette_types::{
    CannedAcl, Directive, ETagMatch, Grantee, ReadRange, Region, StorageClass, Text, Timestamp,
    VersionId,
};

use super::{BulkArgs, ObjectKeyArgs, SelectArgs, TransferKeyArgs, values};
use crate::name::{CosName, Name};

const TARGET: &str = "What the target is like";
const SOURCE: &str = "Which source";
const CONDITIONS: &str = "Only if (conditions on the source)";
const TUNING: &str = "How it is sent";

/// Copy: files to COS, COS to files, COS to COS
#[derive(Debug, Args)]
#[command(after_help = "\
Names: cos://bucket-appid/key, a COS host (bucket-appid.cos.ap-beijing.myqcloud.com/key), a path, or - for
standard input or output. Keys are written plainly (cos://b-1250000000/中文 1.jpg); escaping is ours.
A target that ends in / (or is a bucket, or a folder) keeps the source's last name.

With -r, everything under SOURCE goes under TARGET: cos://b/p and cos://b/p/ both mean the keys that begin
with p/; cos://b/p* means every key that begins with p; a star elsewhere makes a pattern that whole keys match
(cos://b/logs/2024-*.gz; * is any text, also /). What -r does is planned first and kept in a journal:
--dry-run prints the plan, `cosette resume` goes on after a crash, `cosette plan` keeps it for later. cosette cp -r cos://b/2023/ cos://c/old/ copies
2023/a.jpg to old/a.jpg.

COS to COS, no byte passes through this machine. Metadata and storage class are kept unless flags change
them; the ACL is the target bucket's unless --acl or a grant says otherwise. (The raw request,
`cosette api put-object-copy`, makes a STANDARD object unless told otherwise.) An object onto itself
changes its metadata (--metadata-directive Replaced) or its class (--storage-class).

A source may be an address of the web (https://host/path?query): it is read once and sent on as it comes.

Every download and every copy is verified by CRC-64 (in S3 by the checksum or MD5 that the service tells); a file appears at its path only when it is whole.
If-Match goes with If-Unmodified-Since, If-None-Match with If-Modified-Since; all that are given must hold, but
on other stores other combinations may conflict. A condition that does not hold ends with exit code 5.

Examples:
  cosette cp film.mkv cos://films-1250000000/
  cosette cp cos://films-1250000000/film.mkv .
  cosette cp cos://films-1250000000/a.mkv cos://backup-1250000000/2024/ --storage-class ARCHIVE
  cosette cp cos://a-1250000000/1.jpg cos://a-1250000000/1.jpg --metadata-directive Replaced --meta author:ann
  cosette cp -r cos://a-1250000000/2023/ cos://b-1250000000/old/
  tar c . | cosette cp - cos://backup-1250000000/today.tar")]
struct CopyWords {
    /// What to copy, also https:// addresses, and last where to; several sources if the target ends in / or is a
    /// folder
    #[arg(required = true, num_args = 1.., value_names = ["SOURCE", "TARGET"])]
    names: Vec<Name>,
    /// Copy everything under SOURCE
    #[arg(long, short)]
    recursive: bool,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    conditions: SourceConditionArgs,
    #[command(flatten)]
    properties: PropertyArgs,
    #[command(flatten)]
    keys: TransferKeyArgs,
    #[command(flatten)]
    tuning: TuningArgs,
    #[command(flatten)]
    bulk: BulkArgs,
}

/// `cp`. Flags may stand between its names, of which the last is the target.
#[derive(Debug)]
pub(crate) struct CopyArgs {
    pub(crate) sources: Vec<Name>,
    pub(crate) target: Name,
    pub(crate) recursive: bool,
    pub(crate) source: SourceArgs,
    pub(crate) conditions: SourceConditionArgs,
    pub(crate) properties: PropertyArgs,
    pub(crate) keys: TransferKeyArgs,
    pub(crate) tuning: TuningArgs,
    pub(crate) bulk: BulkArgs,
}

impl Args for CopyArgs {
    fn augment_args(command: clap::Command) -> clap::Command {
        CopyWords::augment_args(command)
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        CopyWords::augment_args_for_update(command)
    }
}

impl FromArgMatches for CopyArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        let mut words = CopyWords::from_arg_matches_mut(matches)?;
        let target = words.names.pop();
        match target.filter(|_| !words.names.is_empty()) {
            Some(target) => Ok(Self {
                sources: words.names,
                target,
                recursive: words.recursive,
                source: words.source,
                conditions: words.conditions,
                properties: words.properties,
                keys: words.keys,
                tuning: words.tuning,
                bulk: words.bulk,
            }),
            None => Err(clap::Error::raw(
                ErrorKind::TooFewValues,
                "a SOURCE and behind it a TARGET are needed, as in: cosette cp 1.jpg cos://photos-1250000000/\n",
            )),
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Move objects between COS names: copy, verify, then delete exactly what was copied
#[derive(Debug, Args)]
#[command(after_help = "\
Within a bucket, a service that says that it can (cosette serve does, COS does not) moves each object in one
request, at one instant, if no more than its key and its ACL change; --copy-delete forbids that.
Everywhere else each source is deleted only after its copy is proved: same size and CRC-64 (in S3 another checksum, an MD5 or a second reading), and the source unchanged since.
If the copy fails nothing is deleted. If only the deletion fails both objects are there, the exit code is 7
and the message says so. Metadata and storage class go along unless flags change them.
With -r every object under SOURCE moves by itself (names as in `cosette cp --help`); failures are reported
one by one and end with exit code 7. The job's journal stays: `cosette resume` goes on after a crash or tries
failures again, `cosette undo` takes the whole move back.

Examples:
  cosette mv cos://a-1250000000/a/1.jpg cos://a-1250000000/b/1.jpg
  cosette mv cos://a-1250000000/1.jpg cos://b-1250000000/ --source-region ap-guangzhou --region ap-beijing
  cosette mv -r cos://a-1250000000/2023/ cos://a-1250000000/old/2023/
  cosette mv -r cos://a-1250000000/in/ cos://a-1250000000/in/ --rename '^(\\d{4})-(.*)$=>$1/$2' --dry-run")]
pub(crate) struct MoveArgs {
    /// What to move
    #[arg(value_name = "SOURCE")]
    pub(crate) source_name: CosName,
    /// Where to
    #[arg(value_name = "TARGET")]
    pub(crate) target: CosName,
    /// Move everything under SOURCE
    #[arg(long, short)]
    pub(crate) recursive: bool,
    /// Copy and delete, also where the service could move in one request
    #[arg(long, help_heading = TUNING)]
    pub(crate) copy_delete: bool,
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

/// What of the source is not in its name.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = SOURCE)]
pub(crate) struct SourceArgs {
    /// The source's version
    #[arg(long, value_name = "ID", help_heading = SOURCE)]
    pub(crate) version_id: Option<VersionId>,
    /// Region of the source's bucket, when it is another than the target's
    #[arg(long, value_name = "REGION", help_heading = SOURCE)]
    pub(crate) source_region: Option<Region>,
}

/// Conditions on the source.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = CONDITIONS)]
pub(crate) struct SourceConditionArgs {
    /// Its ETag is this one
    #[arg(long, value_name = "ETAG", help_heading = CONDITIONS)]
    pub(crate) if_match: Option<ETagMatch>,
    /// Its ETag is another one
    #[arg(long, value_name = "ETAG", help_heading = CONDITIONS)]
    pub(crate) if_none_match: Option<ETagMatch>,
    /// It was modified after this time
    #[arg(long, value_name = "TIME", value_parser = values::time, help_heading = CONDITIONS)]
    pub(crate) if_modified_since: Option<Timestamp>,
    /// It was not modified after this time
    #[arg(long, value_name = "TIME", value_parser = values::time, help_heading = CONDITIONS)]
    pub(crate) if_unmodified_since: Option<Timestamp>,
}

/// Properties of a target.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = TARGET)]
pub(crate) struct PropertyArgs {
    /// Copy: the source's metadata goes along, and --meta and content headers are ignored. Replaced:
    /// the target has exactly those given here [default: Copy]
    #[arg(long, alias = "directive", value_name = "DIRECTIVE", value_parser = values::directive(), ignore_case = true, help_heading = TARGET)]
    pub(crate) metadata_directive: Option<Directive>,
    /// User metadata, name:value; may be given several times, 2 KB in all
    #[arg(long, value_name = "NAME:VALUE", value_parser = values::meta, help_heading = TARGET)]
    pub(crate) meta: Vec<(String, Text)>,
    /// Cache-Control
    #[arg(long, value_name = "TEXT", help_heading = TARGET)]
    pub(crate) cache_control: Option<Text>,
    /// Content-Disposition
    #[arg(long, value_name = "TEXT", help_heading = TARGET)]
    pub(crate) content_disposition: Option<Text>,
    /// Content-Encoding
    #[arg(long, value_name = "TEXT", help_heading = TARGET)]
    pub(crate) content_encoding: Option<Text>,
    /// Content-Language
    #[arg(long, value_name = "TEXT", help_heading = TARGET)]
    pub(crate) content_language: Option<Text>,
    /// Content-Type; an uploaded file's is told from its name
    #[arg(long, value_name = "TEXT", help_heading = TARGET)]
    pub(crate) content_type: Option<Text>,
    /// Expires: until when caches may keep it; the object itself stays
    #[arg(long, value_name = "TEXT", help_heading = TARGET)]
    pub(crate) expires: Option<Text>,
    /// Storage class; with S3 also others than these [default: the source's; STANDARD for an upload]
    #[arg(long, value_name = "CLASS", value_parser = values::storage_class(), ignore_case = true, help_heading = TARGET)]
    pub(crate) storage_class: Option<StorageClass>,
    #[command(flatten)]
    pub(crate) acl: ObjectAclArgs,
}

/// Who else may use a target.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = TARGET)]
pub(crate) struct ObjectAclArgs {
    /// Preset ACL [default: default, which means the bucket's]
    #[arg(long, value_name = "ACL", value_parser = values::object_acl(), help_heading = TARGET)]
    pub(crate) acl: Option<CannedAcl>,
    /// Who may read it: id="<OwnerUin>" or id="qcs::cam::uin/<OwnerUin>:uin/<SubUin>", several
    /// separated by commas or by giving the flag again; id= and quotes may be left out
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees, help_heading = TARGET)]
    pub(crate) grant_read: Vec<Vec<Grantee>>,
    /// Who may write its ACL (COS's meaning of a write grant on an object)
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees, help_heading = TARGET)]
    pub(crate) grant_write: Vec<Vec<Grantee>>,
    /// Who may do everything
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees, help_heading = TARGET)]
    pub(crate) grant_full_control: Vec<Vec<Grantee>>,
    /// Who may read its ACL
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees, help_heading = TARGET)]
    pub(crate) grant_read_acp: Vec<Vec<Grantee>>,
    /// Who may write its ACL
    #[arg(long, value_name = "GRANTEES", value_parser = values::grantees, help_heading = TARGET)]
    pub(crate) grant_write_acp: Vec<Vec<Grantee>>,
}

/// How bytes are sent.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = TUNING)]
pub(crate) struct TuningArgs {
    /// Bytes in a part (units KiB, MiB, GiB); grown so that 10,000 parts suffice [default: 1048576
    /// for copies, 16 MiB for uploads]
    #[arg(long, aliases = ["copy-chunk-size", "part-size"], value_name = "SIZE", value_parser = values::size, help_heading = TUNING)]
    pub(crate) chunk_size: Option<u64>,
    /// Copies: up to this size in one request, above it in parts [default: 5368709120, which is 5 GiB].
    /// An upload is one request if it is not larger than a part
    #[arg(long, alias = "copy-slice-size", value_name = "SIZE", value_parser = values::size, help_heading = TUNING)]
    pub(crate) slice_size: Option<u64>,
    /// Parts of an object, or objects with -r, at a time [default: 8; parts of uploads and downloads 4]
    #[arg(long, aliases = ["thread-num", "routines"], value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = TUNING)]
    pub(crate) parallel: Option<u16>,
    /// With -r: most requests in a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), help_heading = TUNING)]
    pub(crate) requests_per_second: Option<u32>,
    /// With -r: most bytes in a second that pass through this machine (units KiB, MiB, GiB)
    #[arg(long, alias = "rate-limiting", value_name = "SIZE", value_parser = values::size, help_heading = TUNING)]
    pub(crate) bandwidth: Option<u64>,
}

/// List buckets, or what is in one
#[derive(Debug, Args)]
#[command(after_help = "\
cos://b/p/ lists what is under p/; cos://b/p* every key that begins with p; cos://b/p the object p itself, and
p/ if there is something under it.

Examples:
  cosette ls
  cosette ls -l cos://photos-1250000000/2024/
  cosette ls -r cos://photos-1250000000 --output json
  cosette ls --versions cos://photos-1250000000/a.jpg
  cosette ls --uploads cos://photos-1250000000")]
pub(crate) struct ListArgs {
    /// Bucket, prefix or object; without it, your buckets
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<CosName>,
    /// Everything under the name, not folded at /
    #[arg(long, short)]
    pub(crate) recursive: bool,
    /// Size, time, class and ETag too
    #[arg(long, short)]
    pub(crate) long: bool,
    /// All versions and delete markers
    #[arg(long, conflicts_with = "uploads")]
    pub(crate) versions: bool,
    /// Uploads that are neither completed nor aborted
    #[arg(long)]
    pub(crate) uploads: bool,
}

/// List the versions of an object, or of all under a name
#[derive(Debug, Args)]
#[command(after_help = "\
Every version and delete marker, the newest of each key first: its id, whether it is the current one, size, time,
class and key. `cosette mv -r --all-versions` moves them in their order.

Examples:
  cosette versions cos://photos-1250000000/a.jpg
  cosette versions -r cos://photos-1250000000/2024/ --output json")]
pub(crate) struct VersionsArgs {
    /// Object, prefix or bucket
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// Everything under the name, not folded at /
    #[arg(long, short)]
    pub(crate) recursive: bool,
}

/// Remove objects
#[derive(Debug, Args)]
#[command(after_help = "\
Removing what is not there is no error, as in COS. In a bucket with versioning a delete marker takes the object's
place; --version-id removes a version for good, --all-versions every version and delete marker.

Examples:
  cosette rm cos://photos-1250000000/a.jpg
  cosette rm cos://photos-1250000000/a.jpg --version-id MTg0NDY3NDI1MzAzODkyMjU2MTQ
  cosette rm -r cos://photos-1250000000/2023/")]
pub(crate) struct RemoveArgs {
    /// What to remove
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<CosName>,
    /// Everything under the name
    #[arg(long, short)]
    pub(crate) recursive: bool,
    /// This version, for good
    #[arg(long, value_name = "ID", conflicts_with = "recursive")]
    pub(crate) version_id: Option<VersionId>,
    /// Every version and delete marker, for good
    #[arg(
        long = "all-versions",
        alias = "versions",
        conflicts_with = "version_id"
    )]
    pub(crate) versions: bool,
    /// With -r: print what would be removed and do nothing
    #[arg(long, requires = "recursive", conflicts_with = "versions")]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
}

/// Show every property of an object or a bucket
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cosette stat cos://photos-1250000000/a.jpg
  cosette stat cos://photos-1250000000 --output json")]
pub(crate) struct StatArgs {
    /// Object or bucket
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// This version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
    #[command(flatten)]
    pub(crate) key: ObjectKeyArgs,
}

/// Show how much lies under a name
#[derive(Debug, Args)]
#[command(after_help = "\
Current versions are counted, in sum by storage class, or with --depth by folder.

Examples:
  cosette du cos://photos-1250000000
  cosette du cos://photos-1250000000/2024/ --depth 1
  cosette du cos://photos-1250000000 --older-than 52w --min-size 100MiB --output json")]
pub(crate) struct DuArgs {
    /// Bucket or prefix
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// Sums by folder, so many deep, instead of by class
    #[arg(long, short, value_name = "N")]
    pub(crate) depth: Option<usize>,
    #[command(flatten)]
    pub(crate) select: SelectArgs,
}

/// Write objects to standard output
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cosette cat cos://logs-1250000000/today.log
  cosette cat cos://logs-1250000000/today.log --range bytes=-1000
  cosette cat cos://a-1250000000/a | cosette cp - cos://b-1250000000/b")]
pub(crate) struct CatArgs {
    /// Objects, one after the other
    #[arg(required = true, value_name = "NAME")]
    pub(crate) names: Vec<CosName>,
    /// This version
    #[arg(long, value_name = "ID")]
    pub(crate) version_id: Option<VersionId>,
    /// Only these bytes: bytes=0-9, bytes=10- or bytes=-10
    #[arg(long, value_name = "RANGE")]
    pub(crate) range: Option<ReadRange>,
    #[command(flatten)]
    pub(crate) key: ObjectKeyArgs,
}

/// Make a bucket
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cosette mb cos://photos-1250000000
  cosette mb cos://photos-1250000000 --region ap-beijing --acl public-read")]
pub(crate) struct MakeBucketArgs {
    /// The bucket, named <BucketName-APPID>
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// Preset ACL [default: private]
    #[arg(long, value_name = "ACL", value_parser = values::bucket_acl())]
    pub(crate) acl: Option<CannedAcl>,
}

/// Remove a bucket
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cosette rb cos://photos-1250000000
  cosette rb --force cos://photos-1250000000      with every object, version and open upload in it")]
pub(crate) struct RemoveBucketArgs {
    /// The bucket
    #[arg(value_name = "NAME")]
    pub(crate) name: CosName,
    /// Remove what is in it first: every object, version, delete marker and open upload
    #[arg(long)]
    pub(crate) force: bool,
}
