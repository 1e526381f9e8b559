//! Raw requests about objects.

use cosette::{Body, Client, CopySource, ObjectToDelete};
use cosette_types::{Directive, Metadata};

use crate::args::{
    AclArgs, AppendArgs, CopyObjectArgs, DeleteObjectArgs, DeleteObjectsArgs, PutObjectArgs,
    PutTaggingArgs, ReadArgs, RenameArgs, RestoreObjectArgs, VersionArgs,
};
use crate::failure::Result;
use crate::fields::{self, Fields, Object};
use crate::files::{self, Sink};
use crate::output::Output;

use super::{
    Answered, acl_of, answer, given, metadata, object_acl, objects_of, source_conditions, text_in,
    text_of, with_acl, with_read_conditions, with_source_conditions, with_target_conditions,
};

pub(super) async fn copy(
    client: &Client,
    args: CopyObjectArgs,
    source: CopySource,
    output: &Output,
) -> Answered {
    let replaced = args.metadata_directive == Some(Directive::Replaced);
    let metadata = metadata(args.content, args.meta)?;
    if !replaced && metadata != Metadata::default() {
        output.note(crate::transfer::IGNORED_METADATA);
    }
    let call = client
        .put_object_copy()
        .bucket(args.object.bucket)
        .key(args.object.key)
        .copy_source(source)
        .metadata(metadata)
        .tags(args.tags.tags()?)
        .keep_encryption(args.sse_directive.is_some())
        .forbid_overwrite(args.forbid_overwrite);
    let call = with_target_conditions!(call, args.target_conditions);
    let call = with_acl!(
        with_source_conditions!(call, source_conditions(args.conditions)),
        object_acl(args.acl)
    );
    let call = given!(
        call,
        metadata_directive = args.metadata_directive,
        tagging_directive = args.tagging_directive,
        storage_class = args.storage_class,
        server_side_encryption = args.encryption.asked(output)?,
        source_customer_key = args.source_key.key(output)?
    );
    answer(&call.send().await?)
}

pub(super) async fn put(client: &Client, args: PutObjectArgs, output: &Output) -> Answered {
    let body = if args.file.as_os_str() == "-" {
        Body::from(files::read_bytes(&args.file)?)
    } else {
        Body::file(&args.file).await?
    };
    let call = client
        .put_object()
        .bucket(args.object.bucket)
        .key(args.object.key)
        .metadata(metadata(args.content, args.meta)?)
        .tags(args.tags.tags()?)
        .forbid_overwrite(args.forbid_overwrite)
        .body(body);
    let call = with_target_conditions!(call, args.target_conditions);
    let call = with_acl!(call, object_acl(args.acl));
    let call = given!(
        call,
        storage_class = args.storage_class,
        server_side_encryption = args.encryption.asked(output)?
    );
    answer(&call.send().await?)
}

pub(super) async fn get(client: &Client, args: ReadArgs, output: &Output) -> Result<()> {
    let call = client
        .get_object()
        .bucket(args.object.object.bucket)
        .key(args.object.object.key);
    let call = given!(
        call,
        version_id = args.object.version_id,
        range = args.range,
        customer_key = args.customer_key.key(output)?
    );
    let call = with_read_conditions!(call, args);
    let file = args.file;
    let mut got = call.send().await?;
    let mut sink = file
        .as_deref()
        .map(|path| Sink::open(path, output))
        .transpose()?;
    let mut count = 0_u64;
    while let Some(chunk) = got.value.body.chunk().await? {
        count += chunk.len() as u64;
        if let Some(sink) = &mut sink {
            sink.write(&chunk)?;
        }
    }
    let to_stdout = sink.as_ref().is_some_and(Sink::is_stdout);
    if let Some(sink) = sink {
        sink.finish()?;
    }
    let value = Object::new()
        .with("statusCode", got.status)
        .with("headers", fields::headers(&got.headers))
        .and(got.value.object.fields())
        .with("BodyBytes", count)
        .done();
    if to_stdout {
        // Standard output is the object's; what is known about it goes beside it.
        output.aside(&value);
        return Ok(());
    }
    output.result(&text_of(&value), &value)
}

pub(super) async fn head(client: &Client, args: ReadArgs, output: &Output) -> Answered {
    let call = client
        .head_object()
        .bucket(args.object.object.bucket)
        .key(args.object.object.key);
    let call = given!(
        call,
        version_id = args.object.version_id,
        range = args.range,
        customer_key = args.customer_key.key(output)?
    );
    let call = with_read_conditions!(call, args);
    answer(&call.send().await?)
}

pub(super) async fn delete(client: &Client, args: DeleteObjectArgs) -> Answered {
    let object = args.object.object;
    let call = client.delete_object().bucket(object.bucket).key(object.key);
    let call = with_target_conditions!(call, args.conditions);
    answer(
        &given!(call, version_id = args.object.version_id)
            .send()
            .await?,
    )
}

pub(super) async fn delete_many(client: &Client, args: DeleteObjectsArgs) -> Answered {
    let objects = match &args.objects_json {
        Some(path) => objects_of(&text_in(path)?)?,
        None => args.key.into_iter().map(plain_key).collect(),
    };
    let call = client.delete_multiple_object().bucket(args.bucket);
    answer(&call.objects(objects).quiet(args.quiet_reply).send().await?)
}

fn plain_key(key: String) -> ObjectToDelete {
    ObjectToDelete {
        key,
        ..ObjectToDelete::default()
    }
}

pub(super) async fn put_acl(client: &Client, args: AclArgs) -> Answered {
    let object = args.object.object;
    let call = client
        .put_object_acl()
        .bucket(object.bucket)
        .key(object.key);
    let call = with_acl!(call, object_acl(args.acl));
    answer(
        &given!(call, version_id = args.object.version_id)
            .send()
            .await?,
    )
}

pub(super) async fn acl(client: &Client, args: VersionArgs) -> Answered {
    let call = client
        .get_object_acl()
        .bucket(args.object.bucket)
        .key(args.object.key);
    answer(&given!(call, version_id = args.version_id).send().await?)
}

pub(super) async fn append(client: &Client, args: AppendArgs, output: &Output) -> Answered {
    let call = client
        .append_object()
        .bucket(args.object.bucket)
        .key(args.object.key)
        .position(args.position)
        .metadata(metadata(args.content, args.meta)?)
        .tags(args.tags.tags()?)
        .body(files::read_bytes(&args.file)?);
    let call = with_acl!(call, object_acl(args.acl));
    let call = given!(
        call,
        storage_class = args.storage_class,
        server_side_encryption = args.encryption.asked(output)?
    );
    answer(&call.send().await?)
}

pub(super) async fn restore(client: &Client, args: RestoreObjectArgs) -> Answered {
    let object = args.object.object;
    let call = client
        .restore_object()
        .bucket(object.bucket)
        .key(object.key)
        .days(args.days);
    let version_id = args.object.version_id;
    answer(
        &given!(call, version_id = version_id, tier = args.tier)
            .send()
            .await?,
    )
}

pub(super) async fn put_tagging(client: &Client, args: PutTaggingArgs) -> Answered {
    let object = args.object.object;
    let call = client
        .put_object_tagging()
        .bucket(object.bucket)
        .key(object.key)
        .tags(args.tags.tags()?);
    answer(
        &given!(call, version_id = args.object.version_id)
            .send()
            .await?,
    )
}

pub(super) async fn tagging(client: &Client, args: VersionArgs) -> Answered {
    let call = client
        .get_object_tagging()
        .bucket(args.object.bucket)
        .key(args.object.key);
    answer(&given!(call, version_id = args.version_id).send().await?)
}

pub(super) async fn delete_tagging(client: &Client, args: VersionArgs) -> Answered {
    let call = client
        .delete_object_tagging()
        .bucket(args.object.bucket)
        .key(args.object.key);
    answer(&given!(call, version_id = args.version_id).send().await?)
}

pub(super) async fn rename(client: &Client, args: RenameArgs) -> Answered {
    let call = client
        .rename_object()
        .bucket(args.object.bucket)
        .key(args.object.key)
        .source_key(args.rename_source)
        .forbid_overwrite(args.forbid_overwrite);
    let call = with_acl!(call, acl_of(args.acl, args.grants));
    answer(
        &with_target_conditions!(call, args.target_conditions)
            .send()
            .await?,
    )
}
