//! `api <operation>`: one request as the COS documents define it, and its answer under their names.

mod buckets;
mod objects;
mod uploads;

use std::path::Path;

use bytes::Bytes;
use cosette::ObjectToDelete;
use cosette_types::{
    AclHeaders, CannedAcl, ETag, Grantee, Metadata, PartNumber, Preconditions, StorageClass,
};
use serde_json::Value;

use crate::args::{
    ApiCommand, ConditionArgs, ContentArgs, GrantArgs, MetaArgs, NewAclArgs, NewBucketAclArgs,
};
use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::fields::{self, Fields, Object};
use crate::files;
use crate::output::Output;
use crate::transfer::given::{
    given, with_acl, with_read_conditions, with_source_conditions, with_target_conditions,
};

/// The class that a command asks for.
fn class_of(command: &ApiCommand) -> Option<StorageClass> {
    match command {
        ApiCommand::PutObject(args) => args.storage_class,
        ApiCommand::PutObjectCopy(args) => args.storage_class,
        ApiCommand::AppendObject(args) => args.storage_class,
        ApiCommand::MultipartInit(args) => args.storage_class,
        _ => None,
    }
}

/// A successful answer as its JSON object.
type Answered = Result<Value>;

pub(crate) async fn run(
    connection: &Connection,
    command: ApiCommand,
    output: &Output,
) -> Result<()> {
    connection.accepts_class(class_of(&command))?;
    let client = &match &command {
        ApiCommand::GetService(_) | ApiCommand::GetCapabilities => connection.service()?,
        _ => connection.client(None)?,
    };
    let answered = match command {
        ApiCommand::PutObjectCopy(args) => {
            let version = args.copy_source_version_id.clone();
            let source =
                connection.copy_source(&args.copy_source, args.source_region.clone(), version)?;
            objects::copy(client, *args, source, output).await
        }
        ApiCommand::PutObject(args) => objects::put(client, *args, output).await,
        // Its bytes may be the output.
        ApiCommand::GetObject(args) => return objects::get(client, *args, output).await,
        ApiCommand::HeadObject(args) => objects::head(client, *args, output).await,
        ApiCommand::DeleteObject(args) => objects::delete(client, args).await,
        ApiCommand::DeleteMultipleObjects(args) => objects::delete_many(client, args).await,
        ApiCommand::PutObjectAcl(args) => objects::put_acl(client, *args).await,
        ApiCommand::GetObjectAcl(args) => objects::acl(client, args).await,
        ApiCommand::AppendObject(args) => objects::append(client, *args, output).await,
        ApiCommand::RestoreObject(args) => objects::restore(client, args).await,
        ApiCommand::PutObjectTagging(args) => objects::put_tagging(client, args).await,
        ApiCommand::GetObjectTagging(args) => objects::tagging(client, args).await,
        ApiCommand::DeleteObjectTagging(args) => objects::delete_tagging(client, args).await,
        ApiCommand::RenameObject(args) => objects::rename(client, *args).await,
        ApiCommand::MultipartInit(args) => uploads::init(client, *args, output).await,
        ApiCommand::UploadPart(args) => uploads::part(client, args, output).await,
        ApiCommand::UploadPartCopy(args) => {
            let version = args.copy_source_version_id.clone();
            let source =
                connection.copy_source(&args.copy_source, args.source_region.clone(), version)?;
            uploads::part_copy(client, *args, source, output).await
        }
        ApiCommand::MultipartComplete(args) => uploads::complete(client, args, output).await,
        ApiCommand::MultipartAbort(args) => uploads::abort(client, args).await,
        ApiCommand::ListParts(args) => uploads::list_parts(client, args).await,
        ApiCommand::ListMultipartUploads(args) => uploads::list(client, args).await,
        ApiCommand::GetService(args) => buckets::service(client, args).await,
        ApiCommand::PutBucket(args) => buckets::put(client, *args).await,
        ApiCommand::HeadBucket(args) => buckets::head(client, args).await,
        ApiCommand::DeleteBucket(args) => buckets::delete(client, args).await,
        ApiCommand::GetBucket(args) => buckets::list(client, args).await,
        ApiCommand::ListObjectVersions(args) => buckets::list_versions(client, args).await,
        ApiCommand::PutBucketAcl(args) => buckets::put_acl(client, *args).await,
        ApiCommand::GetBucketAcl(args) => buckets::acl(client, args).await,
        ApiCommand::PutBucketVersioning(args) => buckets::put_versioning(client, args).await,
        ApiCommand::GetBucketVersioning(args) => buckets::versioning(client, args).await,
        ApiCommand::PutBucketPolicy(args) => buckets::put_policy(client, args).await,
        ApiCommand::GetBucketPolicy(args) => buckets::policy(client, args).await,
        ApiCommand::DeleteBucketPolicy(args) => buckets::delete_policy(client, args).await,
        ApiCommand::GetCapabilities => buckets::capabilities(client).await,
        ApiCommand::StartPrefixJob(args) => buckets::start_job(client, args).await,
        ApiCommand::GetPrefixJob(args) => buckets::job(client, args).await,
        ApiCommand::ListPrefixJobs(args) => buckets::jobs(client, args).await,
        ApiCommand::CancelPrefixJob(args) => buckets::cancel_job(client, args).await,
        ApiCommand::PutBucketLifecycle(args) => buckets::put_lifecycle(client, args).await,
        ApiCommand::GetBucketLifecycle(args) => buckets::lifecycle(client, args).await,
        ApiCommand::DeleteBucketLifecycle(args) => buckets::delete_lifecycle(client, args).await,
        ApiCommand::PutBucketCors(args) => buckets::put_cors(client, args).await,
        ApiCommand::GetBucketCors(args) => buckets::cors(client, args).await,
        ApiCommand::DeleteBucketCors(args) => buckets::delete_cors(client, args).await,
        ApiCommand::OptionsObject(args) => buckets::options(client, args).await,
        ApiCommand::PutBucketTagging(args) => buckets::put_tagging(client, args).await,
        ApiCommand::GetBucketTagging(args) => buckets::tagging(client, args).await,
        ApiCommand::DeleteBucketTagging(args) => buckets::delete_tagging(client, args).await,
        ApiCommand::PutBucketEncryption(args) => buckets::put_encryption(client, args).await,
        ApiCommand::GetBucketEncryption(args) => buckets::encryption(client, args).await,
        ApiCommand::DeleteBucketEncryption(args) => buckets::delete_encryption(client, args).await,
        ApiCommand::GetBucketLocation(args) => buckets::location(client, args).await,
    };
    let value = answered?;
    output.result(&text_of(&value), &value)
}

/// `statusCode`, `headers` and the operation's fields.
fn answer<T: Fields>(reply: &cosette::Output<T>) -> Answered {
    Ok(Object::new()
        .with("statusCode", reply.status)
        .with("headers", fields::headers(&reply.headers))
        .and(reply.value.fields())
        .done())
}

/// The same facts for people: a line for each field.
fn text_of(value: &Value) -> String {
    let Some(object) = value.as_object() else {
        return value.to_string();
    };
    let mut text = String::new();
    for (name, value) in object {
        match value {
            Value::String(plain) => text.push_str(&format!("{name}: {plain}\n")),
            Value::Object(inner) if !inner.is_empty() => {
                text.push_str(&format!("{name}:\n"));
                for (name, value) in inner {
                    let plain = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    text.push_str(&format!("  {name}: {plain}\n"));
                }
            }
            Value::Array(items) => {
                text.push_str(&format!("{name}: {}\n", items.len()));
                for item in items {
                    text.push_str(&format!("  {item}\n"));
                }
            }
            other => text.push_str(&format!("{name}: {other}\n")),
        }
    }
    text
}

fn metadata(content: ContentArgs, meta: MetaArgs) -> Result<Metadata> {
    let mut metadata = Metadata::default();
    let target = &mut metadata.content;
    target.cache_control = content.cache_control;
    target.content_disposition = content.content_disposition;
    target.content_encoding = content.content_encoding;
    target.content_language = content.content_language;
    target.content_type = content.content_type;
    target.expires = content.expires;
    for (name, value) in meta.meta {
        metadata.user.insert(&name, value)?;
    }
    Ok(metadata)
}

pub(super) fn acl_of(canned: Option<CannedAcl>, grants: GrantArgs) -> AclHeaders {
    let flat = |lists: Vec<Vec<Grantee>>| lists.into_iter().flatten().collect();
    AclHeaders {
        canned,
        read: flat(grants.grant_read),
        write: flat(grants.grant_write),
        read_acp: flat(grants.grant_read_acp),
        write_acp: flat(grants.grant_write_acp),
        full_control: flat(grants.grant_full_control),
    }
}

fn object_acl(args: NewAclArgs) -> AclHeaders {
    acl_of(args.acl, args.grants)
}

fn bucket_acl(args: NewBucketAclArgs) -> AclHeaders {
    acl_of(args.acl, args.grants)
}

fn source_conditions(args: ConditionArgs) -> Preconditions {
    Preconditions {
        if_match: args.copy_source_if_match,
        if_none_match: args.copy_source_if_none_match,
        if_modified_since: args.copy_source_if_modified_since,
        if_unmodified_since: args.copy_source_if_unmodified_since,
    }
}

/// The list of a complete, from JSON with the names of the COS documents.
fn parts_of(text: &str) -> Result<Vec<(PartNumber, ETag)>> {
    let bad = |why: &str| Failure::usage(format!("the list of parts: {why}"));
    let list: Vec<Value> = serde_json::from_str(text).map_err(|why| bad(&why.to_string()))?;
    let part = |entry: &Value| {
        let number = entry
            .get("PartNumber")
            .ok_or_else(|| bad("an entry has no PartNumber"))?;
        let number = number
            .as_str()
            .map_or_else(|| number.to_string(), str::to_owned);
        let etag = entry.get("ETag").and_then(Value::as_str);
        let etag = etag.ok_or_else(|| bad("an entry has no ETag"))?;
        Ok((number.parse()?, etag.parse()?))
    };
    list.iter().map(part).collect()
}

/// The list of a delete, from JSON with the names of the COS documents.
fn objects_of(text: &str) -> Result<Vec<ObjectToDelete>> {
    let bad = |why: &str| Failure::usage(format!("the list of objects: {why}"));
    let list: Vec<Value> = serde_json::from_str(text).map_err(|why| bad(&why.to_string()))?;
    let object = |entry: &Value| {
        let key = entry.get("Key").and_then(Value::as_str);
        let key = key.ok_or_else(|| bad("an entry has no Key"))?.to_owned();
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        Ok(ObjectToDelete {
            key,
            version_id: text("VersionId").map(str::parse).transpose()?,
            if_match: text("ETag").map(str::parse).transpose()?,
        })
    };
    list.iter().map(object).collect()
}

/// A text that stands in a file, or comes on standard input.
fn text_in(path: &Path) -> Result<String> {
    let bytes = bytes_in(path)?;
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Failure::local(path.display(), "it is no UTF-8 text"))
}

fn bytes_in(path: &Path) -> Result<Bytes> {
    files::read_bytes(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn part_numbers_are_text_or_numbers_and_etags_quoted_or_not() {
        let parts =
            parts_of(r#"[{"PartNumber":"1","ETag":"\"aa\""},{"PartNumber":2,"ETag":"bb"}]"#);
        let told: Vec<_> = parts
            .unwrap()
            .iter()
            .map(|(n, e)| format!("{n}:{e}"))
            .collect();
        assert_eq!(told, ["1:\"aa\"", "2:\"bb\""]);
        for bad in [
            "",
            "{}",
            "[1]",
            r#"[{"PartNumber":0,"ETag":"a"}]"#,
            r#"[{"PartNumber":1}]"#,
        ] {
            assert!(parts_of(bad).is_err(), "{bad}");
        }
    }
}
