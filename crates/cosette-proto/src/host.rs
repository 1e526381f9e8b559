//! Hosts: which bucket and region a name means, and whether the path begins with the bucket.

use cosette_types::Region;

/// How a request names its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// In the host: `<bucket>.cos.<region>.myqcloud.com/<key>`.
    VirtualHosted,
    /// First in the path: `cos.<region>.myqcloud.com/<bucket>/<key>`.
    Path,
}

/// The suffixes of the vendor's own hosts, which any server of ours answers to as well.
pub const VENDOR_SUFFIXES: [&str; 2] = ["myqcloud.com", "tencentcos.cn"];

/// The domains that a server answers to beside the vendor's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hosts {
    domains: Vec<String>,
}

/// What a host means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// The bucket that the host names, unchecked.
    pub bucket: Option<String>,
    /// The region that the host names.
    pub region: Option<Region>,
}

impl Hosts {
    /// With own domains, such as `localhost:9000` or `cos.example.com`; ports are ignored.
    pub fn new<'a>(domains: impl IntoIterator<Item = &'a str>) -> Self {
        let domains = domains
            .into_iter()
            .map(|domain| without_port(domain).to_ascii_lowercase());
        Self {
            domains: domains.collect(),
        }
    }

    /// What a host, as sent, means.
    ///
    /// A host that is neither the vendor's, nor an own domain, nor of the forms
    /// `<bucket>.cos.<region>.…` and `<bucket>.localhost` (an address, say) names nothing: the path
    /// begins with the bucket.
    pub fn meaning(&self, host: &str) -> Meaning {
        let nothing = Meaning {
            bucket: None,
            region: None,
        };
        let host = without_port(host)
            .trim_end_matches('.')
            .to_ascii_lowercase();
        if self.domains.contains(&host) {
            return nothing;
        }
        match self.before_suffix(&host) {
            Some(before) => of_known_suffix(before),
            None => of_any_suffix(&host)
                .or_else(|| of_localhost(&host))
                .unwrap_or(nothing),
        }
    }

    /// A copy source with the vendor's host, or none, in the place of a host of this server's own: one
    /// below an own domain, or below `localhost`. `None` when it names no such host.
    pub(crate) fn plain_source(&self, source: &str) -> Option<String> {
        let bare = source.strip_prefix('/').unwrap_or(source);
        let (host, key) = bare.split_once('/')?;
        let Meaning { bucket, region } = self.own_meaning(host)?;
        let bucket = bucket?;
        Some(match region {
            Some(region) => format!("{bucket}.cos.{region}.{}/{key}", VENDOR_SUFFIXES[0]),
            None => format!("{bucket}/{key}"),
        })
    }

    fn own_meaning(&self, host: &str) -> Option<Meaning> {
        let host = without_port(host).to_ascii_lowercase();
        let before = |domain: &String| host.strip_suffix(domain.as_str())?.strip_suffix('.');
        let own = self.domains.iter().filter_map(before);
        match own.min_by_key(|before| before.len()) {
            Some(before) => Some(of_known_suffix(before)),
            None => of_localhost(&host),
        }
    }

    /// The bucket that a host names in the S3 dialect, whose names may hold dots: what stands before
    /// the service's label (`s3`, `cos` and the like) or, without one, before an own domain.
    pub fn bucket_of_s3(&self, host: &str) -> Option<String> {
        let host = without_port(host)
            .trim_end_matches('.')
            .to_ascii_lowercase();
        if self.domains.contains(&host) {
            return None;
        }
        let Some(before) = self.before_suffix(&host) else {
            let below = of_any_suffix(&host).or_else(|| of_localhost(&host));
            return below?.bucket;
        };
        // A bucket's own name may begin like a label of the service.
        let service = |at: usize, label: &str| match at {
            0 => label == "s3" || label == "cos",
            _ => label == "s3" || label.starts_with("s3-") || cos_label(label),
        };
        let labels: Vec<&str> = before.split('.').collect();
        let end = labels
            .iter()
            .enumerate()
            .position(|(at, label)| service(at, label));
        let bucket = labels.get(..end.unwrap_or(labels.len()))?.join(".");
        let none = bucket.is_empty() || (bucket == "service" && end.is_some());
        (!none).then_some(bucket)
    }

    fn before_suffix<'a>(&self, host: &'a str) -> Option<&'a str> {
        let own = self.domains.iter().map(String::as_str);
        own.chain(VENDOR_SUFFIXES)
            .filter_map(|suffix| host.strip_suffix(suffix)?.strip_suffix('.'))
            .min_by_key(|before| before.len())
    }
}

/// What stands before a suffix that is known: `cos.<region>`, `service.cos`, `<bucket>`,
/// `<bucket>.cos.<region>` or the legacy `<bucket>.<region>`.
fn of_known_suffix(before: &str) -> Meaning {
    if before == "service.cos" || before == "service" || before == "cos" {
        return Meaning {
            bucket: None,
            region: None,
        };
    }
    if let Some((region, "")) = cos_label(before).then(|| split_region(before)).flatten() {
        return Meaning {
            bucket: None,
            region,
        };
    }
    let (bucket, rest) = before.split_once('.').unwrap_or((before, ""));
    let region = split_region(rest).and_then(|(region, _)| region);
    Meaning {
        bucket: Some(bucket.to_owned()),
        region,
    }
}

/// `<bucket>.cos.<region>.<any suffix>`, where the bucket ends in an account number.
fn of_any_suffix(host: &str) -> Option<Meaning> {
    let (bucket, rest) = host.split_once('.')?;
    if !is_numbered(bucket) || !cos_label(rest) {
        return None;
    }
    let (region, _) = split_region(rest)?;
    Some(Meaning {
        bucket: Some(bucket.to_owned()),
        region,
    })
}

/// `<bucket>.localhost`, where the bucket ends in an account number: resolvers and clients take such
/// names for this machine, so they can mean nothing else.
fn of_localhost(host: &str) -> Option<Meaning> {
    let bucket = host.strip_suffix(".localhost")?;
    let plain = is_numbered(bucket) && !bucket.contains('.');
    plain.then(|| Meaning {
        bucket: Some(bucket.to_owned()),
        region: None,
    })
}

/// Whether a name ends in an account number, as those of buckets do.
fn is_numbered(bucket: &str) -> bool {
    let app_id = bucket.rsplit_once('-').map_or("", |(_, app_id)| app_id);
    !app_id.is_empty() && app_id.bytes().all(|b| b.is_ascii_digit())
}

/// Splits `cos.<region>.<suffix>`, or the legacy `<region>.<suffix>`, into region and suffix. The
/// accelerated host serves every region, so it names none.
pub(crate) fn split_region(host: &str) -> Option<(Option<Region>, &str)> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
    if host.is_empty() || !host.bytes().all(legal) || host.split('.').any(str::is_empty) {
        return None;
    }
    let rest = if cos_label(host) {
        host.split_once('.')?.1
    } else {
        host
    };
    let (region, suffix) = rest.split_once('.').unwrap_or((rest, ""));
    let region = region.to_ascii_lowercase();
    let region = if region == "accelerate" {
        None
    } else {
        Some(region.parse().ok()?)
    };
    Some((region, suffix))
}

/// Whether the first label is the service's own: `cos`, `cos-internal`, `cosv6` and the like. The
/// legacy region names `cosgz`, `cossh`, … are none.
fn cos_label(host: &str) -> bool {
    let first = host.split('.').next().unwrap_or_default();
    first == "cos" || first == "cosv6" || first.starts_with("cos-")
}

/// The host without `:port`; an IPv6 address keeps its brackets.
pub(crate) fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_the_s3_dialect() {
        let hosts = Hosts::new(["localhost:9000", "cos.example.com"]);
        for (host, bucket) in [
            ("localhost:9000", None),
            ("s3.localhost", None),
            ("s3.us-east-1.localhost:9000", None),
            ("photos.localhost:9000", Some("photos")),
            ("my.photos.localhost", Some("my.photos")),
            ("my.photos.s3.localhost", Some("my.photos")),
            ("photos.s3.us-east-1.localhost", Some("photos")),
            ("photos.cos.example.com", Some("photos")),
            ("cos-photos.localhost", Some("cos-photos")),
            ("b-1.cos.ap-x.myqcloud.com", Some("b-1")),
            ("cos.ap-x.myqcloud.com", None),
            ("service.cos.myqcloud.com", None),
            ("b-1.cos.ap-x.some.where", Some("b-1")),
            ("127.0.0.1:9000", None),
            ("files.example.org", None),
        ] {
            assert_eq!(hosts.bucket_of_s3(host).as_deref(), bucket, "{host}");
        }
    }

    #[test]
    fn hosts_of_the_protocol() {
        let hosts = Hosts::new(["localhost:9000", "cos.example.com"]);
        for (host, bucket, region) in [
            ("b-1.cos.ap-x.myqcloud.com", Some("b-1"), Some("ap-x")),
            ("B-1.COS.ap-x.MyQcloud.com:443", Some("b-1"), Some("ap-x")),
            ("b-1.cos.ap-x.tencentcos.cn", Some("b-1"), Some("ap-x")),
            (
                "b-1.cos-internal.ap-x.tencentcos.cn",
                Some("b-1"),
                Some("ap-x"),
            ),
            ("b-1.cos.accelerate.myqcloud.com", Some("b-1"), None),
            ("b-1.cosgz.myqcloud.com", Some("b-1"), Some("ap-guangzhou")),
            ("bucket.cos.ap-x.myqcloud.com", Some("bucket"), Some("ap-x")),
            ("service.cos.myqcloud.com", None, None),
            ("cos.ap-x.myqcloud.com", None, Some("ap-x")),
            ("localhost:9000", None, None),
            ("b-1.localhost:9000", Some("b-1"), None),
            ("b-1.cos.ap-x.localhost:9000", Some("b-1"), Some("ap-x")),
            ("b-1.cos.example.com", Some("b-1"), None),
            ("b-1.cos.ap-x.cos.example.com", Some("b-1"), Some("ap-x")),
            ("b-1.cos.ap-x.some.where", Some("b-1"), Some("ap-x")),
            ("127.0.0.1:9000", None, None),
            ("[::1]:9000", None, None),
            ("files.example.org", None, None),
            ("", None, None),
        ] {
            let meaning = hosts.meaning(host);
            let got = (
                meaning.bucket.as_deref(),
                meaning.region.as_ref().map(Region::as_str),
            );
            assert_eq!(got, (bucket, region), "{host}");
        }
    }

    #[test]
    fn without_own_domains_buckets_are_found_below_localhost() {
        let hosts = Hosts::default();
        for (host, bucket) in [
            ("b-1.localhost:9000", Some("b-1")),
            ("b-1.LocalHost", Some("b-1")),
            ("localhost:9000", None),
            ("store.localhost:9000", None),
            ("a.b-1.localhost", None),
            ("b-1.localhost.example.com", None),
        ] {
            assert_eq!(hosts.meaning(host).bucket.as_deref(), bucket, "{host}");
        }
    }

    #[test]
    fn a_copy_source_may_name_hosts_of_our_own() {
        let hosts = Hosts::new(["cos.example.com"]);
        for (source, plain) in [
            ("b-1.cos.example.com/a/%2Fb", Some("b-1/a/%2Fb")),
            (
                "/B-1.cos.example.com:9000/k?versionId=x",
                Some("b-1/k?versionId=x"),
            ),
            (
                "b-1.cos.ap-x.cos.example.com/k",
                Some("b-1.cos.ap-x.myqcloud.com/k"),
            ),
            ("b-1.localhost:9000/k", Some("b-1/k")),
            ("cos.example.com/b-1/k", None),
            ("localhost/k", None),
            ("b-1.cos.ap-x.myqcloud.com/k", None),
            ("b-1.example.com/k", None),
            ("b-1/k", None),
            ("b-1.localhost", None),
        ] {
            assert_eq!(hosts.plain_source(source).as_deref(), plain, "{source}");
        }
    }
}
