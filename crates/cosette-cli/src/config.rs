//! Where a command goes and as whom: flags, then the environment, then the configuration file.
//!
//! Secrets come from the environment or from a file that only its owner may read, never from the
//! command line, which every user of the machine can see.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cosette_types::Region;
use serde::{Deserialize, Serialize};

use crate::args::Global;
use crate::failure::{Failure, Result};
use crate::files;

/// The word for Tencent Cloud's own hosts, in the place of a URL.
pub(crate) const COS: &str = "cos";

/// Variable names of one credential, and where users know them from.
const FAMILIES: [[&str; 3]; 4] = [
    ["COSETTE_SECRET_ID", "COSETTE_SECRET_KEY", "COSETTE_TOKEN"],
    [
        "TENCENTCLOUD_SECRET_ID",
        "TENCENTCLOUD_SECRET_KEY",
        "TENCENTCLOUD_SESSION_TOKEN",
    ],
    ["COS_SECRET_ID", "COS_SECRET_KEY", "COS_TOKEN"],
    ["COS_SECRETID", "COS_SECRETKEY", "COS_SESSIONTOKEN"],
];

/// A key pair. It has no `Debug`: nothing may print it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) secret_id: String,
    pub(crate) secret_key: String,
    pub(crate) token: Option<String>,
    /// Where it was found, in words.
    pub(crate) found_in: String,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "keys from {}", self.found_in)
    }
}

/// Which store a command talks to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The store in a folder, in this process or in the one that has the folder.
    Folder(PathBuf),
    /// Tencent Cloud.
    Cos,
    /// A server by its URL.
    Url(String),
}

/// What flags, environment and file come to.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) place: Place,
    pub(crate) region: Option<Region>,
    /// `None`: requests are not signed. A folder's own keys are found where it is opened.
    pub(crate) keys: Option<Keys>,
    /// Whether nothing is to be signed, not even with a folder's own keys.
    pub(crate) anonymous: bool,
    pub(crate) profile: Option<String>,
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
    /// `cos` for Tencent Cloud (the default), or a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
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
pub(crate) fn file_path(global: &Global, env: &dyn Fn(&str) -> Option<String>) -> PathBuf {
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
pub(crate) fn data_folder(global: &Global, env: &dyn Fn(&str) -> Option<String>) -> PathBuf {
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
pub(crate) fn resolve(global: &Global, env: &dyn Fn(&str) -> Option<String>) -> Result<Settings> {
    let file_path = file_path(global, env);
    let (file, warning) = File::read(&file_path)?;
    let (name, profile) = chosen_profile(global, env, &file, &file_path)?;
    let place = place(global, env, profile)?;
    let region = region(global, env, profile)?;
    let keys = match place {
        _ if global.anonymous => None,
        Place::Folder(_) => None,
        Place::Cos | Place::Url(_) => Some(keys(global, env, name.as_deref().zip(profile))?),
    };
    Ok(Settings {
        place,
        region,
        keys,
        anonymous: global.anonymous,
        profile: name,
        file: file_path,
        warnings: warning.into_iter().collect(),
    })
}

fn chosen_profile<'f>(
    global: &Global,
    env: &dyn Fn(&str) -> Option<String>,
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
    env: &dyn Fn(&str) -> Option<String>,
    profile: Option<&Profile>,
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
        Some(profile) => endpoint_place(profile.endpoint.as_deref().unwrap_or(COS)),
        None => Ok(Place::Folder(data_folder(global, env))),
    }
}

pub(crate) fn endpoint_place(text: &str) -> Result<Place> {
    if text == COS {
        return Ok(Place::Cos);
    }
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && !rest.starts_with('/') && !rest.contains('@') => {
            Ok(Place::Url(text.trim_end_matches('/').to_owned()))
        }
        _ => Err(Failure::usage(format!(
            "endpoint `{text}`: give a URL such as http://127.0.0.1:9000, or `{COS}` for Tencent Cloud"
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
    Ok(())
}

fn parse_region(text: &str) -> Result<Region> {
    text.parse()
        .map_err(|why| Failure::usage(format!("region `{text}`: {why}")))
}

fn region(
    global: &Global,
    env: &dyn Fn(&str) -> Option<String>,
    profile: Option<&Profile>,
) -> Result<Option<Region>> {
    if let Some(region) = &global.region {
        return Ok(Some(region.clone()));
    }
    let of_profile = || profile.and_then(|profile| profile.region.clone());
    let of_env = || env("COSETTE_REGION").or_else(|| env("TENCENTCLOUD_REGION"));
    let text = if global.profile.is_some() {
        of_profile().or_else(of_env)
    } else {
        of_env().or_else(of_profile)
    };
    text.map(|text| parse_region(&text)).transpose()
}

/// The keys: of a profile that was asked for by name, else of the environment, else of the default
/// profile.
fn keys(
    global: &Global,
    env: &dyn Fn(&str) -> Option<String>,
    profile: Option<(&str, &Profile)>,
) -> Result<Keys> {
    let of_profile = profile
        .map(|(name, profile)| profile_keys(name, profile))
        .transpose()?
        .flatten();
    let of_env = env_keys(env)?;
    let found = if global.profile.is_some() {
        of_profile.or(of_env)
    } else {
        of_env.or(of_profile)
    };
    found.ok_or_else(|| {
        let [id, key, _] = FAMILIES[0];
        Failure::usage(format!(
            "no credentials: set {id} and {key}, or keep them in a profile (cosette config init), \
             or give --anonymous to sign nothing"
        ))
    })
}

fn profile_keys(name: &str, profile: &Profile) -> Result<Option<Keys>> {
    match (&profile.secret_id, &profile.secret_key) {
        (Some(id), Some(key)) => Ok(Some(Keys {
            secret_id: id.clone(),
            secret_key: key.clone(),
            token: profile.token.clone(),
            found_in: format!("profile `{name}`"),
        })),
        (None, None) => Ok(None),
        (id, _) => {
            let missing = if id.is_some() {
                "secret_key"
            } else {
                "secret_id"
            };
            Err(Failure::usage(format!("profile `{name}` has no {missing}")))
        }
    }
}

pub(crate) fn env_keys(env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Keys>> {
    for [id, key, token] in FAMILIES {
        match (env(id), env(key)) {
            (Some(secret_id), Some(secret_key)) => {
                let found_in = format!("{id} and {key}");
                return Ok(Some(Keys {
                    secret_id,
                    secret_key,
                    token: env(token),
                    found_in,
                }));
            }
            (None, None) => {}
            (Some(_), None) => {
                return Err(Failure::usage(format!("{id} is set, but {key} is not")));
            }
            (None, Some(_)) => {
                return Err(Failure::usage(format!("{key} is set, but {id} is not")));
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
