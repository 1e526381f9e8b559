//! Who signs: keys of a profile, of the environment, or of the files in which other tools keep theirs.

use std::path::{Path, PathBuf};

use cosette::Dialect;
use cosette::provider::KeyFile;

use super::{Env, Place, Profile, Settings, others};
use crate::args::Global;
use crate::failure::{Failure, Result};
use crate::files;

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

/// Those of the tools of S3.
const FAMILY_AWS: [&str; 3] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// A key pair. Its `Debug` shows no secret: nothing may print it.
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

/// The keys: of a profile that was asked for by name, else of the environment, else of the default
/// profile, else, for the clouds themselves, of the files of their other tools. Those are never sent
/// to any other host unless somebody asks for it.
pub(super) fn find(
    settings: &mut Settings,
    global: &Global,
    env: Env<'_>,
    profile: Option<(&str, &Profile)>,
) -> Result<()> {
    let of_profile = profile
        .map(|(name, profile)| profile_keys(name, profile))
        .transpose()?
        .flatten();
    let of_env = env_keys(env, settings.dialect, &settings.place)?;
    let found = if global.profile.is_some() {
        of_profile.or(of_env)
    } else {
        of_env.or(of_profile)
    };
    if found.is_some() {
        settings.keys = found;
        return Ok(());
    }
    let mut unusable = String::new();
    for (file, path) in usual_files(&settings.place, env) {
        match read(&file, &path) {
            Ok(None) => {}
            Ok(Some((keys, text))) => {
                settings.keys = Some(keys);
                others::learn_regions(settings, &path, &text)?;
                return Ok(());
            }
            Err(why) => unusable.push_str(&format!("; {}", why.sentence())),
        }
    }
    let [id, key, _] = FAMILIES[0];
    let served = match settings.place {
        Place::Url(_) => {
            " (a server of cosette has its first pair in root-key.json of its folder: --key-file)"
        }
        _ => "",
    };
    Err(Failure::usage(format!(
        "no credentials: set {id} and {key}, or keep them in a profile (cosette config init{served}), \
         or give --anonymous to sign nothing{unusable}"
    )))
}

/// Where other tools keep keys for a place, in the order in which they are looked for.
fn usual_files(place: &Place, env: Env<'_>) -> Vec<(KeyFile, PathBuf)> {
    let home = env("HOME")
        .or_else(|| env("USERPROFILE"))
        .map(PathBuf::from);
    let below = |name: &str| home.as_ref().map(|home| home.join(name));
    let profile = |name: &str| env(name).unwrap_or_else(|| "default".to_owned());
    match place {
        Place::Cos => {
            let files = [
                below(".cos.yaml").map(KeyFile::cos_yaml),
                below(".cos.conf").map(KeyFile::cos_conf),
                below(".tencentcloud/credentials")
                    .map(|path| KeyFile::shared(path, profile("TENCENTCLOUD_PROFILE"))),
                Some(KeyFile::shared(
                    "/etc/tencentcloud/credentials",
                    profile("TENCENTCLOUD_PROFILE"),
                )),
            ];
            let files = files.into_iter().flatten();
            files
                .map(|file| (file.clone(), file.path().to_owned()))
                .collect()
        }
        Place::Amazon => {
            let named = env("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
            let path = named.or_else(|| below(".aws/credentials"));
            let file = path.map(|path| KeyFile::aws(path, profile("AWS_PROFILE")));
            let files = file.into_iter();
            files
                .map(|file| (file.clone(), file.path().to_owned()))
                .collect()
        }
        Place::Folder(_) | Place::Url(_) => Vec::new(),
    }
}

/// The keys in a file of another tool, with its text; `None` if there is no such file.
pub(super) fn read(file: &KeyFile, path: &Path) -> Result<Option<(Keys, String)>> {
    let Some(text) = files::read_if_there(path)? else {
        return Ok(None);
    };
    let pair = file
        .parse(&text)
        .map_err(|why| Failure::usage(why.message()))?;
    let keys = Keys {
        secret_id: pair.secret_id().to_owned(),
        secret_key: pair.expose_secret_key().to_owned(),
        token: pair.expose_token().map(str::to_owned),
        found_in: path.display().to_string(),
    };
    Ok(Some((keys, text)))
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

/// The first key pair that the environment holds for a place: keys of one cloud are never tried at the
/// other.
pub(crate) fn env_keys(env: Env<'_>, dialect: Dialect, place: &Place) -> Result<Option<Keys>> {
    let [own, others @ ..] = FAMILIES;
    let aws = (dialect == Dialect::S3 && *place != Place::Cos).then_some(FAMILY_AWS);
    let others = others.into_iter().filter(|_| *place != Place::Amazon);
    for [id, key, token] in [own].into_iter().chain(aws).chain(others) {
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
