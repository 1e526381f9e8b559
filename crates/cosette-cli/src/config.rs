//! Where a command goes and as whom: flags, then the environment, then the configuration file.
//!
//! Secrets come from the environment or from a file that only its owner may read, never from the
//! command line, which every user of the machine can see.

mod keys;
mod others;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use cosette::Dialect;
use cosette_types::{BucketName, Region};
use serde::{Deserialize, Serialize};

use crate::args::{ConfigFrom, Global};
use crate::failure::{Failure, Result};
use crate::files;

pub(crate) use keys::{Keys, env_keys};

/// The word for Tencent Cloud's own hosts, in the place of a URL.
pub(crate) const COS: &str = "cos";
/// The word for Amazon's.
pub(crate) const S3: &str = "s3";
/// The region of Amazon S3 when none is named.
const S3_REGION: &str = "us-east-1";

type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Which store a command talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The store in a folder, in this process or in the one that has the folder.
    Folder(PathBuf),
    /// Tencent Cloud.
    Cos,
    /// Amazon S3.
    Amazon,
    /// A server by its URL.
    Url(String),
}

/// What flags, environment and file come to.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) place: Place,
    /// How requests are spelled and signed.
    pub(crate) dialect: Dialect,
    pub(crate) region: Option<Region>,
    /// Regions of buckets that a file of another tool tells.
    pub(crate) regions: HashMap<BucketName, Region>,
    /// Authorities to be trusted beside the usual ones.
    pub(crate) ca_file: Option<PathBuf>,
    /// `None`: requests are not signed. A folder's own keys are found where it is opened.
    pub(crate) keys: Option<Keys>,
    /// Whether nothing is to be signed, not even with a folder's own keys.
    pub(crate) anonymous: bool,
    pub(crate) profile: Option<String>,
    /// The tool whose file was used instead of ours.
    pub(crate) config_from: Option<ConfigFrom>,
    pub(crate) file: PathBuf,
    /// What the user should be told, such as a file that others can read.
    pub(crate) warnings: Vec<String>,
}

/// The configuration file.
#[derive(Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The profile used when none is named; without it, the embedded store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) profile: Option<String>,
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// One named place with its keys.
#[derive(Default, Clone, Serialize, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// `cos` for Tencent Cloud (the default), `s3` for Amazon S3 (the default of that dialect), or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// `cos` or `s3`: how requests are spelled and signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dialect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    /// Authorities, in PEM, that are trusted beside the usual ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile")
            .field("endpoint", &self.endpoint)
            .field("dialect", &self.dialect)
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl File {
    /// Reads the file; a file that is not there says nothing.
    ///
    /// A warning comes with it when others may read secrets in it.
    pub(crate) fn read(path: &Path) -> Result<(Self, Option<String>)> {
        let Some(text) = files::read_if_there(path)? else {
            return Ok((Self::default(), None));
        };
        let file: Self = toml::from_str(&text).map_err(|why| {
            // The parser's own text would quote the line, and the line may hold a secret.
            Failure::usage(format!("{}: {}", path.display(), why.message()))
        })?;
        let secret = file
            .profiles
            .values()
            .any(|profile| profile.secret_key.is_some());
        let open = secret && files::others_may_read(path);
        let warning = open.then(|| {
            let shown = path.display();
            format!("{shown} holds a secret key and others may read it; run: chmod 600 {shown}")
        });
        Ok((file, warning))
    }

    /// Writes the file so that only its owner can read it.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let text = toml::to_string(self)
            .map_err(|why| Failure::usage(format!("{}: {why}", path.display())))?;
        files::write_private(path, &text)
    }
}

/// Where the configuration file is: flag, `COSETTE_CONFIG`, or the user's configuration folder.
pub(crate) fn file_path(global: &Global, env: Env<'_>) -> PathBuf {
    if let Some(path) = &global.config {
        return path.clone();
    }
    if let Some(path) = env("COSETTE_CONFIG") {
        return PathBuf::from(path);
    }
    let base = env("XDG_CONFIG_HOME").map(PathBuf::from);
    let base = base.or_else(|| env("APPDATA").map(PathBuf::from));
    let base = base.or_else(|| env("HOME").map(|home| Path::new(&home).join(".config")));
    base.unwrap_or_default().join("cosette").join("config.toml")
}

/// The folder of the embedded store: flag, `COSETTE_DATA`, or the user's data folder.
pub(crate) fn data_folder(global: &Global, env: Env<'_>) -> PathBuf {
    if let Some(path) = &global.data {
        return path.clone();
    }
    if let Some(path) = env("COSETTE_DATA") {
        return PathBuf::from(path);
    }
    let base = env("XDG_DATA_HOME").map(PathBuf::from);
    let base = base.or_else(|| env("LOCALAPPDATA").map(PathBuf::from));
    let base = base.or_else(|| env("HOME").map(|home| Path::new(&home).join(".local/share")));
    base.unwrap_or_default().join("cosette")
}

/// The environment of this process; an empty variable is one that is not set.
pub(crate) fn process_env(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Puts flags, environment and file together.
pub(crate) fn resolve(global: &Global, env: Env<'_>) -> Result<Settings> {
    let file_path = file_path(global, env);
    let (file, warning) = File::read(&file_path)?;
    let mut warnings: Vec<String> = warning.into_iter().collect();
    if let Some(from) = config_from(global, env)? {
        let mut settings = others::settings(from, global, env)?;
        settings.file = file_path;
        warnings.append(&mut settings.warnings);
        settings.warnings = warnings;
        return Ok(settings);
    }
    let (name, profile) = chosen_profile(global, env, &file, &file_path)?;
    let said = dialect(global, env, profile)?;
    let place = place(global, env, profile, said)?;
    let dialect = match (&place, said) {
        (Place::Amazon, Some(Dialect::Cos)) => {
            return Err(Failure::usage(
                "Amazon S3 does not speak the dialect of COS: leave out --dialect, or name another endpoint",
            ));
        }
        (Place::Amazon, _) => Dialect::S3,
        (_, said) => said.unwrap_or_default(),
    };
    let mut settings = Settings {
        region: region(global, env, profile)?,
        place,
        dialect,
        regions: HashMap::new(),
        ca_file: ca_file(global, env, profile),
        keys: None,
        anonymous: global.anonymous,
        profile: name.clone(),
        config_from: None,
        file: file_path,
        warnings,
    };
    if !global.anonymous && !matches!(settings.place, Place::Folder(_)) {
        keys::find(&mut settings, global, env, name.as_deref().zip(profile))?;
    }
    if settings.region.is_none() && dialect == Dialect::S3 {
        let told = env("AWS_REGION").or_else(|| env("AWS_DEFAULT_REGION"));
        let usual = || (settings.place == Place::Amazon).then(|| S3_REGION.to_owned());
        let text = told.or_else(usual);
        settings.region = text.map(|text| parse_region(&text)).transpose()?;
    }
    Ok(settings)
}

/// Whose settings are to be used instead of our own file's. A place named on the command line says
/// more than a variable.
fn config_from(global: &Global, env: Env<'_>) -> Result<Option<ConfigFrom>> {
    if let Some(from) = global.config_from {
        return Ok(Some(from));
    }
    let placed = global.profile.is_some() || global.endpoint.is_some() || global.data.is_some();
    let Some(text) = env("COSETTE_CONFIG_FROM").filter(|_| !placed) else {
        return Ok(None);
    };
    let known = parse_config_from(&text).map(Some);
    known.map_err(|why| why.during("COSETTE_CONFIG_FROM"))
}

pub(crate) fn parse_config_from(text: &str) -> Result<ConfigFrom> {
    <ConfigFrom as clap::ValueEnum>::from_str(text, false)
        .map_err(|_| Failure::usage(format!("`{text}`: write coscli, coscmd or tencentcloud")))
}

/// The dialect that flags, environment or profile name.
fn dialect(global: &Global, env: Env<'_>, profile: Option<&Profile>) -> Result<Option<Dialect>> {
    if global.dialect.is_some() {
        return Ok(global.dialect);
    }
    if global.data.is_some() && global.profile.is_none() {
        return Ok(None);
    }
    let of_profile = || profile.and_then(|profile| profile.dialect.clone());
    let text = if global.profile.is_some() {
        of_profile()
    } else {
        env("COSETTE_DIALECT").or_else(of_profile)
    };
    text.map(|text| parse_dialect(&text)).transpose()
}

/// A dialect's word in the configuration.
pub(crate) const fn dialect_word(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Cos => COS,
        Dialect::S3 => S3,
    }
}

pub(crate) fn parse_dialect(text: &str) -> Result<Dialect> {
    match text {
        COS => Ok(Dialect::Cos),
        S3 => Ok(Dialect::S3),
        _ => Err(Failure::usage(format!(
            "dialect `{text}`: write {COS} or {S3}"
        ))),
    }
}

fn chosen_profile<'f>(
    global: &Global,
    env: Env<'_>,
    file: &'f File,
    path: &Path,
) -> Result<(Option<String>, Option<&'f Profile>)> {
    let named = global.profile.clone().or_else(|| env("COSETTE_PROFILE"));
    let Some(name) = named.or_else(|| file.profile.clone()) else {
        return Ok((None, None));
    };
    match file.profiles.get(&name) {
        Some(profile) => Ok((Some(name), Some(profile))),
        None => {
            let known: Vec<&str> = file.profiles.keys().map(String::as_str).collect();
            let known = if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            };
            Err(Failure::usage(format!(
                "{} has no profile `{name}` (profiles there: {known})",
                path.display()
            )))
        }
    }
}

fn place(
    global: &Global,
    env: Env<'_>,
    profile: Option<&Profile>,
    dialect: Option<Dialect>,
) -> Result<Place> {
    if let Some(endpoint) = &global.endpoint {
        return endpoint_place(endpoint);
    }
    // A folder named on the command line outranks what the environment or a default profile says.
    if global.data.is_some() && global.profile.is_none() {
        return Ok(Place::Folder(data_folder(global, env)));
    }
    if global.profile.is_none()
        && let Some(endpoint) = env("COSETTE_ENDPOINT")
    {
        return endpoint_place(&endpoint);
    }
    match profile {
        Some(profile) => {
            let usual = match dialect {
                Some(Dialect::S3) => S3,
                _ => COS,
            };
            endpoint_place(profile.endpoint.as_deref().unwrap_or(usual))
        }
        None => Ok(Place::Folder(data_folder(global, env))),
    }
}

pub(crate) fn endpoint_place(text: &str) -> Result<Place> {
    if text == COS {
        return Ok(Place::Cos);
    }
    if text == S3 {
        return Ok(Place::Amazon);
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !rest.contains('@') => {
            Ok(Place::Url(text.trim_end_matches('/').to_owned()))
        }
        _ => Err(Failure::usage(format!(
            "endpoint `{text}`: give a URL such as http://127.0.0.1:9000, `{COS}` for Tencent Cloud or `{S3}` for Amazon S3"
        ))),
    }
}

/// Whether a profile's place and region can be right.
pub(crate) fn check(profile: &Profile) -> Result<()> {
    if let Some(endpoint) = &profile.endpoint {
        endpoint_place(endpoint)?;
    }
    if let Some(region) = &profile.region {
        parse_region(region)?;
    }
    if let Some(dialect) = &profile.dialect {
        parse_dialect(dialect)?;
    }
    Ok(())
}

fn parse_region(text: &str) -> Result<Region> {
    text.parse()
        .map_err(|why| Failure::usage(format!("region `{text}`: {why}")))
}

/// The authorities that flags, environment or profile name.
fn ca_file(global: &Global, env: Env<'_>, profile: Option<&Profile>) -> Option<PathBuf> {
    if global.ca_file.is_some() {
        return global.ca_file.clone();
    }
    let of_profile = || profile.and_then(|profile| profile.ca_file.clone());
    let of_env = || env("COSETTE_CA_FILE").map(PathBuf::from);
    profile_or_env(global, of_profile, of_env)
}

/// The environment yields to a profile that was asked for, and outranks the default one.
fn profile_or_env<T>(
    global: &Global,
    of_profile: impl FnOnce() -> Option<T>,
    of_env: impl FnOnce() -> Option<T>,
) -> Option<T> {
    if global.profile.is_some() {
        of_profile().or_else(of_env)
    } else {
        of_env().or_else(of_profile)
    }
}

fn region(global: &Global, env: Env<'_>, profile: Option<&Profile>) -> Result<Option<Region>> {
    if let Some(region) = &global.region {
        return Ok(Some(region.clone()));
    }
    let of_profile = || profile.and_then(|profile| profile.region.clone());
    let of_env = || env("COSETTE_REGION").or_else(|| env("TENCENTCLOUD_REGION"));
    let text = profile_or_env(global, of_profile, of_env);
    text.map(|text| parse_region(&text)).transpose()
}

#[cfg(test)]
mod tests;
