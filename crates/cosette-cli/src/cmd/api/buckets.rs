//! Raw requests about buckets.

use cosette::{
    Client, CorsConfiguration, EncryptionConfiguration, LifecycleConfiguration, PrefixJobWish,
};

use crate::args::{
    BucketAclArgs, BucketArgs, ListBucketsArgs, ListObjectsArgs, ListVersionsArgs, OptionsArgs,
    PrefixJobArgs, PutBucketArgs, PutBucketDocumentArgs, PutBucketTaggingArgs, PutPolicyArgs,
    StartPrefixJobArgs, VersioningArgs,
};
use crate::files;

use crate::failure::Failure;

use super::{Answered, answer, bucket_acl, bytes_in, given, with_acl};

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
    let call = call.tags(args.tags.tags()?);
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

pub(super) async fn capabilities(client: &Client) -> Answered {
    answer(&client.get_capabilities().send().await?)
}

pub(super) async fn start_job(client: &Client, args: StartPrefixJobArgs) -> Answered {
    let wish = PrefixJobWish {
        kind: args.kind,
        source_bucket: args.source_bucket,
        source_prefix: args.source_prefix,
        target_prefix: args.target_prefix,
        forbid_overwrite: args.forbid_overwrite,
    };
    let call = client.start_prefix_job().bucket(args.bucket.bucket);
    answer(
        &given!(call.wish(wish), client_token = args.client_token)
            .send()
            .await?,
    )
}

pub(super) async fn job(client: &Client, args: PrefixJobArgs) -> Answered {
    let call = client.get_prefix_job().bucket(args.bucket.bucket);
    let call = call.id(args.id);
    answer(&given!(call, left_marker = args.left_marker).send().await?)
}

pub(super) async fn jobs(client: &Client, args: BucketArgs) -> Answered {
    let call = client.list_prefix_jobs().bucket(args.bucket);
    answer(&call.send().await?)
}

pub(super) async fn cancel_job(client: &Client, args: PrefixJobArgs) -> Answered {
    let call = client.cancel_prefix_job().bucket(args.bucket.bucket);
    answer(&call.id(args.id).send().await?)
}

pub(super) async fn put_lifecycle(client: &Client, args: PutBucketDocumentArgs) -> Answered {
    let rules = LifecycleConfiguration::parse(&bytes_in(&args.file)?)
        .map_err(|why| Failure::usage(why.message))?;
    let call = client.put_bucket_lifecycle().bucket(args.bucket.bucket);
    answer(&call.configuration(rules).send().await?)
}

pub(super) async fn lifecycle(client: &Client, args: BucketArgs) -> Answered {
    answer(
        &client
            .get_bucket_lifecycle()
            .bucket(args.bucket)
            .send()
            .await?,
    )
}

pub(super) async fn delete_lifecycle(client: &Client, args: BucketArgs) -> Answered {
    let call = client.delete_bucket_lifecycle().bucket(args.bucket);
    answer(&call.send().await?)
}

pub(super) async fn put_cors(client: &Client, args: PutBucketDocumentArgs) -> Answered {
    let rules = CorsConfiguration::parse(&bytes_in(&args.file)?)
        .map_err(|why| Failure::usage(why.message))?;
    let call = client.put_bucket_cors().bucket(args.bucket.bucket);
    answer(&call.configuration(rules).send().await?)
}

pub(super) async fn cors(client: &Client, args: BucketArgs) -> Answered {
    answer(&client.get_bucket_cors().bucket(args.bucket).send().await?)
}

pub(super) async fn delete_cors(client: &Client, args: BucketArgs) -> Answered {
    let call = client.delete_bucket_cors().bucket(args.bucket);
    answer(&call.send().await?)
}

pub(super) async fn options(client: &Client, args: OptionsArgs) -> Answered {
    let call = client
        .options_object()
        .bucket(args.bucket.bucket)
        .origin(args.origin)
        .method(args.method)
        .headers(args.header);
    answer(&given!(call, key = args.key).send().await?)
}

pub(super) async fn put_tagging(client: &Client, args: PutBucketTaggingArgs) -> Answered {
    let call = client.put_bucket_tagging().bucket(args.bucket.bucket);
    answer(&call.tags(args.tags.tags()?).send().await?)
}

pub(super) async fn tagging(client: &Client, args: BucketArgs) -> Answered {
    let call = client.get_bucket_tagging().bucket(args.bucket);
    answer(&call.send().await?)
}

pub(super) async fn delete_tagging(client: &Client, args: BucketArgs) -> Answered {
    let call = client.delete_bucket_tagging().bucket(args.bucket);
    answer(&call.send().await?)
}

pub(super) async fn put_encryption(client: &Client, args: BucketArgs) -> Answered {
    let call = client.put_bucket_encryption().bucket(args.bucket);
    // The one kind that there is: a key that the service keeps.
    let configuration = EncryptionConfiguration::Managed;
    answer(&call.configuration(configuration).send().await?)
}

pub(super) async fn encryption(client: &Client, args: BucketArgs) -> Answered {
    let call = client.get_bucket_encryption().bucket(args.bucket);
    answer(&call.send().await?)
}

pub(super) async fn delete_encryption(client: &Client, args: BucketArgs) -> Answered {
    let call = client.delete_bucket_encryption().bucket(args.bucket);
    answer(&call.send().await?)
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
