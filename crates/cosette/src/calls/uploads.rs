//! Calls about multipart uploads.

use cosette_proto::Message;
use cosette_proto::ops::CompletedPart;
use cosette_types::{
    AclHeaders, BucketName, ByteRange, CopySource, CustomerKey, ETag, Encryption, Md5, Metadata,
    ObjectKey, PartNumber, Preconditions, StorageClass, Tags, UploadId,
};

use super::setters::{
    acl_setters, call, common_setters, condition_setter, metadata_setters, sends,
    source_condition_setters, tag_setters, target_condition_setters,
};
use crate::argument::Argument;
use crate::body::Body;
use crate::error::Error;
use crate::reconcile;
use crate::reply::Output;

call! {
    /// Begins an object that is put together from parts (Initiate Multipart Upload). The upload id
    /// goes into every later call.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/example.rs"));
    /// # fn main() { example(|client| async move {
    /// // seed: S64, S84, S109
    /// let bucket = "examplebucket-1250000000";
    /// let begun = client.multipart_init().bucket(bucket).key("1.jpg").send().await?;
    /// let part = client
    ///     .upload_part_copy()
    ///     .bucket(bucket)
    ///     .key("1.jpg")
    ///     .copy_source("sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com/sourceObject")
    ///     .upload_id(&begun.upload_id)
    ///     .part_number("1")
    ///     .send()
    ///     .await?;
    /// let completed = client
    ///     .multipart_complete()
    ///     .bucket(bucket)
    ///     .key("1.jpg")
    ///     .upload_id(&begun.upload_id)
    ///     .part("1", &part.etag)
    ///     .send()
    ///     .await?;
    /// assert_eq!(completed.etag.part_count(), Some(1));
    /// # Ok(()) }) }
    /// ```
    #[doc(alias = "multipartInit")]
    MultipartInit(multipart_init) => InitiateUpload {
        /// The bucket, `BucketName-APPID`.
        bucket (bucket): required BucketName,
        /// The key.
        key (key): required ObjectKey,
        metadata (metadata): metadata Metadata,
        /// The object's class; STANDARD when not given.
        storage_class (storage_class): optional StorageClass,
        acl (acl): acl AclHeaders,
        tags (tags): tags Tags,
        /// How it is to be encrypted: with the service's key, or with one of your own.
        encryption (server_side_encryption): optional Encryption,
    }
}

call! {
    /// Stores one part (Upload Part): `body` is its bytes.
    #[doc(alias = "multipartUpload")]
    #[doc(alias = "upload_part")]
    MultipartUpload(multipart_upload) => UploadPart {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The upload's key.
        key (key): required ObjectKey,
        /// The upload.
        upload_id (upload_id): required UploadId,
        /// The part's place, 1 to 10,000.
        part_number (part_number): required PartNumber,
        /// The MD5 that the bytes must have.
        content_md5 (content_md5): optional Md5,
        /// How it is to be encrypted: with the service's key, or with one of your own.
        encryption (server_side_encryption): optional Encryption,
    }
}

call! {
    /// Copies an object, a version of one, or a range of its bytes into a part (Upload Part - Copy).
    #[doc(alias = "uploadPartCopy")]
    UploadPartCopy(upload_part_copy) => UploadPartCopy {
        /// The target's bucket.
        bucket (bucket): required BucketName,
        /// The upload's key.
        key (key): required ObjectKey,
        /// The upload.
        upload_id (upload_id): required UploadId,
        /// The part's place, 1 to 10,000: a number or its text.
        part_number (part_number): required PartNumber,
        /// What is copied; see [`PutObjectCopy::copy_source`](crate::calls::PutObjectCopy::copy_source).
        source (copy_source): required CopySource,
        /// Which bytes of it, `bytes=first-last`; all when not given.
        source_range (copy_source_range): optional ByteRange,
        source_preconditions (conditions): source_conditions Preconditions,
        /// How the target is to be encrypted: with the service's key, or with one of your own.
        encryption (server_side_encryption): optional Encryption,
        /// The customer's key that the source is encrypted with, if it is.
        source_key (source_customer_key): optional CustomerKey,
    }
}

call! {
    /// Makes the object from its parts (Complete Multipart Upload). This may take minutes; the
    /// service keeps the connection alive meanwhile.
    #[doc(alias = "multipartComplete")]
    MultipartComplete(multipart_complete) => CompleteUpload {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The upload's key.
        key (key): required ObjectKey,
        /// The upload.
        upload_id (upload_id): required UploadId,
        /// The parts, in the order of their numbers. See also
        /// [`part`](MultipartComplete::part).
        parts (parts): plain Vec<CompletedPart>,
        /// Whether an object that exists already is an error (409 `FileAlreadyExists`).
        forbid_overwrite (forbid_overwrite): plain bool,
        preconditions (target_conditions): target_conditions Preconditions,
    }
}

call! {
    /// Gives up an upload and its parts (Abort Multipart Upload).
    #[doc(alias = "multipartAbort")]
    MultipartAbort(multipart_abort) => AbortUpload {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The upload's key.
        key (key): required ObjectKey,
        /// The upload.
        upload_id (upload_id): required UploadId,
    }
}

call! {
    /// Lists one page of an upload's parts (List Parts).
    #[doc(alias = "multipartListPart")]
    #[doc(alias = "list_parts")]
    MultipartListPart(multipart_list_part) => ListParts {
        /// The bucket.
        bucket (bucket): required BucketName,
        /// The upload's key.
        key (key): required ObjectKey,
        /// The upload.
        upload_id (upload_id): required UploadId,
        /// Only parts after this number.
        part_number_marker (part_number_marker): plain u16,
        /// Most parts on the page; 1,000 when not given.
        max_parts (max_parts): optional u16,
        /// Whether the key travels percent-encoded.
        encoded (encoded): on bool,
    }
}

sends! {
    MultipartInit => InitiateUpload,
    MultipartUpload => UploadPart,
    MultipartAbort => AbortUpload,
    MultipartListPart => ListParts,
}

impl MultipartUpload {
    /// The part's bytes; none when not given.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.draft.body = Some(body.into());
        self
    }
}

impl UploadPartCopy {
    /// Sends the request. A 200 whose body is an `<Error>` is an error.
    ///
    /// # Errors
    /// What the service or the network said; nothing was sent when the kind is
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid).
    pub async fn send(
        self,
    ) -> Result<Output<<cosette_proto::ops::UploadPartCopy as Message>::Reply>, Error> {
        let (draft, mut message) = self.into_message()?;
        let region = draft.region_in_force()?;
        message.source.region.get_or_insert(region);
        Ok(draft.client.perform(&draft.context, &message, None).await?)
    }
}

impl MultipartComplete {
    /// Adds a part: its number, and the ETag that it was answered with (quoted or not).
    pub fn part(
        mut self,
        part_number: impl Argument<PartNumber>,
        etag: impl Argument<ETag>,
    ) -> Self {
        let part_number = self.draft.take("part_number", part_number);
        let etag = self.draft.take("etag", etag);
        if let (Some(part_number), Some(etag)) = (part_number, etag) {
            self.parts.push(CompletedPart {
                part_number,
                etag,
                checksum: None,
            });
        }
        self
    }

    /// Sends the request and waits for the object. A 200 whose body is an `<Error>` is an error.
    ///
    /// # Errors
    /// What the service or the network said; nothing was sent when the kind is
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid).
    pub async fn send(
        self,
    ) -> Result<Output<<cosette_proto::ops::CompleteUpload as Message>::Reply>, Error> {
        let (draft, message) = self.into_message()?;
        if message.parts.is_empty() {
            return Err(Error::missing("parts"));
        }
        reconcile::complete_upload(&draft.client, &draft.context, &message, None).await
    }
}
