//! `mb` and `rb`: making and removing buckets.

use cosette::{Client, ObjectToDelete, VersionItem};
use cosette_types::BucketName;

use crate::args::{MakeBucketArgs, RemoveBucketArgs};
use crate::connect::Connection;
use crate::failure::{Failure, Kind, Result};
use crate::fields::Object;
use crate::name::{self, CosName};
use crate::output::Output;

use super::rm;

fn bucket_only(name: &CosName) -> Result<()> {
    if name.key.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{name} names an object; a bucket is {}",
        name::bucket(&name.bucket)
    )))
}

pub(super) async fn make(
    connection: &Connection,
    args: MakeBucketArgs,
    output: &Output,
) -> Result<()> {
    bucket_only(&args.name)?;
    let bucket = &args.name.bucket;
    let mut call = connection
        .client_of(&args.name)?
        .put_bucket()
        .bucket(bucket);
    if let Some(acl) = args.acl {
        call = call.acl(acl);
    }
    call.send().await?;
    let json = Object::new().text("Bucket", bucket).with("created", true);
    output.result(&made(output, bucket), &json.done())
}

fn made(output: &Output, bucket: &BucketName) -> String {
    if output.is_quiet() {
        String::new()
    } else {
        format!("made {}", name::bucket(bucket))
    }
}

pub(super) async fn remove(
    connection: &Connection,
    args: RemoveBucketArgs,
    output: &Output,
) -> Result<()> {
    bucket_only(&args.name)?;
    let bucket = &args.name.bucket;
    let client = connection.client_of(&args.name)?;
    let mut objects = 0;
    if args.force {
        abort_uploads(&client, bucket).await?;
        objects = empty(&client, bucket, output).await?;
    }
    client.delete_bucket().bucket(bucket).send().await?;
    let json = Object::new()
        .text("Bucket", bucket)
        .with("removed", true)
        .with("objects", objects);
    let text = if output.is_quiet() {
        String::new()
    } else {
        format!("removed {}", name::bucket(bucket))
    };
    output.result(&text, &json.done())
}

/// Removes every version and delete marker, which are all objects of a bucket without versioning too.
async fn empty(client: &Client, bucket: &BucketName, output: &Output) -> Result<u64> {
    let mut removed = 0;
    loop {
        // Always the first page: what was on the one before is gone.
        let page = client
            .list_object_versions()
            .bucket(bucket)
            .send()
            .await?
            .value;
        let objects: Vec<ObjectToDelete> = page.items.iter().map(version_of).collect();
        let Some(count) = u64::try_from(objects.len()).ok().filter(|count| *count > 0) else {
            return Ok(removed);
        };
        let failed = rm::remove_batch(client, bucket, objects, output).await?;
        if failed > 0 {
            let told = format!(
                "{failed} objects of {} could not be removed",
                name::bucket(bucket)
            );
            return Err(Failure::new(Kind::Partial, told));
        }
        removed += count;
    }
}

fn version_of(item: &VersionItem) -> ObjectToDelete {
    let (key, version_id) = match item {
        VersionItem::Version(entry) => (&entry.key, &entry.version_id),
        VersionItem::DeleteMarker(entry) => (&entry.key, &entry.version_id),
    };
    ObjectToDelete {
        key: key.to_string(),
        version_id: version_id.clone(),
        if_match: None,
    }
}

async fn abort_uploads(client: &Client, bucket: &BucketName) -> Result<()> {
    loop {
        let page = client.multipart_list().bucket(bucket).send().await?.value;
        if page.uploads.is_empty() {
            return Ok(());
        }
        for upload in page.uploads {
            client
                .multipart_abort()
                .bucket(bucket)
                .key(upload.key)
                .upload_id(upload.upload_id)
                .send()
                .await?;
        }
    }
}
