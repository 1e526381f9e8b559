//! The keys that requests are signed with: the root account's pair, and a file of further accounts.
//!
//! There is no default secret. What is kept on disk is readable by its owner only, and a file that
//! others may read is refused.

use std::fmt;
use std::fs::{OpenOptions, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use cosette_proto::sign::SecretKey;
use cosette_store::{EncryptionKeys, SystemRandom};
use cosette_types::Owner;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::access::seal::{self, KEY_BYTES};
use crate::auth::{Account, Accounts};

/// Uin of the root account.
pub const ROOT_UIN: &str = "100000000001";
/// The account number that examples and defaults use; the root account may use any.
pub const DEFAULT_APP_ID: &str = "1250000000";
/// Name of the root pair's file in a store's folder.
pub const ROOT_KEY_FILE: &str = "root-key.json";
/// Name of the file in a store's folder with the key that seals the secrets of users.
pub const SEAL_KEY_FILE: &str = "seal.key";
/// Name of the file in a store's folder with the keys of the store's own encryption.
pub const ENCRYPTION_KEYS_FILE: &str = "encryption.keys";
/// Variables of the environment that give the root pair.
pub const ROOT_KEY_VARIABLES: [&str; 2] = ["COSETTE_ROOT_SECRET_ID", "COSETTE_ROOT_SECRET_KEY"];

/// Largest file of keys that is read.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why there are no keys.
#[derive(Debug)]
pub struct KeysError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for KeysError {}

/// A pair of keys.
#[derive(Clone)]
pub struct KeyPair {
    /// Travels with every request.
    pub secret_id: String,
    /// Signs, and never travels.
    pub secret_key: SecretKey,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair")
            .field("secret_id", &self.secret_id)
            .finish_non_exhaustive()
    }
}

/// Where a root pair came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The environment.
    Environment,
    /// A file that was there.
    File(PathBuf),
    /// A file that was made just now, with a random pair.
    Made(PathBuf),
}

#[derive(Serialize, Deserialize)]
struct PairFile {
    secret_id: String,
    secret_key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountEntry {
    secret_id: String,
    secret_key: String,
    owner_uin: String,
    sub_uin: Option<String>,
    app_id: String,
}

/// The root account's pair: from the environment, else from the store's folder, where the first
/// start puts a random one.
///
/// # Errors
/// When only one of the two variables is set, or the file cannot be read, or others may read it.
pub fn root_key_pair(
    folder: &Path,
    environment: impl Fn(&str) -> Option<String>,
) -> Result<(KeyPair, Origin), KeysError> {
    let path = folder.join(ROOT_KEY_FILE);
    let [id, key] = ROOT_KEY_VARIABLES;
    let given = [environment(id), environment(key)].map(|value| value.filter(|v| !v.is_empty()));
    match given {
        [Some(id), Some(key)] => Ok((pair(id, key), Origin::Environment)),
        [None, None] => match read(&path)? {
            Some(text) => Ok((pair_in(&path, &text)?, Origin::File(path))),
            None => make(path),
        },
        _ => Err(KeysError {
            path,
            why: format!("{id} and {key} must be set together"),
        }),
    }
}

/// The accounts of a file, beside the root account.
///
/// # Errors
/// When the file cannot be read, others may read it, or an entry is not one.
pub fn accounts(root: &KeyPair, file: Option<&Path>) -> Result<Accounts, KeysError> {
    let mut accounts = Accounts::of_root(root);
    let Some(path) = file else {
        return Ok(accounts);
    };
    let failed = |why: String| KeysError {
        path: path.to_owned(),
        why,
    };
    let text = read(path)?.ok_or_else(|| failed("there is no such file".to_owned()))?;
    let entries: Vec<AccountEntry> = serde_json::from_str(&text)
        // The error's own words would repeat what stands in the file.
        .map_err(|error| {
            let (line, column) = (error.line(), error.column());
            failed(format!("not a list of accounts, at line {line}, column {column}"))
        })?;
    for entry in entries {
        let sub_uin = entry.sub_uin.as_deref().unwrap_or(&entry.owner_uin);
        let owner = Owner::sub(&entry.owner_uin, sub_uin).map_err(|e| failed(e.to_string()))?;
        let app_id = entry
            .app_id
            .parse()
            .map_err(|e: cosette_types::Error| failed(e.to_string()))?;
        let key_pair = pair(entry.secret_id, entry.secret_key);
        if key_pair.secret_id.is_empty() {
            return Err(failed("a secret_id is empty".to_owned()));
        }
        accounts
            .add(Account::new(key_pair, owner, app_id))
            .map_err(|id| failed(format!("the secret_id {id} is there twice")))?;
    }
    Ok(accounts)
}

fn pair(secret_id: String, secret_key: String) -> KeyPair {
    KeyPair {
        secret_id,
        secret_key: SecretKey::new(secret_key),
    }
}

fn pair_in(path: &Path, text: &str) -> Result<KeyPair, KeysError> {
    let file: PairFile = serde_json::from_str(text).map_err(|_| KeysError {
        path: path.to_owned(),
        why: "not a pair of secret_id and secret_key".to_owned(),
    })?;
    Ok(pair(file.secret_id, file.secret_key))
}

/// The text of a file that only its owner may read; `None` when there is none.
fn read(path: &Path) -> Result<Option<String>, KeysError> {
    let failed = |why: String| KeysError {
        path: path.to_owned(),
        why,
    };
    let file = match OpenOptions::new().read(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error.to_string())),
    };
    let mode = file
        .metadata()
        .map_err(|e| failed(e.to_string()))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        let mode = mode & 0o777;
        return Err(failed(format!(
            "others may use it (mode {mode:o}); it must have mode 600"
        )));
    }
    let mut text = String::new();
    file.take(FILE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|e| failed(e.to_string()))?;
    Ok(Some(text))
}

/// The key that seals what is kept of users: made on the first start.
///
/// # Errors
/// When its file cannot be read or made, or others may read it.
pub(crate) fn seal_key(folder: &Path) -> Result<[u8; KEY_BYTES], KeysError> {
    let path = folder.join(SEAL_KEY_FILE);
    let text = match read(&path)? {
        Some(text) => text,
        None => keep(&path, &format!("{}\n", random_hex::<KEY_BYTES>(&path)?))?.1,
    };
    let digits = text.trim().as_bytes();
    let failed = || KeysError {
        path: path.clone(),
        why: format!("not a key of {KEY_BYTES} bytes in hexadecimal digits"),
    };
    if digits.len() != 2 * KEY_BYTES || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(failed());
    }
    let mut key = [0; KEY_BYTES];
    for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
        let pair = std::str::from_utf8(pair).unwrap_or_default();
        *byte = u8::from_str_radix(pair, 16).map_err(|_| failed())?;
    }
    Ok(key)
}

/// The keys of the store's own encryption, if their file is there.
///
/// # Errors
/// When the file cannot be read, others may read it, or a line of it is no key.
pub(crate) fn encryption_keys(path: &Path) -> Result<Option<EncryptionKeys>, KeysError> {
    let Some(text) = read(path)?.map(Zeroizing::new) else {
        return Ok(None);
    };
    let keys = EncryptionKeys::parse(&text);
    keys.map(Some).map_err(|why| KeysError {
        path: path.to_owned(),
        why,
    })
}

/// Makes the file of the store's own encryption, with one key. Only for a store that never had one:
/// with another key nothing that was encrypted could be read.
///
/// # Errors
/// When it cannot be made.
pub(crate) fn make_encryption_keys(path: &Path) -> Result<Option<EncryptionKeys>, KeysError> {
    let line = EncryptionKeys::new_line(&SystemRandom).map_err(|error| KeysError {
        path: path.to_owned(),
        why: error.to_string(),
    })?;
    let comment = "# Keys that objects are encrypted with, the newest last. Keep a copy elsewhere:\n\
                   # without it, nothing that was encrypted with them can be read again.\n";
    keep(path, &format!("{comment}{}", *line))?;
    encryption_keys(path)
}

fn random_hex<const N: usize>(path: &Path) -> Result<String, KeysError> {
    seal::random_hex::<N>().ok_or_else(|| KeysError {
        path: path.to_owned(),
        why: "no randomness".to_owned(),
    })
}

/// Makes a random pair and keeps it.
fn make(path: PathBuf) -> Result<(KeyPair, Origin), KeysError> {
    let file = PairFile {
        secret_id: format!("AKID{}", random_hex::<20>(&path)?),
        secret_key: random_hex::<20>(&path)?,
    };
    let text = serde_json::to_string_pretty(&file).map_err(|error| KeysError {
        path: path.clone(),
        why: error.to_string(),
    })?;
    let (made, text) = keep(&path, &text)?;
    let pair = pair_in(&path, &text)?;
    let origin = if made {
        Origin::Made(path)
    } else {
        Origin::File(path)
    };
    Ok((pair, origin))
}

/// Keeps a text in a file that only its owner may read, and gives it back; or what stands there if
/// somebody was faster. Written aside and linked into place, so that a crash leaves no half of it and
/// what appeared meanwhile is not replaced.
fn keep(path: &Path, text: &str) -> Result<(bool, String), KeysError> {
    let failed = |why: String| KeysError {
        path: path.to_owned(),
        why,
    };
    let io = |error: std::io::Error| failed(error.to_string());
    let aside = path.with_extension(format!("{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside);
    let mut written = written.map_err(io)?;
    written
        .set_permissions(Permissions::from_mode(0o600))
        .map_err(io)?;
    written.write_all(text.as_bytes()).map_err(io)?;
    written.sync_all().map_err(io)?;
    let linked = std::fs::hard_link(&aside, path);
    std::fs::remove_file(&aside).map_err(io)?;
    match linked {
        Ok(()) => Ok((true, text.to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = read(path)?.ok_or_else(|| failed("it vanished".to_owned()))?;
            Ok((false, text))
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: fn(&str) -> Option<String> = |_| None;

    #[test]
    fn the_first_start_makes_a_pair_and_the_next_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let (made, origin) = root_key_pair(folder.path(), NOTHING).unwrap();
        let path = folder.path().join(ROOT_KEY_FILE);
        assert_eq!(origin, Origin::Made(path.clone()));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let (found, origin) = root_key_pair(folder.path(), NOTHING).unwrap();
        assert_eq!(
            (found.secret_id, origin),
            (made.secret_id, Origin::File(path))
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn the_key_that_seals_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let made = seal_key(folder.path()).unwrap();
        assert_eq!(seal_key(folder.path()).unwrap(), made);
        let path = folder.path().join(SEAL_KEY_FILE);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        for damaged in ["", "00", &"0".repeat(63), &"x".repeat(64), &"0".repeat(66)] {
            std::fs::write(&path, damaged).unwrap();
            assert!(seal_key(folder.path()).is_err(), "{damaged}");
        }
    }

    #[test]
    fn keys_of_encryption_are_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(ENCRYPTION_KEYS_FILE);
        assert!(encryption_keys(&path).unwrap().is_none());
        let made = make_encryption_keys(&path).unwrap().unwrap().ids();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(encryption_keys(&path).unwrap().unwrap().ids(), made);
        // Whoever was faster is not overwritten.
        assert_eq!(make_encryption_keys(&path).unwrap().unwrap().ids(), made);
        std::fs::write(&path, "no key").unwrap();
        assert!(encryption_keys(&path).is_err());
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert!(encryption_keys(&path).is_err());
    }

    #[test]
    fn the_environment_gives_both_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let both = |_: &str| Some("x".to_owned());
        assert_eq!(
            root_key_pair(folder.path(), both).unwrap().1,
            Origin::Environment
        );
        let one = |name: &str| (name == ROOT_KEY_VARIABLES[0]).then(|| "x".to_owned());
        assert!(root_key_pair(folder.path(), one).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (root, _) = root_key_pair(folder.path(), NOTHING).unwrap();
        let path = folder.path().join("accounts.json");
        let entry = r#"[{"secret_id":"AKID2","secret_key":"s","owner_uin":"100000000002","app_id":"1250000001"}]"#;
        std::fs::write(&path, entry).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(
            accounts(&root, Some(&path))
                .unwrap_err()
                .to_string()
                .contains("mode 640")
        );
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        assert!(accounts(&root, Some(&path)).is_ok());
        std::fs::write(&path, r#"[{"secret_id":"AKID2","secret_key":7}]"#).unwrap();
        let words = accounts(&root, Some(&path)).unwrap_err().to_string();
        assert!(words.contains("line 1"), "{words}");
    }
}
