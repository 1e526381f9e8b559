//! Calls about the service and its buckets.

use bytes::Bytes;
use cosette_proto::ops::{
    CorsConfiguration, EncryptionConfiguration, LifecycleConfiguration, ObjectToDelete,
    PrefixJobWish, VersioningStatus,
};
use cosette_types::{AclHeaders, BucketName, ObjectKey, Region, Tags, Text, UploadId, VersionId};

use super::acl::AclParts;
use super::setters::{acl_setters, call, common_setters, sends, tag_setters};

call! {
    /// Lists the caller's buckets (GET Service): of all regions, or of the one given.
    #[doc(alias = "getService")]
    GetService(get_service) => ListBuckets {
        /// Only buckets of this region.
        region (in_region): optional Region,
        /// Only buckets after this name.
        marker (marker): optional String,
        /// Most buckets on the page.
        max_keys (max_keys): optional u16,
    }
}

call! {
    /// Makes a bucket in the call's region (PUT Bucket).
    #[doc(alias = "putBucket")]
    PutBucket(put_bucket) => PutBucket {
        /// Its name, `BucketName-APPID`.
        bucket (bucket): required BucketName,
        acl (acl): acl AclHeaders,
        tags (tags): tags Tags,
    }
}

call! {
    /// Asks whether a bucket exists and may be listed (HEAD Bucket).
    #[doc(alias = "headBucket")]
    HeadBucket(head_bucket) => HeadBucket {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Removes an empty bucket (DELETE Bucket).
    #[doc(alias = "deleteBucket")]
    DeleteBucket(delete_bucket) => DeleteBucket {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Asks for the region a bucket was made in (GET Bucket location).
    #[doc(alias = "getBucketLocation")]
    GetBucketLocation(get_bucket_location) => GetBucketLocation {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Switches versioning on or suspends it (PUT Bucket versioning).
    #[doc(alias = "putBucketVersioning")]
    PutBucketVersioning(put_bucket_versioning) => PutBucketVersioning {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// `Enabled` or `Suspended`.
        status (status): required VersioningStatus,
    }
}

call! {
    /// Asks whether versioning is on; `None` when it never was (GET Bucket versioning).
    #[doc(alias = "getBucketVersioning")]
    GetBucketVersioning(get_bucket_versioning) => GetBucketVersioning {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Asks what the store can do that COS cannot: see [`Capability`](crate::Capability). A store
    /// that does not know the question has none.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// let can = client.get_capabilities().send().await?;
    /// assert!(can.has.contains(&cosette::Capability::Rename));
    /// # Ok(()) }) }
    /// ```
    GetCapabilities(get_capabilities) => GetCapabilities {}
}

call! {
    /// Has the server move or copy all objects below a prefix by itself, as a job that survives its
    /// restarts (an extension: see [`Capability::PrefixJobs`](crate::Capability)). The answer is the
    /// job as it begins.
    StartPrefixJob(start_prefix_job) => StartPrefixJob {
        /// The bucket that the objects go to.
        bucket (bucket): required BucketName,
        /// What is to be done.
        wish (wish): required PrefixJobWish,
        /// The same token again finds the same job again.
        client_token (client_token): optional Text,
    }
}

call! {
    /// Asks how far a prefix job is, and what it left where it was.
    GetPrefixJob(get_prefix_job) => GetPrefixJob {
        /// The bucket that the objects go to.
        bucket (bucket): required BucketName,
        /// The job's id.
        id (id): required String,
        /// Tells what was left from this number on.
        left_marker (left_marker): optional u64,
    }
}

call! {
    /// Asks for all prefix jobs into a bucket, those that ended in the last days included.
    ListPrefixJobs(list_prefix_jobs) => ListPrefixJobs {
        /// The bucket that the objects go to.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Stops a prefix job. What was done stays done.
    CancelPrefixJob(cancel_prefix_job) => CancelPrefixJob {
        /// The bucket that the objects go to.
        bucket (bucket): required BucketName,
        /// The job's id.
        id (id): required String,
    }
}

call! {
    /// Replaces a bucket's rules for what becomes of its objects with time (PUT Bucket lifecycle).
    #[doc(alias = "putBucketLifecycle")]
    PutBucketLifecycle(put_bucket_lifecycle) => PutBucketLifecycle {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The rules.
        configuration (configuration): required LifecycleConfiguration,
    }
}

call! {
    /// Asks for a bucket's lifecycle rules; one that has none is an error,
    /// `NoSuchLifecycleConfiguration` (GET Bucket lifecycle).
    #[doc(alias = "getBucketLifecycle")]
    GetBucketLifecycle(get_bucket_lifecycle) => GetBucketLifecycle {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Removes a bucket's lifecycle rules (DELETE Bucket lifecycle).
    #[doc(alias = "deleteBucketLifecycle")]
    DeleteBucketLifecycle(delete_bucket_lifecycle) => DeleteBucketLifecycle {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Replaces a bucket's rules for pages of other origins (PUT Bucket cors).
    #[doc(alias = "putBucketCors")]
    PutBucketCors(put_bucket_cors) => PutBucketCors {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The rules, in the order in which they are tried.
        configuration (configuration): required CorsConfiguration,
    }
}

call! {
    /// Asks for a bucket's rules for pages of other origins; one without any is 404
    /// `NoSuchCORSConfiguration` (GET Bucket cors).
    #[doc(alias = "getBucketCors")]
    GetBucketCors(get_bucket_cors) => GetBucketCors {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Removes a bucket's rules for pages of other origins (DELETE Bucket cors).
    #[doc(alias = "deleteBucketCors")]
    DeleteBucketCors(delete_bucket_cors) => DeleteBucketCors {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Sets how objects of a bucket are encrypted that are put without a word about it (PUT Bucket
    /// encryption).
    #[doc(alias = "putBucketEncryption")]
    PutBucketEncryption(put_bucket_encryption) => PutBucketEncryption {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// How they are encrypted.
        configuration (configuration): required EncryptionConfiguration,
    }
}

call! {
    /// Asks for a bucket's default encryption; one without any is 404
    /// `NoSuchEncryptionConfiguration` (GET Bucket encryption).
    #[doc(alias = "getBucketEncryption")]
    GetBucketEncryption(get_bucket_encryption) => GetBucketEncryption {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Removes a bucket's default encryption (DELETE Bucket encryption).
    #[doc(alias = "deleteBucketEncryption")]
    DeleteBucketEncryption(delete_bucket_encryption) => DeleteBucketEncryption {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Asks, as a browser does, whether a page of an origin may send a request (OPTIONS Object).
    #[doc(alias = "optionsObject")]
    OptionsObject(options_object) => OptionsObject {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The key; none for a request about the bucket.
        key (key): optional ObjectKey,
        /// Where the page is from.
        origin (origin): required String,
        /// The method it would use.
        method (method): required String,
        /// The headers it would send.
        headers (headers): plain Vec<String>,
    }
}

call! {
    /// Replaces all tags of a bucket (PUT Bucket tagging). A bucket has at most 50.
    #[doc(alias = "putBucketTagging")]
    PutBucketTagging(put_bucket_tagging) => PutBucketTagging {
        /// The bucket.
        bucket (bucket): required BucketName,
        tags (tags): tags Tags,
    }
}

call! {
    /// Asks for the tags of a bucket; one without any is 404 `NoSuchTagSet` (GET Bucket tagging).
    #[doc(alias = "getBucketTagging")]
    GetBucketTagging(get_bucket_tagging) => GetBucketTagging {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Removes all tags of a bucket (DELETE Bucket tagging).
    #[doc(alias = "deleteBucketTagging")]
    DeleteBucketTagging(delete_bucket_tagging) => DeleteBucketTagging {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Asks for a bucket's ACL (GET Bucket acl).
    #[doc(alias = "getBucketAcl")]
    GetBucketAcl(get_bucket_acl) => GetBucketAcl {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Replaces a bucket's ACL (PUT Bucket acl).
    #[doc(alias = "putBucketAcl")]
    PutBucketAcl(put_bucket_acl) => PutBucketAcl {
        /// The bucket.
        bucket (bucket): required BucketName,
        acl (acl): new_acl AclParts,
    }
}

call! {
    /// Sets the policy of a bucket, a JSON document of the COS or the S3 dialect, in place of the one
    /// that it had (PUT Bucket policy).
    #[doc(alias = "putBucketPolicy")]
    PutBucketPolicy(put_bucket_policy) => PutBucketPolicy {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The policy.
        policy (policy): required Bytes,
    }
}

call! {
    /// Asks for the policy of a bucket, as it was written (GET Bucket policy).
    #[doc(alias = "getBucketPolicy")]
    GetBucketPolicy(get_bucket_policy) => GetBucketPolicy {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Removes the policy of a bucket (DELETE Bucket policy).
    #[doc(alias = "deleteBucketPolicy")]
    DeleteBucketPolicy(delete_bucket_policy) => DeleteBucketPolicy {
        /// The bucket.
        bucket (bucket): required BucketName,
    }
}

call! {
    /// Lists one page of keys (GET Bucket). Its
    /// [`objects`](GetBucket::objects) are all of them, over all pages.
    #[doc(alias = "getBucket")]
    #[doc(alias = "list_objects")]
    GetBucket(get_bucket) => ListObjects {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// Only keys that begin so.
        prefix (prefix): plain String,
        /// Folds what follows this character after the prefix into a common prefix.
        delimiter (delimiter): optional char,
        /// Only what comes after this key or common prefix.
        marker (marker): optional String,
        /// Most keys and common prefixes on the page; 1,000 when not given.
        max_keys (max_keys): optional u16,
        /// Whether keys travel percent-encoded, so that any key arrives whole; values here never are.
        encoded (encoded): on bool,
    }
}

call! {
    /// Lists one page of versions and delete markers (GET Bucket Object versions).
    #[doc(alias = "listObjectVersions")]
    ListObjectVersions(list_object_versions) => ListVersions {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// Only keys that begin so.
        prefix (prefix): plain String,
        /// Folds what follows this character after the prefix into a common prefix.
        delimiter (delimiter): optional char,
        /// Only what comes after this key.
        key_marker (key_marker): optional String,
        /// With `key_marker`: after this version of it.
        version_id_marker (version_id_marker): optional VersionId,
        /// Most entries on the page.
        max_keys (max_keys): optional u16,
        /// Whether keys travel percent-encoded.
        encoded (encoded): on bool,
    }
}

call! {
    /// Lists one page of open uploads (List Multipart Uploads).
    #[doc(alias = "multipartList")]
    MultipartList(multipart_list) => ListUploads {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// Only keys that begin so.
        prefix (prefix): plain String,
        /// Folds what follows this character after the prefix into a common prefix.
        delimiter (delimiter): optional char,
        /// Only keys after this one.
        key_marker (key_marker): optional String,
        /// With `key_marker`: also its uploads after this one.
        upload_id_marker (upload_id_marker): optional UploadId,
        /// Most uploads on the page.
        max_uploads (max_uploads): optional u16,
        /// Whether keys travel percent-encoded.
        encoded (encoded): on bool,
    }
}

call! {
    /// Removes up to 1,000 keys in one request, each by itself (DELETE Multiple Objects).
    #[doc(alias = "deleteMultipleObject")]
    #[doc(alias = "delete_objects")]
    DeleteMultipleObject(delete_multiple_object) => DeleteObjects {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// What to remove.
        objects (objects): required Vec<ObjectToDelete>,
        /// Whether only failures are reported.
        quiet (quiet): plain bool,
    }
}

sends! {
    StartPrefixJob => StartPrefixJob,
    GetPrefixJob => GetPrefixJob,
    ListPrefixJobs => ListPrefixJobs,
    CancelPrefixJob => CancelPrefixJob,
    GetCapabilities => GetCapabilities,
    PutBucketLifecycle => PutBucketLifecycle,
    GetBucketLifecycle => GetBucketLifecycle,
    DeleteBucketLifecycle => DeleteBucketLifecycle,
    PutBucketCors => PutBucketCors,
    GetBucketCors => GetBucketCors,
    DeleteBucketCors => DeleteBucketCors,
    PutBucketEncryption => PutBucketEncryption,
    GetBucketEncryption => GetBucketEncryption,
    DeleteBucketEncryption => DeleteBucketEncryption,
    OptionsObject => OptionsObject,
    PutBucketTagging => PutBucketTagging,
    GetBucketTagging => GetBucketTagging,
    DeleteBucketTagging => DeleteBucketTagging,
    GetService => ListBuckets,
    PutBucket => PutBucket,
    HeadBucket => HeadBucket,
    DeleteBucket => DeleteBucket,
    GetBucketLocation => GetBucketLocation,
    PutBucketVersioning => PutBucketVersioning,
    GetBucketVersioning => GetBucketVersioning,
    GetBucketAcl => GetBucketAcl,
    PutBucketAcl => PutBucketAcl,
    PutBucketPolicy => PutBucketPolicy,
    GetBucketPolicy => GetBucketPolicy,
    DeleteBucketPolicy => DeleteBucketPolicy,
    GetBucket => ListObjects,
    ListObjectVersions => ListVersions,
    MultipartList => ListUploads,
    DeleteMultipleObject => DeleteObjects,
}
