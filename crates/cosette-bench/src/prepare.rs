//! What is there before a measurement, and gone after it: the bucket, the objects, and whatever the
//! run has written below its own prefix.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cosette_proto::ops;
use cosette_types::{Metadata, ObjectKey, PartNumber, UploadId};
use futures_util::future::try_join_all;

use crate::connection::{Connection, Keep};
use crate::error::{Error, Refused};
use crate::objects::{Objects, parts};
use crate::payload::{Noise, Payload};
use crate::plan::Plan;
use crate::site::Site;
use crate::stop::Stop;
use crate::worker;

/// Connections that prepare and clean up.
const CONNECTIONS: usize = 32;
/// How long one request may take here.
const TIMEOUT: Duration = Duration::from_secs(600);
/// Keys of one request that deletes.
const DELETE_KEYS_MAX: usize = 1000;

/// Makes the bucket, if it is not there. True if it was made.
pub(crate) async fn bucket(site: &Arc<Site>) -> Result<bool, Error> {
    let mut connection = Connection::new(Arc::clone(site), TIMEOUT);
    let bucket = site.bucket.clone();
    let head = ops::HeadBucket {
        bucket: bucket.clone(),
    };
    let found = connection
        .send(&head, Payload::empty(), Keep::Document)
        .await;
    match found {
        Ok(_) => return Ok(false),
        Err(refused) if refused.code == "HTTP 404" || refused.code == "NoSuchBucket" => {}
        Err(refused) => return Err(Error::from(refused).during(format!("bucket {bucket}"))),
    }
    let put = ops::PutBucket {
        bucket: bucket.clone(),
        acl: Default::default(),
        tags: Default::default(),
    };
    let made = connection
        .send(&put, Payload::empty(), Keep::Document)
        .await;
    made.map_err(|refused| Error::from(refused).during(format!("making bucket {bucket}")))?;
    Ok(true)
}

/// Puts the objects that the measurement reads, copies, moves or deletes.
pub(crate) async fn objects(
    site: &Arc<Site>,
    plan: &Plan,
    objects: &Objects,
    noise: &Noise,
    stop: &Stop,
) -> Result<(), Error> {
    let next = AtomicU64::new(0);
    let workers = (0..CONNECTIONS).map(|_| async {
        let mut connection = Connection::new(Arc::clone(site), TIMEOUT);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= objects.count {
                return Ok(());
            }
            let put = source(&mut connection, plan, objects.source(number), noise, number);
            put.await
                .map_err(|refused| Error::from(refused).during("preparing objects"))?;
        }
    });
    tokio::select! {
        // The objects under way are given up too: one may take minutes.
        () = stop.told() => Err(Error::new("stopped while objects were prepared")),
        done = try_join_all(workers) => done.map(drop),
    }
}

async fn source(
    connection: &mut Connection,
    plan: &Plan,
    key: ObjectKey,
    noise: &Noise,
    number: u64,
) -> Result<(), Refused> {
    let stamp = u128::from(number) << 32 | 0x5eed;
    if !plan.makes_parts() {
        let put = worker::put(connection.site(), key);
        let body = noise.body(plan.size, stamp);
        return connection.send(&put, body, Keep::Document).await.map(drop);
    }
    let bucket = connection.site().bucket.clone();
    let initiate = ops::InitiateUpload {
        bucket: bucket.clone(),
        key: key.clone(),
        metadata: Metadata::default(),
        storage_class: None,
        acl: Default::default(),
        tags: Default::default(),
        encryption: None,
    };
    let upload_id = connection.ask(&initiate, Payload::empty()).await?.upload_id;
    let aligned = Plan {
        unaligned: false,
        ..plan.clone()
    };
    let mut done = Vec::new();
    for (part_number, range) in (1_u64..).zip(parts(&aligned)) {
        let part_number = PartNumber::try_from(part_number)
            .expect("the plan makes no more parts than an upload may have");
        let part = ops::UploadPart {
            bucket: bucket.clone(),
            key: key.clone(),
            upload_id: upload_id.clone(),
            part_number,
            content_md5: None,
            encryption: None,
        };
        let body = noise.body(
            range.last() - range.first() + 1,
            stamp + (u128::from(part_number.get()) << 96),
        );
        let etag = connection.ask(&part, body).await?.etag;
        done.push(ops::CompletedPart {
            part_number,
            etag,
            checksum: None,
        });
    }
    let complete = ops::CompleteUpload {
        bucket,
        key,
        upload_id,
        parts: done,
        forbid_overwrite: false,
        preconditions: Default::default(),
    };
    connection
        .send(&complete, Payload::empty(), Keep::Document)
        .await
        .map(drop)
}

/// Removes everything below the run's prefix, uploads too; and the bucket, if the run has made it.
/// What cannot be removed is an error; a stop leaves the rest.
pub(crate) async fn clean(
    site: &Arc<Site>,
    objects: &Objects,
    bucket_made: bool,
    stop: &Stop,
) -> Result<(), Error> {
    let prefix = objects.prefix();
    let cleaning = async {
        let mut connection = Connection::new(Arc::clone(site), TIMEOUT);
        abort_uploads(&mut connection, prefix, stop).await?;
        delete_objects(&mut connection, prefix, stop).await?;
        if bucket_made && !stop.is_stopped() {
            let bucket = site.bucket.clone();
            let delete = ops::DeleteBucket { bucket };
            connection
                .send(&delete, Payload::empty(), Keep::Document)
                .await?;
        }
        Ok::<_, Refused>(())
    };
    let left = || format!("objects may be left below {prefix} in {}", site.bucket);
    match cleaning.await {
        Ok(()) if stop.is_stopped() => Err(Error::new(left())),
        Ok(()) => Ok(()),
        Err(refused) => Err(Error::from(refused).during(left())),
    }
}

async fn abort_uploads(
    connection: &mut Connection,
    prefix: &str,
    stop: &Stop,
) -> Result<(), Refused> {
    let bucket = connection.site().bucket.clone();
    let (mut key_marker, mut upload_id_marker): (Option<String>, Option<UploadId>) = (None, None);
    while !stop.is_stopped() {
        let list = ops::ListUploads {
            bucket: bucket.clone(),
            prefix: prefix.to_owned(),
            delimiter: None,
            key_marker: key_marker.take(),
            upload_id_marker: upload_id_marker.take(),
            max_uploads: None,
            encoded: true,
        };
        let page = connection.ask(&list, Payload::empty()).await?;
        for upload in page.uploads {
            let abort = ops::AbortUpload {
                bucket: bucket.clone(),
                key: upload.key,
                upload_id: upload.upload_id,
            };
            match connection
                .send(&abort, Payload::empty(), Keep::Document)
                .await
            {
                // One that was completed in the meantime is none any more.
                Err(refused) if refused.code != "NoSuchUpload" => return Err(refused),
                _ => {}
            }
        }
        if !page.is_truncated {
            return Ok(());
        }
        (key_marker, upload_id_marker) = (page.next_key_marker, page.next_upload_id_marker);
    }
    Ok(())
}

async fn delete_objects(
    connection: &mut Connection,
    prefix: &str,
    stop: &Stop,
) -> Result<(), Refused> {
    let bucket = connection.site().bucket.clone();
    let mut marker = None;
    while !stop.is_stopped() {
        let list = ops::ListObjects {
            bucket: bucket.clone(),
            prefix: prefix.to_owned(),
            delimiter: None,
            marker: marker.take(),
            max_keys: None,
            encoded: true,
        };
        let page = connection.ask(&list, Payload::empty()).await?;
        let keys = page.contents.iter().map(|entry| ops::ObjectToDelete {
            key: entry.key.as_str().to_owned(),
            ..ops::ObjectToDelete::default()
        });
        let keys: Vec<_> = keys.collect();
        for keys in keys.chunks(DELETE_KEYS_MAX) {
            let delete = ops::DeleteObjects {
                bucket: bucket.clone(),
                objects: keys.to_vec(),
                quiet: true,
            };
            let reply = connection.ask(&delete, Payload::empty()).await?;
            if let Some(failed) = reply.failed.into_iter().next() {
                return Err(Refused {
                    code: failed.code,
                    message: format!("{}: {}", failed.key, failed.message),
                    unreachable: false,
                });
            }
        }
        match page.next_marker {
            Some(next) => marker = Some(next),
            None => return Ok(()),
        }
    }
    Ok(())
}
