//! Where requests go: the one place that makes hosts out of buckets and regions.
//!
//! A host is made from a template and from checked names, and the same value is signed and dialled:
//! nothing that a caller or a reply says can send a signature elsewhere. Redirects are not followed.

use std::str::FromStr;

use cosette_proto::{Style, Target, percent};
use cosette_types::{BucketName, ObjectKey, Region};
use http::uri::{Authority, Scheme};

use crate::error::Error;

const BUCKET: &str = "{bucket}";
const REGION: &str = "{region}";
/// Domains of services that are known.
const PUBLIC: [&str; 4] = [
    ".myqcloud.com",
    ".tencentcos.cn",
    ".amazonaws.com",
    ".amazonaws.com.cn",
];

/// The service to talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    scheme: Scheme,
    /// Host of buckets, with `{bucket}` and `{region}`; without `{bucket}` the path names it.
    host: String,
    /// Host of GET Service over all regions, if it has one of its own.
    service: Option<String>,
}

/// Scheme, host and style of one request.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    pub(crate) style: Style,
}

impl Default for Endpoint {
    /// The public COS: `https://<bucket>.cos.<region>.myqcloud.com`.
    fn default() -> Self {
        Self {
            scheme: Scheme::HTTPS,
            host: "{bucket}.cos.{region}.myqcloud.com".to_owned(),
            service: Some("service.cos.myqcloud.com".to_owned()),
        }
    }
}

impl Endpoint {
    /// The public COS over https.
    pub fn cos() -> Self {
        Self::default()
    }

    /// Amazon S3 over https: `https://<bucket>.s3.<region>.amazonaws.com`.
    pub fn s3() -> Self {
        Self {
            host: "{bucket}.s3.{region}.amazonaws.com".to_owned(),
            service: None,
            ..Self::default()
        }
    }

    /// The private network of the cloud.
    pub fn internal() -> Self {
        Self {
            host: "{bucket}.cos-internal.{region}.tencentcos.cn".to_owned(),
            service: None,
            ..Self::default()
        }
    }

    /// Global acceleration; a bucket must have it enabled. The host names no region.
    pub fn accelerate() -> Self {
        Self {
            host: "{bucket}.cos.accelerate.myqcloud.com".to_owned(),
            ..Self::default()
        }
    }

    /// The same over plain http.
    #[must_use]
    pub fn over_http(mut self) -> Self {
        self.scheme = Scheme::HTTP;
        self
    }

    /// The same with a host of its own for GET Service.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it is no host.
    pub fn with_service_host(mut self, host: &str) -> Result<Self, Error> {
        host.parse::<Authority>()
            .map_err(|why| Error::invalid("service host", why))?;
        self.service = Some(host.to_owned());
        Ok(self)
    }

    /// Whether requests travel encrypted.
    pub fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Where an object is: `<scheme>://<host as addressed>/<encoded key>`.
    pub fn location(&self, bucket: &BucketName, region: &Region, key: &ObjectKey) -> String {
        let path = percent::encode_path(key.as_str());
        let style = self.style_of(Some(bucket));
        let host = self.fill(
            Some(bucket).filter(|_| style == Style::VirtualHosted),
            Some(region),
        );
        match style {
            Style::VirtualHosted => format!("{}://{host}/{path}", self.scheme),
            Style::Path => format!("{}://{host}/{bucket}/{path}", self.scheme),
        }
    }

    /// Whether this is a host of the public COS, or of Amazon S3: what they can is known.
    pub(crate) fn is_public(&self) -> bool {
        let name = self.host.split(':').next().unwrap_or_default();
        PUBLIC.iter().any(|domain| name.ends_with(domain))
    }

    /// Whether GET Service over all regions has a host of its own.
    pub(crate) fn has_service_host(&self) -> bool {
        self.service.is_some()
    }

    /// How a bucket is named. A certificate for `*.<host>` covers one label: a bucket whose name has
    /// dots, as S3 allows, is named in the path.
    fn style_of(&self, bucket: Option<&BucketName>) -> Style {
        let dotted = bucket.is_some_and(|bucket| bucket.as_str().contains('.'));
        if self.host.contains(BUCKET) && !dotted {
            Style::VirtualHosted
        } else {
            Style::Path
        }
    }

    fn fill(&self, bucket: Option<&BucketName>, region: Option<&Region>) -> String {
        let host = match bucket {
            Some(bucket) => self.host.replace(BUCKET, bucket.as_str()),
            // What stands before a bucket's host is the region's own: `cos.<region>.<suffix>`.
            None => self.host.replace("{bucket}.", ""),
        };
        region.map_or(host.clone(), |region| host.replace(REGION, region.as_str()))
    }

    /// Where a request goes.
    pub(crate) fn address(
        &self,
        target: &Target,
        region: Option<&Region>,
    ) -> Result<Address, Error> {
        let bucket = match target {
            Target::Bucket(bucket) | Target::Object(bucket, _) => Some(bucket),
            Target::Service => None,
        };
        let style = self.style_of(bucket);
        let host = match (target, region, &self.service) {
            (Target::Bucket(_) | Target::Object(..), Some(region), _) => {
                let named = bucket.filter(|_| style == Style::VirtualHosted);
                self.fill(named, Some(region))
            }
            (Target::Bucket(_) | Target::Object(..), None, _) => {
                return Err(Error::missing("region"));
            }
            (Target::Service, None, Some(service)) => service.clone(),
            (Target::Service, None, None) if self.host.contains(REGION) => {
                return Err(Error::missing("region"));
            }
            (Target::Service, region, _) => self.fill(None, region),
        };
        let authority = host
            .parse()
            .map_err(|why| Error::invalid("endpoint", why))?;
        Ok(Address {
            scheme: self.scheme.clone(),
            authority,
            style,
        })
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    /// Reads `[http[s]://]<host>[:port]`, where the host may hold `{bucket}` and `{region}` (also
    /// spelled `{Bucket}` and `{Region}`, as the official SDKs do). A host without `{bucket}` is
    /// spoken to in path style: `http://127.0.0.1:9000/<bucket>/<key>`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => match scheme.to_ascii_lowercase().as_str() {
                "http" => (Scheme::HTTP, rest),
                "https" => (Scheme::HTTPS, rest),
                _ => {
                    return Err(Error::invalid(
                        "endpoint",
                        "the scheme must be http or https",
                    ));
                }
            },
            None => (Scheme::HTTPS, text),
        };
        let host = rest
            .trim_end_matches('/')
            .replace("{Bucket}", BUCKET)
            .replace("{Region}", REGION);
        // `{bucket}` must be a label of its own at the front, else a name could change the domain.
        let after = host.strip_prefix("{bucket}.").unwrap_or(&host);
        let fixed = after.replace(REGION, "region");
        let form =
            "must be like http://127.0.0.1:9000 or https://{bucket}.cos.{region}.example.com";
        if fixed.contains(['{', '}', '@', '/', '?', '#']) || fixed.parse::<Authority>().is_err() {
            return Err(Error::invalid("endpoint", form));
        }
        // The region must not be what the name of the domain ends in either.
        if after
            .split(':')
            .next()
            .is_some_and(|name| name.ends_with(REGION))
        {
            return Err(Error::invalid("endpoint", form));
        }
        Ok(Self {
            scheme,
            host,
            service: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(endpoint: &Endpoint, target: &Target, region: Option<&str>) -> Option<String> {
        let region = region.map(|region| region.parse().unwrap());
        let address = endpoint.address(target, region.as_ref()).ok()?;
        Some(address.authority.to_string())
    }

    #[test]
    fn hosts_are_made_of_bucket_and_region() {
        let bucket = Target::Bucket("b-1".parse().unwrap());
        let cos = Endpoint::cos();
        let region = Some("ap-beijing");
        for (endpoint, target, region, wanted) in [
            (
                &cos,
                &bucket,
                region,
                Some("b-1.cos.ap-beijing.myqcloud.com"),
            ),
            (&cos, &bucket, None, None),
            (
                &cos,
                &Target::Service,
                None,
                Some("service.cos.myqcloud.com"),
            ),
            (
                &cos,
                &Target::Service,
                region,
                Some("cos.ap-beijing.myqcloud.com"),
            ),
            (
                &Endpoint::accelerate(),
                &bucket,
                region,
                Some("b-1.cos.accelerate.myqcloud.com"),
            ),
            (
                &"http://127.0.0.1:9000/".parse().unwrap(),
                &bucket,
                region,
                Some("127.0.0.1:9000"),
            ),
            (
                &"http://[::1]:9000".parse().unwrap(),
                &Target::Service,
                None,
                Some("[::1]:9000"),
            ),
            (
                &"https://{Bucket}.cos.{Region}.example.com:8443"
                    .parse()
                    .unwrap(),
                &bucket,
                region,
                Some("b-1.cos.ap-beijing.example.com:8443"),
            ),
        ] {
            assert_eq!(
                authority(endpoint, target, region).as_deref(),
                wanted,
                "{endpoint:?}"
            );
        }
    }

    #[test]
    fn no_template_lets_a_name_choose_the_domain() {
        for bad in [
            "",
            "ftp://h",
            "http://",
            "http://{bucket}",
            "http://{bucket}.cos.{region}",
            "http://x.{bucket}.example.com",
            "http://{bucket}{bucket}.example.com",
            "http://u@{bucket}.example.com",
            "http://h/path",
            "http://{x}.example.com",
        ] {
            assert!(bad.parse::<Endpoint>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_location_names_host_and_encoded_key() {
        let (bucket, region, key) = (
            "b-1".parse().unwrap(),
            "ap-beijing".parse().unwrap(),
            "a/中 1".parse().unwrap(),
        );
        assert_eq!(
            Endpoint::cos().location(&bucket, &region, &key),
            "https://b-1.cos.ap-beijing.myqcloud.com/a/%E4%B8%AD%201"
        );
        let path: Endpoint = "http://127.0.0.1:9000".parse().unwrap();
        assert_eq!(
            path.location(&bucket, &region, &key),
            "http://127.0.0.1:9000/b-1/a/%E4%B8%AD%201"
        );
    }
}
