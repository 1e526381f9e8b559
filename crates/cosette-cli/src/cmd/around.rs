//! `tag`, `restore`, `presign`: one request each, by the name of the object.

use cosette::Presigned;
use cosette_types::Tags;

use crate::args::{PresignArgs, PresignMethod, RestoreArgs, TagCommandArgs};
use crate::connect::Connection;
use crate::failure::{Failure, Result};
use crate::fields::{self, Fields, Object};
use crate::output::Output;
use crate::transfer::given::given;

pub(super) async fn tag(
    connection: &Connection,
    args: TagCommandArgs,
    output: &Output,
) -> Result<()> {
    let client = connection.client_of(&args.name)?;
    let name = &args.name;
    let mut tags = Tags::new();
    for (key, value) in &args.tags {
        tags.insert(key, value)?;
    }
    let shown = if name.key.is_empty() {
        let bucket = &name.bucket;
        if args.clear {
            client.delete_bucket_tagging().bucket(bucket).send().await?;
            tags
        } else if args.tags.is_empty() {
            let call = client.get_bucket_tagging().bucket(bucket);
            match call.send().await {
                Ok(reply) => reply.value,
                Err(why) if why.code() == Some("NoSuchTagSet") => Tags::new(),
                Err(why) => return Err(why.into()),
            }
        } else {
            let call = client.put_bucket_tagging().bucket(bucket);
            call.tags(tags.clone()).send().await?;
            tags
        }
    } else {
        let key = name.object_key().map_err(Failure::usage)?;
        let version = args.version_id.as_ref().or(name.version_id.as_ref());
        if args.clear {
            let call = client.delete_object_tagging().bucket(&name.bucket).key(key);
            given!(call, version_id = version).send().await?;
            tags
        } else if args.tags.is_empty() {
            let call = client.get_object_tagging().bucket(&name.bucket).key(key);
            given!(call, version_id = version).send().await?.value.tags
        } else {
            let call = client.put_object_tagging().bucket(&name.bucket).key(key);
            let call = call.tags(tags.clone());
            given!(call, version_id = version).send().await?;
            tags
        }
    };
    let lines: Vec<_> = shown
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    output.result(&lines.join("\n"), &shown.fields().done())
}

pub(super) async fn restore(
    connection: &Connection,
    args: RestoreArgs,
    output: &Output,
) -> Result<()> {
    let name = &args.name;
    let key = name.object_key().map_err(Failure::usage)?;
    let version = args.version_id.as_ref().or(name.version_id.as_ref());
    let client = connection.client_of(name)?;
    let call = client
        .restore_object()
        .bucket(&name.bucket)
        .key(key)
        .days(args.days);
    let reply = given!(call, version_id = version, tier = args.tier)
        .send()
        .await?;
    let text = match reply.value {
        cosette::RestoreObjectReply::Begun => "the restore has begun",
        cosette::RestoreObjectReply::Extended => "the object is readable, and stays so longer",
    };
    let json = Object::new()
        .with("statusCode", reply.status)
        .with("headers", fields::headers(&reply.headers));
    output.result(text, &json.done())
}

pub(super) fn presign(connection: &Connection, args: PresignArgs, output: &Output) -> Result<()> {
    if args.method == PresignMethod::Post {
        return form(connection, args, output);
    }
    if !args.field.is_empty() || args.size_max.is_some() {
        return Err(Failure::usage("--field and --size-max are for POST only"));
    }
    let presigned = presigned(connection, &args)?;
    let mut headers = Object::new();
    for (name, value) in &presigned.headers {
        headers = headers.text(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
    }
    let json = Object::new()
        .text("Method", &presigned.method)
        .text("Url", &presigned.url)
        .with("headers", headers.done())
        .with("ExpiresSeconds", args.expires.as_secs());
    output.result(&presigned.url, &json.done())
}

/// A form that whoever has it may send: where to, and what it must say.
fn form(connection: &Connection, args: PresignArgs, output: &Output) -> Result<()> {
    let key = args.name.object_key().map_err(Failure::usage)?;
    let overridden =
        args.response_content_type.is_some() || args.response_content_disposition.is_some();
    if overridden || args.version_id.is_some() || args.name.version_id.is_some() {
        let words = "a form makes an object: it names no version and no --response-… flag";
        return Err(Failure::usage(words));
    }
    let call = connection.client_of(&args.name)?.presign_post();
    let call = call.bucket(&args.name.bucket).key(key.as_str());
    let given = args.field.into_iter();
    let call = given.fold(call, |call, (name, value)| call.field(name, value));
    let call = match args.size_max {
        Some(most) => call.sizes(0..=most),
        None => call,
    };
    let form = call.presign(args.expires)?;
    let mut text = form.url.clone();
    let mut fields = Object::new();
    for (name, value) in &form.fields {
        text.push_str(&format!("\n{name}={value}"));
        fields = fields.text(name, value);
    }
    let json = Object::new()
        .text("Method", "POST")
        .text("Url", &form.url)
        .with("Fields", fields.done())
        .with("ExpiresSeconds", args.expires.as_secs());
    output.result(&text, &json.done())
}

fn presigned(connection: &Connection, args: &PresignArgs) -> Result<Presigned> {
    let name = &args.name;
    let key = name.object_key().map_err(Failure::usage)?;
    let version = args.version_id.as_ref().or(name.version_id.as_ref());
    let overridden =
        args.response_content_type.is_some() || args.response_content_disposition.is_some();
    if overridden && args.method != PresignMethod::Get {
        return Err(Failure::usage("--response-… flags are for GET only"));
    }
    if version.is_some() && args.method == PresignMethod::Put {
        return Err(Failure::usage("a PUT makes a version; it cannot name one"));
    }
    let (client, bucket) = (connection.client_of(name)?, &name.bucket);
    let made = match args.method {
        PresignMethod::Get => {
            let call = client.get_object().bucket(bucket).key(key);
            given!(
                call,
                version_id = version,
                response_content_type = args.response_content_type.as_ref(),
                response_content_disposition = args.response_content_disposition.as_ref(),
            )
            .presign(args.expires)
        }
        PresignMethod::Head => {
            let call = client.head_object().bucket(bucket).key(key);
            given!(call, version_id = version).presign(args.expires)
        }
        PresignMethod::Put => {
            let call = client.put_object().bucket(bucket).key(key);
            call.presign(args.expires)
        }
        PresignMethod::Post => return Err(Failure::usage("a form is no request")),
        PresignMethod::Delete => {
            let call = client.delete_object().bucket(bucket).key(key);
            given!(call, version_id = version).presign(args.expires)
        }
    };
    Ok(made?)
}
