//! Which operation a request is: by method, by what it is about, by its parameters.
//!
//! A parameter without a value that nobody knows is refused on PUT, POST and DELETE: ignoring an
//! unknown `?setting` would overwrite or delete the object that it is about.

use http::Method;

use crate::dialect::Field;
use crate::error::{Error, ErrorCode};
use crate::head::{Head, Place};
use crate::limits;
use crate::ops::OperationName;

/// What a request of an operation carries in its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadKind {
    /// Nothing.
    None,
    /// A document (XML), at most so many bytes.
    Document {
        /// The bound.
        bytes_max: usize,
    },
    /// The bytes of an object or a part.
    Object,
    /// A form, whose file is an object.
    Form,
}

impl OperationName {
    /// Whether a checksum in its head is one of its body: on Complete it is one of the object.
    pub const fn checksums_its_body(self) -> bool {
        !matches!(self, Self::CompleteUpload)
    }

    /// What its requests carry.
    pub const fn payload(self) -> PayloadKind {
        use OperationName as Op;
        match self {
            Op::PutObject | Op::AppendObject | Op::UploadPart => PayloadKind::Object,
            Op::PostObject => PayloadKind::Form,
            Op::CompleteUpload => PayloadKind::Document {
                bytes_max: limits::COMPLETE_DOCUMENT_BYTES_MAX,
            },
            Op::DeleteObjects => PayloadKind::Document {
                bytes_max: limits::DELETE_DOCUMENT_BYTES_MAX,
            },
            Op::PutBucket
            | Op::PutBucketAcl
            | Op::PutBucketPolicy
            | Op::PutObjectAcl
            | Op::PutBucketVersioning
            | Op::PutBucketCors
            | Op::PutBucketLifecycle
            | Op::PutBucketEncryption
            | Op::StartPrefixJob
            | Op::PutBucketTagging
            | Op::PutObjectTagging
            | Op::RestoreObject => PayloadKind::Document {
                bytes_max: limits::DOCUMENT_BYTES_MAX,
            },
            _ => PayloadKind::None,
        }
    }
}

/// Parameters that mean something to an operation we have. All must be signed.
const KNOWN: &[&str] = &[
    "acl",
    "append",
    "cors",
    "cosette-capabilities",
    "attributes",
    "bucket-region",
    "continuation-token",
    "delete",
    "delimiter",
    "encoding-type",
    "encryption",
    "fetch-owner",
    "key-marker",
    "list-type",
    "location",
    "marker",
    "max-buckets",
    "max-keys",
    "max-parts",
    "max-uploads",
    "part-number-marker",
    "partnumber",
    "policy",
    "position",
    "left-marker",
    "lifecycle",
    "prefix",
    "prefix-job",
    "prefix-jobs",
    "region",
    "rename",
    "renameobject",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "start-after",
    "upload-id-marker",
    "uploadid",
    "uploads",
    "version-id-marker",
    "versionid",
    "versioning",
    "versions",
];

/// Sub-resources of the service that we do not have: refused by name, reads included.
const ABSENT: &[&str] = &[
    "abac",
    "accelerate",
    "analytics",
    "asyncfetch",
    "domain",
    "domaincertificate",
    "intelligenttiering",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "logging",
    "metadataconfiguration",
    "metadatainventorytable",
    "metadatajournaltable",
    "metadatatable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipcontrols",
    "origin",
    "policystatus",
    "publicaccessblock",
    "referer",
    "replication",
    "requestpayment",
    "retention",
    "select",
    "select-type",
    "session",
    "symlink",
    "torrent",
    "website",
];

/// Whether a parameter means something to us; names that carry signatures are not among them.
pub fn is_semantic_parameter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    KNOWN.contains(&name.as_str()) || ABSENT.contains(&name.as_str())
}

/// Whether a parameter belongs to a signature rather than to the operation.
pub fn is_signature_parameter(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("q-")
        || name == "sign"
        || name == "signature"
        || name.ends_with("-security-token")
        || crate::dialect::is_amz_parameter(&name)
}

/// Finds the operation.
///
/// # Errors
/// `NotImplemented` for what the service has and we do not, or nobody knows; `MethodNotAllowed` for
/// methods that what it is about does not take; `InvalidArgument` for half a part's address.
pub fn resolve(head: &Head) -> Result<OperationName, Error> {
    refuse_unknown(head)?;
    match &head.place {
        Place::Bucket(_) | Place::Object(..) if head.method == Method::OPTIONS => {
            Ok(OperationName::OptionsObject)
        }
        Place::Service if head.method == Method::OPTIONS => {
            Err(Error::new(ErrorCode::AccessForbidden))
        }
        Place::Service if head.method == Method::GET && head.query.has("cosette-capabilities") => {
            Ok(OperationName::GetCapabilities)
        }
        Place::Service if head.method == Method::GET => Ok(OperationName::ListBuckets),
        Place::Service => Err(Error::new(ErrorCode::MethodNotAllowed)),
        Place::Bucket(_) => bucket_operation(head),
        Place::Object(..) => object_operation(head),
    }
}

fn refuse_unknown(head: &Head) -> Result<(), Error> {
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(&head.method);
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in head.query.iter() {
        let lower = name.to_ascii_lowercase();
        // A presigned request of S3 has a value for each of its parameters, but for an empty token.
        let hollow = value.is_empty()
            && crate::dialect::is_amz_parameter(&lower)
            && !lower.ends_with("-security-token");
        if is_signature_parameter(&lower) && !hollow {
            continue;
        }
        // A preflight changes nothing, and names what the request after it will.
        let preflight = head.method == Method::OPTIONS;
        let absent = ABSENT.contains(&lower.as_str()) && !preflight;
        let known = KNOWN.contains(&lower.as_str());
        if absent || (!known && value.is_empty() && !reads) {
            let words = format!("The sub-resource '{name}' is not implemented.");
            return Err(Error::with(ErrorCode::NotImplemented, words));
        }
        if known && seen.contains(&lower) {
            return Err(Error::argument(format!(
                "The parameter '{name}' is given more than once."
            )));
        }
        seen.push(lower);
    }
    Ok(())
}

fn bucket_operation(head: &Head) -> Result<OperationName, Error> {
    use OperationName as Op;
    let has = |name| head.query.has(name);
    let found = match head.method {
        Method::DELETE if has("prefix-job") => Op::CancelPrefixJob,
        Method::POST if has("prefix-job") => Op::StartPrefixJob,
        // What is meant for objects, or to be read, must not make or delete the bucket.
        Method::PUT | Method::POST | Method::DELETE if has_any(head, NOT_CHANGING_BUCKETS) => {
            return Err(Error::new(ErrorCode::MethodNotAllowed));
        }
        Method::GET if has("acl") => Op::GetBucketAcl,
        Method::GET if has("versioning") => Op::GetBucketVersioning,
        Method::GET if has("policy") => Op::GetBucketPolicy,
        Method::GET if has("prefix-job") => Op::GetPrefixJob,
        Method::GET if has("prefix-jobs") => Op::ListPrefixJobs,
        Method::GET if has("cors") => Op::GetBucketCors,
        Method::GET if has("lifecycle") => Op::GetBucketLifecycle,
        Method::GET if has("encryption") => Op::GetBucketEncryption,
        Method::GET if has("tagging") => Op::GetBucketTagging,
        Method::GET if has("location") => Op::GetBucketLocation,
        Method::GET if has("versions") => Op::ListVersions,
        Method::GET if has("uploads") => Op::ListUploads,
        Method::GET if head.query.get("list-type") == Some("2") => Op::ListObjectsV2,
        Method::GET => Op::ListObjects,
        Method::HEAD => Op::HeadBucket,
        Method::PUT if has("acl") => Op::PutBucketAcl,
        Method::PUT if has("versioning") => Op::PutBucketVersioning,
        Method::PUT if has("policy") => Op::PutBucketPolicy,
        Method::PUT if has("cors") => Op::PutBucketCors,
        Method::PUT if has("lifecycle") => Op::PutBucketLifecycle,
        Method::PUT if has("encryption") => Op::PutBucketEncryption,
        Method::PUT if has("tagging") => Op::PutBucketTagging,
        Method::PUT if is_move(head) || has("uploads") || is_copy(head) => {
            let words = "The request names no object key.";
            return Err(Error::with(ErrorCode::InvalidURI, words));
        }
        Method::PUT => Op::PutBucket,
        Method::DELETE if has("acl") || has("versioning") => {
            return Err(Error::new(ErrorCode::MethodNotAllowed));
        }
        Method::DELETE if has("policy") => Op::DeleteBucketPolicy,
        Method::DELETE if has("cors") => Op::DeleteBucketCors,
        Method::DELETE if has("lifecycle") => Op::DeleteBucketLifecycle,
        Method::DELETE if has("encryption") => Op::DeleteBucketEncryption,
        Method::DELETE if has("tagging") => Op::DeleteBucketTagging,
        Method::DELETE => Op::DeleteBucket,
        Method::POST if has("delete") => Op::DeleteObjects,
        // A form has no parameters: one that is known means another request.
        Method::POST if !has_any(head, KNOWN) => Op::PostObject,
        _ => return Err(Error::new(ErrorCode::MethodNotAllowed)),
    };
    Ok(found)
}

fn object_operation(head: &Head) -> Result<OperationName, Error> {
    use OperationName as Op;
    let has = |name| head.query.has(name);
    if has("policy") {
        return Err(Error::new(ErrorCode::MethodNotAllowed));
    }
    let found = match head.method {
        Method::GET if has("acl") => Op::GetObjectAcl,
        Method::GET if has("tagging") => Op::GetObjectTagging,
        Method::GET if has("uploadId") => Op::ListParts,
        Method::GET if has("attributes") => Op::GetObjectAttributes,
        Method::GET => Op::GetObject,
        Method::HEAD => Op::HeadObject,
        // What only buckets have would otherwise overwrite or delete an object of theirs.
        _ if has_any(head, NOT_OF_OBJECTS) || has_any(head, ONLY_READ) => {
            return Err(Error::new(ErrorCode::MethodNotAllowed));
        }
        Method::PUT | Method::DELETE if has("append") || has("restore") => {
            return Err(Error::new(ErrorCode::MethodNotAllowed));
        }
        Method::PUT if has("acl") => Op::PutObjectAcl,
        Method::PUT if has("tagging") => Op::PutObjectTagging,
        Method::PUT if is_move(head) => Op::MoveObject,
        Method::PUT if has("partNumber") || has("uploadId") => {
            if !(has("partNumber") && has("uploadId")) {
                let words = "A part needs both parameters, partNumber and uploadId.";
                return Err(Error::argument(words));
            }
            if is_copy(head) {
                Op::UploadPartCopy
            } else {
                Op::UploadPart
            }
        }
        Method::PUT if has("uploads") || has("delete") || has("versioning") || has("versions") => {
            return Err(Error::new(ErrorCode::MethodNotAllowed));
        }
        Method::PUT if is_copy(head) => Op::CopyObject,
        Method::PUT => Op::PutObject,
        Method::DELETE if has("tagging") => Op::DeleteObjectTagging,
        Method::DELETE if has("uploadId") => Op::AbortUpload,
        Method::DELETE if has("acl") || has("uploads") || has("delete") => {
            return Err(Error::new(ErrorCode::MethodNotAllowed));
        }
        Method::DELETE => Op::DeleteObject,
        Method::POST if has("append") => Op::AppendObject,
        Method::POST if has("restore") => Op::RestoreObject,
        Method::POST if has("uploads") => Op::InitiateUpload,
        Method::POST if has("uploadId") => Op::CompleteUpload,
        _ => return Err(Error::new(ErrorCode::MethodNotAllowed)),
    };
    Ok(found)
}

/// Parameters that no change of a bucket itself has.
const NOT_CHANGING_BUCKETS: &[&str] = &[
    "append",
    "cosette-capabilities",
    "prefix-job",
    "prefix-jobs",
    "restore",
];

/// Parameters that no request about an object has.
const NOT_OF_OBJECTS: &[&str] = &[
    "cors",
    "cosette-capabilities",
    "lifecycle",
    "encryption",
    "cosette-capabilities",
    "prefix-job",
    "prefix-jobs",
];

/// Parameters that only reads of objects have: a change that has one would be another than meant.
const ONLY_READ: &[&str] = &["attributes"];

fn has_any(head: &Head, names: &[&str]) -> bool {
    names.iter().any(|name| head.query.has(name))
}

/// A move is told by its sub-resource, which the dialects call differently.
fn is_move(head: &Head) -> bool {
    head.query.has("rename") || head.query.has("renameObject")
}

/// A copy is told by its header, an empty one included: taken as absent, the request would replace
/// the target by an empty object.
fn is_copy(head: &Head) -> bool {
    head.headers
        .contains_key(head.dialect.name(Field::CopySource))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect;
    use crate::host::Hosts;

    fn route(method: &str, uri: &str, copy: bool) -> Result<OperationName, ErrorCode> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("Host", "h");
        if copy {
            request = request.header(Dialect::Cos.name(Field::CopySource), "");
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        resolve(&Head::decode(&parts, &Hosts::default()).unwrap()).map_err(|error| error.code)
    }

    #[test]
    fn each_operation_has_its_request() {
        use OperationName as Op;
        for (method, uri, copy, wanted) in [
            ("GET", "/", false, Op::ListBuckets),
            ("GET", "/b-1?prefix=a&foo", false, Op::ListObjects),
            ("GET", "/b-1?versions", false, Op::ListVersions),
            ("GET", "/b-1?uploads=", false, Op::ListUploads),
            ("POST", "/b-1?delete", false, Op::DeleteObjects),
            ("POST", "/b-1", false, Op::PostObject),
            ("PUT", "/b-1/k?foo=bar", false, Op::PutObject),
            ("PUT", "/b-1/k", true, Op::CopyObject),
            (
                "PUT",
                "/b-1/k?partNumber=1&uploadId=u",
                false,
                Op::UploadPart,
            ),
            (
                "PUT",
                "/b-1/k?uploadid=u&PARTNUMBER=1",
                true,
                Op::UploadPartCopy,
            ),
            ("POST", "/b-1/k?uploads", false, Op::InitiateUpload),
            ("POST", "/b-1/k?uploadId=u", false, Op::CompleteUpload),
            ("DELETE", "/b-1/k?uploadId=u", false, Op::AbortUpload),
            ("DELETE", "/b-1/k?VersionId=v", false, Op::DeleteObject),
            ("GET", "/b-1/k?uploadId=u", false, Op::ListParts),
            ("PUT", "/b-1/k?rename", false, Op::MoveObject),
            ("POST", "/b-1/k?append&position=0", false, Op::AppendObject),
            ("POST", "/b-1/k?restore", false, Op::RestoreObject),
            (
                "OPTIONS",
                "/b-1/k?append&position=0",
                false,
                Op::OptionsObject,
            ),
            ("OPTIONS", "/b-1", false, Op::OptionsObject),
            ("GET", "/?cosette-capabilities", false, Op::GetCapabilities),
            ("GET", "/b-1?cors", false, Op::GetBucketCors),
            ("DELETE", "/b-1?lifecycle", false, Op::DeleteBucketLifecycle),
            ("PUT", "/b-1/k?renameObject", false, Op::MoveObject),
            ("GET", "/b-1?list-type=2", false, Op::ListObjectsV2),
            ("GET", "/b-1/k?attributes", false, Op::GetObjectAttributes),
        ] {
            assert_eq!(route(method, uri, copy), Ok(wanted), "{method} {uri}");
        }
    }

    #[test]
    fn what_nobody_knows_changes_nothing() {
        for (method, uri, copy, wanted) in [
            ("GET", "/b-1?website", false, ErrorCode::NotImplemented),
            ("PUT", "/b-1/k?policy", false, ErrorCode::MethodNotAllowed),
            (
                "DELETE",
                "/b-1/k?policy",
                false,
                ErrorCode::MethodNotAllowed,
            ),
            ("PUT", "/b-1/k?retention", false, ErrorCode::NotImplemented),
            ("PUT", "/b-1/k?unheard-of", false, ErrorCode::NotImplemented),
            (
                "DELETE",
                "/b-1/k?unheard-of=",
                false,
                ErrorCode::NotImplemented,
            ),
            ("POST", "/b-1/k?select", false, ErrorCode::NotImplemented),
            ("POST", "/b-1?acl", false, ErrorCode::MethodNotAllowed),
            ("POST", "/b-1?uploads", false, ErrorCode::MethodNotAllowed),
            (
                "PUT",
                "/b-1/k?partNumber=1",
                false,
                ErrorCode::InvalidArgument,
            ),
            ("PUT", "/b-1/k?uploadId=u", true, ErrorCode::InvalidArgument),
            (
                "DELETE",
                "/b-1/k?versionId=a&versionid=b",
                false,
                ErrorCode::InvalidArgument,
            ),
            ("PUT", "/b-1", true, ErrorCode::InvalidURI),
            ("PUT", "/b-1/k?uploads", false, ErrorCode::MethodNotAllowed),
            ("PATCH", "/b-1/k", false, ErrorCode::MethodNotAllowed),
            ("DELETE", "/", false, ErrorCode::MethodNotAllowed),
            ("OPTIONS", "/", false, ErrorCode::AccessForbidden),
            ("PUT", "/b-1/k?cors", false, ErrorCode::MethodNotAllowed),
            (
                "DELETE",
                "/b-1/k?lifecycle",
                false,
                ErrorCode::MethodNotAllowed,
            ),
            (
                "PUT",
                "/b-1/k?cosette-capabilities",
                false,
                ErrorCode::MethodNotAllowed,
            ),
            ("DELETE", "/b-1?append", false, ErrorCode::MethodNotAllowed),
            (
                "DELETE",
                "/b-1?prefix-jobs",
                false,
                ErrorCode::MethodNotAllowed,
            ),
            ("PUT", "/b-1?prefix-job", false, ErrorCode::MethodNotAllowed),
        ] {
            assert_eq!(route(method, uri, copy), Err(wanted), "{method} {uri}");
        }
    }
}
