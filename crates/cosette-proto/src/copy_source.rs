//! The copy source: one parser and one printer, inverses of each other.
//!
//! `<bucket>.cos.<region>.<suffix>/<encoded key>[?versionId=<id>]`, or `/<bucket>/<encoded key>`.
//! The host is looked up, never dialled.

use cosette_types::{BucketName, CopySource, ObjectKey, Region, VersionId};

use crate::dialect::Dialect;
use crate::error::Error;
use crate::host;
use crate::percent;

const VERSION: &str = "?versionid=";

/// Reads the value of a copy source header.
///
/// Everything up to the last `?versionId=` is the key, decoded once; `+` is a plus, `%2F` is `/`. The
/// bucket is split off before anything is decoded, so no escape can move the border.
///
/// # Errors
/// `InvalidArgument`, saying what is wrong.
pub fn parse(text: &str) -> Result<CopySource, Error> {
    parse_in(text, Dialect::Cos)
}

/// As [`parse`]; in the S3 dialect the bucket stands alone, and what looks like a host is its name.
///
/// # Errors
/// `InvalidArgument`, saying what is wrong.
pub fn parse_in(text: &str, dialect: Dialect) -> Result<CopySource, Error> {
    let form = match dialect {
        Dialect::Cos => "the copy source must be <bucket>.cos.<region>.myqcloud.com/<encoded key>",
        Dialect::S3 => "the copy source must be /<bucket>/<encoded key>",
    };
    if text.is_empty() {
        return Err(Error::argument(format!("the copy source is empty; {form}")));
    }
    if text.contains("://")
        && text
            .split('/')
            .next()
            .is_some_and(|first| first.ends_with(':'))
    {
        return Err(Error::argument(format!(
            "the copy source has a scheme; {form}"
        )));
    }
    let bare = text.strip_prefix('/').unwrap_or(text);
    let (place, rest) = bare
        .split_once('/')
        .ok_or_else(|| Error::argument(format!("the copy source names no key; {form}")))?;
    let place = match dialect {
        Dialect::Cos => read_place(place),
        Dialect::S3 => BucketName::parse_s3(place)
            .ok()
            .map(|bucket| (bucket, None)),
    };
    let (bucket, region) = place.ok_or_else(|| {
        Error::argument(format!(
            "the copy source names no bucket of this service; {form}"
        ))
    })?;
    let (key, version_id) = split_version(rest);
    let key = percent::decode(key).ok_or_else(|| {
        Error::argument("the copy source's key has a bad escape, or is not UTF-8")
    })?;
    let key = ObjectKey::parse_s3(&key)
        .map_err(|error| Error::argument(format!("the copy source's key is not legal: {error}")))?;
    let version_id = match version_id {
        None | Some("") => None,
        Some(id) => {
            let id = percent::decode(id)
                .ok_or_else(|| Error::argument("the copy source's versionId has a bad escape"))?;
            Some(id.parse::<VersionId>()?)
        }
    };
    Ok(CopySource {
        bucket,
        region,
        key,
        version_id,
    })
}

/// Splits at the last `?versionId=`, in any letter case.
fn split_version(rest: &str) -> (&str, Option<&str>) {
    let at = rest.to_ascii_lowercase().rfind(VERSION);
    match at.and_then(|at| Some((rest.get(..at)?, rest.get(at + VERSION.len()..)?))) {
        Some((key, id)) => (key, Some(id)),
        None => (rest, None),
    }
}

/// The bucket and region that a host names; a bare bucket names no region.
fn read_place(place: &str) -> Option<(BucketName, Option<Region>)> {
    let Some((bucket, host)) = place.split_once('.') else {
        return Some((place.parse().ok()?, None));
    };
    let (region, suffix) = host::split_region(host)?;
    // A suffix must follow: `bucket.cos.region` alone is a cut host.
    (!suffix.is_empty()).then_some(())?;
    Some((bucket.parse().ok()?, region))
}

/// Prints a copy source of the S3 dialect.
pub fn print_s3(source: &CopySource) -> String {
    let plain = CopySource {
        region: None,
        ..source.clone()
    };
    print(&plain, "")
}

/// Prints a copy source; `suffix` is what follows the region in hosts, such as `myqcloud.com`.
pub fn print(source: &CopySource, suffix: &str) -> String {
    let bucket = &source.bucket;
    let place = match &source.region {
        Some(region) => format!("{bucket}.cos.{region}.{suffix}"),
        None => format!("/{bucket}"),
    };
    let key = percent::encode_path(source.key.as_str());
    match &source.version_id {
        Some(id) => format!("{place}/{key}?versionId={}", percent::encode(id.as_str())),
        None => format!("{place}/{key}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOST: &str = "sourcebucket-1250000000.cos.ap-guangzhou.myqcloud.com";

    fn key_of(text: &str) -> String {
        parse(text).unwrap().key.as_str().to_owned()
    }

    #[test]
    fn spellings_of_official_clients() {
        let source = parse(&format!("{HOST}/a/1.jpg?versionId=MTg0NDU")).unwrap();
        assert_eq!(source.bucket.as_str(), "sourcebucket-1250000000");
        assert_eq!(
            source.region.as_ref().map(Region::as_str),
            Some("ap-guangzhou")
        );
        assert_eq!(
            (source.key.as_str(), source.version_id.unwrap().as_str()),
            ("a/1.jpg", "MTg0NDU")
        );
        for same in [
            "a/%E4%B8%AD%E6%96%87%201.jpg",
            "a%2F%E4%B8%AD%E6%96%87%201.jpg",
            "a/中文 1.jpg",
        ] {
            assert_eq!(key_of(&format!("{HOST}/{same}")), "a/中文 1.jpg");
        }
        assert_eq!(key_of(&format!("/{HOST}/a+b%2B")), "a+b+");
        assert_eq!(
            key_of(&format!("{HOST}/a?versionId=x?VERSIONID=")),
            "a?versionId=x"
        );
        assert_eq!(key_of(&format!("{HOST}/a%3FversionId=x")), "a?versionId=x");
        assert_eq!(key_of(&format!("{HOST}/./../a%252F")), "./../a%2F");
    }

    #[test]
    fn hosts_name_bucket_and_region() {
        for (host, region) in [
            ("b-1.cos.ap-x.myqcloud.com", Some("ap-x")),
            ("b-1.cos-internal.ap-x.tencentcos.cn", Some("ap-x")),
            ("b-1.ap-x.mycloud.com", Some("ap-x")),
            ("b-1.cosgz.myqcloud.com", Some("ap-guangzhou")),
            ("b-1.cos.accelerate.myqcloud.com", None),
            ("/b-1", None),
        ] {
            let source = parse(&format!("{host}/k")).unwrap();
            assert_eq!(source.region.as_ref().map(Region::as_str), region, "{host}");
        }
    }

    #[test]
    fn what_is_no_copy_source() {
        for bad in [
            "",
            "/",
            "b-1",
            "b-1/",
            "http://b-1.cos.ap-x.myqcloud.com/k",
            "bucket/k",
            "//k",
            "b-1.cos.ap-x.myqcloud.com",
            "b-1.cos.ap-x.myqcloud.com/",
            "127.0.0.1/k",
            "b-1.cos.ap-x.myqcloud.com:80/k",
            "u@b-1.cos.ap-x.myqcloud.com/k",
            "b-1..com/k",
            "b-1.cos.ap-x/k",
            "b-1.cos.ap-x.myqcloud.com./k",
            "b-1.cos.ap-x.myqcloud.com/%zz",
            "b-1.cos.ap-x.myqcloud.com/%ff",
            "b-1.cos.ap-x.myqcloud.com/%00",
            "b%2D1.cos.ap-x.myqcloud.com/k",
            "b-1%2Fk",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn printing_and_parsing_are_inverses(
            key in "[^/\\\\\u{0}\u{18}-\u{1b}][^\u{0}\u{18}-\u{1b}]{0,60}",
            version in proptest::option::of("[!-~]{1,30}"),
            region in proptest::option::of("ap-[a-z]{1,9}"),
        ) {
            let source = CopySource {
                bucket: "b-1250000000".parse().unwrap(),
                region: region.map(|region| region.parse().unwrap()),
                key: key.parse().unwrap(),
                version_id: version.map(|id| id.parse().unwrap()),
            };
            prop_assert_eq!(parse(&print(&source, "myqcloud.com")).unwrap(), source);
        }
    }
}
