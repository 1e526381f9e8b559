//! From settings to a client: Tencent Cloud, Amazon S3, a server by its URL, or the store in a folder.

mod counted;
mod folder;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cosette::{
    Capability, Client, Credentials, Dialect, Endpoint, HttpTransport, RetryPolicy, Transport,
};
use cosette_types::{BucketName, CopySource, Region, StorageClass, VersionId};

use crate::args::Global;
use crate::config::{Place, Settings};
use crate::failure::{Failure, Kind, Result};
use crate::name::CosName;

use counted::Counted;
pub(crate) use folder::{Folder, of_a_command, refuse_held};

/// What stands for a region where no host names one.
const ANY_REGION: &str = "ap-guangzhou";

/// Something to send requests to.
#[derive(Debug)]
pub(crate) struct Connection {
    route: Route,
    dialect: Dialect,
    transport: Arc<Counted>,
    credentials: Option<Credentials>,
    retry: RetryPolicy,
    /// The region that flags or settings give.
    region: Option<Region>,
    folder: Option<Folder>,
    /// Regions of buckets, as the service told them.
    regions: Mutex<HashMap<BucketName, Option<Region>>>,
    /// One for each region: they share what was learned of the service.
    clients: Mutex<HashMap<Option<Region>, Client>>,
}

/// How hosts are made.
#[derive(Debug, Clone)]
enum Route {
    /// The host names bucket and region, so a region is needed.
    Hosts(Endpoint),
    /// A server of our kind: with a region its hosts are those of COS, without one the path names
    /// the bucket, wherever that is.
    Either { hosts: Endpoint, path: Endpoint },
    /// The path names the bucket.
    Path(Endpoint),
}

impl Connection {
    /// Opens what the settings name. `retry` says how often a request is sent.
    pub(crate) async fn open(settings: &Settings, retry: RetryPolicy) -> Result<Self> {
        let mut credentials = settings.keys.as_ref().map(|keys| {
            let pair = Credentials::new(&keys.secret_id, &keys.secret_key);
            match &keys.token {
                Some(token) => pair.with_token(token),
                None => pair,
            }
        });
        let mut folder = None;
        let (route, transport): (Route, Arc<dyn Transport>) = match &settings.place {
            Place::Cos => (Route::Hosts(Endpoint::cos()), sockets(settings, None)?),
            Place::Amazon => (Route::Hosts(Endpoint::s3()), sockets(settings, None)?),
            Place::Url(url) => {
                let (route, address) = of_url(url, settings.dialect)?;
                (route, sockets(settings, address.as_deref())?)
            }
            Place::Folder(path) => {
                let opened = Folder::open(path).await?;
                if !settings.anonymous {
                    credentials = Some(opened.credentials()?);
                }
                let transport = opened.transport();
                folder = Some(opened);
                let path = parse_endpoint("http://localhost")?;
                (
                    Route::Either {
                        hosts: Endpoint::cos().over_http(),
                        path,
                    },
                    transport,
                )
            }
        };
        let transport = Arc::new(Counted::new(transport));
        let region = settings.region.clone();
        let told = settings.regions.iter();
        let told = told.map(|(bucket, region)| (bucket.clone(), Some(region.clone())));
        let regions = Mutex::new(told.collect());
        Ok(Self {
            route,
            dialect: settings.dialect,
            transport,
            credentials,
            retry,
            region,
            folder,
            regions,
            clients: Mutex::default(),
        })
    }

    /// Lets nothing begin any more: what is under way fails, and clears up behind it.
    pub(crate) fn stop(&self) {
        self.transport.stop();
    }

    /// Waits for [`Self::stop`].
    pub(crate) fn stopped(&self) -> impl Future<Output = ()> + Send + 'static {
        self.transport.stopped()
    }

    /// The region that flags or settings give.
    pub(crate) const fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// A client for one region, or for the region that flags or settings give.
    pub(crate) fn client(&self, region: Option<&Region>) -> Result<Client> {
        let region = region.or(self.region.as_ref());
        let endpoint = match (&self.route, region) {
            (Route::Hosts(_), None) => {
                return Err(Failure::usage(
                    "no region: give --region (such as ap-guangzhou), set COSETTE_REGION, or put it into the profile",
                ));
            }
            // Hosts of COS are no hosts of S3: a server is spoken to at its own address there.
            (Route::Either { path, .. }, _) if self.dialect == Dialect::S3 => path,
            (Route::Hosts(hosts) | Route::Either { hosts, .. }, Some(_)) => hosts,
            (Route::Either { path, .. } | Route::Path(path), _) => path,
        };
        self.build(endpoint.clone(), region)
    }

    /// A client for requests about the service, which need no region.
    pub(crate) fn service(&self) -> Result<Client> {
        match (&self.route, &self.region) {
            (Route::Hosts(hosts), None) => self.build(hosts.clone(), None),
            _ => self.client(None),
        }
    }

    /// A client for requests that name their regions themselves.
    pub(crate) fn any_client(&self) -> Result<Client> {
        match self.client(None) {
            Ok(client) => Ok(client),
            // Every place of a plan names its region, or the request fails and says so.
            Err(_) => self.service(),
        }
    }

    /// A client for the bucket of a name.
    pub(crate) fn client_of(&self, name: &CosName) -> Result<Client> {
        self.accepts(name)?;
        let told = match (&name.region, &self.region) {
            (None, None) => self.known_regions().get(&name.bucket).cloned().flatten(),
            _ => None,
        };
        self.client(name.region.as_ref().or(told.as_ref()))
    }

    /// Refuses a name that the dialect does not have, before anything is sent.
    pub(crate) fn accepts(&self, name: &CosName) -> Result<()> {
        if self.dialect == Dialect::Cos && name.bucket.app_id().is_none() {
            return Err(Failure::usage(format!(
                "{name}: this store is spoken to in the dialect of COS, whose buckets are named \
                 <BucketName-APPID>; for S3 give --dialect s3, or a profile with dialect = \"s3\""
            )));
        }
        Ok(())
    }

    /// Refuses a storage class that the dialect does not have, before anything is sent: a service of the S3
    /// dialect may have classes of its own.
    pub(crate) fn accepts_class(&self, class: Option<StorageClass>) -> Result<()> {
        match class.filter(|class| class.known_name().is_none()) {
            Some(class) if self.dialect == Dialect::Cos => {
                let known = StorageClass::ALL.into_iter();
                let known: Vec<_> = known.filter_map(StorageClass::known_name).collect();
                Err(Failure::usage(format!(
                    "--storage-class {class}: COS has no such class, it has {}; other classes are for the S3 \
                     dialect",
                    known.join(", ")
                )))
            }
            _ => Ok(()),
        }
    }

    /// The client of a region: the one that was made before, which need not ask again what the service
    /// can.
    fn build(&self, endpoint: Endpoint, region: Option<&Region>) -> Result<Client> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&region.cloned()) {
            return Ok(client.clone());
        }
        let client = self.made(endpoint, region)?;
        clients.insert(region.cloned(), client.clone());
        Ok(client)
    }

    fn made(&self, endpoint: Endpoint, region: Option<&Region>) -> Result<Client> {
        let mut builder = Client::builder()
            .dialect(self.dialect)
            .endpoint(endpoint.clone())
            .transport(Arc::clone(&self.transport) as Arc<dyn Transport>)
            .retry(self.retry.clone());
        if matches!(self.route, Route::Either { .. }) {
            // Its hosts are those of COS, but what answers is the server that was named.
            builder = builder.ask_capabilities(true);
        }
        builder = match &self.credentials {
            Some(credentials) => builder.credentials(credentials.clone()),
            None => builder.anonymous(),
        };
        builder = match region {
            Some(region) => builder.region(region),
            // S3 has a usual region of its own.
            None if self.dialect == Dialect::S3 => builder,
            None if matches!(self.route, Route::Hosts(_)) => builder,
            None => builder.region(ANY_REGION),
        };
        // What is larger than the slice size is copied in parts, unless a larger size is asked for.
        Ok(builder.build()?.without(Capability::CopyOfAnySize))
    }

    /// The source of a copy: its region is the flag's, the name's, or the target's, in this order.
    pub(crate) fn copy_source(
        &self,
        name: &CosName,
        region: Option<Region>,
        version_id: Option<VersionId>,
    ) -> Result<CopySource> {
        Ok(CopySource {
            bucket: name.bucket.clone(),
            region: region
                .or_else(|| name.region.clone())
                .or_else(|| self.region.clone()),
            key: name.object_key().map_err(Failure::usage)?,
            version_id: version_id.or_else(|| name.version_id.clone()),
        })
    }

    /// The region that a bucket is in, where nobody has said so and the service can be asked: a copy
    /// source must name the right one.
    pub(crate) async fn region_of(&self, name: &CosName) -> Result<Option<Region>> {
        self.accepts(name)?;
        let said = name.region.clone().or_else(|| self.region.clone());
        if said.is_some() {
            return Ok(said);
        }
        if let Some(known) = self.known_regions().get(&name.bucket) {
            return Ok(known.clone());
        }
        if matches!(self.route, Route::Hosts(_)) {
            return Ok(None);
        }
        let asked = self
            .client(None)?
            .head_bucket()
            .bucket(&name.bucket)
            .send()
            .await;
        // Whoever may not ask this may still be allowed to read the object.
        let region = asked.ok().and_then(|reply| reply.value.region);
        self.known_regions()
            .insert(name.bucket.clone(), region.clone());
        Ok(region)
    }

    fn known_regions(&self) -> MutexGuard<'_, HashMap<BucketName, Option<Region>>> {
        self.regions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests were sent until now.
    pub(crate) fn requests(&self) -> u64 {
        self.transport.count()
    }

    /// What a command line needs so that it works on the same folder: nothing, if that is the one
    /// that commands use anyway.
    pub(crate) fn folder_flag(&self) -> String {
        let usual = crate::config::data_folder(&Global::default(), &crate::config::process_env);
        match &self.folder {
            Some(folder) if folder.path() != usual => {
                format!(" --data {}", folder.path().display())
            }
            _ => String::new(),
        }
    }

    /// Whether a path is the folder of the store.
    pub(crate) fn is_folder(&self, path: &Path) -> bool {
        let own = self
            .folder
            .as_ref()
            .map(|folder| folder.path().canonicalize());
        matches!((own, path.canonicalize()), (Some(Ok(own)), Ok(path)) if own == path)
    }

    /// The folder, if this is the store of one.
    pub(crate) const fn folder(&self) -> Option<&Folder> {
        self.folder.as_ref()
    }

    /// Ends it: whoever joined us is let finish, and the store is closed.
    pub(crate) async fn close(self) -> Result<()> {
        match self.folder {
            Some(folder) => folder.close().await,
            None => Ok(()),
        }
    }
}

fn parse_endpoint(text: &str) -> Result<Endpoint> {
    text.parse()
        .map_err(|why: cosette::Error| Failure::new(Kind::Usage, why.message()))
}

/// The endpoint of a place that is no folder, as bare requests use it.
pub(crate) fn endpoint_of(place: &Place) -> Result<Endpoint> {
    match place {
        Place::Cos => Ok(Endpoint::cos()),
        Place::Amazon => Ok(Endpoint::s3()),
        Place::Url(url) => Ok(match of_url(url, Dialect::Cos)?.0 {
            Route::Hosts(hosts) => hosts,
            Route::Either { path, .. } | Route::Path(path) => path,
        }),
        Place::Folder(_) => parse_endpoint("http://localhost"),
    }
}

/// How requests travel to other machines, or all to one address.
fn sockets(settings: &Settings, address: Option<&str>) -> Result<Arc<dyn Transport>> {
    let mut builder = HttpTransport::builder();
    if let Some(path) = &settings.ca_file {
        let pem = std::fs::read(path).map_err(|why| Failure::local(path.display(), why))?;
        let trusting = builder.root_certificates(&pem);
        let why = |why: cosette::Error| format!("{}: {}", path.display(), why.message());
        builder = trusting.map_err(|refused| Failure::usage(why(refused)))?;
    }
    if let Some(address) = address {
        builder = builder.connect_to(address)?;
    }
    Ok(Arc::new(builder.build()))
}

/// How a URL is used: a COS host, a template, an address of a server of our kind, or any other. With it
/// the one address that all requests go to, if their hosts are names only.
fn of_url(url: &str, dialect: Dialect) -> Result<(Route, Option<String>)> {
    if url.contains('{') {
        return Ok((Route::Hosts(parse_endpoint(url)?), None));
    }
    let (scheme, authority) = url.split_once("://").unwrap_or(("https", url));
    let vendor = [".myqcloud.com", ".tencentcos.cn"]
        .iter()
        .any(|end| authority.ends_with(end));
    if vendor
        && let Some((_, suffix)) = authority
            .strip_prefix("cos.")
            .and_then(|r| r.split_once('.'))
    {
        let template = format!("{scheme}://{{bucket}}.cos.{{region}}.{suffix}");
        return Ok((Route::Hosts(parse_endpoint(&template)?), None));
    }
    if let Some(suffix) = amazon_suffix(authority) {
        let template = format!("{scheme}://{{bucket}}.s3.{{region}}.{suffix}");
        return Ok((Route::Hosts(parse_endpoint(&template)?), None));
    }
    let path = parse_endpoint(url)?;
    let local = local_address(scheme, authority).filter(|_| dialect != Dialect::S3);
    Ok(match local {
        None => (Route::Path(path), None),
        Some(address) => {
            let hosts = Endpoint::cos().over_http();
            (Route::Either { hosts, path }, Some(address))
        }
    })
}

/// What follows the region in a host of Amazon S3: `s3.<region>.amazonaws.com`.
fn amazon_suffix(authority: &str) -> Option<&'static str> {
    let known = ["amazonaws.com", "amazonaws.com.cn"];
    let is_regional = |suffix: &&str| {
        let host = authority.strip_suffix(suffix);
        let region = host.and_then(|host| host.strip_prefix("s3.")?.strip_suffix('.'));
        region.is_some_and(|region| !region.is_empty() && !region.contains('.'))
    };
    known.into_iter().find(is_regional)
}

/// `host:port` of a plain http server that is named by an address, not by a domain: nobody but the
/// server itself looks at the host of its requests.
fn local_address(scheme: &str, authority: &str) -> Option<String> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() => (host, port),
        _ => (authority, "80"),
    };
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let is_address = bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok();
    (scheme == "http" && is_address).then(|| format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_dialled_under_other_names() {
        for (url, wanted) in [
            ("http://127.0.0.1:9000", Some("127.0.0.1:9000")),
            ("http://[::1]:9000", Some("[::1]:9000")),
            ("http://localhost", Some("localhost:80")),
            ("https://127.0.0.1:9000", None),
            ("http://cos.example.com:9000", None),
        ] {
            let (scheme, authority) = url.split_once("://").unwrap();
            assert_eq!(local_address(scheme, authority).as_deref(), wanted, "{url}");
        }
    }

    #[test]
    fn hosts_of_cos_become_templates() {
        let hosts = |url: &str| matches!(of_url(url, Dialect::Cos), Ok((Route::Hosts(_), _)));
        assert!(hosts("https://s3.eu-west-1.amazonaws.com"));
        assert!(!hosts("https://b.s3.eu-west-1.amazonaws.com"));
        assert!(hosts("https://cos.ap-beijing.myqcloud.com"));
        assert!(hosts("https://{bucket}.cos.{region}.example.com"));
        assert!(!hosts("https://cos.example.com"));
    }
}
