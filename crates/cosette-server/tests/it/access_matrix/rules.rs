//! What is varied, and the plain rules by which each case is expected to end.

use Dialects::{Both, OnlyCos, OnlyS3};

/// How a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Root,
    Second,
    Ann,
    AnnPresigned,
    AnnSession,
    AnnSessionToRead,
    Anonymous,
    Forged,
    RootV4,
    SecondV4,
    AnnV4,
    AnnV4Presigned,
    AnnV4Session,
    AnnV4SessionPresigned,
    AnnV4SessionToRead,
    ForgedV4,
    ForgedV4Presigned,
}

pub(super) const WAYS: [Way; 17] = [
    Way::Root,
    Way::Second,
    Way::Ann,
    Way::AnnPresigned,
    Way::AnnSession,
    Way::AnnSessionToRead,
    Way::Anonymous,
    Way::Forged,
    Way::RootV4,
    Way::SecondV4,
    Way::AnnV4,
    Way::AnnV4Presigned,
    Way::AnnV4Session,
    Way::AnnV4SessionPresigned,
    Way::AnnV4SessionToRead,
    Way::ForgedV4,
    Way::ForgedV4Presigned,
];

/// Who asks, however the request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Root,
    Second,
    Ann,
    /// Ann, by temporary credentials.
    AnnForAWhile,
    /// Ann, by temporary credentials that may read objects and nothing else.
    AnnToRead,
    Nobody,
    /// Somebody who has Ann's key id and not her key.
    NotAnn,
}

impl Way {
    pub(super) const fn who(self) -> Who {
        match self {
            Self::Root | Self::RootV4 => Who::Root,
            Self::Second | Self::SecondV4 => Who::Second,
            Self::Ann | Self::AnnPresigned | Self::AnnV4 | Self::AnnV4Presigned => Who::Ann,
            Self::AnnSession | Self::AnnV4Session | Self::AnnV4SessionPresigned => {
                Who::AnnForAWhile
            }
            Self::AnnSessionToRead | Self::AnnV4SessionToRead => Who::AnnToRead,
            Self::Anonymous => Who::Nobody,
            Self::Forged | Self::ForgedV4 | Self::ForgedV4Presigned => Who::NotAnn,
        }
    }

    /// Whether it is signed as the S3 dialect does.
    pub(super) const fn is_v4(self) -> bool {
        matches!(
            self,
            Self::RootV4
                | Self::SecondV4
                | Self::AnnV4
                | Self::AnnV4Presigned
                | Self::AnnV4Session
                | Self::AnnV4SessionPresigned
                | Self::AnnV4SessionToRead
                | Self::ForgedV4
                | Self::ForgedV4Presigned
        )
    }

    pub(super) const fn is_presigned(self) -> bool {
        matches!(
            self,
            Self::AnnPresigned
                | Self::AnnV4Presigned
                | Self::AnnV4SessionPresigned
                | Self::ForgedV4Presigned
        )
    }
}

/// What is granted before the requests come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    Nothing,
    BucketAllows,
    BucketAllowsButReads,
    VersionsOnly,
    FromHere,
    FromElsewhere,
    UserAllows,
    UserAllowsBucketDeniesPuts,
    PublicRead,
    GrantToWrite,
    EverybodyReads,
}

pub(super) const GIVEN: [Given; 11] = [
    Given::Nothing,
    Given::BucketAllows,
    Given::BucketAllowsButReads,
    Given::VersionsOnly,
    Given::FromHere,
    Given::FromElsewhere,
    Given::UserAllows,
    Given::UserAllowsBucketDeniesPuts,
    Given::PublicRead,
    Given::GrantToWrite,
    Given::EverybodyReads,
];

/// Which dialects have an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialects {
    Both,
    OnlyCos,
    OnlyS3,
}

/// What is asked for: name, method, path, the actions that it takes in the bucket, and where it is
/// known.
pub(super) type Operation = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
    Dialects,
);

const MOVES: &[&str] = &["PutObject", "DeleteObject", "GetObject"];
/// As many as there are: the upload is another bucket's, so that who may is told that it is not there.
const PART: &str = "/part?partNumber=1&uploadId=UPLOAD";
const UPLOAD: &str = "/part?uploadId=UPLOAD";
const VERSION: &str = "/k?versionId=VERSION";

/// Every operation that is about a bucket or an object.
#[rustfmt::skip]
pub(super) const OPERATIONS: [Operation; 63] = [
    ("get", "GET", "/k", &["GetObject"], Both),
    ("head", "HEAD", "/k", &["HeadObject"], Both),
    ("get version", "GET", VERSION, &["GetObjectVersion"], Both),
    ("head version", "HEAD", VERSION, &["HeadObjectVersion"], Both),
    ("attributes", "GET", "/k?attributes", &["GetObject"], OnlyS3),
    ("put", "PUT", "/new", &["PutObject"], Both),
    ("post", "POST", "/", &["PostObject"], Both),
    ("append", "POST", "/log?append&position=0", &["AppendObject"], OnlyCos),
    ("put with tags", "PUT", "/tagged", &["PutObject", "PutObjectTagging"], Both),
    ("copy with tags", "PUT", "/tagged", &["PutObject", "PutObjectTagging", "GetObject"], OnlyCos),
    ("append with tags", "POST", "/log?append&position=0", &["AppendObject", "PutObjectTagging"], OnlyCos),
    ("begin upload with tags", "POST", "/tagged?uploads", &["InitiateMultipartUpload", "PutObjectTagging"], Both),
    ("delete", "DELETE", "/junk", &["DeleteObject"], Both),
    ("delete version", "DELETE", "/junk?versionId=null", &["DeleteObjectVersion"], Both),
    ("delete many", "POST", "/?delete", &["DeleteObject"], Both),
    ("copy", "PUT", "/copied", &["PutObject", "GetObject"], Both),
    ("copy out", "PUT", "OPEN/out", &["GetObject"], Both),
    ("copy version out", "PUT", "OPEN/out", &["GetObjectVersion"], Both),
    ("copy part out", "PUT", "OPEN/part", &["GetObject"], Both),
    ("move", "PUT", "/moved?rename", MOVES, Both),
    ("restore", "POST", "/cold?restore", &["RestoreObject"], Both),
    ("get acl", "GET", "/k?acl", &["GetObjectAcl"], Both),
    ("put acl", "PUT", "/acl?acl", &["PutObjectAcl"], Both),
    ("get tags", "GET", "/k?tagging", &["GetObjectTagging"], Both),
    ("put tags", "PUT", "/k?tagging", &["PutObjectTagging"], Both),
    ("delete tags", "DELETE", "/k?tagging", &["DeleteObjectTagging"], Both),
    ("begin upload", "POST", "/up?uploads", &["InitiateMultipartUpload"], Both),
    ("upload part", "PUT", PART, &["UploadPart"], Both),
    ("copy part", "PUT", PART, &["UploadPartCopy", "GetObject"], Both),
    ("list parts", "GET", UPLOAD, &["ListParts"], Both),
    ("complete", "POST", UPLOAD, &["CompleteMultipartUpload"], Both),
    ("abort", "DELETE", UPLOAD, &["AbortMultipartUpload"], Both),
    ("put bucket", "PUT", "/", &["PutBucket"], Both),
    ("head bucket", "HEAD", "/", &["HeadBucket"], Both),
    ("delete bucket", "DELETE", "/", &["DeleteBucket"], Both),
    ("list", "GET", "/", &["GetBucket"], Both),
    ("list again", "GET", "/?list-type=2", &["GetBucket"], OnlyS3),
    ("list versions", "GET", "/?versions", &["GetBucketObjectVersions"], Both),
    ("list uploads", "GET", "/?uploads", &["ListMultipartUploads"], Both),
    ("location", "GET", "/?location", &["GetBucketLocation"], Both),
    ("get bucket acl", "GET", "/?acl", &["GetBucketAcl"], Both),
    ("put bucket acl", "PUT", "/?acl", &["PutBucketAcl"], Both),
    ("get versioning", "GET", "/?versioning", &["GetBucketVersioning"], Both),
    ("put versioning", "PUT", "/?versioning", &["PutBucketVersioning"], Both),
    ("get policy", "GET", "/?policy", &["GetBucketPolicy"], Both),
    ("put policy", "PUT", "/?policy", &["PutBucketPolicy"], Both),
    ("delete policy", "DELETE", "/?policy", &["DeleteBucketPolicy"], Both),
    ("get cors", "GET", "/?cors", &["GetBucketCors"], Both),
    ("put cors", "PUT", "/?cors", &["PutBucketCors"], Both),
    ("delete cors", "DELETE", "/?cors", &["DeleteBucketCors"], Both),
    ("get bucket tags", "GET", "/?tagging", &["GetBucketTagging"], Both),
    ("put bucket tags", "PUT", "/?tagging", &["PutBucketTagging"], Both),
    ("delete bucket tags", "DELETE", "/?tagging", &["DeleteBucketTagging"], Both),
    ("get lifecycle", "GET", "/?lifecycle", &["GetBucketLifecycle"], Both),
    ("put lifecycle", "PUT", "/?lifecycle", &["PutBucketLifecycle"], Both),
    ("delete lifecycle", "DELETE", "/?lifecycle", &["DeleteBucketLifecycle"], Both),
    ("get encryption", "GET", "/?encryption", &["GetBucketEncryption"], Both),
    ("put encryption", "PUT", "/?encryption", &["PutBucketEncryption"], Both),
    ("delete encryption", "DELETE", "/?encryption", &["DeleteBucketEncryption"], Both),
    ("start job", "POST", "/?prefix-job", &["GetBucket", "DeleteObject", "PutObject"], OnlyCos),
    ("get job", "GET", "/?prefix-job=00000000000000000000000000", &["GetBucket"], OnlyCos),
    ("list jobs", "GET", "/?prefix-jobs", &["GetBucket"], OnlyCos),
    ("cancel job", "DELETE", "/?prefix-job=00000000000000000000000000", &["PutObject"], OnlyCos),
];

/// What an ACL that lets everybody read a bucket is good for.
const READS: [&str; 9] = [
    "GetObject",
    "GetObjectVersion",
    "HeadObject",
    "HeadObjectVersion",
    "GetBucket",
    "GetBucketObjectVersions",
    "HeadBucket",
    "GetBucketLocation",
    "ListMultipartUploads",
];
/// What an ACL that lets somebody write to a bucket is good for.
const WRITES: [&str; 11] = [
    "PutObject",
    "PostObject",
    "AppendObject",
    "DeleteObject",
    "DeleteObjectVersion",
    "InitiateMultipartUpload",
    "UploadPart",
    "UploadPartCopy",
    "ListParts",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
];

/// Whether a request can come in that way at all.
pub(super) fn can_come(way: Way, operation: &Operation) -> bool {
    let (name, _, _, _, dialects) = *operation;
    let is_known = match dialects {
        Both => true,
        OnlyCos => !way.is_v4(),
        OnlyS3 => way.is_v4(),
    };
    // A form carries its signature in itself.
    is_known && !(name == "post" && way.is_presigned())
}

/// The plain rules.
pub(super) fn expected(way: Way, given: Given, home: bool, operation: &Operation) -> bool {
    let (name, _, path, actions, _) = *operation;
    let who = way.who();
    // The other end of a copy out: everybody may write there, but who is only to read.
    if path.starts_with("OPEN") && who == Who::AnnToRead {
        return false;
    }
    // A job outlives temporary credentials.
    if name == "start job" && who == Who::AnnForAWhile {
        return false;
    }
    let mut actions = actions.iter();
    actions.all(|action| may(who, given, home, action))
}

fn may(who: Who, given: Given, home: bool, action: &str) -> bool {
    let plain_read = action == "GetObject" || action == "GetObjectVersion";
    let is_ann = matches!(who, Who::Ann | Who::AnnForAWhile | Who::AnnToRead);
    if who == Who::NotAnn || (who == Who::AnnToRead && !plain_read) {
        return false;
    }
    match given {
        Given::BucketAllowsButReads if is_ann && plain_read => return false,
        Given::UserAllowsBucketDeniesPuts if action == "PutObject" => return false,
        _ => {}
    }
    if who == Who::Root || (who == Who::Second && home) {
        return true;
    }
    match given {
        Given::Nothing | Given::FromElsewhere => false,
        // What a bucket's policy says is of what is in it, and never of making it.
        Given::BucketAllows | Given::BucketAllowsButReads | Given::FromHere => {
            is_ann && action != "PutBucket"
        }
        Given::VersionsOnly => {
            is_ann && ["GetObjectVersion", "HeadObjectVersion"].contains(&action)
        }
        Given::UserAllows | Given::UserAllowsBucketDeniesPuts => is_ann && home,
        Given::PublicRead => READS.contains(&action),
        Given::GrantToWrite => is_ann && WRITES.contains(&action),
        Given::EverybodyReads => plain_read,
    }
}
