//! Raw requests about buckets.

use cosette::Client;

use crate::args::{
    BucketAclArgs, BucketArgs, ListBucketsArgs, ListObjectsArgs, ListVersionsArgs, PutBucketArgs,
    PutPolicyArgs, VersioningArgs,
};
use crate::files;

use super::{Answered, answer, bucket_acl, given, with_acl};

pub(super) async fn service(client: &Client, args: ListBucketsArgs) -> Answered {
    let call = given!(
        client.get_service(),
        in_region = client.region().cloned(),
        marker = args.marker,
        max_keys = args.max_keys
    );
    answer(&call.send().await?)
}

pub(super) async fn put(client: &Client, args: PutBucketArgs) -> Answered {
    let call = client.put_bucket().bucket(args.bucket.bucket);
    answer(&with_acl!(call, bucket_acl(args.acl)).send().await?)
}

pub(super) async fn head(client: &Client, args: BucketArgs) -> Answered {
    answer(&client.head_bucket().bucket(args.bucket).send().await?)
}

pub(super) async fn delete(client: &Client, args: BucketArgs) -> Answered {
    answer(&client.delete_bucket().bucket(args.bucket).send().await?)
}

pub(super) async fn list(client: &Client, args: ListObjectsArgs) -> Answered {
    let call = client.get_bucket().bucket(args.page.bucket).encoded(true);
    let call = given!(
        call,
        prefix = args.page.prefix,
        delimiter = args.page.delimiter,
        marker = args.marker,
        max_keys = args.max_keys
    );
    answer(&call.send().await?)
}

pub(super) async fn list_versions(client: &Client, args: ListVersionsArgs) -> Answered {
    let call = client
        .list_object_versions()
        .bucket(args.page.bucket)
        .encoded(true);
    let call = given!(
        call,
        prefix = args.page.prefix,
        delimiter = args.page.delimiter,
        key_marker = args.key_marker,
        version_id_marker = args.version_id_marker,
        max_keys = args.max_keys
    );
    answer(&call.send().await?)
}

pub(super) async fn put_acl(client: &Client, args: BucketAclArgs) -> Answered {
    let call = client.put_bucket_acl().bucket(args.bucket.bucket);
    answer(&with_acl!(call, bucket_acl(args.acl)).send().await?)
}

pub(super) async fn acl(client: &Client, args: BucketArgs) -> Answered {
    answer(&client.get_bucket_acl().bucket(args.bucket).send().await?)
}

pub(super) async fn put_versioning(client: &Client, args: VersioningArgs) -> Answered {
    let call = client.put_bucket_versioning().bucket(args.bucket.bucket);
    answer(&call.status(args.status).send().await?)
}

pub(super) async fn versioning(client: &Client, args: BucketArgs) -> Answered {
    answer(
        &client
            .get_bucket_versioning()
            .bucket(args.bucket)
            .send()
            .await?,
    )
}

pub(super) async fn location(client: &Client, args: BucketArgs) -> Answered {
    answer(
        &client
            .get_bucket_location()
            .bucket(args.bucket)
            .send()
            .await?,
    )
}

pub(super) async fn put_policy(client: &Client, args: PutPolicyArgs) -> Answered {
    let policy = files::read_bytes(&args.policy)?;
    let call = client.put_bucket_policy().bucket(args.bucket.bucket);
    answer(&call.policy(policy).send().await?)
}

pub(super) async fn policy(client: &Client, args: BucketArgs) -> Answered {
    let call = client.get_bucket_policy().bucket(args.bucket);
    answer(&call.send().await?)
}

pub(super) async fn delete_policy(client: &Client, args: BucketArgs) -> Answered {
    let call = client.delete_bucket_policy().bucket(args.bucket);
    answer(&call.send().await?)
}
