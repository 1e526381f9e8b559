//! Raw requests about multipart uploads.

use cosette::{Client, CompletedPart, CopySource};

use crate::args::{
    AbortArgs, CompleteArgs, InitArgs, ListPartsArgs, ListUploadsArgs, PartCopyArgs, UploadPartArgs,
};
use crate::output::Output;

use super::{
    Answered, answer, bytes_in, given, metadata, object_acl, parts_of, source_conditions, text_in,
    with_acl, with_source_conditions, with_target_conditions,
};

pub(super) async fn init(client: &Client, args: InitArgs, output: &Output) -> Answered {
    let call = client
        .multipart_init()
        .bucket(args.object.bucket)
        .key(args.object.key)
        .metadata(metadata(args.content, args.meta)?)
        .tags(args.tags.tags()?);
    let call = with_acl!(call, object_acl(args.acl));
    let call = given!(
        call,
        storage_class = args.storage_class,
        server_side_encryption = args.encryption.asked(output)?
    );
    answer(&call.send().await?)
}

pub(super) async fn part(client: &Client, args: UploadPartArgs, output: &Output) -> Answered {
    let bytes = bytes_in(&args.file)?;
    let call = client
        .multipart_upload()
        .bucket(args.upload.object.bucket)
        .key(args.upload.object.key)
        .upload_id(args.upload.upload_id)
        .part_number(args.part_number)
        .body(bytes);
    let call = given!(
        call,
        server_side_encryption = args.customer_key.key(output)?
    );
    answer(&call.send().await?)
}

pub(super) async fn part_copy(
    client: &Client,
    args: PartCopyArgs,
    source: CopySource,
    output: &Output,
) -> Answered {
    let call = client
        .upload_part_copy()
        .bucket(args.upload.object.bucket)
        .key(args.upload.object.key)
        .upload_id(args.upload.upload_id)
        .part_number(args.part_number)
        .copy_source(source);
    let call = with_source_conditions!(call, source_conditions(args.conditions));
    let call = given!(
        call,
        copy_source_range = args.copy_source_range,
        server_side_encryption = args.customer_key.key(output)?,
        source_customer_key = args.source_key.key(output)?
    );
    answer(&call.send().await?)
}

pub(super) async fn complete(client: &Client, args: CompleteArgs, output: &Output) -> Answered {
    let parts = match &args.parts_json {
        Some(path) => parts_of(&text_in(path)?)?,
        None => args.part,
    };
    let parts: Vec<CompletedPart> = parts
        .into_iter()
        .map(|(part_number, etag)| CompletedPart {
            part_number,
            etag,
            checksum: None,
        })
        .collect();
    let call = client
        .multipart_complete()
        .bucket(args.upload.object.bucket)
        .key(args.upload.object.key)
        .upload_id(args.upload.upload_id)
        .parts(parts)
        .forbid_overwrite(args.forbid_overwrite);
    let call = with_target_conditions!(call, args.target_conditions);
    output.waits("waiting for the object to be put together; the service may take minutes");
    answer(&call.send().await?)
}

pub(super) async fn abort(client: &Client, args: AbortArgs) -> Answered {
    let call = client
        .multipart_abort()
        .bucket(args.upload.object.bucket)
        .key(args.upload.object.key)
        .upload_id(args.upload.upload_id);
    answer(&call.send().await?)
}

pub(super) async fn list_parts(client: &Client, args: ListPartsArgs) -> Answered {
    let call = client
        .multipart_list_part()
        .bucket(args.upload.object.bucket)
        .key(args.upload.object.key)
        .upload_id(args.upload.upload_id)
        .encoded(true);
    let call = given!(
        call,
        part_number_marker = args.part_number_marker,
        max_parts = args.max_parts
    );
    answer(&call.send().await?)
}

pub(super) async fn list(client: &Client, args: ListUploadsArgs) -> Answered {
    let call = client
        .multipart_list()
        .bucket(args.page.bucket)
        .encoded(true);
    let call = given!(
        call,
        prefix = args.page.prefix,
        delimiter = args.page.delimiter,
        key_marker = args.key_marker,
        upload_id_marker = args.upload_id_marker,
        max_uploads = args.max_uploads
    );
    answer(&call.send().await?)
}
