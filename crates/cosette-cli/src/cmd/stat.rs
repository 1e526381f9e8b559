//! `stat`: every property of an object or a bucket.

use serde_json::Value;

use crate::args::StatArgs;
use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::fields::{self, Fields, Object};
use crate::output::{Output, Table};

pub(super) async fn run(connection: &Connection, args: StatArgs, output: &Output) -> Result<()> {
    let value = if args.name.key.is_empty() {
        bucket(connection, &args).await?
    } else {
        object(connection, &args, output).await?
    };
    output.result(&text_of(&value), &value)
}

async fn object(connection: &Connection, args: &StatArgs, output: &Output) -> Result<Value> {
    let name = &args.name;
    let key = name.object_key().map_err(Failure::usage)?;
    let mut call = connection
        .client_of(name)?
        .head_object()
        .bucket(&name.bucket)
        .key(key);
    if let Some(version) = args.version_id.as_ref().or(name.version_id.as_ref()) {
        call = call.version_id(version);
    }
    if let Some(key) = args.key.key(output)? {
        call = call.customer_key(key);
    }
    let reply = call.send().await?;
    Ok(Object::new()
        .text("Bucket", &name.bucket)
        .text("Key", &name.key)
        .and(reply.value.fields())
        .with("headers", fields::headers(&reply.headers))
        .done())
}

async fn bucket(connection: &Connection, args: &StatArgs) -> Result<Value> {
    let name = &args.name;
    let client = connection.client_of(name)?;
    let head = client.head_bucket().bucket(&name.bucket).send().await?;
    let versioning = client
        .get_bucket_versioning()
        .bucket(&name.bucket)
        .send()
        .await?;
    let acl = client.get_bucket_acl().bucket(&name.bucket).send().await?;
    let status = versioning.value.map_or("never enabled", fields::versioning);
    Ok(Object::new()
        .text("Bucket", &name.bucket)
        .and(head.value.fields())
        .text("Versioning", status)
        .and(acl.value.fields())
        .done())
}

/// A line for each property; the raw headers are for programs.
pub(super) fn text_of(value: &Value) -> String {
    let mut table = Table::plain("<<");
    let Some(object) = value.as_object() else {
        return String::new();
    };
    for (name, value) in object.iter().filter(|(name, _)| *name != "headers") {
        match value {
            Value::Object(inner) => {
                for (inner, value) in inner {
                    table.row([format!("{name} {inner}"), plain(value)]);
                }
            }
            Value::Array(items) => {
                for item in items {
                    table.row([name.clone(), plain(item)]);
                }
            }
            value => table.row([name.clone(), plain(value)]),
        }
    }
    table.text()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
