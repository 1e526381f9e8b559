//! `acl`: who may use an object or a bucket, shown or set.

use crate::args::AclCommandArgs;
use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::fields::{Fields, Object};
use crate::output::Output;
use crate::transfer::given::{given, with_acl};

use super::{api, stat};

pub(super) async fn run(
    connection: &Connection,
    args: AclCommandArgs,
    output: &Output,
) -> Result<()> {
    let name = &args.name;
    let client = connection.client_of(name)?;
    let about_bucket = name.key.is_empty();
    let version = args.version_id.as_ref().or(name.version_id.as_ref());
    if about_bucket && version.is_some() {
        return Err(Failure::usage("a bucket has no versions; name an object"));
    }
    let acl = api::acl_of(args.acl, args.grants.clone());
    if !acl.is_empty() {
        let fits = match args.acl {
            Some(preset) if about_bucket => preset.is_for_buckets(),
            Some(preset) => preset.is_for_objects(),
            None => true,
        };
        if !fits {
            let what = if about_bucket { "buckets" } else { "objects" };
            return Err(Failure::usage(format!(
                "{name}: that preset is not for {what}"
            )));
        }
        if about_bucket {
            let call = client.put_bucket_acl().bucket(&name.bucket);
            with_acl!(call, acl).send().await?;
        } else {
            let key = name.object_key().map_err(Failure::usage)?;
            let call = client.put_object_acl().bucket(&name.bucket).key(key);
            let call = with_acl!(call, acl);
            given!(call, version_id = version).send().await?;
        }
    }
    // What is in force, also after it was set: presets and grants come back as grants.
    let shown = if about_bucket {
        let call = client.get_bucket_acl().bucket(&name.bucket);
        call.send().await?.value.fields()
    } else {
        let key = name.object_key().map_err(Failure::usage)?;
        let call = client.get_object_acl().bucket(&name.bucket).key(key);
        given!(call, version_id = version)
            .send()
            .await?
            .value
            .fields()
    };
    let value = Object::new().text("Name", name).and(shown).done();
    output.result(&stat::text_of(&value), &value)
}
