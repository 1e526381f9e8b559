//! Names on the command line: `cos://bucket-appid/key`, `s3://bucket/key`, COS hosts, local paths, `-`.
//!
//! A key is what stands after the first `/`, character by character: nothing is unescaped, no dot or
//! double slash is tidied away. Only the full host form of a COS address is an address of the web
//! and therefore escaped.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use cosette::is_presigned;
use cosette_types::{BucketName, ObjectKey, Region, VersionId};

use crate::transfer::web::WebName;

const SCHEME: &str = "cos://";
/// Of buckets with plain names, which only S3 has.
const SCHEME_S3: &str = "s3://";

/// A bucket, and maybe a key or the beginning of keys in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CosName {
    pub(crate) bucket: BucketName,
    /// What stands after the bucket, as written; empty for the bucket itself.
    pub(crate) key: String,
    /// The region, when the name tells it.
    pub(crate) region: Option<Region>,
    /// The version, when the name tells it (full host form only).
    pub(crate) version_id: Option<VersionId>,
}

/// Anything that can be copied from or to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    Cos(CosName),
    /// An address of the web, only ever a source.
    Web(WebName),
    Local(PathBuf),
    /// `-`: standard input or output.
    Standard,
}

impl Name {
    /// Whether it is an object, or what is under a key: nothing of this machine or of the web.
    pub(crate) const fn is_object(&self) -> bool {
        matches!(self, Self::Cos(_))
    }
}

impl CosName {
    /// The key, where one is needed.
    pub(crate) fn object_key(&self) -> Result<ObjectKey, String> {
        if self.key.is_empty() {
            return Err(format!(
                "{self} names a bucket; add a key, as in {}/a/1.jpg",
                bucket(&self.bucket)
            ));
        }
        // Only there are they that long.
        let key = match self.bucket.app_id() {
            Some(_) => self.key.parse(),
            None => ObjectKey::parse_s3(&self.key),
        };
        key.map_err(|why| format!("{self}: {why}"))
    }

    /// Whether it names a place to put things under, not an object.
    pub(crate) fn is_prefix(&self) -> bool {
        self.key.is_empty() || self.key.ends_with('/')
    }

    /// The same bucket with another key.
    pub(crate) fn with_key(&self, key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            version_id: None,
            ..self.clone()
        }
    }
}

impl fmt::Display for CosName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bucket(&self.bucket))?;
        if !self.key.is_empty() {
            write!(f, "/{}", self.key)?;
        }
        if let Some(version) = &self.version_id {
            write!(f, " (version {version})")?;
        }
        Ok(())
    }
}

/// A bucket as the command line names it.
pub(crate) fn bucket(bucket: &BucketName) -> String {
    shown(bucket.as_str())
}

/// `<bucket>` or `<bucket>/<key>` as the command line names it. A name that both dialects have means
/// the same in both.
pub(crate) fn shown(place: &str) -> String {
    let bucket = place.split_once('/').map_or(place, |(bucket, _)| bucket);
    let scheme = match bucket.parse::<BucketName>() {
        Ok(_) => SCHEME,
        Err(_) => SCHEME_S3,
    };
    format!("{scheme}{place}")
}

impl FromStr for CosName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let plain = |rest: &str, read: fn(&str) -> Result<BucketName, String>| {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            Ok(Self {
                bucket: read(bucket)?,
                key: key.to_owned(),
                region: None,
                version_id: None,
            })
        };
        if let Some(rest) = text.strip_prefix(SCHEME) {
            return plain(rest, bucket_of);
        }
        if let Some(rest) = text.strip_prefix(SCHEME_S3) {
            return plain(rest, bucket_of_s3);
        }
        match full_form(text) {
            Some(found) => found,
            None => Err(format!(
                "`{text}` is no COS name; write cos://<BucketName-APPID>/<key>, such as cos://examplebucket-1250000000/a/1.jpg"
            )),
        }
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Standard);
        }
        if text.is_empty() {
            return Err("an empty name names nothing".to_owned());
        }
        if text.starts_with(SCHEME) || text.starts_with(SCHEME_S3) {
            return text.parse().map(Self::Cos);
        }
        if let Some((scheme, _)) = text.split_once("://")
            && !scheme.starts_with("http")
        {
            return Err(format!(
                "`{scheme}://` is unknown here; COS names begin with {SCHEME}, those of S3 with {SCHEME_S3}"
            ));
        }
        match full_form(text) {
            Some(found) if !is_presigned(text) => found.map(Self::Cos),
            _ if text.starts_with("https://") || text.starts_with("http://") => {
                text.parse().map(Self::Web)
            }
            Some(found) => found.map(Self::Cos),
            None => Ok(Self::Local(PathBuf::from(text))),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cos(name) => name.fmt(f),
            Self::Web(name) => name.fmt(f),
            Self::Local(path) => path.display().fmt(f),
            Self::Standard => f.write_str("-"),
        }
    }
}

fn bucket_of(text: &str) -> Result<BucketName, String> {
    text.parse().map_err(|why| {
        format!("bucket `{text}`: {why}; a bucket is named <BucketName-APPID>, such as examplebucket-1250000000 (buckets of S3: s3://{text})")
    })
}

fn bucket_of_s3(text: &str) -> Result<BucketName, String> {
    BucketName::parse_s3(text).map_err(|why| format!("bucket `{text}`: {why}"))
}

/// `bucket-appid.cos.region.myqcloud.com/key[?versionId=…]`, with or without a scheme; `None` if
/// the text has no such host. The key is escaped here, as everywhere in an address of the web.
fn full_form(text: &str) -> Option<Result<CosName, String>> {
    let bare = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let (host, path) = bare
        .unwrap_or(text)
        .split_once('/')
        .unwrap_or((bare.unwrap_or(text), ""));
    let known = [".myqcloud.com", ".tencentcos.cn"]
        .iter()
        .find_map(|end| host.strip_suffix(end))?;
    let (bucket, region) = known.split_once(".cos.")?;
    Some(full_name(bucket, region, path))
}

fn full_name(bucket: &str, region: &str, path: &str) -> Result<CosName, String> {
    let (path, version) = match path.rsplit_once("?versionId=") {
        Some((path, version)) => (path, Some(version)),
        None => (path, None),
    };
    let version_id = version
        .filter(|v| !v.is_empty())
        .map(str::parse)
        .transpose();
    Ok(CosName {
        bucket: bucket_of(bucket)?,
        key: unescape(path)
            .ok_or_else(|| format!("`{path}` is not escaped as an address must be"))?,
        region: Some(
            region
                .parse()
                .map_err(|why| format!("region `{region}`: {why}"))?,
        ),
        version_id: version_id.map_err(|why| format!("version: {why}"))?,
    })
}

/// Percent-decodes once; `+` is a plus sign, as everywhere in a path.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cos(text: &str) -> CosName {
        text.parse().unwrap()
    }

    #[test]
    fn a_key_is_kept_character_by_character() {
        for key in [
            "a/1.jpg",
            "中文 1.jpg",
            "a//b/",
            "./a",
            "../a",
            "100%25",
            "a?versionId=x",
            "a+b",
        ] {
            let name = cos(&format!("cos://b-1250000000/{key}"));
            assert_eq!(name.key, key);
            assert_eq!((name.region, name.version_id), (None, None));
        }
        assert_eq!(cos("cos://b-1250000000").key, "");
        assert_eq!(cos("cos://b-1250000000/").key, "");
    }

    #[test]
    fn the_full_form_tells_region_and_version() {
        let name =
            cos("b-1250000000.cos.ap-beijing.myqcloud.com/a%2F%E4%B8%AD+1.jpg?versionId=null");
        assert_eq!(name.key, "a/中+1.jpg");
        assert_eq!(name.region, Some("ap-beijing".parse().unwrap()));
        assert_eq!(name.version_id, Some(VersionId::null()));
        let web = cos("https://b-1250000000.cos.ap-beijing.tencentcos.cn/a");
        assert_eq!(
            (web.key.as_str(), web.bucket.as_str()),
            ("a", "b-1250000000")
        );
        assert!(
            "b-1250000000.cos.ap-beijing.myqcloud.com/a%2"
                .parse::<CosName>()
                .is_err()
        );
    }

    #[test]
    fn what_is_no_cos_name_is_a_path() {
        for path in ["a/b", "./cos", "/tmp/x", "b-1250000000/a", "a:b"] {
            assert_eq!(path.parse(), Ok(Name::Local(PathBuf::from(path))), "{path}");
        }
        assert_eq!("-".parse(), Ok(Name::Standard));
        for bad in [
            "",
            "s3://B/a",
            "gs://b/a",
            "cos://",
            "cos://bucket/a",
            "cos://B-1250000000/a",
        ] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_of_the_web_is_a_source_unless_cos_knows_it() {
        let web = |text: &str| matches!(text.parse(), Ok(Name::Web(_)));
        assert!(web("https://example.com/a.jpg?x=1"));
        assert!(web("http://127.0.0.1:9000/b/a.jpg"));
        // Signed by whoever gave it away: their keys, not ours.
        assert!(web(
            "https://b-1250000000.cos.ap-beijing.myqcloud.com/a?q-signature=x"
        ));
        assert!(!web("https://b-1250000000.cos.ap-beijing.myqcloud.com/a"));
        assert!("http://id:key@h/a".parse::<Name>().is_err());
    }

    #[test]
    fn plain_names_of_buckets_are_those_of_s3() {
        let name = cos("s3://photos/a//1.jpg");
        assert_eq!(
            (name.bucket.as_str(), name.key.as_str()),
            ("photos", "a//1.jpg")
        );
        assert_eq!(name.to_string(), "s3://photos/a//1.jpg");
        assert!(name.object_key().is_ok());
        // The same bucket in both dialects.
        assert_eq!(cos("s3://b-1250000000/a"), cos("cos://b-1250000000/a"));
        let long = "k".repeat(1000);
        assert!(cos(&format!("s3://photos/{long}")).object_key().is_ok());
        assert!(
            cos(&format!("cos://b-1250000000/{long}"))
                .object_key()
                .is_err()
        );
        assert_eq!(shown("photos/a"), "s3://photos/a");
        assert_eq!(shown("b-1250000000"), "cos://b-1250000000");
    }

    #[test]
    fn a_bucket_without_appid_is_told_its_form() {
        let told = "cos://examplebucket/a".parse::<CosName>().unwrap_err();
        assert!(told.contains("BucketName-APPID"), "{told}");
    }
}
