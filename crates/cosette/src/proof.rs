//! By what it is known that a copy has the bytes of its source.
//!
//! COS tells a CRC-64 of every object, which does not depend on parts. Services of the S3 dialect
//! tell a checksum, or a tag that is an MD5, or neither: then both ends are read.

use cosette_proto::Dialect;
use cosette_proto::dialect::amz;
use cosette_proto::ops::ObjectReply;
use cosette_types::{BucketName, Crc64, CustomerKey, ObjectKey, Preconditions, VersionId};
use futures_util::StreamExt;
use http::HeaderMap;
use serde::Serialize;

use crate::checksum::crc64;
use crate::client::Client;
use crate::copier::Copier;
use crate::download::Reader;
use crate::error::{Error, ErrorKind};
use crate::reconcile;
use crate::reply::Output;
use crate::send::Context;
use crate::slice_copy::SliceCopied;

/// Bytes that are asked for at a time when an object is read to know its checksum.
const RANGE_BYTES: u64 = 8 << 20;
/// Such ranges that are on their way at a time.
const RANGES: usize = 2;

/// By what it is known that a copy has the bytes of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Proof {
    /// Nothing was compared: the service told no checksum of one of them.
    #[default]
    None,
    /// The CRC-64 of COS is the same.
    Crc64,
    /// A checksum of S3 over the whole object is the same.
    Checksum,
    /// The tag is an MD5 of the bytes, and the right one.
    ETag,
    /// Both were read here, and their CRC-64 is the same.
    Read,
    /// It is the same object under another key.
    SameObject,
}

/// Compares what two objects say of their bytes; `None` when that tells nothing.
pub(crate) fn compare(
    source: &Output<ObjectReply>,
    target: &Output<ObjectReply>,
    dialect: Dialect,
) -> Result<Option<Proof>, String> {
    let (size, wanted) = (target.size(), source.size());
    if size != wanted {
        return Err(format!("it has {size} bytes, the source {wanted}"));
    }
    match (source.crc64, target.crc64) {
        (Some(wanted), Some(is)) if wanted == is => return Ok(Some(Proof::Crc64)),
        (Some(wanted), Some(is)) => {
            return Err(format!("its CRC-64 is {is}, the source's {wanted}"));
        }
        _ => {}
    }
    for name in amz::CHECKSUMS {
        let (wanted, is) = (
            checksum(&source.headers, name),
            checksum(&target.headers, name),
        );
        match (wanted, is) {
            (Some(wanted), Some(is)) if wanted == is => return Ok(Some(Proof::Checksum)),
            (Some(wanted), Some(is)) => {
                return Err(format!("its {name} is {is}, the source's {wanted}"));
            }
            _ => {}
        }
    }
    // A tag of parts is unique in COS; in S3 it is made of the MD5s of the parts.
    let tells = source.etag.part_count().is_none() || dialect == Dialect::S3;
    Ok((tells && source.etag == target.etag).then_some(Proof::ETag))
}

/// A checksum that is of the whole object, not of its parts' checksums.
pub(crate) fn checksum<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let whole = text(amz::CHECKSUM_TYPE).is_none_or(|kind| kind == "FULL_OBJECT");
    text(name).filter(|value| whole && !value.contains('-'))
}

/// Whether a tag without parts is an MD5: not where the service encrypts with keys of its own.
pub(crate) fn tag_is_md5(object: &Output<ObjectReply>, dialect: Dialect) -> bool {
    let encrypted = dialect.encryption_prefixes();
    let by_key = object.headers.iter().any(|(name, value)| {
        encrypted
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix))
            && value != "AES256"
    });
    object.etag.md5().is_some() && !by_key
}

/// Looks at the target: it must have the source's size and bytes.
pub(crate) async fn prove(
    copier: &Copier,
    source: &Output<ObjectReply>,
    copied: &SliceCopied,
) -> Result<Proof, Error> {
    let Copier {
        client,
        bucket,
        key,
        plain,
        ..
    } = copier;
    let version = copied.version_id.as_ref();
    let target_key = copier.target_key(source);
    let target = reconcile::head(client, plain, bucket, key, version, target_key.as_ref()).await?;
    let wrong =
        |words: String| Error::new(ErrorKind::Corrupt, words).about(&format!("{bucket}/{key}"));
    if let Some(proof) = compare(source, &target, client.dialect()).map_err(wrong)? {
        return Ok(proof);
    }
    // It was proved as it was made, and is still that.
    if copied.proof != Proof::None && copied.etag == target.etag {
        return Ok(copied.proof);
    }
    if client.dialect() == Dialect::Cos && copier.reader.dialect() == Dialect::Cos {
        let words = "no checksum tells whether it has the source's bytes";
        return Err(wrong(words.to_owned()));
    }
    tracing::info!(%bucket, %key, "no checksum tells what was copied: both ends are read");
    let from = &copier.source;
    let (wanted, is) = futures_util::future::try_join(
        read(
            &copier.reader,
            &copier.reading,
            (&from.bucket, &from.key, from.version_id.as_ref()),
            (source, copier.plan.source_key.clone()),
        ),
        read(client, plain, (bucket, key, version), (&target, target_key)),
    )
    .await?;
    if wanted == is {
        return Ok(Proof::Read);
    }
    Err(wrong(format!(
        "the CRC-64 of what was read of it is {is}, the source's {wanted}"
    )))
}

/// The CRC-64 of an object as it is read.
async fn read(
    client: &Client,
    context: &Context,
    (bucket, key, version_id): (&BucketName, &ObjectKey, Option<&VersionId>),
    (object, customer_key): (&ObjectReply, Option<CustomerKey>),
) -> Result<Crc64, Error> {
    let reader = Reader {
        client: client.clone(),
        context: context.clone(),
        bucket: bucket.clone(),
        key: key.clone(),
        version_id: version_id.cloned(),
        customer_key,
        pinned: Preconditions {
            if_match: Some(object.etag.clone().into()),
            ..Preconditions::default()
        },
    };
    let size = object.size();
    let firsts = std::iter::successors(Some(0_u64), |first| first.checked_add(RANGE_BYTES));
    let ranges = firsts
        .take_while(|first| *first < size)
        .map(|first| (first, first.saturating_add(RANGE_BYTES).min(size) - 1));
    let mut parts = futures_util::stream::iter(ranges)
        .map(|(first, last)| reader.range(first, last))
        .buffered(RANGES);
    let mut crc = Crc64::EMPTY;
    while let Some(bytes) = parts.next().await {
        let bytes = bytes?;
        crc = crc.then(crc64(&bytes), bytes.len() as u64);
    }
    Ok(crc)
}

#[cfg(test)]
mod tests {
    use cosette_proto::Field;

    use super::*;

    fn object(etag: &str, headers: &[(&'static str, &str)]) -> Output<ObjectReply> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        map.insert("content-length", "5".parse().unwrap());
        map.insert("etag", etag.parse().unwrap());
        map.insert(
            "last-modified",
            "Fri, 10 Apr 2020 18:17:25 GMT".parse().unwrap(),
        );
        let reply = cosette_proto::Reply {
            status: http::StatusCode::OK,
            headers: map.clone(),
            payload: None,
        };
        let read = <cosette_proto::ops::HeadObject as cosette_proto::Message>::decode_reply;
        Output::new(200, map, read(&reply, Dialect::S3).unwrap())
    }

    const MD5: &str = "\"ee8de918d05640145b18f70f4c3aa602\"";

    #[test]
    fn what_tells_is_compared_in_the_order_of_its_strength() {
        let crc = Dialect::S3.name(Field::HashCrc64);
        let nvme = amz::CHECKSUM_CRC64NVME;
        let parts = "\"ee8de918d05640145b18f70f4c3aa602-2\"";
        let other = "\"00000000000000000000000000000000\"";
        type Told<'a> = (&'a str, &'a [(&'static str, &'a str)]);
        let check = |source: Told<'_>, target: Told<'_>, dialect| {
            compare(
                &object(source.0, source.1),
                &object(target.0, target.1),
                dialect,
            )
        };
        let both = Dialect::ALL;
        for dialect in both {
            let same = check((MD5, &[(crc, "7")]), (parts, &[(crc, "7")]), dialect);
            assert_eq!(same, Ok(Some(Proof::Crc64)));
            assert!(check((MD5, &[(crc, "7")]), (MD5, &[(crc, "8")]), dialect).is_err());
            let same = check((parts, &[(nvme, "a")]), (MD5, &[(nvme, "a")]), dialect);
            assert_eq!(same, Ok(Some(Proof::Checksum)));
            assert!(check((MD5, &[(nvme, "a")]), (MD5, &[(nvme, "b")]), dialect).is_err());
            assert_eq!(
                check((MD5, &[]), (MD5, &[]), dialect),
                Ok(Some(Proof::ETag))
            );
            assert_eq!(check((MD5, &[]), (other, &[]), dialect), Ok(None));
            // Of parts, these say nothing of the whole.
            let of_parts = [(nvme, "a"), (amz::CHECKSUM_TYPE, "COMPOSITE")];
            assert_eq!(
                check((MD5, &of_parts), (other, &of_parts), dialect),
                Ok(None)
            );
        }
        assert_eq!(check((parts, &[]), (parts, &[]), Dialect::Cos), Ok(None));
        assert_eq!(
            check((parts, &[]), (parts, &[]), Dialect::S3),
            Ok(Some(Proof::ETag))
        );
    }

    #[test]
    fn tags_of_objects_under_other_keys_are_no_md5() {
        let [name, _] = Dialect::S3.encryption_prefixes();
        let of = |value| tag_is_md5(&object(MD5, &[(name, value)]), Dialect::S3);
        assert!(of("AES256") && !of("aws:kms"));
        assert!(!tag_is_md5(&object("\"ab-2\"", &[]), Dialect::S3));
    }
}
